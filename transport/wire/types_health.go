package wire

// HealthSummary is the result of health, the health event and the snapshot's health (protocol 6.1).
type HealthSummary struct {
	OK               bool           `json:"ok"`
	TS               int64          `json:"ts"`         // ms, taken after the probes
	DurationMs       int64          `json:"durationMs"` // of the probes
	Web              WebLink        `json:"web"`
	Telegram         TelegramHealth `json:"telegram"`
	Discord          DiscordHealth  `json:"discord"`
	HeartbeatSeconds float64        `json:"heartbeatSeconds"`
	Sessions         HealthSessions `json:"sessions"`
	// Deaf lists the accounts that are connected and seem to hear nothing, an addition: "telegram: no sign of ...".
	Deaf []string `json:"deaf,omitempty"`
	// ModelsDown lists the providers of models, and the single models, that fail again and again, an addition:
	// "anthropic: 5 requests ...".
	ModelsDown []string `json:"modelsDown,omitempty"`
	// Undelivered is there while messages did not arrive, or may not have: an addition. outbox.list has them.
	Undelivered *Undelivered `json:"undelivered,omitempty"`
}

// Undelivered counts the messages that were given up, and those of which nobody knows.
type Undelivered struct {
	Failed    int64 `json:"failed"`
	Ambiguous int64 `json:"ambiguous"`
}

// WebLink says whether WhatsApp is linked, and how old the credentials are.
type WebLink struct {
	Linked    bool     `json:"linked"`
	AuthAgeMs *float64 `json:"authAgeMs" jsonschema:"nullable"`
}

// TelegramHealth is configured by token alone.
type TelegramHealth struct {
	Configured bool           `json:"configured"`
	Probe      *TelegramProbe `json:"probe,omitempty"`
}

// DiscordHealth is configured by token alone.
type DiscordHealth struct {
	Configured bool          `json:"configured"`
	Probe      *DiscordProbe `json:"probe,omitempty"`
}

// HealthSessions leaves out the keys "global" and "unknown".
type HealthSessions struct {
	Path   string          `json:"path"`
	Count  int64           `json:"count"`
	Recent []HealthSession `json:"recent"` // the 5 newest
}

// HealthSession is one of the newest sessions.
type HealthSession struct {
	Key       string `json:"key"`
	UpdatedAt *int64 `json:"updatedAt" jsonschema:"nullable"` // ms
	Age       *int64 `json:"age" jsonschema:"nullable"`       // ms
}

// StatusSummary is the result of status (protocol 6.2).
type StatusSummary struct {
	Web                WebLink        `json:"web"`
	HeartbeatSeconds   float64        `json:"heartbeatSeconds"`
	ProviderSummary    []string       `json:"providerSummary"`
	QueuedSystemEvents []string       `json:"queuedSystemEvents"`
	Sessions           StatusSessions `json:"sessions"`
	Outbox             *OutboxCounts  `json:"outbox,omitempty"`       // addition
	DevEndpoints       []string       `json:"devEndpoints,omitempty"` // addition: platforms whose address is replaced
	Config             *StatusConfig  `json:"config,omitempty"`       // addition
	Discovery          *DiscoveryInfo `json:"discovery,omitempty"`    // addition
	TLS                *TLSInfo       `json:"tls,omitempty"`          // addition: absent without gateway.tls
	Tailscale          *TailscaleInfo `json:"tailscale,omitempty"`    // addition: absent while gateway.tailscale.mode is off
	Traces             *TracesInfo    `json:"traces,omitempty"`       // addition: absent without diagnostics.otel
}

// DiscoveryInfo says whether devices can find the bridge by themselves.
type DiscoveryInfo struct {
	Announced  bool     `json:"announced"`            // on the local network, by multicast DNS
	Name       string   `json:"name,omitempty"`       // as people see it in their apps
	Interfaces []string `json:"interfaces,omitempty"` // on which it is announced
	Reason     string   `json:"reason,omitempty"`     // why it is not
	Zone       string   `json:"zone,omitempty"`       // path of the zone file for the tailnet
	ZoneReason string   `json:"zoneReason,omitempty"` // why there is none, though discovery.wideArea.enabled asks for it
}

