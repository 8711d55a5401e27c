package mcp

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers mcp.status, from what is known, and mcp.restart.
func Methods(ref actors.Ref[Message], d *Directory) wire.Table {
	return wire.Table{
		wire.Strict("mcp.status", func(c *wire.Call, _ wire.NoParams) { c.OK(statusOf(d.States())) }),
		wire.Strict("mcp.restart", func(c *wire.Call, p wire.MCPRestartParams) {
			reply := actors.ReplyTo(func(_ struct{}, err error) { c.Answer(wire.OKResult{OK: true}, err) })
			if err := ref.Tell(Restart{Reply: reply, Server: p.Server}); err != nil {
				c.Fail(err)
			}
		}),
	}
}

func statusOf(all []State) wire.MCPStatusResult {
	r := wire.MCPStatusResult{Servers: []wire.MCPServer{}}
	for _, s := range all {
		one := wire.MCPServer{
			Name: s.Name, Transport: "stdio", Phase: string(s.Phase), Reason: s.Reason, Problems: s.Problems, Tools: s.Tools,
			Server: s.About.Name, Version: s.About.Version, Protocol: s.About.Protocol, PID: int64(s.About.PID),
			SinceMs: s.Since, Failures: int64(s.Failures), Starts: int64(s.Starts), Calls: int64(s.Calls),
		}
		if s.HTTP {
			one.Transport = "http"
		}
		if one.Tools == nil {
			one.Tools = []string{}
		}
		if s.NextAt > 0 {
			one.NextAtMs = &s.NextAt
		}
		r.Servers = append(r.Servers, one)
	}
	return r
}
