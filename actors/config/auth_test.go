package config

import (
	"net/netip"
	"strings"
	"testing"
)

func lookup(vars map[string]string) LookupFunc {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

func secret(s string) *Secret { return (*Secret)(&s) }

func TestResolveAuth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		env        map[string]string
		o          StartOptions
		want       Auth
	}{
		{"nothing", "{}", nil, StartOptions{}, Auth{Mode: AuthNone}},
		{"token in the file", "{gateway:{auth:{token:'f'}}}", nil, StartOptions{}, Auth{Mode: AuthToken, Token: "f"}},
		{"token in the environment", "{}", map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "e"}, StartOptions{}, Auth{Mode: AuthToken, Token: "e"}},
		{"file before environment", "{gateway:{auth:{token:'f'}}}", map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "e"}, StartOptions{}, Auth{Mode: AuthToken, Token: "f"}},
		{"flag before file", "{gateway:{auth:{token:'f'}}}", nil, StartOptions{Token: secret("o")}, Auth{Mode: AuthToken, Token: "o"}},
		{"password before token", "{gateway:{auth:{token:'f',password:'p'}}}", nil, StartOptions{}, Auth{Mode: AuthPassword, Token: "f", Password: "p"}},
		{"mode configured", "{gateway:{auth:{mode:'token',token:'f',password:'p'}}}", nil, StartOptions{}, Auth{Mode: AuthToken, Token: "f", Password: "p"}},
		{"mode by flag", "{gateway:{auth:{mode:'token',token:'f',password:'p'}}}", nil, StartOptions{AuthMode: "password"}, Auth{Mode: AuthPassword, Token: "f", Password: "p"}},
		{"serve", "{gateway:{tailscale:{mode:'serve'}}}", nil, StartOptions{}, Auth{Mode: AuthNone, AllowTailscale: true}},
		{"serve with password", "{gateway:{tailscale:{mode:'serve'},auth:{password:'p'}}}", nil, StartOptions{}, Auth{Mode: AuthPassword, Password: "p"}},
		{"serve by flag", "{}", nil, StartOptions{Tailscale: "serve"}, Auth{Mode: AuthNone, AllowTailscale: true}},
		{"off by flag", "{gateway:{tailscale:{mode:'serve'}}}", nil, StartOptions{Tailscale: "off"}, Auth{Mode: AuthNone}},
		{"serve, not allowed", "{gateway:{tailscale:{mode:'serve'},auth:{allowTailscale:false}}}", nil, StartOptions{}, Auth{Mode: AuthNone}},
	} {
		if got := ResolveAuth(mustConfig(t, c.file), ParseEnv(lookup(c.env)), c.o); got != c.want {
			t.Errorf("%s: got %+v token=%q password=%q", c.name, got, got.Token.Reveal(), got.Password.Reveal())
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		env        map[string]string
		o          StartOptions
		want       string // part of the one issue; "" = may start
	}{
		{"fresh machine", "{}", nil, StartOptions{}, ""},
		{"lan with a token", "{gateway:{bind:'lan',auth:{token:'t'}}}", nil, StartOptions{}, ""},
		{"lan without", "{gateway:{bind:'lan'}}", nil, StartOptions{}, "gateway.bind: is lan"},
		{"flag auto without", "{}", nil, StartOptions{Bind: "auto"}, "gateway.bind: is auto"},
		{"remote", "{gateway:{mode:'remote'}}", nil, StartOptions{}, "gateway.mode: is remote"},
		{"unknown bind", "{gateway:{auth:{token:'t'}}}", nil, StartOptions{Bind: "0.0.0.0"}, "--bind: must be one of"},
		{"unknown auth", "{}", nil, StartOptions{AuthMode: "none"}, "--auth: must be one of"},
		{"port", "{}", nil, StartOptions{Port: 70000}, "--port"},
		{"port in the environment", "{}", map[string]string{"CLAWDBOT_GATEWAY_PORT": "http"}, StartOptions{}, "CLAWDBOT_GATEWAY_PORT: must be a port"},
		{"token mode without token", "{gateway:{auth:{mode:'token'}}}", nil, StartOptions{}, "gateway.auth.mode: is token"},
		{"password mode without password", "{gateway:{auth:{mode:'password',token:'t'}}}", nil, StartOptions{}, "gateway.auth.mode: is password"},
		{"serve on lan", "{gateway:{bind:'lan',auth:{token:'t'},tailscale:{mode:'serve'}}}", nil, StartOptions{}, "gateway.tailscale.mode: serve needs"},
		{"funnel with a token", "{gateway:{auth:{token:'t'},tailscale:{mode:'funnel'}}}", nil, StartOptions{}, "funnel is open"},
		{"funnel with a password", "{gateway:{auth:{password:'t'},tailscale:{mode:'funnel'}}}", nil, StartOptions{}, ""},
		{"funnel by flag, with a token", "{gateway:{auth:{token:'t'}}}", nil, StartOptions{Tailscale: "funnel"}, "funnel is open"},
		{"off by flag, on lan", "{gateway:{bind:'lan',auth:{token:'t'},tailscale:{mode:'serve'}}}", nil, StartOptions{Tailscale: "off"}, ""},
		{"unknown by flag", "{}", nil, StartOptions{Tailscale: "on"}, "--tailscale: must be one of"},
		{"blank token in the environment", "{}", map[string]string{"CLAWDBOT_GATEWAY_TOKEN": ""}, StartOptions{}, "CLAWDBOT_GATEWAY_TOKEN: is blank"},
		{"undefined in the environment", "{}", map[string]string{"CLAWDBOT_GATEWAY_PASSWORD": "undefined"}, StartOptions{}, "CLAWDBOT_GATEWAY_PASSWORD: is blank"},
		{"blank flag", "{}", nil, StartOptions{Token: secret("  ")}, "--token: is blank"},
		{"null flag", "{}", nil, StartOptions{Password: secret("null")}, "--password: is blank"},
	} {
		got := Guard(mustConfig(t, c.file), ParseEnv(lookup(withHome(c.env))), c.o)
		switch {
		case c.want == "" && len(got) > 0:
			t.Errorf("%s: %v", c.name, got)
		case c.want != "" && (len(got) != 1 || !strings.Contains(got[0].String(), c.want)):
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		o    StartOptions
		want Tailscale
	}{
		{"{}", StartOptions{}, Tailscale{Mode: "off"}},
		{"{gateway:{tailscale:{mode:'serve',resetOnExit:true}}}", StartOptions{}, Tailscale{Mode: "serve", ResetOnExit: true}},
		{"{gateway:{tailscale:{mode:'serve'}}}", StartOptions{Tailscale: "funnel", TailscaleReset: true}, Tailscale{Mode: "funnel", ResetOnExit: true}},
	} {
		if got := c.o.Publish(mustConfig(t, c.file)); got != c.want {
			t.Errorf("%s with %+v: %+v", c.file, c.o, got)
		}
	}
}

func withHome(vars map[string]string) map[string]string {
	all := map[string]string{"HOME": "/home/u"}
	for k, v := range vars {
		all[k] = v
	}
	return all
}

func TestBindHost(t *testing.T) {
	t.Parallel()
	plain := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("100.128.0.1")}
	tail := append(plain[:3:3], netip.MustParseAddr("fd7a:115c:a1e0::1"), netip.MustParseAddr("100.64.0.7"))
	for _, c := range []struct {
		mode  string
		local []netip.Addr
		want  string
	}{
		{"loopback", tail, "127.0.0.1"}, {"lan", tail, "0.0.0.0"}, {"tailnet", tail, "100.64.0.7"}, {"auto", tail, "100.64.0.7"},
		{"auto", plain, "0.0.0.0"}, {"tailnet", plain, ""}, {"tailnet", tail[:4], "fd7a:115c:a1e0::1"},
		{"tailnet", append(tail[:5:5], netip.MustParseAddr("100.64.0.9")), "100.64.0.7"}, // the first one
	} {
		if got, err := BindHost(c.mode, c.local); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %v: %q, %v", c.mode, c.local, got, err)
		}
	}
}

