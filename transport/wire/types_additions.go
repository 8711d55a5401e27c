package wire

// OutboxListParams asks for outbound items, of one state if given.
type OutboxListParams struct {
	State string `json:"state,omitempty" jsonschema:"enum=queued,enum=sending,enum=sent,enum=failed,enum=ambiguous"`
}

// OutboxListResult is newest first.
type OutboxListResult struct {
	Items []OutboxItem `json:"items"`
}

// OutboxItem is one message on its way out.
type OutboxItem struct {
	ID        int64  `json:"id"`
	Key       string `json:"key,omitempty"` // in outbox.show only
	Account   string `json:"account"`
	Surface   string `json:"surface"`
	Chat      string `json:"chat"`
	RunID     string `json:"runId,omitempty"`
	State     string `json:"state" jsonschema:"enum=queued,enum=sending,enum=sent,enum=failed,enum=ambiguous"`
	Attempts  int64  `json:"attempts"`
	NextAt    *int64 `json:"nextAt,omitempty"` // ms
	Reason    string `json:"reason,omitempty"`
	CreatedAt int64  `json:"createdAt"` // ms
	UpdatedAt int64  `json:"updatedAt"` // ms

	// Preview is the beginning of the text, on one line; Receipt what the platform said of a sent one. In outbox.show and why.
	Preview string         `json:"preview,omitempty"`
	Receipt *OutboxReceipt `json:"receipt,omitempty"`
}

// OutboxReceipt is how a platform calls what it has taken.
type OutboxReceipt struct {
	MessageID string `json:"messageId"`
	ChatID    string `json:"chatId,omitempty"` // where it is not the item's own
}

// OutboxItemParams names one outbound item.
type OutboxItemParams struct {
	ID int64 `json:"id" jsonschema:"minimum=1"`
}

// OutboxItemResult is the item as it is now.
type OutboxItemResult struct {
	Item OutboxItem `json:"item"`
}

// PairingListResult lists direct-message senders who wait, and those who are let in.
type PairingListResult struct {
	Pending []PairingCode   `json:"pending"`
	Allowed []PairingSender `json:"allowed"`
}

// PairingCode is a code that a sender was given.
type PairingCode struct {
	Code       string `json:"code"`
	Account    string `json:"account"`
	Surface    string `json:"surface"`
	SenderID   string `json:"senderId"`
	SenderName string `json:"senderName,omitempty"`
	CreatedAt  int64  `json:"createdAt"` // ms
	ExpiresAt  int64  `json:"expiresAt"` // ms
}

// PairingSender is someone who may write.
type PairingSender struct {
	Account  string `json:"account"`
	SenderID string `json:"senderId"`
	Name     string `json:"name,omitempty"`
	At       int64  `json:"at"` // ms
}

// PairingApproveParams lets the holder of a code in.
type PairingApproveParams struct {
	Code string `json:"code" jsonschema:"minLength=1"`
}

// PairingApproveResult names who was let in.
type PairingApproveResult struct {
	OK     bool          `json:"ok"`
	Sender PairingSender `json:"sender"`
}

// ActorsListResult is the supervision tree as it is now.
type ActorsListResult struct {
	TS     int64       `json:"ts"` // ms
	Actors []ActorInfo `json:"actors"`
}

// ActorInfo is one actor.
type ActorInfo struct {
	Path         string `json:"path"`
	Parent       string `json:"parent,omitempty"`
	Kind         string `json:"kind"`
	State        string `json:"state"`
	Depth        int64  `json:"depth"` // messages in the mailbox
	Bytes        int64  `json:"bytes"`
	OldestMs     int64  `json:"oldestMs"` // age of the oldest message
	Current      string `json:"current,omitempty"`
	CurrentForMs int64  `json:"currentForMs,omitzero"`
	Handled      int64  `json:"handled"`
	Restarts     int64  `json:"restarts"`
	Dropped      int64  `json:"dropped"`
	LastPanic    string `json:"lastPanic,omitempty"`
	Generation   int64  `json:"generation"`
	StartedAt    int64  `json:"startedAt"` // ms
}

// SessionsExportParams asks for a part of a transcript: what comes after a line, or the beginning.
type SessionsExportParams struct {
	Key     string `json:"key" jsonschema:"minLength=1"`
	AfterID int64  `json:"afterId,omitzero" jsonschema:"minimum=0"`
	Limit   *int64 `json:"limit,omitempty" jsonschema:"minimum=1,maximum=1000"` // messages; 200 when absent
}

// SessionsExportResult has the lines of a transcript file, as objects. A part ends early rather than grow beyond 256 KiB.
type SessionsExportResult struct {
	Key       string `json:"key"`
	SessionID string `json:"sessionId"`
	Lines     []Raw  `json:"lines"`
	AfterID   *int64 `json:"afterId,omitempty"` // for the next part; absent in the last one
}

// LogsTailParams asks for lines of the gateway's log: those behind Cursor, or without one the last. Limit is 200 when
// absent. Level leaves out what matters less.
type LogsTailParams struct {
	Cursor string `json:"cursor,omitempty"`
	Limit  *int64 `json:"limit,omitempty" jsonschema:"minimum=1,maximum=5000"`
	Level  string `json:"level,omitempty" jsonschema:"enum=fatal,enum=error,enum=warn,enum=info,enum=debug,enum=trace"`
	// Contains leaves out lines without this text, in capitals or not.
	Contains string `json:"contains,omitempty"`
}

// LogsTailResult has the lines as they are in the file, JSON objects, oldest first, and the cursor behind the last of
// them. Truncated: there were more before. Reset: the given cursor was of no use any more.
type LogsTailResult struct {
	File      string   `json:"file"`
	Cursor    string   `json:"cursor"`
	Lines     []string `json:"lines"`
	Truncated bool     `json:"truncated,omitzero"`
	Reset     bool     `json:"reset,omitzero"`
}

