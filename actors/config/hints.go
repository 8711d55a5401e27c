package config

import (
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/clawdbot/gateway/transport/wire"
)

// groups are the headings of a form. The last two are sections that some forms know and this file does not have.
var groups = []struct {
	key, label string
	order      int64
}{
	{"identity", "Identity", 10}, {"wizard", "Wizard", 20}, {"gateway", "Gateway", 30}, {"agent", "Agent", 40},
	{"models", "Models", 50}, {"routing", "Routing", 60}, {"messages", "Messages", 70}, {"session", "Session", 80},
	{"cron", "Cron", 90}, {"hooks", "Hooks", 100}, {"ui", "UI", 110}, {"browser", "Browser", 120}, {"talk", "Talk", 130},
	{"telegram", "Telegram", 140}, {"discord", "Discord", 150}, {"slack", "Slack", 155}, {"signal", "Signal", 160},
	{"imessage", "iMessage", 170}, {"whatsapp", "WhatsApp", 180}, {"skills", "Skills", 190}, {"tools", "Tools", 195}, {"discovery", "Discovery", 200},
	{"mcp", "MCP", 197}, {"logging", "Logging", 900}, {"presence", "Presence", 210}, {"voicewake", "Voice Wake", 220},
	{"diagnostics", "Diagnostics", 910},
}

// advanced are the paths that a form may fold away.
var advanced = []string{
	"dev", "diagnostics", "env", "wizard", "bridge", "discovery", "canvasHost", "gateway.tailscale", "gateway.reload", "gateway.allowedHosts",
	"gateway.trustedProxies",
	"gateway.controlUi", "gateway.remote", "agent.blockStreamingChunk", "agent.blockStreamingBreak", "agent.bash", "agent.sandbox",
	"agent.elevated", "web.reconnect", "session.store", "session.mainKey", "cron.store", "hooks.maxBodyBytes", "hooks.transformsDir",
	"signal.httpHost", "signal.httpPort", "browser.cdpUrl", "browser.noSandbox", "models.mode",
}

