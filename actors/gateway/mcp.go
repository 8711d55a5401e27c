package gateway

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/mcp"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/child"
	mcpserver "github.com/clawdbot/gateway/providers/mcp"
)

// mcpOptions wires the servers of tools.
func (g *Gateway) mcpOptions() mcp.Options {
	return mcp.Options{Directory: g.tree.servers, Dial: g.o.MCP, Wanted: g.wantedServers, Hide: g.hideSecrets, Sweep: g.o.Sweep}
}

// wantedServers are those that the configuration in force names.
func (g *Gateway) wantedServers() map[string]mcp.Spec {
	all := map[string]mcp.Spec{}
	for name, s := range g.doc.Load().Config.MCP.Servers {
		spec := mcp.Spec{
			Server: mcpserver.Server{
				Name: name, Command: s.Command, Args: s.Args, URL: s.URL, Start: time.Duration(s.StartSeconds) * time.Second,
			},
			Call: time.Duration(s.TimeoutSeconds) * time.Second, Allow: s.Tools.Allow, Deny: s.Tools.Deny, Group: tools.Group(s.Group),
		}
		if !s.Enabled {
			spec.Disabled = "disabled"
		}
		if s.URL != "" {
			spec.Server.Headers = g.filled(s.Headers)
		} else {
			spec.Server.Env, spec.Server.Dir, spec.Server.Keep = g.childEnv(s.Env), g.childDir(name, s.Cwd), g.keep("server of tools "+name)
		}
		all[name] = spec
	}
	return all
}

// childEnv is the environment of a program that the gateway starts for the agent, own being what the configuration adds.
func (g *Gateway) childEnv(own map[string]config.Secret) []string {
	vars := g.filled(own)
	getenv := func(name string) string {
		if _, set := vars[name]; set {
			return ""
		}
		if v := g.o.Getenv(name); v != "" || name != "PATH" {
			return v
		}
		return os.Getenv(name)
	}
	env := child.Pass(getenv, child.Person, child.Network, child.Places, []string{"TERM"})
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// variable stands for one of the gateway's environment.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// filled are secrets in clear, with variables of the environment in the place of their names.
func (g *Gateway) filled(secret map[string]config.Secret) map[string]string {
	all := revealed(secret)
	for name, value := range all {
		all[name] = variable.ReplaceAllStringFunc(value, func(v string) string { return g.o.Getenv(v[2 : len(v)-1]) })
	}
	return all
}

// childDir is where such a program starts: in the workspace, which is made if it is not there yet, else in a directory of its own. It is
// never the state directory.
func (g *Gateway) childDir(name, configured string) string {
	if configured != "" {
		return g.env.ExpandHome(configured)
	}
	dir := g.workspaceDir()
	if err := os.MkdirAll(dir, 0o700); err == nil {
		return dir
	}
	own := filepath.Join(g.env.StateDir, "mcp", name)
	if err := os.MkdirAll(own, 0o700); err != nil {
		g.log.Warn("a server of tools has no directory to start in", "server", name, "err", err)
	}
	return own
}

// hideSecrets takes out of a text what the configuration gives to programs and servers, and what looks like a credential.
func (g *Gateway) hideSecrets(text string) string {
	cfg := g.doc.Load().Config
	var all []map[string]config.Secret
	for _, s := range cfg.MCP.Servers {
		all = append(all, s.Env, s.Headers)
	}
	for _, r := range cfg.Agent.Runners {
		all = append(all, r.Env)
	}
	for _, secrets := range all {
		for _, value := range g.filled(secrets) {
			if len(value) >= 8 { // a short one is a number or a switch
				text = strings.ReplaceAll(text, value, config.Redacted)
			}
		}
	}
	return config.HideSecrets(text, config.Redacted)
}
