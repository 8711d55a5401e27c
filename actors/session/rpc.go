package session

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// readLimit bounds a read that a client waits for.
const readLimit = 20 * time.Second

// Methods answers agent, agent.wait, chat.* and sessions.*.
func Methods(ref actors.Ref[SessionsMessage], o Options) wire.Table {
	o = o.withDefaults()
	return wire.Table{
		wire.Strict("agent", func(c *wire.Call, p wire.AgentParams) { agentCall(&o, ref, c, p) }),
		wire.Strict("agent.wait", func(c *wire.Call, p wire.AgentWaitParams) { agentWait(ref, c, p) }),
		wire.Strict("chat.send", func(c *wire.Call, p wire.ChatSendParams) { chatSend(&o, ref, c, p) }),
		wire.Strict("chat.abort", func(c *wire.Call, p wire.ChatAbortParams) {
			reply := actors.ReplyTo(func(aborted bool, err error) {
				c.Answer(wire.ChatAbortResult{OK: true, Aborted: aborted}, err)
			})
			tell(c, ref, AbortRun{Reply: reply, Key: p.SessionKey, RunID: p.RunID})
		}),
		wire.Strict("chat.history", func(c *wire.Call, p wire.ChatHistoryParams) {
			read(c, ref, func(ctx context.Context) (any, error) { return history(ctx, &o, p) })
		}),
		wire.Strict("sessions.list", func(c *wire.Call, p wire.SessionsListParams) {
			read(c, ref, func(ctx context.Context) (any, error) { return list(ctx, &o, p) })
		}),
		wire.Strict("sessions.patch", func(c *wire.Call, p wire.SessionsPatchParams) { patch(&o, ref, c, p) }),
		wire.Strict("sessions.reset", func(c *wire.Call, p wire.SessionsResetParams) { reset(&o, ref, c, p) }),
		wire.Strict("sessions.delete", func(c *wire.Call, p wire.SessionsDeleteParams) { deleteCall(&o, ref, c, p) }),
		wire.Strict("sessions.compact", func(c *wire.Call, p wire.SessionsCompactParams) {
			read(c, ref, func(ctx context.Context) (any, error) { return compact(ctx, &o, p) })
		}),
		wire.Strict("sessions.export", func(c *wire.Call, p wire.SessionsExportParams) {
			read(c, ref, func(ctx context.Context) (any, error) { return export(ctx, &o, p) })
		}),
	}
}

// read has the supervisor run f off the actors.
func read(c *wire.Call, ref actors.Ref[SessionsMessage], f func(ctx context.Context) (any, error)) {
	tell(c, ref, Read{Reply: actors.ReplyTo(func(v any, err error) { c.Answer(v, err) }), f: f})
}

func tell(c *wire.Call, ref actors.Ref[SessionsMessage], m SessionsMessage) {
	if err := ref.Tell(m); err != nil {
		c.Fail(err)
	}
}
