package config

import "encoding/json"

// Config is the configuration in effect: what the file says over the defaults. A pointer that is nil and an empty
// string mean "not set". It is shared and never changed after Load.
//
// The tag `json` names a key; the tag `rule` says what its value must be beyond its type (see decode.go).
type Config struct {
	Env        EnvSection `json:"env"`
	Identity   Identity   `json:"identity"`
	Wizard     Wizard     `json:"wizard"`
	Logging    Logging    `json:"logging"`
	Browser    Browser    `json:"browser"`
	UI         UI         `json:"ui"`
	Models     Models     `json:"models"`
	Agent      Agent      `json:"agent"`
	Routing    Routing    `json:"routing"`
	Messages   Messages   `json:"messages"`
	Session    Session    `json:"session"`
	Cron       Cron       `json:"cron"`
	Hooks      Hooks      `json:"hooks"`
	Web        Web        `json:"web"`
	WhatsApp   *WhatsApp  `json:"whatsapp"` // nil = the file has no such section; the same for the five below
	Telegram   *Telegram  `json:"telegram"`
	Discord    *Discord   `json:"discord"`
	Slack      *Slack     `json:"slack"`
	Signal     *Signal    `json:"signal"`
	IMessage   *IMessage  `json:"imessage"`
	Bridge     Bridge     `json:"bridge"`
	Discovery  Discovery  `json:"discovery"`
	CanvasHost CanvasHost `json:"canvasHost"`
	Talk       Talk       `json:"talk"`
	Gateway    Gateway    `json:"gateway"`
	Skills     Skills     `json:"skills"`
	Tools      Tools      `json:"tools"`
	MCP        MCP        `json:"mcp"`
	Update     Update     `json:"update"`

	Diagnostics Diagnostics `json:"diagnostics"`

	Dev Dev `json:"dev"`
}

// Update is where the newest version is asked for.
type Update struct {
	URL string `json:"url"` // file, or https address, for `clawdbot version --check`; "" = nobody is asked
}

// Gateway is the listener of clients and who may connect.
type Gateway struct {
	Port      int       `json:"port" rule:"min=1,max=65535"`
	Mode      string    `json:"mode" rule:"enum=local|remote"` // "" = local
	Bind      string    `json:"bind" rule:"enum=auto|lan|tailnet|loopback"`
	ControlUI ControlUI `json:"controlUi"`
	Auth      AuthKeys  `json:"auth"`
	Tailscale Tailscale `json:"tailscale"`
	TLS       TLS       `json:"tls"`
	Remote    Remote    `json:"remote"`
	Metrics   Metrics   `json:"metrics"`
	Reload    Reload    `json:"reload"`
	// AllowedHosts are Host header values accepted beside the loopback names and the address listened on.
	AllowedHosts []string `json:"allowedHosts"`
	// TrustedProxies are addresses and networks of reverse proxies whose X-Forwarded headers are believed.
	TrustedProxies []string `json:"trustedProxies"`
}

// ControlUI is the web interface on the gateway port.
type ControlUI struct {
	Enabled  bool   `json:"enabled"`
	BasePath string `json:"basePath"`
	// AllowedOrigins are exact origins (scheme://host[:port]) that may connect from a browser beside the gateway's own.
	AllowedOrigins []string `json:"allowedOrigins"`
}

// Metrics is what Prometheus reads at /metrics.
type Metrics struct {
	Enabled bool `json:"enabled"`
}

// AuthKeys is gateway.auth as written; ResolveAuth says what follows from it.
type AuthKeys struct {
	Mode           string `json:"mode" rule:"enum=token|password"`
	Token          Secret `json:"token" rule:"usable"`
	Password       Secret `json:"password" rule:"usable"`
	AllowTailscale *bool  `json:"allowTailscale"`
}

// Tailscale says whether tailscaled publishes the gateway port.
type Tailscale struct {
	Mode        string `json:"mode" rule:"enum=off|serve|funnel"`
	ResetOnExit bool   `json:"resetOnExit"`
}

// TLS has the gateway's port speak TLS.
type TLS struct {
	Enabled  bool   `json:"enabled"`
	CertPath string `json:"certPath"` // PEM file, from the config file's directory; absolute after Load; "" = a certificate that the gateway makes
	KeyPath  string `json:"keyPath"`  // PEM file with its private key
	// AutoGenerate lets the gateway make a certificate where no file is named.
	AutoGenerate bool `json:"autoGenerate"`
}

// Remote is the gateway that the command line talks to in mode remote.
type Remote struct {
	URL      Secret `json:"url"` // a Secret because people write tokens into it, though no command uses one from there
	Token    Secret `json:"token"`
	Password Secret `json:"password"`
	// TLSFingerprint is the SHA-256 of the gateway's certificate; "" = one that this machine's authorities vouch for.
	TLSFingerprint string `json:"tlsFingerprint"`
}

// Reload says what a change of the file does to a running gateway.
type Reload struct {
	Mode       string `json:"mode" rule:"enum=off|restart|hot|hybrid"`
	DebounceMs int    `json:"debounceMs" rule:"min=0"`
}

// Bridge is the listener of device nodes.
type Bridge struct {
	Enabled bool   `json:"enabled"`
	Port    int    `json:"port" rule:"min=1,max=65535"` // 0 = gateway port + 1
	Bind    string `json:"bind" rule:"enum=auto|lan|tailnet|loopback"`
}

