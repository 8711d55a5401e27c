package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/file"
)

const (
	shortToken    = 20 // characters of a token that nobody guesses, if they are random
	shortPassword = 12
	leastKinds    = 6 // different characters
	wideProxy     = 8 // bits of a network of proxies that may differ
)

// Audit looks for what lets others do what they should not, the worst first. It asks nobody but the file system. The ids are
// those of docs/security.md.
func Audit(ctx context.Context, o Options) []Finding {
	return examine(ctx, o, []func(*patient){
		(*patient).modes, (*patient).credentials, (*patient).exposure, (*patient).origins, (*patient).devices, (*patient).webhooks,
		(*patient).strangers, (*patient).plainText, (*patient).plantable, (*patient).self,
	})
}

// exposed tells whether other machines reach the gateway's port.
func (p *patient) exposed() bool {
	g := p.cfg.Gateway
	return g.Bind != "loopback" || g.Tailscale.Mode == "funnel"
}

// credentials: what opens the gateway cannot be guessed.
func (p *patient) credentials() {
	auth := config.ResolveAuth(p.cfg, p.Env, config.StartOptions{})
	bad := Warning
	if p.exposed() {
		bad = Error
	}
	const next = `clawdbot config set gateway.auth.token "$(openssl rand -hex 24)"`
	switch {
	case auth.Mode == config.AuthNone && p.exposed():
		p.add("audit.no-credential", Error, next, "others can reach the gateway, and it asks for no credential")
	case auth.Mode == config.AuthNone:
		p.add("audit.no-credential", Info, next, "every program on this machine may use the gateway: it asks for no credential")
	case auth.Mode == config.AuthToken && guessable(auth.Token.Reveal(), shortToken):
		p.add("audit.token-weak", bad, next, "the gateway's token can be guessed: give it %d random characters or more", shortToken)
	case auth.Mode == config.AuthPassword && guessable(auth.Password.Reveal(), shortPassword):
		p.add("audit.password-weak", bad, "Choose a longer one: gateway.auth.password", "the gateway's password can be guessed: give it %d characters or more", shortPassword)
	}
	if h := p.cfg.Hooks; h.Enabled {
		switch token := h.Token.Reveal(); {
		case token == auth.Token.Reveal() && token != "":
			p.add("audit.hooks-token-shared", Error, `clawdbot config set hooks.token "$(openssl rand -hex 24)"`, "the token of the hooks is the gateway's own: whoever may call a hook may do everything")
		case guessable(token, shortToken):
			p.add("audit.hooks-token-weak", bad, `clawdbot config set hooks.token "$(openssl rand -hex 24)"`, "the token of the hooks can be guessed")
		}
	}
}

// guessable: too short, of too few different characters, or a word that everybody tries.
func guessable(secret string, least int) bool {
	kinds := map[rune]bool{}
	for _, r := range secret {
		kinds[r] = true
	}
	if len(secret) < least || len(kinds) < leastKinds {
		return true
	}
	low := strings.ToLower(secret)
	return slices.ContainsFunc([]string{"password", "changeme", "clawdbot", "letmein", "secret", "123456", "qwerty"}, func(word string) bool { return strings.Contains(low, word) })
}

// exposure: where the gateway can be reached from.
func (p *patient) exposure() {
	g := p.cfg.Gateway
	switch {
	case g.Bind == "loopback":
	case g.TLS.Enabled:
		p.add("audit.bind", Info, "clawdbot config set gateway.bind loopback, if no other machine needs it.", "gateway.bind is %s: other machines reach it, over TLS", g.Bind)
	default:
		p.add("audit.bind", Warning, "clawdbot config set gateway.tls.enabled true; or gateway.bind loopback, and reach it by Tailscale or ssh -L.", "gateway.bind is %s: other machines reach it, and what they send can be read on the way", g.Bind)
	}
	switch g.Tailscale.Mode {
	case "funnel":
		p.add("audit.funnel", Warning, "clawdbot config set gateway.tailscale.mode serve", "gateway.tailscale.mode funnel: the whole internet reaches the gateway; only its password is between")
	case "serve":
		if config.ResolveAuth(p.cfg, p.Env, config.StartOptions{}).AllowTailscale {
			p.add("audit.tailscale-users", Info, "gateway.auth.allowTailscale false asks them for the token, too.", "everybody in the tailnet may use the gateway without a token")
		}
	}
	p.proxies()
	p.tlsKey()
	if h := p.cfg.Hooks; h.Enabled && g.Bind != "loopback" && !g.TLS.Enabled {
		p.add("audit.hooks-exposed", Warning, "clawdbot config set gateway.tls.enabled true, or let a proxy with TLS stand before them and bind loopback.", "hooks can be called from other machines, over plain HTTP")
	}
}

