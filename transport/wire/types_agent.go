package wire

// SendParams sends one message to a recipient on a platform.
type SendParams struct {
	To             string `json:"to" jsonschema:"minLength=1"`
	Message        string `json:"message" jsonschema:"minLength=1"`
	MediaURL       string `json:"mediaUrl,omitempty"`
	GifPlayback    bool   `json:"gifPlayback,omitzero"`
	Provider       string `json:"provider,omitempty"`
	IdempotencyKey string `json:"idempotencyKey" jsonschema:"minLength=1"`
}

// SendResult names what the platform called the message.
type SendResult struct {
	RunID     string `json:"runId"`
	MessageID string `json:"messageId"`
	ChatID    string `json:"chatId,omitempty"`    // telegram
	ChannelID string `json:"channelId,omitempty"` // discord, slack
	ToJID     string `json:"toJid,omitempty"`     // whatsapp
	Provider  string `json:"provider"`
}

// AgentParams starts an agent run. Timeout is in seconds, nil when the client names none.
type AgentParams struct {
	Message           string `json:"message" jsonschema:"minLength=1"`
	To                string `json:"to,omitempty"`
	SessionID         string `json:"sessionId,omitempty"`
	SessionKey        string `json:"sessionKey,omitempty"`
	Thinking          string `json:"thinking,omitempty"`
	Deliver           bool   `json:"deliver,omitzero"`
	Channel           string `json:"channel,omitempty"`
	Timeout           *int64 `json:"timeout,omitempty" jsonschema:"minimum=0"`
	Lane              string `json:"lane,omitempty"`
	ExtraSystemPrompt string `json:"extraSystemPrompt,omitempty"`
	IdempotencyKey    string `json:"idempotencyKey" jsonschema:"minLength=1"`
}

// AgentWaitParams waits for the end of a run.
type AgentWaitParams struct {
	RunID     string `json:"runId" jsonschema:"minLength=1"`
	AfterMs   *int64 `json:"afterMs,omitempty" jsonschema:"minimum=0"`
	TimeoutMs *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
}

// Streams of agent events.
const (
	StreamJob       = "job"
	StreamAssistant = "assistant"
	StreamTool      = "tool"
	StreamError     = "error"
	StreamSteer     = "steer" // an addition
)

// AgentEvent is one step of a run (protocol 4.1). Seq counts per run from 1; the notice of a gap has none.
type AgentEvent struct {
	RunID      string `json:"runId" jsonschema:"minLength=1"`
	Seq        int64  `json:"seq,omitzero" jsonschema:"minimum=0"`
	Stream     string `json:"stream" jsonschema:"minLength=1"`
	TS         int64  `json:"ts" jsonschema:"minimum=0"` // ms
	Data       any    `json:"data" jsonschema:"type=object"`
	SessionKey string `json:"sessionKey,omitempty"`
}

// JobStarted is the data of the first event of a run.
type JobStarted struct {
	State        string  `json:"state" jsonschema:"enum=started"`
	StartedAt    int64   `json:"startedAt"` // ms
	To           *string `json:"to" jsonschema:"nullable"`
	SessionID    string  `json:"sessionId"`
	IsNewSession bool    `json:"isNewSession"`
}

// JobDone is the data of the last event of a run that ended or was aborted.
type JobDone struct {
	State      string  `json:"state" jsonschema:"enum=done"`
	StartedAt  int64   `json:"startedAt"` // ms
	EndedAt    int64   `json:"endedAt"`   // ms
	To         *string `json:"to" jsonschema:"nullable"`
	SessionID  string  `json:"sessionId"`
	DurationMs int64   `json:"durationMs"`
	Aborted    bool    `json:"aborted"`
}

// JobError is the data of the last event of a run that failed.
type JobError struct {
	State      string  `json:"state" jsonschema:"enum=error"`
	StartedAt  int64   `json:"startedAt"` // ms
	EndedAt    int64   `json:"endedAt"`   // ms
	To         *string `json:"to" jsonschema:"nullable"`
	SessionID  string  `json:"sessionId"`
	DurationMs int64   `json:"durationMs"`
	Error      string  `json:"error"`

	Details any `json:"details,omitempty"` // an addition: those of the error that its caller gets
}

// AssistantData carries the whole text so far of the current assistant message.
type AssistantData struct {
	Text      string   `json:"text"`
	MediaURLs []string `json:"mediaUrls,omitempty"`
}

// ToolData is the data of tool events: phase start has Args, update PartialResult, result the rest.
type ToolData struct {
	Phase         string `json:"phase" jsonschema:"enum=start,enum=update,enum=result"`
	Name          string `json:"name"`
	ToolCallID    string `json:"toolCallId"`
	Args          Raw    `json:"args,omitzero"`
	PartialResult Raw    `json:"partialResult,omitzero"`
	Meta          string `json:"meta,omitempty"`
	IsError       *bool  `json:"isError,omitempty"`
	Result        Raw    `json:"result,omitzero"`
}

// SteerData is the data of stream "steer": the run has taken a message that came meanwhile. RunID is the idempotency key of
// the chat.send that brought it.
type SteerData struct {
	RunID string `json:"runId"`
}

// StreamErrorData is the data of stream "error": a notice, as of a gap in the run's seq.
type StreamErrorData struct {
	Reason   string `json:"reason"`
	Expected *int64 `json:"expected,omitempty"`
	Received *int64 `json:"received,omitempty"`
}