// TLSInfo is the certificate that the gateway shows.
type TLSInfo struct {
	Fingerprint string   `json:"fingerprint"`       // SHA-256, as "AB:CD:…"
	Path        string   `json:"path"`              // of its file
	Own         bool     `json:"own"`               // the gateway has made it
	Names       []string `json:"names"`             // host names and addresses that it is for
	NotAfter    int64    `json:"notAfter"`          // ms; when it ends
	Problem     string   `json:"problem,omitempty"` // why its file, which has changed, is not used
}

// TailscaleInfo says whether tailscaled publishes the gateway's port.
type TailscaleInfo struct {
	Mode    string `json:"mode" jsonschema:"enum=serve,enum=funnel"`
	URL     string `json:"url,omitempty"`     // where the gateway is reached; absent while it is not
	Problem string `json:"problem,omitempty"` // why it is not
}

// TracesInfo says how traces are sent to a collector.
type TracesInfo struct {
	Queued     int64  `json:"queued"`               // spans that wait
	Sent       int64  `json:"sent"`                 // spans that it has taken
	Dropped    int64  `json:"dropped"`              // spans that it has not, and that are gone
	LastSentAt int64  `json:"lastSentAt,omitempty"` // ms
	Problem    string `json:"problem,omitempty"`    // why it takes none, and what to do
}

// StatusConfig says how the config file and what the gateway runs on stand to each other.
type StatusConfig struct {
	Valid         bool   `json:"valid"`                   // the gateway could run on the file as it is
	Problem       string `json:"problem,omitempty"`       // why what runs is not the file
	RestartNeeded string `json:"restartNeeded,omitempty"` // what waits for a restart
}

// StatusSessions lists the newest sessions and what new ones start with.
type StatusSessions struct {
	Path     string          `json:"path"`
	Count    int64           `json:"count"`
	Defaults SessionDefaults `json:"defaults"`
	Recent   []SessionStatus `json:"recent"` // the 5 newest
}

// SessionStatus is one line of status.
type SessionStatus struct {
	Key             string   `json:"key"`
	Kind            string   `json:"kind" jsonschema:"enum=direct,enum=group,enum=global,enum=unknown"`
	SessionID       string   `json:"sessionId,omitempty"`
	UpdatedAt       *int64   `json:"updatedAt" jsonschema:"nullable"` // ms
	Age             *int64   `json:"age" jsonschema:"nullable"`       // ms
	ThinkingLevel   string   `json:"thinkingLevel,omitempty"`
	VerboseLevel    string   `json:"verboseLevel,omitempty"`
	ElevatedLevel   string   `json:"elevatedLevel,omitempty"`
	SystemSent      *bool    `json:"systemSent,omitempty"`
	AbortedLastRun  *bool    `json:"abortedLastRun,omitempty"`
	InputTokens     *int64   `json:"inputTokens,omitempty"`
	OutputTokens    *int64   `json:"outputTokens,omitempty"`
	TotalTokens     *int64   `json:"totalTokens" jsonschema:"nullable"`
	RemainingTokens *int64   `json:"remainingTokens" jsonschema:"nullable"`
	PercentUsed     *int64   `json:"percentUsed" jsonschema:"nullable"` // at most 999
	Model           *string  `json:"model" jsonschema:"nullable"`
	ContextTokens   *int64   `json:"contextTokens" jsonschema:"nullable"`
	Flags           []string `json:"flags"`
}

// OutboxCounts counts outbound items by state.
type OutboxCounts struct {
	Queued    int64 `json:"queued"`
	Sending   int64 `json:"sending"`
	Ambiguous int64 `json:"ambiguous"`
	Failed    int64 `json:"failed"`
}
