package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clawdbot/gateway/"

// allowed is the architecture: which packages of this module, and of others, each package may import. A package
// without a row fails. Read it first in a change that touches it.
var allowed = map[string][]string{
	// Ground floors: nothing internal.
	"actors":           {"github.com/asynkron/protoactor-go/actor"},
	"transport/packed": {},
	"transport/wire":   {"transport/packed", "github.com/go-json-experiment/json", "github.com/go-json-experiment/json/jsontext"},
	"providers":        {},

	// Edges: sockets, files, foreign APIs. Never actors, never each other.
	"transport/request":          {},
	"transport/certificate":      {},
	"transport/ws":               {"transport/request", "transport/wire", "github.com/coder/websocket", "github.com/google/uuid"},
	"transport/client":           {"transport/certificate", "transport/wire", "github.com/coder/websocket"},
	"transport/web":              {"transport/packed", "transport/request"},
	"transport/otlp":             {},
	"transport/tailnet":          {"providers/child"},
	"transport/hooks":            {"transport/wire"},
	"transport/hooks/javascript": {"transport/wire", "modernc.org/quickjs"},
	"bridge":                     {"transport/wire", "github.com/go-json-experiment/json/jsontext"},
	"canvas/a2ui":                {"transport/wire"},
	"canvas":                     {"transport/packed", "transport/request", "github.com/coder/websocket", "github.com/fsnotify/fsnotify"},
	"providers/text":             {"providers"},
	"providers/speech":           {"providers"},
	"providers/media":            {"providers", "code.dny.dev/ssrf", "github.com/gabriel-vasile/mimetype", "github.com/google/uuid", "golang.org/x/image/"},
	"providers/discord":          {"providers", "github.com/bwmarrin/discordgo", "github.com/coder/websocket"},
	"providers/child":            {"golang.org/x/sys/windows"},
	"providers/mcp":              {"providers/child"},
	"providers/mcp/server":       {"github.com/modelcontextprotocol/go-sdk/jsonrpc", "github.com/modelcontextprotocol/go-sdk/mcp"},
	"providers/mcp/client": {
		"providers/child", "providers/mcp", "github.com/google/jsonschema-go/jsonschema", "github.com/modelcontextprotocol/go-sdk/jsonrpc", "github.com/modelcontextprotocol/go-sdk/mcp",
	},
	"providers/imessage": {"providers", "providers/child"},
	"providers/signal":   {"providers", "providers/child"},
	"providers/slack":    {"providers", "github.com/gorilla/websocket", "github.com/slack-go/slack", "github.com/slack-go/slack/socketmode"},
	"providers/telegram": {"providers", "providers/text", "gopkg.in/telebot.v3"},
	"providers/whatsapp": {"providers", "go.mau.fi/whatsmeow", "go.mau.fi/whatsmeow/", "google.golang.org/protobuf/proto", "github.com/skip2/go-qrcode"},

	// The node's end of the bridge.
	"bridge/device":          {"bridge", "github.com/google/uuid"},
	"bridge/device/computer": {"providers/child", "providers/chromium", "github.com/google/uuid"},

	// Model APIs. The formats import their contract.
	"providers/model":           {},
	"providers/model/anthropic": {"providers/model"},
	"providers/model/gemini":    {"providers/model"},
	"providers/model/openai":    {"providers/model"},
	"providers/model/modeltest": {"providers/model"}, // for tests only

	// Coding agents. The protocols import their contract.
	"providers/codeagent":          {"providers/child"},
	"providers/codeagent/acp":      {"providers/codeagent", "github.com/coder/acp-go-sdk"},
	"providers/codeagent/pi":       {"providers/codeagent"},
	"providers/codeagent/codetest": {"providers/codeagent"}, // for tests only
	"actors/coderun":               {"actors/agent", "actors/modelrun", "providers/codeagent", "providers/model", "transport/wire"},

	// Finding the bridge.
	"bridge/discovery": {
		"github.com/pion/logging", "github.com/pion/mdns/v2", "golang.org/x/net/dns/dnsmessage", "golang.org/x/net/ipv4", "golang.org/x/net/ipv6",
	},

	// Models, in the core.
	"actors/models":   {"actors", "actors/file", "providers/model", "transport/wire"},
	"actors/modelrun": {"actors/agent", "actors/models", "providers", "providers/model", "transport/wire"},

	// Core: state and decisions.
	"actors/command": {},
	"actors/config":  {"actors", "actors/file", "actors/command", "transport/wire", "github.com/fsnotify/fsnotify"},
	"actors/cron": {
		"actors", "actors/agent", "actors/command", "actors/eventstream", "actors/store", "providers", "transport/wire",
		"github.com/google/uuid", "github.com/netresearch/go-cron",
	},
	"actors/wizard":      {"actors", "actors/config", "transport/wire", "github.com/google/uuid"},
	"actors/store":       {"actors", "actors/file", "transport/wire", "github.com/gofrs/flock", "modernc.org/sqlite", "modernc.org/sqlite/lib"},
	"actors/metrics":     {"transport/wire"},
	"actors/eventstream": {"actors", "transport/wire"},
	"actors/presence":    {"actors", "actors/eventstream", "transport/wire"},
	"actors/health":      {"actors", "actors/eventstream", "transport/wire"},
	"actors/conn":        {"actors", "actors/eventstream", "actors/health", "actors/metrics", "actors/presence", "transport/wire"},
	"actors/agent": {
		"actors", "actors/eventstream", "actors/store", "providers", "providers/model", "providers/text", "transport/wire", "github.com/google/uuid",
	},
	"actors/session": {
		"actors", "actors/agent", "actors/command", "actors/eventstream", "actors/file", "actors/store", "actors/tools", "providers", "transport/wire", "github.com/google/uuid",
	},
	"actors/pairing":     {"actors", "actors/eventstream", "actors/store", "providers", "transport/wire", "github.com/google/uuid"},
	"actors/announce":    {"actors"},
	"actors/clock":       {"actors"},
	"actors/traces":      {"actors", "transport/otlp"},
	"actors/publish":     {"actors"},
	"actors/skills":      {"actors", "actors/config", "actors/process", "transport/wire"},
	"actors/transcribe":  {"actors/agent", "actors/process", "providers/speech"},
	"actors/file":        {},
	"actors/prompt":      {},
	"actors/node":        {"actors", "actors/eventstream", "actors/file", "actors/pairing", "actors/store", "transport/wire", "github.com/google/uuid"},
	"actors/tools":       {"canvas/a2ui", "transport/wire", "github.com/google/uuid"},
	"actors/tools/args":  {"transport/wire"},
	"actors/tools/calls": {"actors/tools", "actors/tools/args", "transport/wire", "github.com/google/uuid"},
	"actors/tools/look":  {"actors/models", "actors/tools", "actors/tools/args", "providers", "providers/media", "providers/model", "transport/wire"},
	"actors/tools/web":   {"actors/tools", "actors/tools/args", "providers/media", "transport/wire", "golang.org/x/net/html", "golang.org/x/net/html/atom"},
	"actors/process":     {"actors/file", "actors/store", "transport/wire", "github.com/google/uuid", "golang.org/x/sys/unix"},
	"actors/jobs":        {"actors", "actors/process", "github.com/google/uuid"},
	"actors/tools/files": {"actors/file", "actors/tools", "transport/wire", "github.com/google/uuid"},
	"actors/tools/shell": {"actors/jobs", "actors/process", "actors/tools", "actors/tools/files", "providers/child", "transport/wire"},
	"actors/board":       {"actors", "actors/eventstream", "canvas/a2ui", "transport/wire"},
	"actors/mcp":         {"actors", "actors/tools", "providers", "providers/mcp", "transport/wire"},
	"actors/usage":       {"actors/agent", "actors/store", "transport/wire"},
	"actors/approvals":   {"actors", "actors/eventstream", "actors/store", "actors/tools", "transport/wire", "github.com/google/uuid"},
	"actors/importer": {
		"actors", "actors/config", "actors/cron", "actors/pairing", "actors/store", "transport/wire", "github.com/google/uuid",
	},
	"actors/account": {"actors", "actors/store", "providers", "providers/media", "providers/text", "transport/wire", "golang.org/x/time/rate"},
	"actors/router":  {"actors", "actors/command", "actors/pairing", "actors/store", "providers", "transport/wire", "github.com/google/uuid"},
	"actors/outbox":  {"actors", "actors/account", "actors/store", "actors/why", "providers", "transport/wire"},
	"actors/backup":  {"actors/file", "actors/store", "filippo.io/age"},
	"actors/doctor":  {"actors/config", "actors/file", "actors/store", "transport/certificate", "transport/wire", "golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"actors/why":     {"actors/agent", "actors/config", "actors/store", "providers", "transport/wire"},

	// The agent's browser.
	"providers/chromium":          {},
	"providers/chromium/devtools": {"providers/chromium", "providers/media", "github.com/chromedp/"},
	"actors/browser":              {"actors"},
	"actors/tools/browse":         {"actors", "actors/browser", "actors/tools", "actors/tools/args", "providers", "providers/chromium", "transport/wire"},

	// The root sees everything but the network SDKs.
	"actors/gateway": {
		"actors", "actors/account", "actors/agent", "actors/command", "actors/config", "actors/conn", "actors/cron", "actors/eventstream", "actors/health",
		"actors/outbox", "actors/pairing", "actors/presence", "actors/router", "actors/session", "actors/store", "actors/wizard",
		"actors/metrics",
		"actors/announce", "actors/clock", "actors/file", "actors/importer", "bridge/discovery",
		"actors/mcp", "providers/mcp", "actors/models", "actors/node", "actors/skills", "actors/transcribe",
		"actors/modelrun", "actors/prompt", "providers/model", "providers/speech",
		"providers", "providers/media", "providers/text", "transport/web", "transport/wire", "transport/ws", "github.com/google/uuid",
		"transport/hooks", "canvas", "bridge", "actors/board", "actors/tools", "actors/tools/calls", "actors/tools/look", "actors/tools/web",
		"actors/process", "actors/jobs", "actors/tools/files", "actors/tools/shell", "actors/approvals", "providers/child",
		"actors/tools/browse",
		"actors/coderun", "providers/codeagent",
		"actors/browser", "actors/usage",
		"providers/chromium",
		"transport/certificate", "transport/tailnet", "actors/publish", "transport/otlp", "actors/traces",
	},

	// Commands.
	"cmd/clawdbot": {
		"transport/certificate", "actors/tools", "actors/backup", "actors/doctor",
		"actors/models", "actors/store", "cmd/clawdbot/service", "cmd/clawdbot/tui",
		"actors/file", "bridge/discovery", "providers/child",
		"actors/importer",
		"actors/config", "actors/gateway", "actors/wizard", "providers", "providers/discord", "providers/imessage", "providers/signal", "providers/slack", "providers/telegram", "transport/client", "transport/wire",
		"github.com/google/uuid", "github.com/orcaman/concurrent-map", "github.com/spf13/cobra", "golang.org/x/sys/windows", "golang.org/x/term",
		"bridge", "bridge/device", "bridge/device/computer", "github.com/gofrs/flock",
		"providers/whatsapp", "github.com/mdp/qrterminal/v3",
		"providers/chromium", "providers/chromium/devtools", "transport/hooks", "transport/hooks/javascript",
		"providers/codeagent", "providers/codeagent/acp", "providers/codeagent/pi",
		"providers/mcp", "providers/mcp/client", "providers/mcp/server", "providers/model", "providers/model/anthropic", "providers/model/gemini", "providers/model/openai",
	},
	"cmd/clawdbot/service": {},
	"cmd/clawdbot/tui":     {"transport/client", "transport/wire", "charm.land/bubbletea/v2", "github.com/charmbracelet/x/ansi"},
	"cmd/bench": {
		"actors/importer/importtest", "transport/web/webtest", "github.com/chromedp/",
		"actors/agent", "actors/config", "actors/gateway", "providers", "transport/client", "transport/wire", "github.com/orcaman/concurrent-map",
	},
	"cmd/dist":             {},
	"cmd/slim":             {"transport/packed"},
	"cmd/wiregen":          {"transport/wire", "github.com/invopop/jsonschema"},
	"cmd/wsload":           {"github.com/coder/websocket"},
	"cmd/wsload/cmd/limit": {"github.com/coder/websocket"},

	// For tests only.
	"actors/actortest":                    {"actors", "go.uber.org/goleak"},
	"actors/importer/importtest":          {},
	"actors/gateway/crashtest":            {},
	"actors/gateway/faulttest":            {},
	"providers/providertest":              {"providers", "providers/media", "providers/providertest/watch", "go.uber.org/goleak"},
	"providers/providertest/watch":        {},
	"providers/child/childtest":           {},
	"providers/providertest/imsgfake":     {"providers/child/childtest", "providers/providertest/watch", "providers/providertest"},
	"providers/providertest/signalfake":   {"providers/child/childtest", "providers/providertest/watch", "providers/providertest"},
	"providers/providertest/slackfake":    {"providers/providertest/watch", "providers/providertest", "github.com/gorilla/websocket"},
	"providers/providertest/telegramfake": {"providers/providertest/watch", "providers/providertest"},
	"providers/providertest/discordfake":  {"providers/providertest/watch", "providers/providertest", "github.com/coder/websocket"},
	"providers/providertest/whatsappfake": {"providers/providertest/watch",
		"providers/providertest", "github.com/coder/websocket", "go.mau.fi/libsignal/", "go.mau.fi/whatsmeow/", "google.golang.org/protobuf/proto",
	},
	"providers/providertest/telegramfake/cmd/telegramfake": {"providers/providertest/telegramfake"},
	"transport/ws/wstest":   {},
	"transport/web/webtest": {"github.com/chromedp/", "go.uber.org/goleak"},
}

// testOnly are the packages that no program may link, except the ones named behind them.
var testOnly = map[string][]string{
	"providers/model/modeltest": nil, "providers/codeagent/codetest": nil,

	"actors/actortest": nil, "actors/importer/importtest": {"cmd/bench"}, "actors/gateway/crashtest": nil, "actors/gateway/faulttest": nil,
	"providers/providertest": {
		"providers/providertest/discordfake", "providers/providertest/imsgfake", "providers/providertest/signalfake", "providers/providertest/slackfake",
		"providers/providertest/telegramfake", "providers/providertest/whatsappfake",
	},
	"providers/providertest/telegramfake": {"providers/providertest/telegramfake/cmd/telegramfake"},
	"providers/providertest/watch": {
		"providers/providertest", "providers/providertest/discordfake", "providers/providertest/imsgfake", "providers/providertest/signalfake", "providers/providertest/slackfake",
		"providers/providertest/telegramfake", "providers/providertest/whatsappfake",
	},
	"providers/providertest/imsgfake":     nil,
	"providers/providertest/signalfake":   nil,
	"providers/providertest/slackfake":    nil,
	"providers/providertest/whatsappfake": nil,
	"providers/providertest/discordfake":  nil,
	"transport/ws/wstest":                 nil, "transport/web/webtest": {"cmd/bench"},
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		row, ok := allowed[name]
		if !ok {
			t.Errorf("package %s has no row in the import table", name)
			continue
		}
		for _, imp := range p.Imports {
			short := strings.TrimPrefix(imp, module)
			if !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") { // standard library
				checkStandard(t, name, imp)
				continue
			}
			if !slices.ContainsFunc(row, func(a string) bool { return a == short || strings.HasSuffix(a, "/") && strings.HasPrefix(short, a) }) {
				t.Errorf("%s must not import %s", name, short)
			}
			if users, is := testOnly[short]; is && !slices.Contains(users, name) {
				t.Errorf("%s is for tests only, but %s imports it", short, name)
			}
		}
	}
}

