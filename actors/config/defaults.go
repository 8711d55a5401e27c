package config

// defaults is the configuration of an empty file.
func defaults() Config {
	var c Config
	c.Env.ShellEnv.TimeoutMs = 15000
	c.Browser = Browser{Enabled: true, ControlURL: "http://127.0.0.1:18791", Color: "#FF4500", DefaultProfile: "clawd"}
	c.Logging.Level, c.Logging.MaxFileMb, c.Logging.KeepFiles = "info", 20, 5
	c.Models.Mode = "merge"
	c.Agent = Agent{
		Workspace: "~/clawd", TimeoutSeconds: 600, MediaMaxMb: 5, TypingIntervalSeconds: 6, MaxConcurrent: 16,
		VerboseDefault: "off", BlockStreamingDefault: "on", BlockStreamingBreak: "text_end",
		BlockStreamingChunk: BlockChunk{MinChars: 800, MaxChars: 1200, BreakPreference: "paragraph"},
		Heartbeat:           Heartbeat{Target: "last", Prompt: "HEARTBEAT"},
		Bash:                Bash{BackgroundMs: 10_000, TimeoutSec: 1800, CleanupMs: 1_800_000, MaxOutputChars: 30_000},
		Sandbox:             Sandbox{Mode: "off", Backend: "auto", PerSession: true},
		Elevated:            Elevated{Enabled: true},
		Limits:              Limits{Repeats: 8},
		Tools: AgentTools{
			Owners: []string{"group:read", "group:net", "group:device", "group:message", "group:write"},
			// A job is an operator's. What the others are told may be anybody's words.
			Triggers: ToolTriggers{
				Cron:      []string{"group:read", "group:net", "group:device", "group:message", "group:write", "group:exec"},
				Heartbeat: []string{"group:read"}, Hook: []string{"group:read"},
				Node: []string{"group:read", "group:net", "group:device", "group:message", "group:write"},
			},
			Exec: ToolExec{Security: "full", Ask: "off", TimeoutSeconds: 300},
		},
	}
	c.Routing.GroupChat.HistoryLimit = 50
	c.Routing.TranscribeAudio.TimeoutSeconds = 45
	c.Routing.MaxAgeMinutes = 24 * 60
	c.Routing.Queue = Queue{Mode: QueueCollect, DebounceMs: 1000, Cap: 20, Drop: "summarize"}
	c.Session = Session{Scope: "per-sender", ResetTriggers: []string{"/new", "/reset"}, IdleMinutes: 60, MainKey: "main"}
	c.Session.AgentToAgent.MaxPingPongTurns = 5
	c.Cron = Cron{Enabled: true, MaxConcurrentRuns: 4}
	c.Hooks = Hooks{Path: "/hooks", MaxBodyBytes: 256 << 10}
	c.Web = Web{Enabled: true, HeartbeatSeconds: 60,
		Reconnect: Reconnect{InitialMs: 2000, MaxMs: 30_000, Factor: 1.8, Jitter: 0.25, MaxAttempts: 12}}
	c.Bridge = Bridge{Enabled: true, Bind: "loopback"}
	c.CanvasHost = CanvasHost{Enabled: true, Root: "~/clawd/canvas", LiveReload: true}
	c.Talk.InterruptOnSpeech = true
	c.Gateway = Gateway{Port: DefaultPort, Bind: "loopback", ControlUI: ControlUI{Enabled: true}, Metrics: Metrics{Enabled: true},
		Tailscale: Tailscale{Mode: "off"}, TLS: TLS{AutoGenerate: true}, Reload: Reload{Mode: "hybrid", DebounceMs: 300}}
	c.Skills.Install.PreferBrew = true
	return c
}

// The sections below have defaults only where the file has the section.

func (w *WhatsApp) setDefaults() { *w = WhatsApp{TextChunkLimit: 4000, ReplyToMode: "off"} }

func (t *TelegramAccount) setDefaults() {
	*t = TelegramAccount{Enabled: true, ReplyToMode: "off", TextChunkLimit: 4000, MediaMaxMb: 5, WebhookPath: "/telegram-webhook",
		ReactionNotifications: "own"}
}

func (s *SlackAccount) setDefaults() {
	*s = SlackAccount{Enabled: true, TextChunkLimit: 4000, MediaMaxMb: 20, ReactionNotifications: "own",
		SlashCommand: SlashCommand{Name: "clawd", SessionPrefix: "slack:slash", Ephemeral: true}, DM: DM{Enabled: true}}
}

func (d *DiscordAccount) setDefaults() {
	*d = DiscordAccount{Enabled: true, TextChunkLimit: 2000, MediaMaxMb: 8, HistoryLimit: 20, ReplyToMode: "off",
		SlashCommand: SlashCommand{Name: "clawd", SessionPrefix: "discord:slash", Ephemeral: true}, DM: DM{Enabled: true}}
}

func (k *Canary) setDefaults() { k.EveryMinutes = 60 }

func (g *Guild) setDefaults() { g.ReactionNotifications = "own" }

func (s *SignalAccount) setDefaults() {
	*s = SignalAccount{Enabled: true, HTTPHost: "127.0.0.1", HTTPPort: 8080, CLIPath: "signal-cli", TextChunkLimit: 4000, MediaMaxMb: 8}
}

func (i *IMessageAccount) setDefaults() {
	*i = IMessageAccount{Enabled: true, CLIPath: "imsg", Service: "auto", Region: "US", MediaMaxMb: 16, TextChunkLimit: 4000}
}
