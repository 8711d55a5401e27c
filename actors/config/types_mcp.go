package config

import "strings"

// MCP are servers of tools that speak the Model Context Protocol.
type MCP struct {
	Servers map[string]MCPServer `json:"servers"`
}

// MCPServer is one of them: a program (command) or an address (url).
type MCPServer struct {
	Enabled bool     `json:"enabled"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
	// Env is what the program is given besides HOME, PATH and the like. "${NAME}" stands for a variable of the gateway's own.
	Env            map[string]Secret `json:"env"`
	Cwd            string            `json:"cwd"` // "" = the agent's workspace
	URL            string            `json:"url"`
	Headers        map[string]Secret `json:"headers"` // "${NAME}" as in Env
	StartSeconds   int               `json:"startSeconds" rule:"min=1"`
	TimeoutSeconds int               `json:"timeoutSeconds" rule:"min=1"` // of one call
	Tools          ToolFilter        `json:"tools"`
	// Group is what its tools can do to the world, for agent.tools and the like.
	Group string `json:"group" rule:"enum=read|net|device|message|write|exec|gateway"`
}

func (s *MCPServer) setDefaults() {
	*s = MCPServer{Enabled: true, StartSeconds: 30, TimeoutSeconds: 60, Group: "exec"}
}

// mcp checks what goes together, and what cannot be.
func (d *decoder) mcp(c *Config) {
	for name, s := range c.MCP.Servers {
		at := join("mcp.servers", name)
		if !plainName(name) {
			d.report(at, "a server's name has up to 32 of a-z, A-Z, 0-9, - and _")
		}
		switch {
		case s.Command == "" && s.URL == "":
			d.report(at, "needs command, the program that is the server, or url, its address")
		case s.Command != "" && s.URL != "":
			d.report(at, "has command and url; a server is either a program or an address")
		case s.URL != "" && !strings.HasPrefix(s.URL, "http://") && !strings.HasPrefix(s.URL, "https://"):
			d.report(join(at, "url"), "must begin with http:// or https://")
		case s.URL != "" && (len(s.Args) > 0 || len(s.Env) > 0 || s.Cwd != ""):
			d.report(at, "args, env and cwd are for a program; a server with url has headers")
		case s.URL == "" && len(s.Headers) > 0:
			d.report(join(at, "headers"), "are for a server with url; a program has env")
		}
	}
}

func plainName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
