package wire

// SessionsListParams filters the session list.
type SessionsListParams struct {
	Limit          *int64 `json:"limit,omitempty" jsonschema:"minimum=1"`
	ActiveMinutes  *int64 `json:"activeMinutes,omitempty" jsonschema:"minimum=1"`
	IncludeGlobal  bool   `json:"includeGlobal,omitzero"`
	IncludeUnknown bool   `json:"includeUnknown,omitzero"`
}

// SessionsListResult is sorted newest first; Count is the number of rows.
type SessionsListResult struct {
	TS       int64           `json:"ts"` // ms
	Path     string          `json:"path"`
	Count    int64           `json:"count"`
	Defaults SessionDefaults `json:"defaults"`
	Sessions []SessionRow    `json:"sessions"`
}

// SessionDefaults is what a session without own settings uses.
type SessionDefaults struct {
	Model         *string `json:"model" jsonschema:"nullable"`
	ContextTokens *int64  `json:"contextTokens" jsonschema:"nullable"`
	ModelProvider string  `json:"modelProvider,omitempty"` // an addition
}

// SessionRow is one session in the list.
type SessionRow struct {
	Key            string `json:"key"`
	Kind           string `json:"kind" jsonschema:"enum=direct,enum=group,enum=global,enum=unknown"`
	DisplayName    string `json:"displayName,omitempty"`
	Surface        string `json:"surface,omitempty"`
	Subject        string `json:"subject,omitempty"`
	Room           string `json:"room,omitempty"`
	Space          string `json:"space,omitempty"`
	ChatType       string `json:"chatType,omitempty" jsonschema:"enum=direct,enum=group,enum=room"`
	UpdatedAt      *int64 `json:"updatedAt" jsonschema:"nullable"` // ms
	SessionID      string `json:"sessionId,omitempty"`
	SystemSent     *bool  `json:"systemSent,omitempty"`
	AbortedLastRun *bool  `json:"abortedLastRun,omitempty"`
	ThinkingLevel  string `json:"thinkingLevel,omitempty"`
	VerboseLevel   string `json:"verboseLevel,omitempty"`
	ElevatedLevel  string `json:"elevatedLevel,omitempty"`
	SendPolicy     string `json:"sendPolicy,omitempty" jsonschema:"enum=allow,enum=deny"`
	InputTokens    *int64 `json:"inputTokens,omitempty"`
	OutputTokens   *int64 `json:"outputTokens,omitempty"`
	TotalTokens    int64  `json:"totalTokens"`
	Model          string `json:"model,omitempty"`
	ContextTokens  *int64 `json:"contextTokens,omitempty"`
	LastChannel    string `json:"lastChannel,omitempty"`
	LastTo         string `json:"lastTo,omitempty"`
	ModelProvider  string `json:"modelProvider,omitempty"` // an addition: whose Model is
	ModelOverride  string `json:"modelOverride,omitempty"` // an addition: provider/model that the session has instead of the default
	Spent          *Spent `json:"spent,omitempty"`         // an addition
}

// SessionEntry is the stored state of a session (protocol 7.4).
type SessionEntry struct {
	SessionID                   string        `json:"sessionId"`
	UpdatedAt                   int64         `json:"updatedAt"` // ms
	SystemSent                  *bool         `json:"systemSent,omitempty"`
	AbortedLastRun              *bool         `json:"abortedLastRun,omitempty"`
	ChatType                    string        `json:"chatType,omitempty" jsonschema:"enum=direct,enum=group,enum=room"`
	ThinkingLevel               string        `json:"thinkingLevel,omitempty"`
	VerboseLevel                string        `json:"verboseLevel,omitempty"`
	ElevatedLevel               string        `json:"elevatedLevel,omitempty"`
	ProviderOverride            string        `json:"providerOverride,omitempty"`
	ModelOverride               string        `json:"modelOverride,omitempty"`
	GroupActivation             string        `json:"groupActivation,omitempty" jsonschema:"enum=mention,enum=always"`
	GroupActivationNeedsSysIntr *bool         `json:"groupActivationNeedsSystemIntro,omitempty"`
	SendPolicy                  string        `json:"sendPolicy,omitempty" jsonschema:"enum=allow,enum=deny"`
	QueueMode                   string        `json:"queueMode,omitempty"`
	QueueDebounceMs             *int64        `json:"queueDebounceMs,omitempty"`
	QueueCap                    *int64        `json:"queueCap,omitempty"`
	QueueDrop                   string        `json:"queueDrop,omitempty" jsonschema:"enum=old,enum=new,enum=summarize"`
	InputTokens                 *int64        `json:"inputTokens,omitempty"`
	OutputTokens                *int64        `json:"outputTokens,omitempty"`
	TotalTokens                 *int64        `json:"totalTokens,omitempty"`
	ModelProvider               string        `json:"modelProvider,omitempty"`
	Model                       string        `json:"model,omitempty"`
	ContextTokens               *int64        `json:"contextTokens,omitempty"`
	DisplayName                 string        `json:"displayName,omitempty"`
	Surface                     string        `json:"surface,omitempty"`
	Subject                     string        `json:"subject,omitempty"`
	Room                        string        `json:"room,omitempty"`
	Space                       string        `json:"space,omitempty"`
	LastChannel                 string        `json:"lastChannel,omitempty"`
	LastTo                      string        `json:"lastTo,omitempty"`
	SkillsSnapshot              Raw           `json:"skillsSnapshot,omitzero"`
	Spent                       *Spent        `json:"spent,omitempty"` // an addition
	Tools                       *ToolSettings `json:"tools,omitempty"` // an addition
}

