package wire

// WhyParams asks for the way of a message. ID is what its platform calls it, inbound or outbound; or the id of a run, or of an item of
// the outbox, or the idempotency key of a call; or the ref of a candidate. Account and Chat narrow down what the id means.
type WhyParams struct {
	ID      string `json:"id" jsonschema:"minLength=1"`
	Account string `json:"account,omitempty"` // telegram, telegram:work
	Chat    string `json:"chat,omitempty"`
}

// WhyResult is the way of one message, in order; or, when the id means several, the candidates and nothing else. Several
// inbound messages and runs are one way when they were answered together.
type WhyResult struct {
	Summary    string         `json:"summary"` // for a person
	Call       *WhyCall       `json:"call,omitempty"`
	Inbound    []WhyInbound   `json:"inbound"`
	Runs       []WhyRun       `json:"runs"`
	Outbox     []OutboxItem   `json:"outbox"`
	Candidates []WhyCandidate `json:"candidates"`
	More       bool           `json:"more,omitzero"` // there are more than these
}

// WhyCall is a call of the method send.
type WhyCall struct {
	Method         string `json:"method"`
	IdempotencyKey string `json:"idempotencyKey"`
	Done           bool   `json:"done"`
	Error          string `json:"error,omitempty"` // its answer, where it was refused
	At             int64  `json:"at"`              // ms
	DoneAt         int64  `json:"doneAt,omitzero"` // ms
}

// WhyInbound is a message that came, and what was decided about it.
type WhyInbound struct {
	Ref         string `json:"ref"` // in:<number>, unique in this gateway
	Account     string `json:"account"`
	Surface     string `json:"surface"`
	Chat        string `json:"chat"`
	Thread      string `json:"thread,omitempty"`
	MessageID   string `json:"messageId"`
	Kind        string `json:"kind,omitempty"` // of the chat: direct, group, channel
	SenderID    string `json:"senderId,omitempty"`
	SenderName  string `json:"senderName,omitempty"`
	Preview     string `json:"preview,omitempty"`
	Files       int64  `json:"files,omitzero"`
	Late        bool   `json:"late,omitzero"`   // it came while nobody was connected
	SentAt      int64  `json:"sentAt,omitzero"` // ms, by the platform's clock
	ReceivedAt  int64  `json:"receivedAt"`      // ms
	State       string `json:"state" jsonschema:"enum=pending,enum=routed,enum=dropped,enum=paired"`
	Reason      string `json:"reason,omitempty"` // short, as it is kept
	Explanation string `json:"explanation"`
	DecidedAt   int64  `json:"decidedAt,omitzero"` // ms
	RunID       string `json:"runId,omitempty"`
	Repeats     int64  `json:"repeats,omitzero"`    // how often the platform delivered it again
	RepeatedAt  int64  `json:"repeatedAt,omitzero"` // ms; the last time
}

// WhyRun is a turn of the agent.
type WhyRun struct {
	ID             string `json:"id"`
	Trigger        string `json:"trigger"`         // inbound, agent, chat, cron, hook, heartbeat
	JobID          string `json:"jobId,omitempty"` // of the schedule
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
	SessionKey     string `json:"sessionKey"`
	SessionID      string `json:"sessionId,omitempty"`
	State          string `json:"state" jsonschema:"enum=accepted,enum=running,enum=done,enum=error,enum=aborted"`
	QueueMode      string `json:"queueMode,omitempty"` // absent: its session was free, or it waits in line
	Model          string `json:"model,omitempty"`     // that answered
	Error          string `json:"error,omitempty"`
	Into           string `json:"into,omitempty"` // the run that it became a part of
	Explanation    string `json:"explanation"`
	AcceptedAt     int64  `json:"acceptedAt"`         // ms
	StartedAt      int64  `json:"startedAt,omitzero"` // ms
	EndedAt        int64  `json:"endedAt,omitzero"`   // ms
}

// WhyCandidate is one of the things that an id means.
type WhyCandidate struct {
	Ref     string `json:"ref"`  // the id that means this one alone
	What    string `json:"what"` // inbound, outbound, run, send
	Account string `json:"account,omitempty"`
	Chat    string `json:"chat,omitempty"`
	State   string `json:"state,omitempty"`
	At      int64  `json:"at,omitzero"` // ms
	Preview string `json:"preview,omitempty"`
}
