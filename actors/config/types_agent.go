package config

import "github.com/clawdbot/gateway/actors/command"

// Agent is how runs are made.
type Agent struct {
	Model                 string            `json:"model"` // "" and "builtin" = the built-in runner
	ImageModel            string            `json:"imageModel"`
	Workspace             string            `json:"workspace"` // absolute after Load
	AllowedModels         []string          `json:"allowedModels"`
	ModelAliases          map[string]string `json:"modelAliases"`
	ModelFallbacks        []string          `json:"modelFallbacks"`
	ImageModelFallbacks   []string          `json:"imageModelFallbacks"`
	ContextTokens         int               `json:"contextTokens" rule:"min=1"`
	Tools                 AgentTools        `json:"tools"`
	Limits                Limits            `json:"limits"`
	ThinkingDefault       string            `json:"thinkingDefault" rule:"enum=off|minimal|low|medium|high"` // "" = by the model
	VerboseDefault        string            `json:"verboseDefault" rule:"enum=off|on"`
	ElevatedDefault       string            `json:"elevatedDefault" rule:"enum=off|on"`
	BlockStreamingDefault string            `json:"blockStreamingDefault" rule:"enum=off|on"`
	BlockStreamingBreak   string            `json:"blockStreamingBreak" rule:"enum=text_end|message_end"`
	BlockStreamingChunk   BlockChunk        `json:"blockStreamingChunk"`
	TimeoutSeconds        int               `json:"timeoutSeconds" rule:"min=1"`
	MediaMaxMb            float64           `json:"mediaMaxMb" rule:"above=0"`
	TypingIntervalSeconds int               `json:"typingIntervalSeconds" rule:"min=1"`
	Heartbeat             Heartbeat         `json:"heartbeat"`
	MaxConcurrent         int               `json:"maxConcurrent" rule:"min=1"` // runs at a time over all sessions
	Bash                  Bash              `json:"bash"`
	Elevated              Elevated          `json:"elevated"`
	Sandbox               Sandbox           `json:"sandbox"`
	Files                 Files             `json:"files"`
	// Runners are coding agents: programs that answer in the place of a model, which is called "kind/name".
	Runners map[string]AgentRunner `json:"runners"`
}

// BlockChunk bounds one block of a streamed reply, in characters.
type BlockChunk struct {
	MinChars        int    `json:"minChars" rule:"min=1"`
	MaxChars        int    `json:"maxChars" rule:"min=1"`
	BreakPreference string `json:"breakPreference" rule:"enum=paragraph|newline|sentence"`
}

// Heartbeat is the agent's regular turn without a message.
type Heartbeat struct {
	Every  string `json:"every" rule:"every"` // "30m", "45" (minutes); "" or "0" = off
	Model  string `json:"model"`
	Target string `json:"target" rule:"enum=last|whatsapp|telegram|discord|slack|signal|imessage|none,account"`
	To     string `json:"to"`
	Prompt string `json:"prompt"`
}

// Elevated says who may have commands run outside the sandbox.
type Elevated struct {
	Enabled   bool `json:"enabled"`
	AllowFrom struct {
		WhatsApp IDs `json:"whatsapp"`
		Telegram IDs `json:"telegram"`
		Discord  IDs `json:"discord"`
		Slack    IDs `json:"slack"`
		Signal   IDs `json:"signal"`
		IMessage IDs `json:"imessage"`
		WebChat  IDs `json:"webchat"`
	} `json:"allowFrom"`
}

// Models are additional model APIs.
type Models struct {
	Mode      string                   `json:"mode" rule:"enum=merge|replace"`
	Providers map[string]ModelProvider `json:"providers"`
}

// ModelProvider is one model API. Keys beyond these are allowed: APIs differ.
type ModelProvider struct {
	_          struct{}          `rule:"open"`
	BaseURL    string            `json:"baseUrl"`
	APIKey     Secret            `json:"apiKey"`
	API        string            `json:"api"`
	AuthHeader bool              `json:"authHeader"`
	Headers    map[string]Secret `json:"headers"`
	Models     []Model           `json:"models"`
}

