package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/codeagent/codetest"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
)

func TestMain(m *testing.M) {
	codetest.Main() // this program is also a coding agent
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // most of these tests wait for another process
	imsgfake.Child()                   // this program is also the one that the gateway starts for iMessage
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(binaryDir)
		os.Exit(code)
	}))
}

// result is what one command line did.
type result struct {
	code     int
	out, err string
}

// invoke runs a command line in this process. vars is the whole environment.
func invoke(vars map[string]string, args ...string) result { return typing("", vars, args...) }

// typing is invoke with something typed in.
func typing(typed string, vars map[string]string, args ...string) result {
	var out, errs bytes.Buffer
	a := &app{in: strings.NewReader(typed), out: &out, err: &errs, lookup: func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}}
	code := a.run(args)
	return result{code, out.String(), errs.String()}
}

// home returns an environment with a home directory and a config file in it.
func home(t *testing.T, config string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	if config != "" {
		path := filepath.Join(dir, ".clawdbot", "clawdbot.json")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{"HOME": dir, "CLAWDBOT_SKIP_LOCAL_MODELS": "1"}
}

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(providertest.FreePort(t))
}

func TestRun_helpOfEveryCommand(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "gateway", "gateway call", "gateway health", "gateway status", "health", "status", "send", "agent", "sessions", "actors",
		"pairing", "pairing list", "pairing approve", "approvals", "approvals allow", "usage", "version", "completion", "help", "cron", "cron add", "cron edit", "cron rm", "wake",
		"config", "config set", "config schema", "onboard", "configure", "sessions export",
	} {
		r := invoke(home(t, ""), append(strings.Fields(name), "--help")...)
		if r.code != 0 || !strings.Contains(r.out, "Usage:") || r.err != "" {
			t.Errorf("%s --help: %+v", name, r)
		}
	}
	r := invoke(home(t, ""), "gateway", "--help")
	for _, want := range []string{"--port", "--bind", "--token", "--auth", "--password", "--allow-unconfigured", "--verbose", "--ws-log", "--compact", "--tailscale string", "--tailscale-reset-on-exit", "\n  call "} {
		if !strings.Contains(r.out, want) {
			t.Errorf("gateway --help lacks %q", want)
		}
	}
}

func TestRun_wrongUsageIs2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"bogus", `unknown command "bogus"`},
		{"gateway bogus", `unknown command "bogus"`},
		{"health --bogus", "unknown flag: --bogus"},
		{"health --timeout soon", "want milliseconds"},
		{"health --url http://h", "looks like ws://"},
		{"health --url ws://u:p@h", "carries no credential"},
		{"send -t 1", "--message"},
		{"agent -m x", "--session-key"},
		{"agent -m x --to 1 --timeout 0", "positive"},
		{"pairing approve", "CODE is needed"},
		{"pairing approve A B", "one CODE"},
		{"completion", "a shell"},
		{"completion tcsh", "tcsh"},
		{"gateway call", "METHOD is needed"},
		{"gateway call health --params {", "not JSON"},
		{"gateway --port 0", "--port"},
		{"gateway --ws-log loud", "--ws-log"},
		{"gateway --ws-log full --compact", "give one of them"},
		{"sessions --active 0", "--active"},
		{"sessions export --all --session main", "not both"},
		{"sessions export --all --json", "--out DIR"},
		{"sessions bogus", `unknown command "bogus"`},
		{"logs --level loud", "--level"},
		{"logout --provider pigeon", "--provider"},
		{"login --provider telegram", "only WhatsApp"},
		{"hooks test", "NAME is needed"},
		{"nodes approve", "REQUEST is needed"},
		{"models set", "MODEL is needed"},
		{"approvals deny", "ID is needed"},
	} {
		r := invoke(home(t, ""), strings.Fields(c.args)...)
		if r.code != exitUsage || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, "See: clawdbot") || r.out != "" {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
}

func TestRun_withoutGatewaySaysHowToStartIt(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	env := home(t, "{gateway:{port:"+port+"}}")
	for _, args := range []string{
		"health", "status", "sessions", "actors", "pairing list", "pairing approve ABCD2345", "approvals list", "approvals allow x --always", "usage", "gateway health", "gateway status",
		"gateway call health", "send -t 1 -m x", "agent --to 1 -m x", "health --json", "cron list", "cron rm x", "cron add --name x --at +1m --message x",
		"wake --text x", "gateway wake --text x", "sessions export", "config get", "config set a b", "config path", "config schema", "config history",
		"logs", "logs --follow", "hooks status", "hooks test wake", "models list", "models status", "models set a/b", "skills list",
		"skills info x", "nodes list", "nodes approve x", "login", "logout", "logout --provider telegram", "status --deep",
	} {
		r := invoke(env, strings.Fields(args)...)
		want := "gateway is not running at ws://127.0.0.1:" + port + "; start it with: clawdbot gateway\n"
		if r.code != exitFailed || r.err != want || r.out != "" {
			t.Errorf("%s: %+v", args, r)
		}
	}
	env["CLAWDBOT_GATEWAY_PORT"] = freePort(t)
	if r := invoke(env, "health"); !strings.Contains(r.err, env["CLAWDBOT_GATEWAY_PORT"]) {
		t.Errorf("the environment's port is not used: %+v", r)
	}
	broken := home(t, "{gateway:{auth:{token:'CANARY-token'},prot:1}}")
	broken["CLAWDBOT_GATEWAY_PORT"] = port
	if r := invoke(broken, "health"); !strings.Contains(r.err, "gateway.prot: unknown key") || strings.Contains(r.err, "CANARY") {
		t.Errorf("a broken config file is not mentioned: %+v", r)
	}
}

