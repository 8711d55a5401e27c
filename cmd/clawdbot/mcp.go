package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) mcpCommand() *cobra.Command {
	c := group("mcp", "See the servers of tools (Model Context Protocol), and be one",
		a.mcpListCommand(), a.mcpStatusCommand(), a.mcpRestartCommand(), a.mcpServeCommand())
	c.Long = c.Short + ". The servers whose tools the agent may use are under mcp.servers in the config file."
	return c
}

func (a *app) mcpListCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the servers and how they are",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "mcp.status", struct{}{}, a.showMCP)
		},
	}
	f.register(c)
	return c
}

func (a *app) showMCP(r wire.MCPStatusResult) error {
	if len(r.Servers) == 0 {
		_, err := fmt.Fprintln(a.out, "No servers: name some under mcp.servers in the config file.")
		return err
	}
	now := time.Now()
	t := a.newTable("SERVER", "BY", "STATE", "SINCE", "TOOLS", "WHY")
	for _, s := range r.Servers {
		t.row(s.Name, s.Transport, s.Phase, ago(&s.SinceMs, now), fmt.Sprint(len(s.Tools)), mcpWhy(s, now))
	}
	return t.flush()
}

// mcpWhy is what is not as it should be.
func mcpWhy(s wire.MCPServer, now time.Time) string {
	why := s.Reason
	if s.NextAtMs != nil {
		why += fmt.Sprintf(" (next try in %s)", short(max(0, time.UnixMilli(*s.NextAtMs).Sub(now))))
	}
	if n := len(s.Problems); n > 0 && why == "" {
		why = count(n, "problem", "problems") + " with its tools: clawdbot mcp status " + s.Name
	}
	return why
}

func (a *app) mcpStatusCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "status SERVER",
		Short: "Show how one server is, its tools, and what is wrong with them",
		Args:  oneArg("SERVER"),
		RunE: func(c *cobra.Command, args []string) error {
			return query(a, c, f, "mcp.status", struct{}{}, func(r wire.MCPStatusResult) error {
				for _, s := range r.Servers {
					if s.Name == args[0] {
						return a.showMCPServer(s)
					}
				}
				return fmt.Errorf("there is no server %q; see clawdbot mcp list", args[0])
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) showMCPServer(s wire.MCPServer) error {
	now := time.Now()
	t := a.newTable()
	t.row("Server", s.Name+", by "+s.Transport)
	t.row("State", s.Phase+", "+ago(&s.SinceMs, now))
	if why := mcpWhy(s, now); why != "" {
		t.row("Why", why)
	}
	if s.Server != "" {
		t.row("Calls itself", strings.TrimSpace(s.Server+" "+s.Version)+", protocol "+s.Protocol)
	}
	if s.PID != 0 {
		t.row("Process", fmt.Sprint(s.PID))
	}
	t.row("Started", count(int(s.Starts), "time", "times"))
	for _, p := range s.Problems {
		t.row("Problem", p)
	}
	for _, name := range s.Tools {
		t.row("Tool", name)
	}
	return t.flush()
}

func (a *app) mcpRestartCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "restart SERVER",
		Short: "Close a server's connection and its process, and begin anew at once",
		Args:  oneArg("SERVER"),
		RunE: func(c *cobra.Command, args []string) error {
			return query(a, c, f, "mcp.restart", wire.MCPRestartParams{Server: args[0]}, func(wire.OKResult) error {
				_, err := fmt.Fprintf(a.out, "%s begins anew. See: clawdbot mcp status %s\n", oneLine(args[0]), oneLine(args[0]))
				return err
			})
		},
	}
	f.register(c)
	return c
}
