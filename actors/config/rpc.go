package config

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers config.get (protocol 3.10).
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("config.get", func(c *wire.Call, _ struct{}) {
			reply := actors.ReplyTo(func(v View, err error) { c.Answer(snapshot(v), err) })
			if err := ref.Tell(OnDisk{reply}); err != nil {
				c.Fail(err)
			}
		}),
	}
}

func snapshot(v View) wire.ConfigSnapshot {
	return wire.ConfigSnapshot{
		Path: v.Path, Exists: v.Exists, Raw: v.Raw, Parsed: wire.Raw(v.Parsed), Valid: v.Valid, Config: wire.Raw(v.Config),
		Issues: wireIssues(v.Issues), LegacyIssues: wireIssues(v.LegacyIssues),
	}
}

func wireIssues(issues []Issue) []wire.ConfigIssue {
	out := make([]wire.ConfigIssue, len(issues))
	for i, issue := range issues {
		out[i] = wire.ConfigIssue(issue)
	}
	return out
}
