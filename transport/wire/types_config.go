package wire

// ConfigSnapshot is the result of config.get. Raw is nil (null) when there is no readable file. Secrets
// read __REDACTED__.
type ConfigSnapshot struct {
	Path         string        `json:"path"`
	Exists       bool          `json:"exists"`
	Raw          *string       `json:"raw" jsonschema:"nullable"`
	Parsed       Raw           `json:"parsed"`
	Valid        bool          `json:"valid"`
	Config       Raw           `json:"config"`
	Issues       []ConfigIssue `json:"issues"`
	LegacyIssues []ConfigIssue `json:"legacyIssues"`
	Hash         string        `json:"hash,omitempty"` // an addition: for the baseHash of config.set
}

// ConfigIssue is one problem at a dotted path.
type ConfigIssue struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// ConfigIssues is the details of the error "invalid config".
type ConfigIssues struct {
	Issues []ConfigIssue `json:"issues"`
}

// ConfigSetParams replaces the config file. BaseHash, an addition, is the hash that config.get had for the text which was edited:
// when the file has changed since, nothing is written. "" = whatever is there.
type ConfigSetParams struct {
	Raw      string `json:"raw" jsonschema:"minLength=1"`
	BaseHash string `json:"baseHash,omitempty"`
}

// ConfigSetResult has the config as it was stored.
type ConfigSetResult struct {
	OK     bool   `json:"ok"`
	Path   string `json:"path"`
	Config Raw    `json:"config"`
}

// ConfigSchemaResult has the JSON Schema of the config and how a form shows it.
type ConfigSchemaResult struct {
	Schema      Raw                   `json:"schema"`
	UIHints     map[string]ConfigHint `json:"uiHints"`
	Version     string                `json:"version"`
	GeneratedAt string                `json:"generatedAt"` // ISO time of the first call
}

// ConfigHint is how a form shows one config path.
type ConfigHint struct {
	Label        string `json:"label,omitempty"`
	Help         string `json:"help,omitempty"`
	Group        string `json:"group,omitempty"`
	Order        *int64 `json:"order,omitempty"`
	Advanced     bool   `json:"advanced,omitzero"`
	Sensitive    bool   `json:"sensitive,omitzero"`
	Placeholder  string `json:"placeholder,omitempty"`
	ItemTemplate Raw    `json:"itemTemplate,omitzero"`
}

// ConfigHistoryResult lists the configurations that were good, newest first.
type ConfigHistoryResult struct {
	Generations []ConfigGeneration `json:"generations"`
}

// ConfigGeneration is one of them. Current: the file says the same now.
type ConfigGeneration struct {
	Generation int64 `json:"generation" jsonschema:"minimum=1"`
	At         int64 `json:"at"` // ms
	Bytes      int64 `json:"bytes"`
	Current    bool  `json:"current"`
}

// ConfigRollbackParams names the generation to go back to.
type ConfigRollbackParams struct {
	Generation int64 `json:"generation" jsonschema:"minimum=1"`
}

// WizardStartParams begins a setup dialogue.
type WizardStartParams struct {
	Mode      string `json:"mode,omitempty" jsonschema:"enum=local,enum=remote"`
	Workspace string `json:"workspace,omitempty"`
}

// WizardNextParams answers the pending step, or asks for it again.
type WizardNextParams struct {
	SessionID string        `json:"sessionId" jsonschema:"minLength=1"`
	Answer    *WizardAnswer `json:"answer,omitempty"`
}

// WizardAnswer is the answer to one step.
type WizardAnswer struct {
	StepID string `json:"stepId" jsonschema:"minLength=1"`
	Value  Raw    `json:"value,omitzero"`
}

// WizardCancelParams ends a dialogue.
type WizardCancelParams struct {
	SessionID string `json:"sessionId" jsonschema:"minLength=1"`
}

// WizardStatusParams asks how a dialogue stands.
type WizardStatusParams struct {
	SessionID string `json:"sessionId" jsonschema:"minLength=1"`
}

// WizardResult answers wizard.start and wizard.next. SessionID is only in the former.
type WizardResult struct {
	SessionID string      `json:"sessionId,omitempty"`
	Done      bool        `json:"done"`
	Step      *WizardStep `json:"step,omitempty"`
	Status    string      `json:"status" jsonschema:"enum=running,enum=done,enum=cancelled,enum=error"`
	Error     string      `json:"error,omitempty"`
}

// WizardStatusResult answers wizard.cancel and wizard.status.
type WizardStatusResult struct {
	Status string `json:"status" jsonschema:"enum=running,enum=done,enum=cancelled,enum=error"`
	Error  string `json:"error,omitempty"`
}

// WizardStep is one question.
type WizardStep struct {
	ID           string         `json:"id"`
	Type         string         `json:"type" jsonschema:"enum=note,enum=select,enum=text,enum=confirm,enum=multiselect,enum=progress,enum=action"`
	Title        string         `json:"title,omitempty"`
	Message      string         `json:"message,omitempty"`
	Options      []WizardOption `json:"options,omitempty"`
	InitialValue Raw            `json:"initialValue,omitzero"`
	Placeholder  string         `json:"placeholder,omitempty"`
	Sensitive    bool           `json:"sensitive,omitzero"`
	Executor     string         `json:"executor,omitempty" jsonschema:"enum=gateway,enum=client"`
}

// WizardOption is one choice of a step.
type WizardOption struct {
	Value Raw    `json:"value"`
	Label string `json:"label"`
	Hint  string `json:"hint,omitempty"`
}