// ToolSettings are which tools the runs of a session may use, besides what the configuration says: names, beginnings with "*",
// or groups such as "group:exec". An empty allow is all; deny wins. They stay when the session begins anew.
type ToolSettings struct {
	Allow []string `json:"allow,omitempty"`
	Deny  []string `json:"deny,omitempty"`
}

// Spent is what the models of a session have taken since it began: tokens, and what they cost as far as that is known.
// Unpriced: some of the tokens are of a model without prices, so that CostUSD is not all of it.
type Spent struct {
	Input      int64   `json:"input"`
	Output     int64   `json:"output"`
	CacheRead  int64   `json:"cacheRead"`
	CacheWrite int64   `json:"cacheWrite"`
	CostUSD    float64 `json:"costUsd"`
	Unpriced   bool    `json:"unpriced,omitzero"`
}

// SessionsPatchParams changes settings of a session; null deletes one.
type SessionsPatchParams struct {
	Key             string           `json:"key" jsonschema:"minLength=1"`
	ThinkingLevel   Nullable[string] `json:"thinkingLevel,omitzero" jsonschema:"minLength=1,nullable"`
	VerboseLevel    Nullable[string] `json:"verboseLevel,omitzero" jsonschema:"minLength=1,nullable"`
	ElevatedLevel   Nullable[string] `json:"elevatedLevel,omitzero" jsonschema:"minLength=1,nullable"`
	Model           Nullable[string] `json:"model,omitzero" jsonschema:"minLength=1,nullable"`
	SendPolicy      Nullable[string] `json:"sendPolicy,omitzero" jsonschema:"enum=allow,enum=deny,nullable"`
	GroupActivation Nullable[string] `json:"groupActivation,omitzero" jsonschema:"enum=mention,enum=always,nullable"`
	Tools           *ToolSettings    `json:"tools,omitempty"` // an addition; an empty object deletes
}

// SessionsPatchResult has the whole stored entry.
type SessionsPatchResult struct {
	OK    bool         `json:"ok"`
	Path  string       `json:"path"`
	Key   string       `json:"key"`
	Entry SessionEntry `json:"entry"`
}

// SessionsResetParams starts a session afresh.
type SessionsResetParams struct {
	Key string `json:"key" jsonschema:"minLength=1"`
}

// SessionsResetResult has the new entry.
type SessionsResetResult struct {
	OK    bool         `json:"ok"`
	Key   string       `json:"key"`
	Entry SessionEntry `json:"entry"`
}

// SessionsDeleteParams: DeleteTranscript is true when absent.
type SessionsDeleteParams struct {
	Key              string `json:"key" jsonschema:"minLength=1"`
	DeleteTranscript *bool  `json:"deleteTranscript,omitempty"`
}

// SessionsDeleteResult lists the files that the transcript was moved to.
type SessionsDeleteResult struct {
	OK       bool     `json:"ok"`
	Key      string   `json:"key"`
	Deleted  bool     `json:"deleted"`
	Archived []string `json:"archived"`
}

// SessionsCompactParams: MaxLines is 400 when absent.
type SessionsCompactParams struct {
	Key      string `json:"key" jsonschema:"minLength=1"`
	MaxLines *int64 `json:"maxLines,omitempty" jsonschema:"minimum=1"`
}

// SessionsCompactResult: Archived is one path here, unlike in sessions.delete.
type SessionsCompactResult struct {
	OK        bool   `json:"ok"`
	Key       string `json:"key"`
	Compacted bool   `json:"compacted"`
	Reason    string `json:"reason,omitempty"`
	Archived  string `json:"archived,omitempty"`
	Kept      *int64 `json:"kept,omitempty"`
}
