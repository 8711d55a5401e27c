package config

// IDs is a list of platform ids; the file may write them as numbers.
type IDs []string

// BoolOrText is a switch that may also be a text; "" = off, "true" = on.
type BoolOrText string

// Groups are the rules per chat id; "*" is every other chat.
type Groups map[string]Group

// Group is the rule of one chat.
type Group struct {
	RequireMention *bool `json:"requireMention"`
}

// RequireMention says whether the assistant waits to be addressed in the chat: its own rule, else that of "*", else yes.
func (g Groups) RequireMention(chat string) bool {
	for _, id := range []string{chat, "*"} {
		if r := g[id].RequireMention; r != nil {
			return *r
		}
	}
	return true
}

// Web is the link to WhatsApp.
type Web struct {
	Enabled          bool      `json:"enabled"`
	HeartbeatSeconds int       `json:"heartbeatSeconds" rule:"min=1"`
	Reconnect        Reconnect `json:"reconnect"`
}

// Reconnect is the wait between attempts to connect.
type Reconnect struct {
	InitialMs   float64 `json:"initialMs" rule:"above=0"`
	MaxMs       float64 `json:"maxMs" rule:"above=0"`
	Factor      float64 `json:"factor" rule:"above=0"`
	Jitter      float64 `json:"jitter" rule:"min=0,max=1"`
	MaxAttempts int     `json:"maxAttempts" rule:"min=0"` // 0 = unlimited
}

// WhatsApp is who may write there and how.
type WhatsApp struct {
	AllowFrom      IDs    `json:"allowFrom"`
	TextChunkLimit int    `json:"textChunkLimit" rule:"min=1"`
	Groups         Groups `json:"groups"`
	ReplyToMode    string `json:"replyToMode" rule:"enum=off|first|all"`
	ClientVersion  string `json:"clientVersion"` // "" = as WhatsApp's own page says
}

// Telegram is the bot accounts: the plain section is one, and each of accounts another. Those have the settings of the plain section
// where they have none of their own, except what tells the platform who they are.
type Telegram struct {
	TelegramAccount
	Accounts map[string]TelegramAccount `json:"accounts"`
}

// TelegramAccount is one account.
type TelegramAccount struct {
	Enabled        bool    `json:"enabled"`
	BotToken       Secret  `json:"botToken"`
	TokenFile      string  `json:"tokenFile"`
	ReplyToMode    string  `json:"replyToMode" rule:"enum=off|first|all"`
	Groups         Groups  `json:"groups"`
	AllowFrom      IDs     `json:"allowFrom"`
	TextChunkLimit int     `json:"textChunkLimit" rule:"min=1"`
	MediaMaxMb     float64 `json:"mediaMaxMb" rule:"above=0"`
	Proxy          Secret  `json:"proxy"` // its URL may carry a password
	WebhookURL     string  `json:"webhookUrl"`
	WebhookSecret  Secret  `json:"webhookSecret"`
	WebhookPath    string  `json:"webhookPath"`

	ReactionNotifications string          `json:"reactionNotifications" rule:"enum=off|own|all|allowlist"`
	ReactionAllowlist     IDs             `json:"reactionAllowlist"`
	Actions               map[string]bool `json:"actions"`
}

// SlashCommand is the command under which an app answers.
type SlashCommand struct {
	Enabled       bool   `json:"enabled"`
	Name          string `json:"name"`
	SessionPrefix string `json:"sessionPrefix"`
	Ephemeral     bool   `json:"ephemeral"`
}

// DM is who may write directly.
type DM struct {
	Enabled       bool `json:"enabled"`
	AllowFrom     IDs  `json:"allowFrom"`
	GroupEnabled  bool `json:"groupEnabled"`
	GroupChannels IDs  `json:"groupChannels"`
}

// Slack is the apps in socket mode: the plain section is one, and each of accounts another. Those have the settings of the plain section
// where they have none of their own, except what tells the platform who they are.
type Slack struct {
	SlackAccount
	Accounts map[string]SlackAccount `json:"accounts"`
}

// SlackAccount is one account.
type SlackAccount struct {
	Enabled               bool               `json:"enabled"`
	BotToken              Secret             `json:"botToken"`
	AppToken              Secret             `json:"appToken"`
	TextChunkLimit        int                `json:"textChunkLimit" rule:"min=1"`
	MediaMaxMb            float64            `json:"mediaMaxMb" rule:"above=0"`
	ReactionNotifications string             `json:"reactionNotifications" rule:"enum=off|own|all|allowlist"`
	ReactionAllowlist     IDs                `json:"reactionAllowlist"`
	Actions               map[string]bool    `json:"actions"`
	SlashCommand          SlashCommand       `json:"slashCommand"`
	DM                    DM                 `json:"dm"`
	Channels              map[string]Channel `json:"channels"`
	Canary                *Canary            `json:"canary"`
}