// help says what is not plain from the name.
var help = map[string]string{
	"update.url":                        "File or address that says what the newest version is. Only clawdbot version --check asks it.",
	"gateway.bind":                      "Which interfaces the gateway listens on. Anything but loopback needs a token or a password.",
	"gateway.mode":                      "local: this machine runs the gateway. remote: the commands here use another one.",
	"gateway.port":                      "Port of the gateway. Bridge and canvas follow it unless they have ports of their own.",
	"gateway.auth.token":                "What clients send to be let in. Shown as a placeholder once it is stored.",
	"gateway.auth.password":             "Another way to be let in; with tailscale funnel the only one.",
	"gateway.auth.allowTailscale":       "Let in who comes through tailscale serve without a token.",
	"gateway.allowedHosts":              "Names under which the gateway is reached, beside loopback and its own address: that of a reverse proxy.",
	"gateway.trustedProxies":            "Addresses of reverse proxies whose X-Forwarded headers say who is behind them, like 127.0.0.1.",
	"gateway.tailscale.mode":            "Have Tailscale publish the gateway: serve in the tailnet, funnel on the internet.",
	"gateway.tailscale.resetOnExit":     "Take that back when the gateway stops.",
	"gateway.tls.enabled":               "Speak TLS on the gateway's port: https:// and wss://.",
	"gateway.tls.certPath":              "PEM file of the certificate. Empty: the gateway makes one, and clients compare its fingerprint.",
	"gateway.tls.keyPath":               "PEM file of its private key.",
	"gateway.remote.tlsFingerprint":     "SHA-256 of that gateway's certificate, as its status shows it. Empty: one that is signed by an authority.",
	"gateway.reload.mode":               "What a change of the file does: off nothing, hot only what needs no restart, restart always one, hybrid whichever it needs.",
	"gateway.reload.debounceMs":         "How long the file must be at rest before a change is read.",
	"gateway.metrics.enabled":           "Figures for Prometheus at /metrics: for programs on this host, and for others with the credential.",
	"gateway.controlUi.basePath":        "Path under which the web interface is served.",
	"gateway.remote.url":                "WebSocket address of the gateway to use in mode remote.",
	"agent.model":                       "provider/model. Empty: the built-in runner, which repeats what it is told.",
	"agent.modelFallbacks":              "Models to try, in this order, when the first one fails.",
	"agent.imageModel":                  "Model for messages with a picture, when the other one sees none.",
	"agent.workspace":                   "Directory that the agent works in.",
	"agent.maxConcurrent":               "Runs at a time over all sessions. One session is always one run at a time.",
	"agent.timeoutSeconds":              "How long a run may take.",
	"agent.runners":                     "Coding agents: programs that answer in the place of a model. Their models are called kind/name.",
	"agent.bash.backgroundMs":           "How long a command is waited for before it goes on in the background, in milliseconds (10 to 120000).",
	"agent.bash.passEnv":                "Names of variables of the gateway that commands get besides the usual ones.",
	"agent.files.roots":                 "Directories that the tools for files may use besides the workspace.",
	"agent.sandbox.mode":                "Which sessions' commands are confined: off none, non-main all but the main one, all.",
	"agent.sandbox.backend":             "What confines them. auto: bubblewrap where it works, else Landlock.",
	"agent.sandbox.perSession":          "Each session that is confined has a directory of its own to work in.",
	"agent.heartbeat.every":             "Interval of the agent's own turns, like 30m or 2h. Empty or 0: none.",
	"agent.heartbeat.target":            "Where a heartbeat that has something to say is delivered.",
	"agent.tools.allow":                 "Tools that may be used: names, beginnings with *, groups like group:read. Empty: all.",
	"agent.tools.deny":                  "Tools that may not be used, whatever else says so.",
	"agent.tools.owners":                "Tools for people on an allowlist who write directly. Commands also need elevated mode or group:exec here.",
	"agent.tools.triggers.hook":         "Tools of runs that programs begin over HTTP. Their text is anybody's.",
	"agent.tools.bySender":              "The same for one person, by surface and id, like telegram:123.",
	"agent.tools.exec.security":         "Which commands run: deny none, allowlist those that are listed, full all.",
	"agent.tools.exec.ask":              "When a client is asked first: off never, on-miss for what is not listed, always for every command.",
	"agent.tools.exec.allow":            "Commands that are listed, like \"git status *\".",
	"agent.tools.exec.timeoutSeconds":   "How long a question waits before the answer is no.",
	"agent.limits.repeats":              "How often a turn may make the same call and get the same result, before it is stopped.",
	"agent.limits.chat.dayTokens":       "Tokens that the runs of people and clients may take in a day. 0: no limit.",
	"agent.limits.chat.runTokens":       "Tokens that one of them may take. 0: no limit.",
	"agent.limits.chat.dayCostUsd":      "The same in US dollars; models without a price do not count.",
	"routing.maxAgeMinutes":             "An older message, fetched after a long downtime, is not answered.",
	"routing.groupChat.mentionPatterns": "Regular expressions that count as a mention. Empty: the name of the identity.",
	"routing.queue.mode":                "What happens to messages that come in during a run.",
	"routing.queue.debounceMs":          "How long it must be quiet before messages that wait become a turn.",
	"routing.queue.bySurface":           "The same for one surface.",
	"routing.queue.cap":                 "How many messages wait for a session at one time.",
	"routing.queue.drop":                "What goes when there are more: the oldest, the new one, or the oldest with a word of it to the agent.",
	"session.scope":                     "per-sender: a conversation for each sender. global: one for all.",
	"session.idleMinutes":               "A conversation that rested longer begins anew.",
	"session.resetTriggers":             "Messages that begin a conversation anew.",
	"hooks.token":                       "What a caller of the hooks has to send. Required when hooks are enabled.",
	"hooks.path":                        "Path of the hooks on the gateway's port.",
	"hooks.presets":                     "Mappings that come with the gateway: gmail.",
	"hooks.transformsDir":               "Directory of the JavaScript modules of mappings. Empty: that of the config file.",
	"hooks.maxBodyBytes":                "Largest body of a call.",
	"telegram.botToken":                 "Token of the bot, from BotFather.",
	"telegram.tokenFile":                "File that holds the token; it wins over the token written here.",
	"telegram.allowFrom":                "Who may write: ids or user names, * for everyone. Empty: senders are given a pairing code.",
	"telegram.reactionNotifications":    "Which reactions the agent is told of.",
	"telegram.actions":                  "What the agent may do besides writing; what is not named is on.",
	"whatsapp.clientVersion":            "The version to give ourselves out as, when WhatsApp refuses the one that is found.",
	"whatsapp.allowFrom":                "Who may write: phone numbers in international form, * for everyone.",
	"slack.canary":                      "A message of the account to a chat of its own when nobody has written for a while: when it does not come back, the account is deaf.",
	"slack.canary.to":                   "Id of a chat made for it.",
	"discord.token":                     "Token of the bot, from the developer portal.",
	"slack.botToken":                    "Token that begins with xoxb-.",
	"slack.appToken":                    "Token of the socket mode, begins with xapp-.",
	"signal.account":                    "Phone number of the account, in international form.",
	"imessage.cliPath":                  "Program that talks to Messages.",
	"tools.web.search.provider":         "Where the agent searches the internet: a SearXNG server of your own (baseUrl), or Brave (apiKey).",
	"tools.web.search.baseUrl":          "Address of the SearXNG server, whose settings must allow the format json. Brave needs none.",
	"tools.web.search.apiKey":           "Key of the search service. Empty: BRAVE_API_KEY of the environment.",
	"talk.baseUrl":                      "Address of a service that speaks as ElevenLabs does. Empty: ElevenLabs.",
	"talk.voiceId":                      "Voice of the tool tts, an id or a name of voiceAliases.",
	"routing.transcribeAudio.baseUrl":   "Address of a service that writes speech down as OpenAI's does, up to /v1; asked where there is no command.",
	"talk.apiKey":                       "Key of the voice service. Empty: ELEVENLABS_API_KEY of the environment.",
	"cron.maxConcurrentRuns":            "Scheduled jobs that may run at a time.",
	"logging.maxFileMb":                 "Megabytes after which a log file is put aside as FILE.1 and a new one begins. 0: never.",
	"logging.keepFiles":                 "How many files that were put aside are kept.",
	"logging.level":                     "Least weight of what is written to the log file.",
	"ui.seamColor":                      "Accent colour of the apps, like #FF4500.",
	"diagnostics.otel.enabled":          "Send traces of what the gateway does to a collector, over OTLP: times and outcomes, nothing that anybody wrote.",
	"diagnostics.otel.endpoint":         "Address of the collector. Empty: OTEL_EXPORTER_OTLP_ENDPOINT of the environment, else http://127.0.0.1:4318.",
	"diagnostics.otel.headers":          "Headers that it wants to see, such as Authorization. None: OTEL_EXPORTER_OTLP_HEADERS.",
	"diagnostics.otel.serviceName":      "What the gateway is called there. Empty: OTEL_SERVICE_NAME, else clawdbot.",
	"diagnostics.otel.sampleRate":       "Share of all traces that is sent, 0 to 1. Empty: OTEL_TRACES_SAMPLER_ARG, else all.",
	"dev.endpoints":                     "Addresses on this machine that stand in for the platforms, for tests.",
}

