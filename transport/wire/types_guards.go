package wire

// ExecApproval is a command that waits for somebody to allow it. Either command, a line for the shell, or argv is set.
type ExecApproval struct {
	ID         string   `json:"id"`
	RunID      string   `json:"runId"`
	SessionKey string   `json:"sessionKey"`
	Command    string   `json:"command,omitempty"`
	Argv       []string `json:"argv,omitempty"` // on a device "node:<name>" stands first
	Env        []string `json:"env,omitempty"`  // variables that it is given besides, NAME=value
	Cwd        string   `json:"cwd,omitempty"`
	Trigger    string   `json:"trigger"`           // what began the run: chat, agent, cron, heartbeat, hook, node
	Surface    string   `json:"surface,omitempty"` // where its message came by; absent = a client
	Sender     string   `json:"sender,omitempty"`
	CreatedAt  int64    `json:"createdAt"` // ms
	ExpiresAt  int64    `json:"expiresAt"` // ms; then the answer is no
}

// ExecApprovalResolved is what became of one. Reason is set when nobody has decided; By is the client that did.
type ExecApprovalResolved struct {
	ID         string `json:"id"`
	RunID      string `json:"runId"`
	SessionKey string `json:"sessionKey"`
	Decision   string `json:"decision" jsonschema:"enum=allow-once,enum=allow-always,enum=deny"`
	Reason     string `json:"reason,omitempty"`
	By         string `json:"by,omitempty"`
	TS         int64  `json:"ts"` // ms
}

// ExecAllowed is a command that is allowed for good: exactly these words with these variables.
type ExecAllowed struct {
	ID      string   `json:"id"`
	Command string   `json:"command,omitempty"`
	Argv    []string `json:"argv,omitempty"`
	Env     []string `json:"env,omitempty"`
	AddedAt int64    `json:"addedAt"` // ms
	By      string   `json:"by,omitempty"`
}

// ExecApprovalsListResult has the oldest first.
type ExecApprovalsListResult struct {
	TS      int64          `json:"ts"` // ms
	Pending []ExecApproval `json:"pending"`
	Allowed []ExecAllowed  `json:"allowed"`
}

// ExecApprovalResolveParams answers a question.
type ExecApprovalResolveParams struct {
	ID       string `json:"id" jsonschema:"minLength=1"`
	Decision string `json:"decision" jsonschema:"enum=allow-once,enum=allow-always,enum=deny"`
}

// ExecApprovalsForgetParams names a command by the id that the list has.
type ExecApprovalsForgetParams struct {
	ID string `json:"id" jsonschema:"minLength=1"`
}