func TestRun_invalidConfigIs78(t *testing.T) {
	t.Parallel()
	env := home(t, "{gateway:{port:0,bind:'x'},cron:1}")
	r := invoke(env, "gateway")
	lines := strings.Split(strings.TrimSpace(r.err), "\n")
	if r.code != exitInvalid || len(lines) != 3 || !strings.Contains(lines[0], "clawdbot.json: gateway.port: must be between") {
		t.Errorf("%+v", r)
	}
}

func TestRun_startGuardsAreOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args, want string
		env        string
	}{
		{"gateway --bind lan", "gateway.bind: is lan", ""},
		{"gateway --token= --port 1", "--token: is blank", ""},
		{"gateway --token undefined", "--token: is blank", ""},
		{"gateway", "CLAWDBOT_GATEWAY_TOKEN: is blank", "CLAWDBOT_GATEWAY_TOKEN"},
		{"gateway --auth token", "gateway.auth.mode: is token", ""},
	} {
		env := home(t, "")
		if c.env != "" {
			env[c.env] = ""
		}
		r := invoke(env, strings.Fields(c.args)...)
		if r.code != exitInvalid || !strings.HasPrefix(r.err, "Gateway failed to start: ") || !strings.Contains(r.err, c.want) ||
			strings.Count(r.err, "\n") != 1 || r.out != "" {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
}

func TestVersionAndCompletion(t *testing.T) {
	t.Parallel()
	if r := invoke(nil, "version"); r.code != 0 || !strings.HasPrefix(r.out, "clawdbot ") {
		t.Errorf("%+v", r)
	}
	if r := invoke(nil, "version", "--json"); r.code != 0 || !strings.Contains(r.out, `"protocol": 2`) {
		t.Errorf("%+v", r)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := invoke(nil, "completion", shell); r.code != 0 || len(r.out) < 1000 {
			t.Errorf("%s: %d, %d bytes", shell, r.code, len(r.out))
		}
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	const local = "{gateway:{port:5000,auth:{token:'file-token',password:'file-pw'}}}"
	const remote = "{gateway:{mode:'remote',auth:{token:'file-token'},remote:{url:'wss://gw.example',token:'remote-token'}}}"
	for _, c := range []struct {
		name, config string
		vars         map[string]string
		f            clientFlags
		url          string
		token        string
	}{
		{"defaults", "", nil, clientFlags{}, "ws://127.0.0.1:18789", ""},
		{"file", local, nil, clientFlags{}, "ws://127.0.0.1:5000", "file-token"},
		{"environment before file", local, map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "env-token", "CLAWDBOT_GATEWAY_PORT": "6000"}, clientFlags{}, "ws://127.0.0.1:6000", "env-token"},
		{"flag first", local, map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "env-token"}, clientFlags{token: "flag-token"}, "ws://127.0.0.1:5000", "flag-token"},
		{"blank variable is none", local, map[string]string{"CLAWDBOT_GATEWAY_TOKEN": ""}, clientFlags{}, "ws://127.0.0.1:5000", "file-token"},
		{"remote", remote, nil, clientFlags{}, "wss://gw.example", "remote-token"},
		{"remote by flag", remote, nil, clientFlags{url: "wss://gw.example"}, "wss://gw.example", "remote-token"},
		{"this host by flag", local, nil, clientFlags{url: "ws://localhost:7"}, "ws://localhost:7", "file-token"},
		{"elsewhere gets no file token", local, nil, clientFlags{url: "wss://evil.example"}, "wss://evil.example", ""},
		{"elsewhere gets no remote token", remote, nil, clientFlags{url: "wss://evil.example"}, "wss://evil.example", ""},
		{"named in the file, used by flag only", strings.Replace(remote, "mode:'remote',", "", 1), nil, clientFlags{url: "wss://gw.example"}, "wss://gw.example", "remote-token"},
		{"TLS here", strings.Replace(local, "port:5000", "port:5000,tls:{enabled:true}", 1), nil, clientFlags{}, "wss://127.0.0.1:5000", "file-token"},
		{"elsewhere gets what is named for it", local, nil, clientFlags{url: "wss://gw.example", token: "flag-token"}, "wss://gw.example", "flag-token"},
		{"all interfaces", "{gateway:{bind:'lan',auth:{token:'file-token'}}}", nil, clientFlags{}, "ws://127.0.0.1:18789", "file-token"},
	} {
		vars := home(t, c.config)
		for k, v := range c.vars {
			vars[k] = v
		}
		a := &app{lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		got, err := a.target(c.f)
		if err != nil || got.url != c.url || got.token.Reveal() != c.token {
			t.Errorf("%s: %s token=%q err=%v, want %s %q", c.name, got.url, got.token.Reveal(), err, c.url, c.token)
		}
	}
}