// Model is one model of a ModelProvider.
type Model struct {
	_             struct{}          `rule:"open"`
	ID            string            `json:"id" rule:"required"`
	Name          string            `json:"name"`
	API           string            `json:"api"`
	Reasoning     bool              `json:"reasoning"`
	Input         []string          `json:"input"`
	ContextWindow int               `json:"contextWindow" rule:"min=1"`
	MaxTokens     int               `json:"maxTokens" rule:"min=1"`
	Headers       map[string]Secret `json:"headers"`
	Cost          *ModelCost        `json:"cost"` // nil = not known
}

// ModelCost is in US dollars per million tokens.
type ModelCost struct {
	Input      float64 `json:"input" rule:"min=0"`
	Output     float64 `json:"output" rule:"min=0"`
	CacheRead  float64 `json:"cacheRead" rule:"min=0"`
	CacheWrite float64 `json:"cacheWrite" rule:"min=0"`
}

// Routing is what becomes of an inbound message.
type Routing struct {
	GroupChat       GroupChat  `json:"groupChat"`
	MaxAgeMinutes   int        `json:"maxAgeMinutes" rule:"min=1"`
	TranscribeAudio Transcribe `json:"transcribeAudio"`
	Queue           Queue      `json:"queue"`
}

// GroupChat is when the assistant speaks in groups, and what it then knows.
type GroupChat struct {
	MentionPatterns []string `json:"mentionPatterns"` // regular expressions; from identity.name when none is set
	HistoryLimit    int      `json:"historyLimit" rule:"min=1"`
}

// Transcribe turns a voice message into text: a command or, where there is none, a service that transcribes as OpenAI's does.
type Transcribe struct {
	Command        []string `json:"command"`
	BaseURL        string   `json:"baseUrl"` // of the service, up to "/v1"
	APIKey         Secret   `json:"apiKey"`  // "" = OPENAI_API_KEY where baseUrl is not set
	Model          string   `json:"model"`   // "" = whisper-1
	TimeoutSeconds int      `json:"timeoutSeconds" rule:"min=1"`
}

// Queue is what happens to messages that come in during a run.
type Queue struct {
	Mode      QueueMode            `json:"mode"`
	BySurface map[string]QueueMode `json:"bySurface" rule:"keys=surface"`
	// DebounceMs is how long no message must have come before a collected turn starts.
	DebounceMs int    `json:"debounceMs" rule:"min=0"`
	Cap        int    `json:"cap" rule:"min=1"`
	Drop       string `json:"drop" rule:"enum=old|new|summarize"`
}

// QueueMode is the canonical name of a queue mode; its aliases are folded when the file is read.
type QueueMode string

// Queue modes.
const (
	QueueSteer        QueueMode = "steer"
	QueueFollowup     QueueMode = "followup"
	QueueCollect      QueueMode = "collect"
	QueueSteerBacklog QueueMode = "steer-backlog"
	QueueInterrupt    QueueMode = "interrupt"
)

// ParseQueueMode folds an alias ("queue", "steer+backlog", "abort", ...) to its mode.
func ParseQueueMode(s string) (QueueMode, bool) {
	mode, ok := command.QueueMode(s)
	return QueueMode(mode), ok
}

// Messages is what is put around texts.
type Messages struct {
	MessagePrefix   *string    `json:"messagePrefix"` // nil = by the surface
	ResponsePrefix  string     `json:"responsePrefix"`
	TimestampPrefix BoolOrText `json:"timestampPrefix"`
}