func TestParseEnv(t *testing.T) {
	t.Parallel()
	e := ParseEnv(lookup(withHome(nil)))
	if e.StateDir != "/home/u/.clawdbot" || e.ConfigPath != "/home/u/.clawdbot/clawdbot.json" || e.AgentDir != "/home/u/.clawdbot/agent" || e.Token != nil || len(e.Issues) > 0 {
		t.Errorf("empty environment: %+v", e)
	}
	e = ParseEnv(lookup(withHome(map[string]string{
		"CLAWDIS_STATE_DIR": "~/old", "CLAWDBOT_CONFIG_PATH": "/etc/c.json", "CLAWDBOT_GATEWAY_PORT": " 19001 ", "CLAWDBOT_BRIDGE_ENABLED": "0",
		"CLAWDBOT_SKIP_PROVIDERS": "1", "CLAWDBOT_BRIDGE_HOST": "0.0.0.0", "CLAWDBOT_GATEWAY_TOKEN": "",
	})))
	if e.StateDir != "/home/u/old" || e.ConfigPath != "/etc/c.json" || e.GatewayPort != 19001 || !e.BridgeDisabled || !e.SkipProviders || e.BridgeHost != "0.0.0.0" || e.Token == nil {
		t.Errorf("set environment: %+v", e)
	}
	c := mustConfig(t, "{gateway:{port:1000},canvasHost:{port:7}}")
	if got := e.Ports(c, 0); got != (Ports{19001, 19002, 7}) {
		t.Errorf("ports by environment: %+v", got)
	}
	if got := e.Ports(c, 5000); got != (Ports{5000, 5001, 7}) {
		t.Errorf("ports by flag: %+v", got)
	}
	if got := (Env{}).Ports(mustConfig(t, "{}"), 0); got != (Ports{18789, 18790, 18793}) {
		t.Errorf("ports by default: %+v", got)
	}
	if e := ParseEnv(lookup(nil)); len(e.Issues) != 1 || e.Issues[0].Path != "HOME" {
		t.Errorf("no HOME: %+v", e.Issues)
	}
}
