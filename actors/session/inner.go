package session

import (
	"context"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// SubPrefix begins the session keys of sub-agents.
const SubPrefix = "agent:sub:"

// Inner is a run that another run asks for.
type Inner struct {
	Kind       agent.Kind // agent.KindAgent or agent.KindSub
	ID         string     // the same one again is the same run
	SessionKey string
	Request    agent.Request // agent.Job.Inner, and the task
	Model      string        // for the session's turns; "" = as it is
	// Deliver sends the answer to the chat of the session, too. One that has none refuses it.
	Deliver bool
	// Check refuses a run that is new, in the commit that would accept it; nil = nothing does.
	Check func(tx *store.Tx) error
}

// Begin accepts such a run. It is durable when this returns; its end is what agent.wait knows, by its ID for a run of kind
// agent.KindAgent.
func (o Options) Begin(ctx context.Context, ref actors.Ref[SessionsMessage], in Inner) error {
	o = o.withDefaults()
	var choice Choice
	if in.Model != "" {
		var err error
		if choice, err = o.Choose(in.Model); err != nil {
			return err
		}
	}
	in.Request.Deliver, in.Request.BestEffort = in.Deliver, true
	done := make(chan error, 1)
	call := &wire.Call{ID: in.ID, Method: "agent", Respond: func(r wire.Result) {
		var err error
		if r.Err != nil {
			err = r.Err
		}
		select {
		case done <- err: // the first answer says that it is accepted
		default:
		}
	}}
	accept(&o, ref, call, proposal{
		kind: in.Kind, idemKey: in.ID, key: in.SessionKey, request: in.Request,
		check: func(tx *store.Tx) error { return in.check(tx) },
		entry: func(e *wire.SessionEntry) {
			if in.Model != "" {
				e.ProviderOverride, e.ModelOverride = choice.Provider, choice.Model
			}
		},
		route: func(e wire.SessionEntry) *providers.Route {
			if !in.Deliver {
				return nil
			}
			return o.route(e, "last", "")
		},
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (in Inner) check(tx *store.Tx) error {
	if in.Deliver {
		e, _, err := tx.Entry(in.SessionKey)
		switch {
		case err != nil:
			return err
		case e.LastChannel == "" || e.LastChannel == "webchat":
			return wire.InvalidRequest("deliver: no chat is known that answers of the session %s could go to; the tool send reaches any", in.SessionKey)
		}
	}
	if in.Check == nil {
		return nil
	}
	return in.Check(tx)
}
