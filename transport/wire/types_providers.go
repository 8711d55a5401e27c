package wire

// ProvidersStatusParams: Probe asks the platforms themselves; TimeoutMs is 10000 when absent.
type ProvidersStatusParams struct {
	Probe     bool   `json:"probe,omitzero"`
	TimeoutMs *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
}

// ProvidersStatusResult has one member per platform (protocol 3.13). Times are ms.
type ProvidersStatusResult struct {
	TS       int64          `json:"ts"`
	WhatsApp WhatsAppStatus `json:"whatsapp"`
	Telegram TelegramStatus `json:"telegram"`
	Discord  DiscordStatus  `json:"discord"`
	Slack    SlackStatus    `json:"slack"`
	Signal   SignalStatus   `json:"signal"`
	IMessage IMessageStatus `json:"imessage"`
	// Accounts is every account by name, an addition: a surface may have several.
	Accounts []ProviderAccount `json:"accounts,omitempty"`
}

// ProviderAccount is the state of one account. Times and ages are ms; what never was is absent.
type ProviderAccount struct {
	Account  string `json:"account"`  // the surface's name, or surface:name
	Provider string `json:"provider"` // the surface
	State    string `json:"state" jsonschema:"enum=starting,enum=up,enum=degraded,enum=backoff,enum=stuck,enum=terminal,enum=disabled"`
	Reason   string `json:"reason,omitempty"` // why it is not up
	// Deaf says why an account that is connected seems to hear nothing.
	Deaf              string `json:"deaf,omitempty"`
	Self              string `json:"self,omitempty"` // who it is on the platform
	Mode              string `json:"mode,omitempty"`
	NextAt            *int64 `json:"nextAt,omitempty"` // next try
	Failures          int64  `json:"failures"`         // in a row
	LastStartAt       *int64 `json:"lastStartAt,omitempty"`
	LastInboundAgeMs  *int64 `json:"lastInboundAgeMs,omitempty"`
	LastOutboundAgeMs *int64 `json:"lastOutboundAgeMs,omitempty"`
	PingAgeMs         *int64 `json:"pingAgeMs,omitempty"` // since the platform last gave a sign of life
	InFlight          int64  `json:"inFlight"`            // sends being carried out
}

// ProviderParams names an account: by its surface, with the account's name where there are several.
type ProviderParams struct {
	Provider string `json:"provider" jsonschema:"minLength=1"` // "telegram", or "telegram:work"
	Account  string `json:"account,omitempty"`                 // "work"
}

// WhatsAppStatus is the state of the one WhatsApp session.
type WhatsAppStatus struct {
	Configured        bool           `json:"configured"`
	Linked            bool           `json:"linked"`
	AuthAgeMs         *float64       `json:"authAgeMs" jsonschema:"nullable"`
	Self              WhatsAppSelf   `json:"self"`
	Running           bool           `json:"running"`
	Connected         bool           `json:"connected"`
	LastConnectedAt   *int64         `json:"lastConnectedAt" jsonschema:"nullable"`
	LastDisconnect    *WebDisconnect `json:"lastDisconnect" jsonschema:"nullable"`
	ReconnectAttempts int64          `json:"reconnectAttempts"`
	LastMessageAt     *int64         `json:"lastMessageAt" jsonschema:"nullable"`
	LastEventAt       *int64         `json:"lastEventAt" jsonschema:"nullable"`
	LastError         *string        `json:"lastError" jsonschema:"nullable"`
	Lease             *WhatsAppLease `json:"lease,omitempty"` // addition: which process on this host has the session
}

// WhatsAppLease is the process that holds the session on this host, this gateway or another one.
type WhatsAppLease struct {
	PID      int    `json:"pid"`
	Host     string `json:"host"`
	StateDir string `json:"stateDir"`
	SinceMs  int64  `json:"sinceMs"`
	Ours     bool   `json:"ours"`
}

// WhatsAppSelf is the linked account.
type WhatsAppSelf struct {
	E164 *string `json:"e164" jsonschema:"nullable"`
	JID  *string `json:"jid" jsonschema:"nullable"`
}

// WebDisconnect is why the session last ended.
type WebDisconnect struct {
	At        int64  `json:"at"`
	Status    *int64 `json:"status,omitempty"`
	Error     string `json:"error,omitempty"`
	LoggedOut *bool  `json:"loggedOut,omitempty"`
}

// ProviderRun is what every other platform reports of its run.
type ProviderRun struct {
	Running     bool    `json:"running"`
	LastStartAt *int64  `json:"lastStartAt" jsonschema:"nullable"`
	LastStopAt  *int64  `json:"lastStopAt" jsonschema:"nullable"`
	LastError   *string `json:"lastError" jsonschema:"nullable"`
	LastProbeAt *int64  `json:"lastProbeAt" jsonschema:"nullable"`
}

// TelegramStatus is the state of the Telegram bot; Mode is "webhook", "polling" or null.
type TelegramStatus struct {
	Configured  bool           `json:"configured"`
	TokenSource string         `json:"tokenSource" jsonschema:"enum=env,enum=tokenFile,enum=config,enum=none"`
	Mode        *string        `json:"mode" jsonschema:"enum=webhook,enum=polling,nullable"`
	Probe       *TelegramProbe `json:"probe,omitempty"`
	ProviderRun
}

