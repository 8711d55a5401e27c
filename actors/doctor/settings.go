package doctor

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// environment looks at the variables.
func (p *patient) environment() {
	for _, issue := range p.Env.Issues {
		p.add("env.variable", Error, "Correct the variable, or unset it.", "%s", issue)
	}
	for _, dir := range []string{".", p.Env.StateDir} {
		_, issues := config.LoadDotEnv(p.Lookup, filepath.Join(dir, ".env"))
		for _, issue := range issues {
			p.add("env.dotenv", Warning, "Each line is NAME=value.", "%s", issue)
		}
	}
}

// settings looks at the config file and at what a start would say of it.
func (p *patient) settings() {
	d := p.doc
	path := p.Env.ConfigPath
	if !d.Valid {
		p.invalid(path)
		return
	}
	for _, issue := range config.Guard(d.Config, p.Env, config.StartOptions{}) {
		if !strings.HasPrefix(issue.Path, "CLAWDBOT_") || len(p.Env.Issues) == 0 {
			p.add("config.start", Error, "clawdbot config set, or an editor; the gateway does not start like this.", "%s", issue)
		}
	}
	if w := p.Env.ExpandHome(d.Config.Agent.Workspace); w != "" && !p.fresh {
		p.workspace(w)
	}
	if e := d.Config.Dev.Endpoints; e.Telegram != "" || e.Slack != "" || e.Discord != "" || e.WhatsApp.URL != "" {
		p.add("config.dev-endpoints", Warning, "clawdbot config unset dev.endpoints", "test addresses replace those of the platforms: nothing reaches a person")
	}
	if cmd := d.Config.Routing.TranscribeAudio.Command; len(cmd) > 0 {
		p.need("program.transcribe", cmd[0], "routing.transcribeAudio.command", Error)
	}
}

// invalid says what is wrong with a file that cannot be used.
func (p *patient) invalid(path string) {
	for _, issue := range p.doc.Issues {
		text := issue.String()
		switch {
		case strings.Contains(text, "read failed"):
			p.add("config.unreadable", Error, "Make "+path+" a file that you can read.", "%s", text)
		case strings.Contains(text, "parse failed"):
			p.add("config.syntax", Error, "Correct "+path+", or go back: clawdbot config rollback", "%s", text)
		case p.isLegacy(issue):
			p.add("config.legacy", Error, "The next start of the gateway writes it anew by itself; or move the key by hand.", "%s", text)
		default:
			p.add("config.invalid", Error, "Correct it: clawdbot config set, or an editor. A running gateway goes on with what it has.", "%s", text)
		}
	}
}

func (p *patient) isLegacy(issue config.Issue) bool {
	for _, l := range p.doc.LegacyIssues {
		if l == issue {
			return true
		}
	}
	return false
}

// workspace: the agent needs a directory that it can write to.
func (p *patient) workspace(dir string) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.add("config.workspace", Info, "The first turn makes it; clawdbot doctor --fix does so now.", "agent.workspace %s is not there", dir).
			with(func() error { return os.MkdirAll(dir, 0o700) })
	case err != nil:
		p.add("config.workspace", Error, "Let agent.workspace be a directory that you can use.", "agent.workspace: %v", err)
	case !info.IsDir():
		p.add("config.workspace", Error, "Let agent.workspace be a directory.", "agent.workspace %s is not a directory", dir)
	}
}

// logins are those of vendors of models.
func (p *patient) logins() {
	path := filepath.Join(p.Env.OAuthDir, "oauth.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return // none is the usual case; modes are looked at elsewhere
	}
	var all map[string]struct {
		Expires int64  `json:"expires"`
		Refresh string `json:"refresh"`
	}
	if err := wire.Unmarshal(b, &all); err != nil {
		p.add("login.unreadable", Warning, "Write it anew, or remove it.", "%s is not the file of logins: %v", path, err)
		return
	}
	for vendor, l := range all {
		if l.Expires > 0 && l.Expires < p.Host.Now().UnixMilli() && l.Refresh == "" {
			p.add("login.expired", Warning, "Log in again, or set an API key.", "the login of %s has run out", vendor)
		}
	}
}

// need looks for a program that something asks for.
func (p *patient) need(id, program, why string, s Severity) {
	if _, err := p.Host.LookPath(p.Env.ExpandHome(program)); err != nil {
		p.add(id, s, "Install it, or write its whole path.", "%s: the program %s was not found", why, program)
	}
}

// programs are those that configured parts start.
func (p *patient) programs() {
	c := p.cfg
	if s := c.Signal; s != nil && s.Enabled && s.HTTPURL == "" && (s.AutoStart == nil || *s.AutoStart) {
		p.need("program.signal-cli", s.CLIPath, "signal", Error)
	}
	if s := c.IMessage; s != nil && s.Enabled {
		p.need("program.imsg", cmp.Or(s.CLIPath, "imsg"), "imessage", Error)
	}
	p.certificate()
	if c.Gateway.Tailscale.Mode != "off" {
		p.need("program.tailscale", "tailscale", "gateway.tailscale.mode", Error)
	}
}