// proxies: only those are believed that are known one by one.
func (p *patient) proxies() {
	for _, s := range p.cfg.Gateway.TrustedProxies {
		if net, err := config.ParseProxy(s); err == nil && net.Addr().BitLen()-net.Bits() > wideProxy {
			p.add("audit.proxies-wide", Warning, "Name the proxies one by one: gateway.trustedProxies", "every machine in %s may say for whom it asks", s)
		}
	}
}

// tlsKey: nobody else can show the gateway's certificate.
func (p *patient) tlsKey() {
	if !p.cfg.Gateway.TLS.Enabled {
		return
	}
	_, key, _ := p.Env.CertFiles(p.cfg)
	info, err := os.Stat(key)
	if err == nil && openTo(info, 0o077) && !file.Within(key, p.Env.StateDir) { // what is there is looked at with the rest
		p.add("audit.tls-key", Error, "clawdbot security audit --fix, or chmod go= "+key, "others on this machine can read the key of the gateway's certificate, %s", key).
			with(func() error { return private(key) })
	}
}

// origins: which pages in a browser may connect.
func (p *patient) origins() {
	g := p.cfg.Gateway
	for _, origin := range g.ControlUI.AllowedOrigins {
		u, err := url.Parse(origin)
		switch {
		case strings.Contains(origin, "*") || origin == "null":
			p.add("audit.origin-any", Error, "Name the pages one by one: gateway.controlUi.allowedOrigins", "any page that somebody opens in a browser could use the gateway: origin %q", origin)
		case err == nil && u.Scheme == "http" && !config.Loopback(u.Hostname()):
			p.add("audit.origin-plain", Warning, "Serve that page over https.", "whoever is on the way can change the page at %s, which may use the gateway", origin)
		}
	}
	for _, host := range g.AllowedHosts {
		if strings.Contains(host, "*") {
			p.add("audit.host-any", Error, "Name the hosts one by one: gateway.allowedHosts", "any name that leads here is accepted (%q): a page elsewhere can reach the gateway by DNS", host)
		}
	}
}

// devices: the bridge and the canvas.
func (p *patient) devices() {
	c := p.cfg
	if p.doc.Valid && p.doc.BridgeEnabled(p.Env) {
		if host, err := p.doc.BridgeHost(p.Env, nil); err == nil && !config.Loopback(host) {
			p.add("audit.bridge-open", Warning, "clawdbot config set bridge.bind tailnet", "nodes connect from other machines in plain text (%s): use the tailnet, or a network that you trust", host)
			if c.CanvasHost.Enabled {
				p.add("audit.canvas-open", Info, "canvasHost.enabled false, if no device shows one.", "canvas files can be read by devices that are connected, and with a link that the gateway made")
			}
		}
	}
	root := p.Env.ExpandHome(c.CanvasHost.Root)
	for _, secret := range []string{p.Env.StateDir, filepath.Join(p.Env.Home, ".ssh"), p.Env.ConfigPath} {
		if c.CanvasHost.Enabled && root != "" && file.Within(secret, root) && root != filepath.Join(p.Env.StateDir, "canvas") {
			p.add("audit.canvas-root", Error, "Give it a directory of its own: canvasHost.root", "the canvas serves %s, and with it %s", root, secret)
			break
		}
	}
}

