package approvals

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/tools"
)

const (
	// again is how long an answer is waited for before the question is repeated.
	again = 5 * time.Second
	// gone is how long a question is not repeated before its run counts as gone.
	gone = 4 * again
	// maxCommand bounds what people are asked about, in bytes: they are to see all of it.
	maxCommand = 16 << 10
)

// Asker asks on behalf of tools.
type Asker struct {
	Ref      func() actors.Ref[Message]
	Settings func() Settings
}

// Ask is Approve for what a program asks itself: that the settings ask about nothing does not answer it.
func (a Asker) Ask(ctx context.Context, c tools.Caller, r tools.ExecRequest) error {
	switch {
	case a.Settings().Security == "deny":
		return refused(denied)
	case size(r) > maxCommand:
		return refused("it is too long to be shown to anybody")
	}
	return a.insist(ctx, Ask{Caller: c, Request: r, Must: true})
}

// Approve is a tools.Approve. Errors are *tools.Refused, or the cause of ctx.
func (a Asker) Approve(ctx context.Context, c tools.Caller, r tools.ExecRequest) error {
	s := a.Settings()
	switch {
	case s.Security == "deny":
		return refused(denied)
	case s.Security != "allowlist" && s.Ask != "always" && s.Ask != "on-miss":
		return nil
	case size(r) > maxCommand:
		return refused("the command is too long to be shown to anybody: put it into a script")
	}
	return a.insist(ctx, Ask{Caller: c, Request: r})
}

const denied = "no commands are run (agent.tools.exec.security is deny)"

// insist repeats a question until there is an answer.
func (a Asker) insist(ctx context.Context, m Ask) error {
	m.ID = uuid.NewString()
	for {
		v, err := a.once(ctx, m)
		switch {
		case err == nil && v.Allowed:
			return nil
		case err == nil:
			return refused(v.Reason)
		case ctx.Err() != nil:
			_ = a.Ref().Tell(Withdraw{m.ID})
			return context.Cause(ctx)
		}
	}
}

// once asks once, and waits a while for the answer.
func (a Asker) once(ctx context.Context, m Ask) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, again)
	defer cancel()
	v, err := actors.Ask(ctx, a.Ref(), func(r actors.Reply[Verdict]) Message {
		m.Reply = r
		return m
	})
	if err != nil {
		<-ctx.Done() // an actor that is not there is not asked in a hurry
	}
	return v, err
}

func refused(reason string) error { return &tools.Refused{Tool: "exec", Reason: reason} }

func size(r tools.ExecRequest) int { return Ask{Request: r}.Size() - 512 + len(r.Cwd) }