// Session is how conversations are kept apart and when they begin anew.
type Session struct {
	Scope                 string     `json:"scope" rule:"enum=per-sender|global"`
	ResetTriggers         []string   `json:"resetTriggers"`
	IdleMinutes           int        `json:"idleMinutes" rule:"min=1"`
	HeartbeatIdleMinutes  int        `json:"heartbeatIdleMinutes" rule:"min=1"`
	Store                 string     `json:"store"` // read at import only
	TypingIntervalSeconds int        `json:"typingIntervalSeconds" rule:"min=1"`
	MainKey               string     `json:"mainKey"` // accepted; the main key is always "main"
	SendPolicy            SendPolicy `json:"sendPolicy"`
	AgentToAgent          struct {
		MaxPingPongTurns int `json:"maxPingPongTurns" rule:"min=0,max=5"`
	} `json:"agentToAgent"`
}

// SendPolicy says which sessions may be answered: any matching deny, else a matching allow, else Default.
type SendPolicy struct {
	Default string     `json:"default" rule:"enum=allow|deny"` // "" = allow
	Rules   []SendRule `json:"rules"`
}

// SendRule applies when every field of Match that is set equals the session's.
type SendRule struct {
	Action string `json:"action" rule:"required,enum=allow|deny"`
	Match  struct {
		Surface   string `json:"surface"`
		ChatType  string `json:"chatType" rule:"enum=direct|group|room"`
		KeyPrefix string `json:"keyPrefix"`
	} `json:"match"`
}

// Cron is the scheduler.
type Cron struct {
	Enabled           bool   `json:"enabled"`
	Store             string `json:"store"` // read at import only
	MaxConcurrentRuns int    `json:"maxConcurrentRuns" rule:"min=1"`
}

// Hooks is the HTTP entrance for other programs.
type Hooks struct {
	Enabled       bool          `json:"enabled"`
	Path          string        `json:"path"` // with a leading and without a trailing slash after Load
	Token         Secret        `json:"token"`
	MaxBodyBytes  int           `json:"maxBodyBytes" rule:"min=1"`
	Presets       []string      `json:"presets"`
	TransformsDir string        `json:"transformsDir"` // absolute after Load
	Mappings      []HookMapping `json:"mappings"`
	Gmail         Free          `json:"gmail"`
}

// HookMapping turns a hook call into a wake or a run.
type HookMapping struct {
	ID    string `json:"id"`
	Match struct {
		Path   string `json:"path"`
		Source string `json:"source"`
	} `json:"match"`
	Action          string `json:"action" rule:"enum=wake|agent"`
	WakeMode        string `json:"wakeMode" rule:"enum=now|next-heartbeat"`
	Name            string `json:"name"`
	SessionKey      string `json:"sessionKey"`
	MessageTemplate string `json:"messageTemplate"`
	TextTemplate    string `json:"textTemplate"`
	Deliver         bool   `json:"deliver"`
	Channel         string `json:"channel" rule:"enum=last|whatsapp|telegram|discord|slack|signal|imessage|imsg,account"`
	To              string `json:"to"`
	Thinking        string `json:"thinking"`
	TimeoutSeconds  int    `json:"timeoutSeconds" rule:"min=1"`
	Transform       *struct {
		Module string `json:"module" rule:"required"`
		Export string `json:"export"`
	} `json:"transform"`
}

// Skills are the packaged abilities of the agent.
type Skills struct {
	AllowBundled []string `json:"allowBundled"`
	Load         struct {
		ExtraDirs []string `json:"extraDirs"`
	} `json:"load"`
	Install struct {
		PreferBrew  bool   `json:"preferBrew"`
		NodeManager string `json:"nodeManager" rule:"enum=npm|pnpm|yarn|bun"`
	} `json:"install"`
	Entries map[string]SkillEntry `json:"entries"`
}

// SkillEntry is the setup of one skill. Keys beyond these belong to the skill.
type SkillEntry struct {
	_       struct{}          `rule:"open"`
	Enabled *bool             `json:"enabled"`
	APIKey  Secret            `json:"apiKey"`
	Env     map[string]Secret `json:"env"`
}
