package config

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
)

// StartOptions are what the command line says over the file. A nil credential was not given.
type StartOptions struct {
	Port            int    // 0 = not given
	Bind            string // "" = not given; the same for AuthMode
	AuthMode        string
	Token, Password *Secret
	Tailscale       string // off, serve or funnel; "" = not given
	TailscaleReset  bool   // take back what was published when the gateway stops, whatever the file says
}

// Auth modes in effect.
const (
	AuthNone     = "none"
	AuthToken    = "token"
	AuthPassword = "password"
)

// Auth is who may connect (protocol 1.10).
type Auth struct {
	Mode            string
	Token, Password Secret
	AllowTailscale  bool
}

// ResolveAuth lays the start options over the file, and the environment under both.
func ResolveAuth(c *Config, env Env, o StartOptions) Auth {
	g := c.Gateway.Auth
	a := Auth{
		Mode:     cmp.Or(o.AuthMode, g.Mode),
		Token:    firstSecret(o.Token, &g.Token, env.Token),
		Password: firstSecret(o.Password, &g.Password, env.Password),
	}
	switch {
	case a.Mode != "":
	case a.Password != "":
		a.Mode = AuthPassword
	case a.Token != "":
		a.Mode = AuthToken
	default:
		a.Mode = AuthNone
	}
	if g.AllowTailscale != nil {
		a.AllowTailscale = *g.AllowTailscale
	} else {
		a.AllowTailscale = o.Publish(c).Mode == "serve" && a.Mode != AuthPassword
	}
	return a
}

func firstSecret(candidates ...*Secret) Secret {
	for _, s := range candidates {
		if s != nil && *s != "" {
			return *s
		}
	}
	return ""
}

// bind returns the bind mode in effect.
func (o StartOptions) bind(c *Config) string { return cmp.Or(o.Bind, c.Gateway.Bind) }

// Publish is what Tailscale is to do with the port.
func (o StartOptions) Publish(c *Config) Tailscale {
	return Tailscale{Mode: cmp.Or(o.Tailscale, c.Gateway.Tailscale.Mode), ResetOnExit: o.TailscaleReset || c.Gateway.Tailscale.ResetOnExit}
}

// Guard reports why a gateway must not start with this configuration. It is empty when it may.
func Guard(c *Config, env Env, o StartOptions) []Issue {
	d := &decoder{issues: slices.Clone(env.Issues)}
	if o.Port < 0 || o.Port > 65535 {
		d.report("--port", "must be a port number between 1 and 65535")
	}
	d.text("--bind", o.bind(c), "enum=auto|lan|tailnet|loopback")
	if o.AuthMode != "" {
		d.text("--auth", o.AuthMode, "enum=token|password")
	}
	if o.Tailscale != "" {
		d.text("--tailscale", o.Tailscale, "enum=off|serve|funnel")
	}
	for _, given := range []struct {
		name  string
		value *Secret
	}{
		{"--token", o.Token}, {"--password", o.Password},
		{"CLAWDBOT_GATEWAY_TOKEN", env.Token}, {"CLAWDBOT_GATEWAY_PASSWORD", env.Password},
	} {
		if given.value != nil && given.value.unusable() {
			d.report(given.name, `is blank, "undefined" or "null"; give a credential or leave it unset`)
		}
	}
	if c.Gateway.Mode == "remote" {
		d.report("gateway.mode", "is remote: this machine uses another gateway; set it to local to run one here")
	}
	d.exposure(c, ResolveAuth(c, env, o), o)
	_, issues := ResolveTracing(c.Diagnostics.Otel, env.Otel)
	return append(d.issues, issues...)
}

// exposure refuses to be reachable by others without a credential.
func (d *decoder) exposure(c *Config, a Auth, o StartOptions) {
	bind := o.bind(c)
	switch {
	case a.Mode == AuthToken && a.Token == "":
		d.report("gateway.auth.mode", "is token, but there is none: set gateway.auth.token, CLAWDBOT_GATEWAY_TOKEN or --token")
	case a.Mode == AuthPassword && a.Password == "":
		d.report("gateway.auth.mode", "is password, but there is none: set gateway.auth.password, CLAWDBOT_GATEWAY_PASSWORD or --password")
	case a.Mode == AuthNone && bind != "loopback":
		d.report("gateway.bind", "is %s, which others can reach: set a token or password first (gateway.auth, --token, --password)", bind)
	}
	if len(c.Gateway.TrustedProxies) > 0 && a.Mode == AuthNone {
		d.report("gateway.trustedProxies", "lets others in through a proxy: set a token or password first (gateway.auth, --token, --password)")
	}
	if mode := o.Publish(c).Mode; mode == "serve" || mode == "funnel" {
		if bind != "loopback" {
			d.report("gateway.tailscale.mode", "%s needs gateway.bind loopback", mode)
		}
		if mode == "funnel" && a.Mode != AuthPassword {
			d.report("gateway.tailscale.mode", "funnel is open to the internet: it needs gateway.auth.mode password")
		}
	}
}

var (
	tailnet4 = netip.MustParsePrefix("100.64.0.0/10")
	tailnet6 = netip.MustParsePrefix("fd7a:115c:a1e0::/48")
)

// Tailnet picks the addresses of this host in its tailnet: of each family the first that the system lists. What is not
// valid is not there. local are the addresses of this host's interfaces.
func Tailnet(local []netip.Addr) (v4, v6 netip.Addr) {
	for _, a := range local {
		switch a = a.Unmap().WithZone(""); {
		case !v4.IsValid() && tailnet4.Contains(a):
			v4 = a
		case !v6.IsValid() && tailnet6.Contains(a):
			v6 = a
		}
	}
	return v4, v6
}

// BindHost turns a bind mode into the address to listen on. local are the addresses of this host's interfaces.
func BindHost(mode string, local []netip.Addr) (string, error) {
	tailnet, v6 := Tailnet(local)
	if !tailnet.IsValid() {
		tailnet = v6
	}
	switch {
	case mode == "lan", mode == "auto" && !tailnet.IsValid():
		return "0.0.0.0", nil
	case mode == "tailnet" && !tailnet.IsValid():
		return "", errors.New("bind is tailnet, but no interface has a tailnet address: is tailscale up?")
	case mode == "tailnet", mode == "auto":
		return tailnet.String(), nil
	default:
		return "127.0.0.1", nil
	}
}
