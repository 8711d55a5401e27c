package wire

// PresenceEntry is one known peer (protocol 5.1). Text fields but Text are left out when empty.
type PresenceEntry struct {
	Host             string   `json:"host,omitempty" jsonschema:"minLength=1"`
	IP               string   `json:"ip,omitempty" jsonschema:"minLength=1"`
	Version          string   `json:"version,omitempty" jsonschema:"minLength=1"`
	Platform         string   `json:"platform,omitempty" jsonschema:"minLength=1"`
	DeviceFamily     string   `json:"deviceFamily,omitempty" jsonschema:"minLength=1"`
	ModelIdentifier  string   `json:"modelIdentifier,omitempty" jsonschema:"minLength=1"`
	LastInputSeconds *int64   `json:"lastInputSeconds,omitempty" jsonschema:"minimum=0"`
	Mode             string   `json:"mode,omitempty" jsonschema:"minLength=1"`
	Reason           string   `json:"reason,omitempty" jsonschema:"minLength=1"`
	Tags             []string `json:"tags,omitempty" jsonschema:"minLength=1"`
	InstanceID       string   `json:"instanceId,omitempty" jsonschema:"minLength=1"`
	Text             string   `json:"text"`
	TS               int64    `json:"ts" jsonschema:"minimum=0"` // ms
}

// Why the presence of a device node changes (bridge-canvas 1.9).
const (
	PresenceNodeConnected    = "node-connected"
	PresenceNodeDisconnected = "node-disconnected"
	PresenceNodePeriodic     = "periodic" // it is still connected
)

// PresenceEvent is always the full list.
type PresenceEvent struct {
	Presence []PresenceEntry `json:"presence"`
}

// SystemEventParams is not schema-checked: a wrong-typed optional field counts as absent, so a handler
// reads the raw params. The type documents the fields.
type SystemEventParams struct {
	Text             string   `json:"text"`
	InstanceID       string   `json:"instanceId,omitempty"`
	Host             string   `json:"host,omitempty"`
	IP               string   `json:"ip,omitempty"`
	Mode             string   `json:"mode,omitempty"`
	LastInputSeconds *float64 `json:"lastInputSeconds,omitempty"`
	Reason           string   `json:"reason,omitempty"`
	Version          string   `json:"version,omitempty"`
	Platform         string   `json:"platform,omitempty"`
	DeviceFamily     string   `json:"deviceFamily,omitempty"`
	ModelIdentifier  string   `json:"modelIdentifier,omitempty"`
	Tags             []string `json:"tags,omitempty"`
}

// TickEvent shows that the gateway lives.
type TickEvent struct {
	TS int64 `json:"ts" jsonschema:"minimum=0"` // ms
}

// ShutdownEvent is the last event before the sockets close. RestartExpectedMs is null for a stop.
type ShutdownEvent struct {
	Reason            string `json:"reason" jsonschema:"minLength=1"`
	RestartExpectedMs *int64 `json:"restartExpectedMs" jsonschema:"minimum=0,nullable"`
}

// HeartbeatEvent is the outcome of a heartbeat run (protocol 6.3).
type HeartbeatEvent struct {
	TS         int64  `json:"ts" jsonschema:"minimum=0"` // ms
	Status     string `json:"status" jsonschema:"enum=sent,enum=ok-empty,enum=ok-token,enum=skipped,enum=failed"`
	To         string `json:"to,omitempty"`
	Preview    string `json:"preview,omitempty"` // at most 200 characters
	DurationMs *int64 `json:"durationMs,omitempty"`
	HasMedia   *bool  `json:"hasMedia,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// SetHeartbeatsParams is not schema-checked: its error has a text of its own.
type SetHeartbeatsParams struct {
	Enabled bool `json:"enabled"`
}

// SetHeartbeatsResult echoes the flag.
type SetHeartbeatsResult struct {
	OK      bool `json:"ok"`
	Enabled bool `json:"enabled"`
}

// WakeParams puts a system event before the main session.
type WakeParams struct {
	Mode string `json:"mode" jsonschema:"enum=now,enum=next-heartbeat"`
	Text string `json:"text" jsonschema:"minLength=1"`
}

// TalkModeParams switches talk mode on or off.
type TalkModeParams struct {
	Enabled bool    `json:"enabled"`
	Phase   *string `json:"phase,omitempty"`
}

// TalkMode is the result of talk.mode and its event.
type TalkMode struct {
	Enabled bool    `json:"enabled"`
	Phase   *string `json:"phase" jsonschema:"nullable"`
	TS      int64   `json:"ts"` // ms
}

// VoicewakeSetParams is not schema-checked: items that are no strings are dropped.
type VoicewakeSetParams struct {
	Triggers []any `json:"triggers"`
}

// Voicewake is the result of both voicewake methods and the event.
type Voicewake struct {
	Triggers []string `json:"triggers"`
}
