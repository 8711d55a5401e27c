package wire

// ChatHistoryParams asks for the last messages of a session.
type ChatHistoryParams struct {
	SessionKey string `json:"sessionKey" jsonschema:"minLength=1"`
	Limit      *int64 `json:"limit,omitempty" jsonschema:"minimum=1,maximum=1000"`
}

// ChatHistoryResult has the newest message last.
type ChatHistoryResult struct {
	SessionKey    string `json:"sessionKey"`
	SessionID     string `json:"sessionId,omitempty"`
	Messages      []Raw  `json:"messages"`
	ThinkingLevel string `json:"thinkingLevel"`
}

// ChatSendParams runs the agent on a message. TimeoutMs is nil when the client names none. Steer, an addition, has a run
// that is going on take the message, if it can; else the message waits for its turn as ever.
type ChatSendParams struct {
	SessionKey     string `json:"sessionKey" jsonschema:"minLength=1"`
	Message        string `json:"message" jsonschema:"minLength=1"`
	Thinking       string `json:"thinking,omitempty"`
	Deliver        bool   `json:"deliver,omitzero"`
	Attachments    []Raw  `json:"attachments,omitempty"` // each read as an Attachment
	TimeoutMs      *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
	Steer          bool   `json:"steer,omitzero"`
	IdempotencyKey string `json:"idempotencyKey" jsonschema:"minLength=1"`
}

// Attachment is an item of chat.send attachments, where a field that is no string counts as absent.
type Attachment struct {
	Type     string `json:"type,omitempty"`
	MimeType string `json:"mimeType,omitempty"`
	FileName string `json:"fileName,omitempty"`
	Content  string `json:"content,omitempty"` // base64
}

// ChatAbortParams: RunID is the idempotency key of a running chat.send.
type ChatAbortParams struct {
	SessionKey string `json:"sessionKey" jsonschema:"minLength=1"`
	RunID      string `json:"runId" jsonschema:"minLength=1"`
}

// ChatAbortResult: Aborted is false when no such run is going on.
type ChatAbortResult struct {
	OK      bool `json:"ok"`
	Aborted bool `json:"aborted"`
}

// Values of RunResult.Status.
const (
	RunAccepted = "accepted"
	RunOK       = "ok"
	RunError    = "error"
	RunTimeout  = "timeout"
)

// RunResult answers agent (both stages), agent.wait and chat.send.
type RunResult struct {
	RunID      string `json:"runId"`
	Status     string `json:"status" jsonschema:"enum=accepted,enum=ok,enum=error,enum=timeout"`
	AcceptedAt *int64 `json:"acceptedAt,omitempty"` // ms; agent, first stage
	Summary    string `json:"summary,omitempty"`    // "completed", or the error
	StartedAt  *int64 `json:"startedAt,omitempty"`  // ms; agent.wait
	EndedAt    *int64 `json:"endedAt,omitempty"`    // ms; agent.wait
	Error      string `json:"error,omitempty"`      // agent.wait
}

// Values of ChatEvent.State.
const (
	ChatDelta   = "delta"
	ChatFinal   = "final"
	ChatError   = "error"
	ChatAborted = "aborted"
)

// ChatEvent is the chat view of a run (protocol 4.2). Texts are cumulative.
type ChatEvent struct {
	RunID        string       `json:"runId" jsonschema:"minLength=1"`
	SessionKey   string       `json:"sessionKey" jsonschema:"minLength=1"`
	Seq          int64        `json:"seq" jsonschema:"minimum=0"`
	State        string       `json:"state" jsonschema:"enum=delta,enum=final,enum=aborted,enum=error"`
	Message      *ChatMessage `json:"message,omitempty"`
	ErrorMessage string       `json:"errorMessage,omitempty"`
}

// ChatMessage is a message in a chat event.
type ChatMessage struct {
	Role      string        `json:"role"`
	Content   []ChatContent `json:"content"`
	Timestamp int64         `json:"timestamp"` // ms
}

// ChatContent is one block of a chat message; Type is "text".
type ChatContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// AssistantText makes the message of a chat event.
func AssistantText(text string, atMs int64) *ChatMessage {
	return &ChatMessage{Role: "assistant", Content: []ChatContent{{Type: "text", Text: text}}, Timestamp: atMs}
}