// DiscordStatus is the state of the Discord bot.
type DiscordStatus struct {
	Configured  bool          `json:"configured"`
	TokenSource string        `json:"tokenSource" jsonschema:"enum=env,enum=config,enum=none"`
	Probe       *DiscordProbe `json:"probe,omitempty"`
	ProviderRun
}

// SlackStatus is the state of the Slack app.
type SlackStatus struct {
	Configured     bool        `json:"configured"`
	BotTokenSource string      `json:"botTokenSource" jsonschema:"enum=env,enum=config,enum=none"`
	AppTokenSource string      `json:"appTokenSource" jsonschema:"enum=env,enum=config,enum=none"`
	Probe          *SlackProbe `json:"probe,omitempty"`
	ProviderRun
}

// SignalStatus is the state of the signal-cli connection.
type SignalStatus struct {
	Configured bool         `json:"configured"`
	BaseURL    string       `json:"baseUrl"`
	Probe      *SignalProbe `json:"probe,omitempty"`
	ProviderRun
}

// IMessageStatus is the state of the imsg process.
type IMessageStatus struct {
	Configured bool           `json:"configured"`
	CLIPath    *string        `json:"cliPath" jsonschema:"nullable"`
	DBPath     *string        `json:"dbPath" jsonschema:"nullable"`
	Probe      *IMessageProbe `json:"probe,omitempty"`
	ProviderRun
}

// ProbeResult is what probes of most platforms have in common.
type ProbeResult struct {
	OK        bool    `json:"ok"`
	Status    *int64  `json:"status" jsonschema:"nullable"` // HTTP status of a refusal
	Error     *string `json:"error" jsonschema:"nullable"`
	ElapsedMs int64   `json:"elapsedMs"`
}

// TelegramProbe is the answer of the Bot API.
type TelegramProbe struct {
	ProbeResult
	Bot     *TelegramBot     `json:"bot,omitempty"`
	Webhook *TelegramWebhook `json:"webhook,omitempty"`
}

// TelegramBot is the bot's own account.
type TelegramBot struct {
	ID       *int64  `json:"id" jsonschema:"nullable"`
	Username *string `json:"username" jsonschema:"nullable"`
}

// TelegramWebhook is what the Bot API has stored.
type TelegramWebhook struct {
	URL           *string `json:"url" jsonschema:"nullable"`
	HasCustomCert *bool   `json:"hasCustomCert" jsonschema:"nullable"`
}

// DiscordProbe is the answer of the Discord API.
type DiscordProbe struct {
	ProbeResult
	Bot *DiscordBot `json:"bot,omitempty"`
}

// DiscordBot is the bot's own account.
type DiscordBot struct {
	ID       *string `json:"id" jsonschema:"nullable"`
	Username *string `json:"username" jsonschema:"nullable"`
}

// SlackProbe is the answer of auth.test.
type SlackProbe struct {
	OK        bool     `json:"ok"`
	Status    *int64   `json:"status,omitempty"`
	Error     string   `json:"error,omitempty"`
	ElapsedMs *int64   `json:"elapsedMs,omitempty"`
	Bot       *SlackID `json:"bot,omitempty"`
	Team      *SlackID `json:"team,omitempty"`
}

// SlackID names a bot or a team.
type SlackID struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// SignalProbe is the answer of signal-cli.
type SignalProbe struct {
	ProbeResult
	Version *string `json:"version,omitempty"`
}

// IMessageProbe is the answer of imsg.
type IMessageProbe struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// WebLoginStartParams begins to link WhatsApp.
type WebLoginStartParams struct {
	Force     bool   `json:"force,omitzero"`
	TimeoutMs *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
	Verbose   bool   `json:"verbose,omitzero"`
	Phone     string `json:"phone,omitempty"` // addition: get a code to type into the phone with this number instead
}

// WebLoginStartResult: QRDataURL is a PNG data URL, absent when there is no code.
type WebLoginStartResult struct {
	Message     string `json:"message"`
	QRDataURL   string `json:"qrDataUrl,omitempty"`
	QR          string `json:"qr,omitempty"`          // addition: what the picture says
	PairingCode string `json:"pairingCode,omitempty"` // addition: to be typed into the phone
}

// WebLoginWaitParams waits for the code to be scanned.
type WebLoginWaitParams struct {
	TimeoutMs *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
}

// WebLoginWaitResult tells whether the link stands.
type WebLoginWaitResult struct {
	Connected bool   `json:"connected"`
	Message   string `json:"message"`
}

// WebLogoutResult: Cleared is false when there was no session.
type WebLogoutResult struct {
	Cleared bool `json:"cleared"`
}

// TelegramLogoutResult: EnvToken says that a token in the environment is still there.
type TelegramLogoutResult struct {
	Cleared  bool `json:"cleared"`
	EnvToken bool `json:"envToken"`
}