// Canary is a message of an account to itself, sent when nobody else has written for a while: the proof that it hears.
type Canary struct {
	To           string  `json:"to" rule:"required"`
	EveryMinutes float64 `json:"everyMinutes" rule:"min=5"`
}

// Channel is the rule of one channel.
type Channel struct {
	Allow          *bool `json:"allow"` // nil = yes
	RequireMention *bool `json:"requireMention"`
}

// Discord is the bot accounts: the plain section is one, and each of accounts another. Those have the settings of the plain section
// where they have none of their own, except what tells the platform who they are.
type Discord struct {
	DiscordAccount
	Accounts map[string]DiscordAccount `json:"accounts"`
}

// DiscordAccount is one account.
type DiscordAccount struct {
	Enabled        bool             `json:"enabled"`
	Token          Secret           `json:"token"`
	TextChunkLimit int              `json:"textChunkLimit" rule:"min=1"`
	MediaMaxMb     float64          `json:"mediaMaxMb" rule:"above=0"`
	HistoryLimit   int              `json:"historyLimit" rule:"min=0"`
	ReplyToMode    string           `json:"replyToMode" rule:"enum=off|first|all"`
	Actions        map[string]bool  `json:"actions"`
	SlashCommand   SlashCommand     `json:"slashCommand"`
	DM             DM               `json:"dm"`
	Guilds         map[string]Guild `json:"guilds"`
	Canary         *Canary          `json:"canary"`
}

// Guild is the rule of one server.
type Guild struct {
	Slug                  string             `json:"slug"`
	RequireMention        *bool              `json:"requireMention"`
	ReactionNotifications string             `json:"reactionNotifications" rule:"enum=off|own|all|allowlist"`
	Users                 IDs                `json:"users"`
	Channels              map[string]Channel `json:"channels"`
}

// Signal is the accounts behind signal-cli: the plain section is one, and each of accounts another. Those have the settings of the plain section
// where they have none of their own, except what tells the platform who they are.
type Signal struct {
	SignalAccount
	Accounts map[string]SignalAccount `json:"accounts"`
}

// SignalAccount is one account.
type SignalAccount struct {
	Enabled           bool    `json:"enabled"`
	Account           string  `json:"account"`
	HTTPURL           string  `json:"httpUrl"`
	HTTPHost          string  `json:"httpHost"`
	HTTPPort          int     `json:"httpPort" rule:"min=1,max=65535"`
	CLIPath           string  `json:"cliPath"`
	AutoStart         *bool   `json:"autoStart"` // nil = unless HTTPURL is set
	ReceiveMode       string  `json:"receiveMode" rule:"enum=on-start|manual"`
	IgnoreAttachments bool    `json:"ignoreAttachments"`
	IgnoreStories     bool    `json:"ignoreStories"`
	SendReadReceipts  bool    `json:"sendReadReceipts"`
	Groups            Groups  `json:"groups"`
	AllowFrom         IDs     `json:"allowFrom"`
	TextChunkLimit    int     `json:"textChunkLimit" rule:"min=1"`
	MediaMaxMb        float64 `json:"mediaMaxMb" rule:"above=0"`

	Actions map[string]bool `json:"actions"`
}

// IMessage is the accounts behind the imsg program: the plain section is one, and each of accounts another. Those have the settings of the plain section
// where they have none of their own, except what tells the platform who they are.
type IMessage struct {
	IMessageAccount
	Accounts map[string]IMessageAccount `json:"accounts"`
}

// IMessageAccount is one account.
type IMessageAccount struct {
	Enabled            bool    `json:"enabled"`
	CLIPath            string  `json:"cliPath"`
	DBPath             string  `json:"dbPath"`
	Service            string  `json:"service" rule:"enum=imessage|sms|auto"`
	Region             string  `json:"region"`
	AllowFrom          IDs     `json:"allowFrom"`
	IncludeAttachments bool    `json:"includeAttachments"`
	MediaMaxMb         float64 `json:"mediaMaxMb" rule:"above=0"`
	TextChunkLimit     int     `json:"textChunkLimit" rule:"min=1"`
	Groups             Groups  `json:"groups"`

	Actions map[string]bool `json:"actions"`

	Canary *Canary `json:"canary"`
}
