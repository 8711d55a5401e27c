package skills

import (
	"errors"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers skills.* (protocol 3.15) and agent.prompt.
func Methods(ref actors.Ref[Message]) wire.Table {
	return wire.Table{
		wire.Strict("skills.status", func(c *wire.Call, _ wire.NoParams) {
			reply := actors.ReplyTo(func(r wire.SkillsStatusResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(Status{reply}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("agent.prompt", func(c *wire.Call, p wire.AgentPromptParams) {
			reply := actors.ReplyTo(func(r wire.AgentPromptResult, err error) { c.Answer(r, err) })
			if err := ref.Tell(Prompt{reply, p.SessionKey}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("skills.install", func(c *wire.Call, p wire.SkillsInstallParams) {
			reply := actors.ReplyTo(func(r wire.SkillsInstallResult, err error) { installed(c, r, err) })
			err := ref.Tell(Install{Reply: reply, Name: p.Name, InstallID: p.InstallID, Timeout: limit(p.TimeoutMs)})
			if err != nil {
				c.Fail(err)
			} else if c.Hold != nil {
				c.Hold()
			}
		}),
		wire.Strict("skills.update", func(c *wire.Call, p wire.SkillsUpdateParams) {
			reply := actors.ReplyTo(func(r wire.SkillsUpdateResult, err error) {
				if e, ok := errors.AsType[*config.SetError](err); ok {
					err = wire.InvalidRequest("%s", e.Message)
				}
				c.Answer(r, err)
			})
			if err := ref.Tell(Update{reply, p}); err != nil {
				c.Fail(err)
			}
		}),
	}
}

// installed answers with the result, and with an error beside it when it failed.
func installed(c *wire.Call, r wire.SkillsInstallResult, err error) {
	switch {
	case err != nil:
		c.Fail(err)
	case r.OK:
		c.OK(r)
	default:
		c.Respond(wire.Result{Payload: r, Err: wire.Unavailable("%s", r.Message)})
	}
}
