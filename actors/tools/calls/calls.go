package calls

import (
	"context"
	"fmt"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/args"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options are what the tools work with. All functions may be called from any goroutine.
type Options struct {
	// Call calls a method of the gateway; params are encoded as JSON.
	Call func(ctx context.Context, method string, params any) (wire.Raw, error)
	// Ask accepts a message to another session, with the rights that the turn has that ctx belongs to and no more. The
	// message is durable when it returns. runID is for agent.wait.
	Ask func(ctx context.Context, m Message) (runID string, err error)
	// Spawn accepts a task for a sub-agent, which is durable when it returns. Subs are those of the turn's session that have
	// not ended, Stop stops one of them. They look into ctx for whose turn it is, like Ask.
	Spawn func(ctx context.Context, t Task) (Sub, error)
	Subs  func(ctx context.Context) ([]Sub, error)
	Stop  func(ctx context.Context, id string) error
	// Turn is unique to the turn that ctx belongs to.
	Turn func(ctx context.Context) string
	// Exchanges is how often one turn may write to one other session, at least 1.
	Exchanges func() int
	// Status describes a session to a person.
	Status func(ctx context.Context, sessionKey string) (string, error)
	// Restart asks for the gateway to start anew; it returns at once.
	Restart func(reason string)
	// Save keeps a file for the answer and returns its path.
	Save func(mime, name string, data []byte) (path string, err error)
	// Surfaces are the messaging surfaces that have accounts now.
	Surfaces func() []Surface
	// Perform has a surface carry out an action: {"action", "account", ...}.
	Perform func(ctx context.Context, surface string, args wire.Raw) (wire.Raw, error)
}

// Message is what one session's agent tells another one.
type Message struct {
	To      string // session key
	Text    string
	System  string // what the other agent is told about where it comes from
	Deliver bool   // the answer goes to the other session's chat too
	Waits   bool   // this turn waits for the answer
}

// Tools are all tools of this package, of which some depend on the configuration in force.
func Tools(o Options) tools.Source {
	t := &talk{o: o}
	fixed := []tools.Tool{
		o.sessionsList(), o.sessionsHistory(), t.tool(), o.sessionStatus(), o.cron(), o.gateway(), o.send(), o.spawn(), o.subagents(),
	}
	return func() []tools.Tool { return append(fixed[:len(fixed):len(fixed)], o.surfaces()...) }
}

// tool makes a tool whose arguments are an A.
func tool[A any](name string, g tools.Group, about string, run func(ctx context.Context, c tools.Caller, a A) (any, error)) tools.Tool {
	return tools.Tool{
		Name: name, Group: g, Description: about, Schema: args.Schema(*new(A)),
		Run: func(ctx context.Context, c tools.Caller, raw wire.Raw) (wire.Raw, error) {
			var a A
			if err := args.Read(raw, &a); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			result, err := run(ctx, c, a)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if r, ok := result.(wire.Raw); ok {
				return r, nil
			}
			return wire.Marshal(result)
		},
	}
}

// call calls a method and reads its answer.
func call[R any](ctx context.Context, o Options, method string, params any) (r R, err error) {
	raw, err := o.Call(ctx, method, params)
	if err != nil {
		return r, err
	}
	if err := wire.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("the answer of %s: %w", method, err)
	}
	return r, nil
}
