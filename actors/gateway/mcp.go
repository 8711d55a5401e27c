package gateway

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/mcp"
	"github.com/clawdbot/gateway/actors/tools"
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
			spec.Server.Env, spec.Server.Dir, spec.Server.Keep = g.childEnv(s.Env), g.childDir(s.Cwd), g.keep("server of tools "+name)
		}
		all[name] = spec
	}
	return all
}

// passedOn are the variables that a program gets that the gateway starts for the agent: those without which programs do not
// work. The others may hold keys.
var passedOn = []string{
	"HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM",
	"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "TEMP", "TMP", "PATHEXT",
}

// childEnv is the environment of such a program, own being what the configuration adds.
func (g *Gateway) childEnv(own map[string]config.Secret) []string {
	vars := g.filled(own)
	var env []string
	for _, name := range passedOn {
		value := g.o.Getenv(name)
		if name == "PATH" && value == "" {
			value = os.Getenv(name)
		}
		if _, set := vars[name]; value != "" && !set {
			env = append(env, name+"="+value)
		}
	}
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

// childDir is where such a program starts.
func (g *Gateway) childDir(configured string) string {
	if configured != "" {
		return g.env.ExpandHome(configured)
	}
	dir := g.workspaceDir()
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return g.env.StateDir
	}
	return dir
}

// hideSecrets takes out of a text what the configuration gives to programs and servers, and what looks like a credential.
func (g *Gateway) hideSecrets(text string) string {
	for _, s := range g.doc.Load().Config.MCP.Servers {
		for _, secrets := range []map[string]config.Secret{s.Env, s.Headers} {
			for _, value := range g.filled(secrets) {
				if len(value) >= 8 { // a short one is a number or a switch
					text = strings.ReplaceAll(text, value, config.Redacted)
				}
			}
		}
	}
	return config.HideSecrets(text, config.Redacted)
}