// checkStandard keeps packages out that switch off the linker's pruning of methods for the whole binary.
func checkStandard(t *testing.T, name, imp string) {
	if (imp == "text/template" || imp == "html/template") && !strings.HasPrefix(name, "cmd/wiregen") {
		t.Errorf("%s imports %s, which costs the binary 6 MB", name, imp)
	}
}

// TestRules are the import rules in words, kept apart from the table so that neither can be bent alone.
func TestRules(t *testing.T) {
	shared := []string{"transport/certificate", "transport/packed", "transport/request", "transport/wire"} // with nothing of a socket in them
	edge := func(p string) bool {
		return strings.HasPrefix(p, "transport/") && !slices.Contains(shared, p) || strings.HasPrefix(p, "providers/") ||
			strings.HasPrefix(p, "bridge") || strings.HasPrefix(p, "canvas")
	}
	for name, row := range allowed {
		for _, imp := range row {
			switch {
			case edge(name) && (imp == "actors" || strings.HasPrefix(imp, "actors/")):
				t.Errorf("edge %s imports core %s", name, imp)
			case edge(name) && edge(imp) && imp != "providers/text" && imp != "providers/media" && imp != "providers/child" && imp != "providers/model" && imp != "providers/mcp" && imp != "providers/codeagent" && imp != "providers/chromium" && !strings.HasPrefix(name, "providers/providertest") &&
				!(imp == "bridge" && strings.HasPrefix(name, "bridge/")): // the codec, for the other end
				t.Errorf("edge %s imports edge %s", name, imp)
			case strings.HasPrefix(name, "actors/") && imp == "actors/gateway":
				t.Errorf("%s imports the root", name)
			}
		}
	}
}

type pkg struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