var placeholders = map[string]string{
	"gateway.remote.url": "ws://host:18789", "signal.account": "+15555550123",
	"agent.model": "anthropic/claude-opus-4-5", "agent.heartbeat.every": "30m", "ui.seamColor": "#FF4500",
}

// Hints say how a form shows each path of the schema; "*" stands for the keys of the user and the places of a list.
func Hints() map[string]wire.ConfigHint {
	hints := map[string]wire.ConfigHint{}
	eachPath("", reflect.ValueOf(defaults()), func(path string, v reflect.Value) {
		h := wire.ConfigHint{
			Label: label(path), Help: help[path], Group: groupOf(path), Placeholder: placeholders[path],
			Advanced:  slices.ContainsFunc(advanced, func(p string) bool { return path == p || strings.HasPrefix(path, p+".") }),
			Sensitive: sensitiveKey.MatchString(path) || v.Type() == reflect.TypeFor[Secret](),
		}
		if h.Placeholder == "" {
			h.Placeholder = shown(v)
		}
		hints[path] = h
	})
	for _, g := range groups {
		h := hints[g.key]
		h.Label, h.Group, h.Order = g.label, g.label, &g.order
		hints[g.key] = h
	}
	return hints
}

func groupOf(path string) string {
	section, _, _ := strings.Cut(path, ".")
	for _, g := range groups {
		if g.key == section {
			return g.label
		}
	}
	return words(section)
}

// label names a path by its group and its last keys: gateway.auth.token is "Gateway Token".
func label(path string) string {
	keys := slices.DeleteFunc(strings.Split(path, "."), func(k string) bool { return k == "*" || k == "auth" })
	if len(keys) == 1 {
		return groupOf(path)
	}
	parts := []string{groupOf(path)}
	for _, k := range keys[1:] {
		parts = append(parts, words(k))
	}
	return strings.Join(parts, " ")
}

// words takes a key apart: maxBodyBytes is "Max Body Bytes".
func words(key string) string {
	var parts []string
	start := 0
	for i, r := range key {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(rune(key[i-1])) {
			parts = append(parts, word(key[start:i]))
			start = i
		}
	}
	return strings.Join(append(parts, word(key[start:])), " ")
}

func word(s string) string {
	switch upper := strings.ToUpper(s); upper {
	case "API", "URL", "ID", "UI", "CDP", "CLI", "HTTP", "DM", "DB", "TLS":
		return upper
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
