package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func homeOnly(name string) string {
	if name == "HOME" {
		return "/home/u"
	}
	return ""
}

func parse(text string) *Document { return Parse("/state/clawdbot.json", text, homeOnly) }

func mustConfig(t *testing.T, text string) *Config {
	t.Helper()
	d := parse(text)
	if !d.Valid {
		t.Fatalf("%v", d.Issues)
	}
	return d.Config
}

func TestLoad_defaultsInEffect(t *testing.T) {
	t.Parallel()
	c := mustConfig(t, "{}")
	got := []any{
		c.Gateway.Port, c.Gateway.Mode, c.Gateway.Bind, c.Agent.MaxConcurrent, c.Agent.TimeoutSeconds, c.Agent.Model, c.Agent.Workspace,
		c.Cron.MaxConcurrentRuns, c.Bridge.Bind, c.CanvasHost.Root, c.Routing.Queue.Mode, c.Session.IdleMinutes, c.Logging.Level,
		c.Telegram == nil, c.Hooks.Path, c.Hooks.TransformsDir, c.Gateway.Reload.Mode,
	}
	want := []any{
		18789, "", "loopback", 16, 600, "", "/home/u/clawd", 4, "loopback", "/home/u/clawd/canvas", QueueCollect, 60, "info",
		true, "/hooks", "/state", "hybrid",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if tg := mustConfig(t, "{telegram:{}}").Telegram; tg == nil || !tg.Enabled || tg.TextChunkLimit != 4000 {
		t.Errorf("telegram defaults: %+v", tg)
	}
}

func fullText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/full.json5")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLoad_everyDocumentedKey(t *testing.T) {
	t.Parallel()
	c := mustConfig(t, fullText(t))
	got := []any{
		c.Gateway.Port, c.Gateway.Auth.Token.Reveal(), *c.Gateway.Auth.AllowTailscale, c.Agent.Heartbeat.Interval(), c.Agent.Sandbox.Mode,
		c.Routing.GroupChat.MentionPatterns, c.Routing.GroupChat.HistoryLimit, c.Routing.Queue.Mode, c.Routing.Queue.BySurface["telegram"],
		c.Messages.TimestampPrefix, c.Hooks.Path, c.Hooks.Token.Reveal(), c.Hooks.TransformsDir, c.Telegram.AllowFrom,
		c.Telegram.Groups.RequireMention("-100"), c.Telegram.Groups.RequireMention("5"), c.WhatsApp.Groups.RequireMention("5"),
		c.Models.Providers["local"].Models[0].MaxTokens, c.Logging.File, *c.Signal.AutoStart, c.Dev.Endpoints.Any(), *c.Messages.MessagePrefix,
	}
	want := []any{
		18789, "CANARY-gateway-token", false, 30 * time.Minute, "off",
		[]string{`\b@?Claw\s+B\.t\b`}, 10, QueueSteerBacklog, QueueInterrupt,
		BoolOrText("true"), "/in/x", "CANARY-hook-token", "/state/hooks", IDs{"12345", "*"},
		false, true, false,
		1024, "/home/u/log/x.log", false, true, "",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLoad_issues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, path, message string }{
		{"typo", `{gateway:{prot:1}}`, "gateway.prot", `did you mean "port"?`},
		{"swap", `{gatewya:{}}`, "gatewya", `did you mean "gateway"?`},
		{"case", `{gateway:{controlUI:{}}}`, "gateway.controlUI", `did you mean "controlUi"?`},
		{"unlike anything", `{cron:{zzzzzzzzz:1}}`, "cron.zzzzzzzzz", "known here: enabled, maxConcurrentRuns, store"},
		{"unknown section", `{plugins:{}}`, "plugins", "unknown key"},
		{"unknown in a surface", `{telegram:{bottoken:'x'}}`, "telegram.bottoken", `did you mean "botToken"?`},
		{"unknown in a list", `{hooks:{mappings:[{},{matc:{}}]}}`, "hooks.mappings.1.matc", `did you mean "match"?`},
		{"type", `{gateway:{port:'1'}}`, "gateway.port", "must be a number, not a string"},
		{"null", `{gateway:{bind:null}}`, "gateway.bind", "must be a string, not null"},
		{"section type", `{gateway:[]}`, "gateway", "must be an object, not an array"},
		{"root type", `[]`, "", "must hold an object, not an array"},
		{"fraction", `{gateway:{port:1.5}}`, "gateway.port", "whole number"},
		{"huge", `{agent:{timeoutSeconds:1e300}}`, "agent.timeoutSeconds", "whole number"},
		{"range", `{gateway:{port:65536}}`, "gateway.port", "between 1 and 65535"},
		{"zero", `{gateway:{port:0}}`, "gateway.port", "between 1 and 65535"},
		{"positive", `{agent:{maxConcurrent:0}}`, "agent.maxConcurrent", "at least 1"},
		{"negative debounce", `{routing:{queue:{debounceMs:-1}}}`, "routing.queue.debounceMs", "at least 0"},
		{"above", `{agent:{mediaMaxMb:0}}`, "agent.mediaMaxMb", "greater than 0"},
		{"jitter", `{web:{reconnect:{jitter:2}}}`, "web.reconnect.jitter", "between 0 and 1"},
		{"ping pong", `{session:{agentToAgent:{maxPingPongTurns:6}}}`, "session.agentToAgent.maxPingPongTurns", "between 0 and 5"},
		{"no account", `{agent:{heartbeat:{target:'whatsapp:work'}}}`, "agent.heartbeat.target", "one of last, whatsapp"},
		{"enum", `{gateway:{bind:'everywhere'}}`, "gateway.bind", "one of auto, lan, tailnet, loopback"},
		{"queue mode", `{routing:{queue:{mode:'x'}}}`, "routing.queue.mode", "one of steer"},
		{"surface", `{routing:{queue:{bySurface:{irc:'collect'}}}}`, "routing.queue.bySurface.irc", "not a surface"},
		{"colour", `{ui:{seamColor:'red'}}`, "ui.seamColor", "colour"},
		{"interval", `{agent:{heartbeat:{every:'soon'}}}`, "agent.heartbeat.every", "interval"},
		{"id", `{telegram:{allowFrom:[1.5]}}`, "telegram.allowFrom.0", "string or a whole number"},
		{"required", `{session:{sendPolicy:{rules:[{}]}}}`, "session.sendPolicy.rules.0.action", "is required"},
		{"prefix", `{messages:{timestampPrefix:1}}`, "messages.timestampPrefix", "boolean or a string"},
		{"blank token", `{gateway:{auth:{token:' '}}}`, "gateway.auth.token", "blank"},
		{"undefined token", `{gateway:{auth:{token:'undefined'}}}`, "gateway.auth.token", "undefined"},
		{"null password", `{gateway:{auth:{password:'NULL'}}}`, "gateway.auth.password", "null"},
		{"hooks without token", `{hooks:{enabled:true}}`, "hooks.token", "hooks.enabled requires hooks.token"},
		{"hooks path", `{hooks:{path:'/'}}`, "hooks.path", `may not be "/"`},
		{"hooks token undefined", `{hooks:{enabled:true,token:' undefined '}}`, "hooks.token", "hooks.enabled requires hooks.token"},
		{"hooks preset", `{hooks:{presets:['gmail','slack']}}`, "hooks.presets.1", "the only one is gmail"},
		{"hooks module outside", `{hooks:{mappings:[{transform:{module:'../x.js'}}]}}`, "hooks.mappings.0.transform.module", "inside of hooks.transformsDir"},
		{"hooks module elsewhere", `{hooks:{mappings:[{transform:{module:'/etc/x.js'}}]}}`, "hooks.mappings.0.transform.module", "inside of hooks.transformsDir"},
		{"hooks module type", `{hooks:{mappings:[{transform:{module:'x.ts'}}]}}`, "hooks.mappings.0.transform.module", ".js or .mjs"},
		{"profile name", `{browser:{profiles:{'A b':{cdpPort:1}}}}`, "browser.profiles.A b", "only a-z"},
		{"profile address", `{browser:{profiles:{a:{color:'#000000'}}}}`, "browser.profiles.a", "cdpPort or cdpUrl"},
		{"chunk", `{agent:{blockStreamingChunk:{minChars:9000}}}`, "agent.blockStreamingChunk", "minChars"},
		{"free must be object", `{hooks:{gmail:1}}`, "hooks.gmail", "object"},
		{"legacy allowFrom", `{routing:{allowFrom:['+1']}}`, "routing.allowFrom", "write whatsapp.allowFrom"},
		{"legacy mention", `{routing:{groupChat:{requireMention:true}}}`, "routing.groupChat.requireMention", `write whatsapp.groups."*"`},
		{"legacy telegram", `{telegram:{requireMention:true}}`, "telegram.requireMention", `write telegram.groups."*"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := parse(c.in)
			if d.Valid || d.Config != nil || len(d.Issues) != 1 {
				t.Fatalf("valid=%v issues=%v, want one issue", d.Valid, d.Issues)
			}
			if i := d.Issues[0]; i.Path != c.path || !strings.Contains(i.Message, c.message) {
				t.Errorf("got %q %q, want %q %q", i.Path, i.Message, c.path, c.message)
			}
			if isLegacy := strings.HasPrefix(c.name, "legacy"); isLegacy != (len(d.LegacyIssues) == 1) {
				t.Errorf("legacy issues: %v", d.LegacyIssues)
			}
		})
	}
}

func TestLoad_devEndpointsOnlyLoopback(t *testing.T) {
	t.Parallel()
	for _, u := range []string{
		"https://api.telegram.org", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example/", "http://u:p@127.0.0.1",
		"http://localhost.evil.example", "http://0.0.0.0:1", "http://[::]:1", "http://0177.0.0.1", "http://2130706433", "//127.0.0.1", "127.0.0.1:1",
		"file:///etc/passwd", "http://", "http://[::ffff:10.0.0.1]",
	} {
		if d := parse(`{dev:{endpoints:{telegram:'` + u + `'}}}`); d.Valid {
			t.Errorf("%s accepted", u)
		}
	}
	for _, u := range []string{"http://127.0.0.1:1", "https://127.9.9.9/x", "ws://[::1]:2", "http://LOCALHOST:3", "http://[::ffff:127.0.0.1]:1"} {
		if d := parse(`{dev:{endpoints:{whatsapp:{url:'` + u + `'}}}}`); !d.Valid {
			t.Errorf("%s: %v", u, d.Issues)
		}
	}
}

func TestLoad_reportsAllProblemsOnceEach(t *testing.T) {
	t.Parallel()
	d := parse(`{gateway:{port:0,bind:1,x:{}},routing:{allowFrom:[]},cron:{enabled:'yes'}}`)
	var paths []string
	for _, i := range d.Issues {
		paths = append(paths, i.Path)
	}
	slices.Sort(paths)
	want := []string{"cron.enabled", "gateway.bind", "gateway.port", "gateway.x", "routing.allowFrom"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	many := parse("{cron:{" + strings.Repeat("\n", 3) + manyKeys(5000) + "}}")
	if len(many.Issues) != maxIssues {
		t.Errorf("%d issues for 5000 unknown keys, want the cap", len(many.Issues))
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("q", i/26%50) + strings.Repeat("z", i/1300) + "_" + ":1,\n")
	}
	return b.String()
}

func TestLoad_messagesStayOnOneLine(t *testing.T) {
	t.Parallel()
	d := parse("{'a\\n2026 ERROR forged\\u001b[31m': 1}")
	if s := d.Issues[0].String(); strings.ContainsAny(s, "\n\x1b") {
		t.Errorf("control characters in %q", s)
	}
	d = parse("{'" + strings.Repeat("k", 5000) + "': 1}")
	if s := d.Issues[0].String(); len(s) > 300 {
		t.Errorf("message of %d bytes", len(s))
	}
}

func TestLoad_files(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing, err := Load(filepath.Join(dir, "none.json"), homeOnly)
	if err != nil || missing.Exists || !missing.Valid || missing.Redacted().Raw != nil || string(missing.Redacted().Config) != "{}" {
		t.Errorf("missing file: %+v, %v", missing, err)
	}
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte("{\n  gateway: {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Load(broken, homeOnly)
	var invalid *InvalidError
	if !errors.As(err, &invalid) || d.Valid || err.Error() != "JSON5 parse failed: line 3, column 1: the file ends inside an object: '}' is missing" {
		t.Errorf("broken file: %v", err)
	}
	d, err = Load(dir, homeOnly)
	if err == nil || !d.Exists || !strings.HasPrefix(err.Error(), "read failed: ") || d.Redacted().Raw != nil {
		t.Errorf("directory: %v", err)
	}
	two := filepath.Join(dir, "two.json")
	if err := os.WriteFile(two, []byte("{gateway:{port:0,bind:'x'}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Load(two, homeOnly); err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("want one line per problem, got %v", err)
	}
}

func TestDocument_sectionIsStrictJSON(t *testing.T) {
	t.Parallel()
	d := parse("{telegram:{botToken:'t',allowFrom:[0x10,],},}")
	if got := string(d.Section("telegram")); got != `{"botToken":"t","allowFrom":[16]}` {
		t.Error(got)
	}
	if got := string(d.Section("slack")); got != "{}" {
		t.Error(got)
	}
	if got := string(parse("{telegram:{botToken:1}}").Section("telegram")); got != "{}" {
		t.Errorf("a section of an invalid file: %s", got)
	}
}

func TestHeartbeat_interval(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Minute, "1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond, "90S": 90 * time.Second, " 2 m ": 2 * time.Minute,
	} {
		if got, ok := parseEvery(in); !ok || got != want {
			t.Errorf("%q: %v %v", in, got, ok)
		}
	}
	for _, in := range []string{"x", "-1m", "1d", "1hm", "NaN", "1e300h", "m", "inf"} {
		if _, ok := parseEvery(in); ok {
			t.Errorf("%q accepted", in)
		}
	}
}