// CanvasInvokeParams has the canvas of the web page carry out a command that a device node would take.
type CanvasInvokeParams struct {
	Command string `json:"command" jsonschema:"minLength=1"`
	Params  Raw    `json:"params,omitzero"`
}

// CanvasInvokeResult says that it was done. Payload is there for a push.
type CanvasInvokeResult struct {
	OK      bool          `json:"ok"`
	Command string        `json:"command"`
	Payload *CanvasPushed `json:"payload,omitempty"`
}

// CanvasPushed names the surfaces that there are after a push.
type CanvasPushed struct {
	OK       bool     `json:"ok"`
	Surfaces []string `json:"surfaces"`
}

// CanvasStateParams asks for what the canvas shows, with the messages behind After if Epoch is still the same.
type CanvasStateParams struct {
	Epoch int64 `json:"epoch,omitzero"`
	After int64 `json:"after,omitzero"`
}

// CanvasState is what the canvas shows. A new Epoch makes everything that was pushed before void; Shown counts how often
// the canvas was to come forward. Path is below the gateway's port.
type CanvasState struct {
	Epoch    int64           `json:"epoch"`
	Seq      int64           `json:"seq"`
	Visible  bool            `json:"visible"`
	Shown    int64           `json:"shown"`
	Path     string          `json:"path"`
	Messages []CanvasMessage `json:"messages"`
}

// CanvasMessage is one A2UI message.
type CanvasMessage struct {
	Seq     int64 `json:"seq"`
	Message Raw   `json:"message"`
}

// CanvasEvent says that the canvas has changed; canvas.state has the messages.
type CanvasEvent struct {
	Epoch   int64  `json:"epoch"`
	Seq     int64  `json:"seq"`
	Visible bool   `json:"visible"`
	Shown   int64  `json:"shown"`
	Path    string `json:"path"`
}

// CanvasURLParams asks for an address of the canvas that is good for a while, an hour by default, a week at most. Path is
// within the canvas.
type CanvasURLParams struct {
	Path       string `json:"path,omitempty"`
	TTLSeconds int64  `json:"ttlSeconds,omitzero" jsonschema:"minimum=0"`
}

// CanvasURLResult is the address. Path is below the gateway's port.
type CanvasURLResult struct {
	URL       string `json:"url"`
	Path      string `json:"path"`
	ExpiresAt int64  `json:"expiresAt"` // ms
}

// AgentPromptParams names the session; the main one if none is named.
type AgentPromptParams struct {
	SessionKey string `json:"sessionKey,omitempty"`
}

// AgentPromptResult is what a model is told before a conversation.
type AgentPromptResult struct {
	SessionKey   string        `json:"sessionKey"`
	Model        string        `json:"model"`
	Thinking     string        `json:"thinking"`
	WorkspaceDir string        `json:"workspaceDir"`
	Files        []PromptFile  `json:"files"`
	Skills       []PromptSkill `json:"skills"`
	Tools        []string      `json:"tools"`
	Prompt       string        `json:"prompt"`
}

// PromptFile is a file of the workspace that is part of a prompt.
type PromptFile struct {
	Name    string `json:"name"`
	Path    string `json:"path"`
	Missing bool   `json:"missing,omitempty"`
	Cut     bool   `json:"cut,omitempty"` // the prompt has not all of it
	Bytes   int64  `json:"bytes"`
	Problem string `json:"problem,omitempty"`
}

// PromptSkill is a skill that a prompt names.
type PromptSkill struct {
	Name     string `json:"name"`
	FilePath string `json:"filePath"`
}

// BrowserRequestParams is something to be done with the agent's browser: an action of the tool browser, with its other
// arguments. Profile is one that the configuration names; "" = the default.
type BrowserRequestParams struct {
	Action  string `json:"action" jsonschema:"minLength=1"`
	Profile string `json:"profile,omitempty"`
	Args    Raw    `json:"args,omitzero"` // an object
}

// BrowserRequestResult is what the tool answers.
type BrowserRequestResult struct {
	Result Raw `json:"result"`
}

// ConfigCheckParams is a text that could be set.
type ConfigCheckParams struct {
	Raw string `json:"raw" jsonschema:"minLength=1"`
}

// ConfigCheckResult is what it would do. Without issues it can be set; Refused says why it would wait for a restart by hand.
type ConfigCheckResult struct {
	Hash    string         `json:"hash"` // of the file as it is
	Issues  []ConfigIssue  `json:"issues"`
	Changes []ConfigChange `json:"changes"` // to what the gateway runs on
	Restart bool           `json:"restart"` // the gateway would start anew
	Refused string         `json:"refused,omitempty"`
}

// ConfigChange is one path that differs, and what has to start anew for it: nothing, one part, or the gateway.
type ConfigChange struct {
	Path   string `json:"path"`
	Effect string `json:"effect" jsonschema:"enum=none,enum=hot,enum=restart"`
	Part   string `json:"part,omitempty"`
}

// CronPreviewParams asks for the next times of a schedule, or, without one, of all jobs that are enabled. Limit is 50 when
// absent.
type CronPreviewParams struct {
	Schedule *CronSchedule `json:"schedule,omitempty"`
	Limit    *int64        `json:"limit,omitempty" jsonschema:"minimum=1,maximum=500"`
}

// CronPreviewResult is in the order of time.
type CronPreviewResult struct {
	Runs []CronTime `json:"runs"`
}

// CronTime is when something will be due.
type CronTime struct {
	AtMs  int64  `json:"atMs" jsonschema:"minimum=0"`
	JobID string `json:"jobId,omitempty"`
}