// webhooks of platforms are called by the platform alone.
func (p *patient) webhooks() {
	t := p.cfg.Telegram
	if t == nil {
		return
	}
	all := map[string]config.TelegramAccount{"telegram": t.TelegramAccount}
	for name, a := range t.Accounts {
		all["telegram.accounts."+name] = a
	}
	for name, a := range all {
		if a.WebhookURL != "" && guessable(a.WebhookSecret.Reveal(), 16) {
			p.add("audit.webhook-secret", Error, "clawdbot config set "+name+`.webhookSecret "$(openssl rand -hex 24)"`, "%s: whoever finds its webhook can write in the name of anybody", name)
		}
	}
}

// plainText: credentials do not leave the machine without TLS.
func (p *patient) plainText() {
	c := p.cfg
	if u, err := url.Parse(c.Gateway.Remote.URL.Reveal()); err == nil && u.Scheme == "ws" && !config.Loopback(u.Hostname()) {
		p.add("audit.remote-plain", Error, "Use wss://, or an ssh tunnel to 127.0.0.1.", "the gateway's credential is sent to %s in plain text", u.Hostname())
	}
	for name, m := range c.Models.Providers {
		u, err := url.Parse(m.BaseURL)
		if err == nil && u.Scheme == "http" && !config.Loopback(u.Hostname()) && (m.APIKey != "" || len(m.Headers) > 0) {
			p.add("audit.model-plain", Error, "Use https:// in models.providers."+name+".baseUrl", "the key of %s is sent to %s in plain text", name, u.Hostname())
		}
	}
	if e := c.Dev.Endpoints; e.Telegram != "" || e.Slack != "" || e.Discord != "" || e.WhatsApp.URL != "" {
		p.add("audit.dev-endpoints", Warning, "clawdbot config unset dev.endpoints", "credentials of platforms go to a program on this machine (dev.endpoints)")
	}
	if level := c.Logging.Level; level == "debug" || level == "trace" {
		p.add("audit.log-level", Info, "clawdbot config set logging.level info", "the log has more than it needs to (%s)", level)
	}
}

// plantable: others cannot put words or programs where the agent finds them.
func (p *patient) plantable() {
	c := p.cfg
	dirs := append([]string{c.Agent.Workspace, filepath.Join(p.Env.StateDir, "skills"), c.Hooks.TransformsDir}, c.Skills.Load.ExtraDirs...)
	for _, dir := range dirs {
		dir = p.Env.ExpandHome(dir)
		if dir == "" {
			continue
		}
		info, err := os.Stat(dir)
		if err == nil && openTo(info, 0o022) && info.Mode()&fs.ModeSticky == 0 {
			p.add("audit.plantable", Error, "clawdbot security audit --fix, or chmod go-w "+dir, "others on this machine can put instructions and programs for the agent into %s", dir).
				with(func() error { return os.Chmod(dir, info.Mode().Perm()&^0o022) })
		}
	}
}

// self: a gateway needs no more rights than a person has.
func (p *patient) self() {
	if p.Host.UID() == 0 {
		p.add("audit.root", Warning, "Run the gateway as a user of its own.", "this program runs as root, and a gateway that is started like it does so, too")
	}
}

func everybody(ids []string) bool { return slices.Contains(ids, "*") }

// strangers: who may write to the agent.
func (p *patient) strangers() {
	for _, s := range p.surfaces() {
		if everybody(s.from) {
			p.add("audit.everybody", Error, "clawdbot config unset "+s.path+": strangers are given a pairing code then.", "%s: anybody may write to the agent", s.path)
		}
		if s.groups != nil && !s.groups.RequireMention("") {
			p.add("audit.groups-open", Warning, "clawdbot config set "+s.groupPath+`.*.requireMention true`, "%s: every message in every group is for the agent", s.groupPath)
		}
	}
	for surface, ids := range elevated(p.cfg.Agent.Elevated) {
		if everybody(ids) {
			p.add("audit.elevated-any", Error, fmt.Sprintf("Name people by their ids: agent.elevated.allowFrom.%s", surface), "everybody on %s may have commands run outside of the sandbox", surface)
		}
	}
}