// Discovery is how nodes find the bridge.
type Discovery struct {
	WideArea struct {
		Enabled bool `json:"enabled"`
	} `json:"wideArea"`
}

// CanvasHost is the file server of the canvas.
type CanvasHost struct {
	Enabled    bool   `json:"enabled"`
	Root       string `json:"root"`                        // absolute after Load
	Port       int    `json:"port" rule:"min=1,max=65535"` // 0 = gateway port + 4
	LiveReload bool   `json:"liveReload"`
}

// Logging is the level and place of the logs. Levels mean what they say: a record at or above the level is written.
type Logging struct {
	Level string `json:"level" rule:"enum=silent|fatal|error|warn|info|debug|trace"`
	File  string `json:"file"` // "" = dated files in the default directory
	// MaxFileMb is when a file is full: it becomes FILE.1, and KeepFiles of those are kept. 0 = it never is.
	MaxFileMb    int    `json:"maxFileMb" rule:"min=0,max=100000"`
	KeepFiles    int    `json:"keepFiles" rule:"min=0,max=99"`
	ConsoleLevel string `json:"consoleLevel" rule:"enum=silent|fatal|error|warn|info|debug|trace"` // "" = info, debug with --verbose
	ConsoleStyle string `json:"consoleStyle" rule:"enum=pretty|compact|json"`                      // "" = pretty on a terminal, else compact
}

// EnvSection is the import of variables from a login shell.
type EnvSection struct {
	ShellEnv struct {
		Enabled   bool `json:"enabled"`
		TimeoutMs int  `json:"timeoutMs" rule:"min=0"`
	} `json:"shellEnv"`
}

// Identity is who the assistant is.
type Identity struct {
	Name  string `json:"name"`
	Theme string `json:"theme"`
	Emoji string `json:"emoji"`
}

// Wizard is what the setup wizard noted about its last run.
type Wizard struct {
	LastRunAt      string `json:"lastRunAt"`
	LastRunVersion string `json:"lastRunVersion"`
	LastRunCommit  string `json:"lastRunCommit"`
	LastRunCommand string `json:"lastRunCommand"`
	LastRunMode    string `json:"lastRunMode" rule:"enum=local|remote"`
}

// UI is the look of the apps.
type UI struct {
	SeamColor string `json:"seamColor" rule:"hex6"`
}

// Browser is the browser under control of the agent.
type Browser struct {
	Enabled        bool                      `json:"enabled"`
	ControlURL     string                    `json:"controlUrl"`
	CDPURL         string                    `json:"cdpUrl"`
	Color          string                    `json:"color" rule:"hex6"`
	ExecutablePath string                    `json:"executablePath"`
	Headless       bool                      `json:"headless"`
	NoSandbox      bool                      `json:"noSandbox"`
	AttachOnly     bool                      `json:"attachOnly"`
	DefaultProfile string                    `json:"defaultProfile"`
	Profiles       map[string]BrowserProfile `json:"profiles"`
}

// BrowserProfile is one browser instance.
type BrowserProfile struct {
	CDPPort int    `json:"cdpPort" rule:"min=1,max=65535"`
	CDPURL  string `json:"cdpUrl"`
	Color   string `json:"color" rule:"hex6"`
}

// Tools is what some tools of the agent work with. Which of them it may use is in agent.tools.
type Tools struct {
	Web struct {
		Search WebSearch `json:"search"`
	} `json:"web"`
}

// WebSearch is where the tool web_search asks; there is none without it.
type WebSearch struct {
	Provider string `json:"provider" rule:"enum=searxng|brave"` // "" = searxng where there is a baseUrl, brave where there is a key only
	BaseURL  string `json:"baseUrl"`                            // "" = Brave's own, for brave
	APIKey   Secret `json:"apiKey"`                             // "" = BRAVE_API_KEY of the environment, for brave
}

// Talk is the voice of the apps.
type Talk struct {
	VoiceID           string            `json:"voiceId"`
	VoiceAliases      map[string]string `json:"voiceAliases"`
	ModelID           string            `json:"modelId"`
	OutputFormat      string            `json:"outputFormat"`
	BaseURL           string            `json:"baseUrl"` // of a service that speaks as ElevenLabs does; "" = ElevenLabs
	APIKey            Secret            `json:"apiKey"`
	InterruptOnSpeech bool              `json:"interruptOnSpeech"`
}

// Dev holds the addresses that stand in for the platforms in tests. Only loopback addresses are accepted.
type Dev struct {
	Endpoints Endpoints `json:"endpoints"`
}

// Endpoints are base URLs that replace a platform's own.
type Endpoints struct {
	Telegram string           `json:"telegram" rule:"loopback"`
	Slack    string           `json:"slack" rule:"loopback"`
	Discord  string           `json:"discord" rule:"loopback"`
	WhatsApp WhatsAppEndpoint `json:"whatsapp"`
}

// WhatsAppEndpoint replaces WhatsApp's socket, its media host and the key that signs its certificates.
type WhatsAppEndpoint struct {
	URL      string `json:"url" rule:"loopback"`
	MediaURL string `json:"mediaUrl" rule:"loopback"`
	RootKey  string `json:"rootKey"`
}

// Any reports whether one platform is replaced: a running gateway warns while it is so.
func (e Endpoints) Any() bool { return e != Endpoints{} }

// Free is a part of the file that this version carries but does not read: any JSON object.
type Free json.RawMessage
