package modelrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/model"
)

// Runner is an agent.Runner.
type Runner struct {
	// Inner answers where no model is chosen.
	Inner agent.Runner
	// Models finds what can be asked.
	Models *models.Registry
	// System is what a model is told before everything else; it must be the same for a session's turns where it can be,
	// so that vendors can keep what they have read.
	System func(t agent.Turn) string
	Log    *slog.Logger
	// Repeats is how often a turn may make the same call and get the same result; nil or less than 2 = maxRepeats.
	Repeats func() int
	// Pause is what the first repetition waits, the next twice as long; 0 = half a second.
	Pause time.Duration
}

const (
	builtin   = "builtin"
	tries     = 3                // of one request with one model
	maxPause  = 20 * time.Second // a vendor that wants more is left for the next model
	maxRounds = 100              // requests of one turn
)

// Run implements agent.Runner.
func (r Runner) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	if t.Model == "" || t.Model == builtin {
		return r.Inner.Run(ctx, t, out)
	}
	u := &turn{r: r, t: t, out: out, entries: history(t.History), loops: newLoops(r.Repeats)}
	u.entries = append(u.entries, entry{message: Question(t), line: len(t.History)})
	var failed []failure
	for i, name := range u.candidates(ctx) {
		if i > 0 {
			out.Again()
		}
		err := u.with(ctx, name)
		if err == nil {
			return u.answer, nil
		}
		if ctx.Err() != nil {
			return u.partial(), context.Cause(ctx)
		}
		if refusal, ok := errors.AsType[agent.Refusal](err); ok { // another model would not change it
			r.Log.Warn("a turn was stopped", "run", t.RunID, "model", name, "err", refusal)
			return u.partial(), refusal
		}
		r.Log.Warn("a model did not answer", "run", t.RunID, "model", name, "err", err)
		failed = append(failed, failure{name, err})
	}
	return u.partial(), r.combined(failed)
}

// turn is one turn on its way.
type turn struct {
	r       Runner
	t       agent.Turn
	out     agent.Output
	entries []entry
	target  models.Target
	system  string
	rounds  int
	spent   agent.Spent
	usage   model.Usage // of the last request
	text    strings.Builder
	answer  agent.Answer
	summed  int // how often the conversation has been summed up in this turn
	loops   loops
}

// candidates are the models to ask, in order. One that takes no pictures gives way to those that do.
func (u *turn) candidates(ctx context.Context) []string {
	all := append([]string{u.t.Model}, u.t.Fallbacks...)
	if len(u.t.ImageModels) == 0 || !pictured(u.entries[len(u.entries)-1].message) {
		return all
	}
	if t, err := u.r.Models.Resolve(ctx, u.t.Model); err == nil && !t.Pictures {
		return u.t.ImageModels
	}
	return all
}

// with has one model go on with the turn until there is an answer. What was done before it stays done.
func (u *turn) with(ctx context.Context, name string) error {
	target, err := u.r.Models.Resolve(ctx, name)
	if err != nil {
		return err
	}
	u.target = target
	for {
		if u.rounds++; u.rounds > maxRounds {
			return fmt.Errorf("the turn was stopped after %d requests: the model goes on calling tools", maxRounds)
		}
		u.entries = append(u.entries, u.said()...)
		reply, err := u.ask(ctx)
		if err != nil {
			return err
		}
		calls := reply.Message.Calls()
		var more []entry
		if len(calls) == 0 {
			if more = u.said(); len(more) == 0 {
				u.answer = u.lineOf(reply)
				return nil
			}
		}
		u.keep(reply)
		u.entries = append(u.entries, more...)
		u.out.Next()
		u.text.Reset()
		if len(calls) > 0 {
			if err := u.call(ctx, calls); err != nil {
				return err
			}
		}
	}
}

// said is what people have written meanwhile. It must be answered.
func (u *turn) said() (all []entry) {
	if u.t.Steering == nil {
		return nil
	}
	for _, s := range u.t.Steering.Take() {
		all = append(all, entry{message: userMessage(s.Message), line: len(u.t.History)})
	}
	if len(all) > 0 { // who says "try again" is to have it tried
		u.loops = newLoops(u.r.Repeats)
	}
	return all
}

// ask makes one request, more than once if it has to be.
func (u *turn) ask(ctx context.Context) (model.Reply, error) {
	pause := u.r.Pause
	if pause <= 0 {
		pause = 500 * time.Millisecond
	}
	for try := 1; ; try++ {
		u.text.Reset()
		reply, err := u.stream(ctx, u.request(), u.hear)
		if err == nil || ctx.Err() != nil {
			return reply, err
		}
		e, ok := errors.AsType[*model.Error](err)
		switch {
		case ok && e.Kind == model.Overflow && u.summed < 2:
			u.summed++
			if err := u.sumUp(ctx); err != nil {
				return reply, err
			}
		case !ok || !e.Temporary() || try >= tries || e.RetryAfter > maxPause:
			return reply, err
		default:
			u.r.Log.Info("a model is asked again", "run", u.t.RunID, "model", u.target.Name(), "try", try+1, "err", err)
			if !providers.Sleep(ctx, max(pause/2+rand.N(pause), e.RetryAfter)) {
				return reply, context.Cause(ctx)
			}
			pause *= 2
		}
		u.out.Again()
	}
}

// stream makes one request, if that is allowed, and counts it.
func (u *turn) stream(ctx context.Context, r model.Request, hear func(model.Event)) (model.Reply, error) {
	if m := u.t.Meter; m != nil {
		if err := m.Allow(ctx, u.target.Name(), u.target.Priced); err != nil {
			return model.Reply{}, err
		}
	}
	reply, err := u.target.API.Stream(ctx, r, hear)
	u.count(ctx, reply.Usage)
	return reply, err
}

// hear passes on what the model says.
func (u *turn) hear(ev model.Event) {
	if d, ok := ev.(model.Delta); ok {
		u.text.WriteString(string(d))
		u.out.Delta(string(d))
	}
}

// request is the conversation so far, for the model that is asked now.
func (u *turn) request() model.Request {
	r := model.Request{
		Model: u.target.Model, Messages: messages(u.entries, u.target), Thinking: model.Level(u.t.Thinking),
		MaxTokens: u.target.Info.MaxTokens, Session: u.t.SessionID,
	}
	if u.r.System != nil && u.system == "" {
		u.system = u.r.System(u.t) // once a turn: what the turn writes into the workspace is for the next
	}
	r.System = u.system
	for _, t := range u.t.Tools {
		r.Tools = append(r.Tools, model.Tool{Name: t.Name, Description: t.Description, Schema: []byte(t.Schema)})
	}
	return r
}

// count adds what a request took.
func (u *turn) count(ctx context.Context, n model.Usage) {
	if n == (model.Usage{}) {
		return
	}
	u.usage = n
	one := agent.Spent{Usage: usageOf(n), Cost: u.target.Info.Cost.Of(n).Total(), Unpriced: !u.target.Priced}
	u.spent.Usage = plus(u.spent.Usage, one.Usage)
	u.spent.Cost += one.Cost
	u.spent.Unpriced = u.spent.Unpriced || one.Unpriced
	if m := u.t.Meter; m != nil {
		m.Count(ctx, u.target.Name(), one)
	}
}

func usageOf(n model.Usage) agent.Usage {
	return agent.Usage{Input: n.Input, Output: n.Output, CacheRead: n.CacheRead, CacheWrite: n.CacheWrite, Total: n.Prompt()}
}

func plus(a, b agent.Usage) agent.Usage {
	return agent.Usage{Input: a.Input + b.Input, Output: a.Output + b.Output, CacheRead: a.CacheRead + b.CacheRead,
		CacheWrite: a.CacheWrite + b.CacheWrite, Total: a.Total + b.Total}
}

// lineOf is what the transcript has of an answer.
func (u *turn) lineOf(reply model.Reply) agent.Answer {
	cost := u.target.Info.Cost.Of(reply.Usage)
	a := agent.Answer{
		Text: reply.Message.TextOf(), Content: content(reply.Message), Provider: u.target.Provider, Model: u.target.Model, API: u.target.Format,
		Usage: usageOf(reply.Usage), Cost: agent.Cost(cost), Spent: u.spent,
	}
	if reply.Stop != model.Tools {
		a.Stop = string(reply.Stop)
	}
	return a
}

// partial is what there was when the turn ended early.
func (u *turn) partial() agent.Answer {
	return agent.Answer{
		Text: u.text.String(), Provider: u.target.Provider, Model: u.target.Model, API: u.target.Format, Usage: usageOf(u.usage), Spent: u.spent,
	}
}

// keep takes an answer that is not the last one into the conversation and the transcript.
func (u *turn) keep(reply model.Reply) {
	if len(reply.Message.Parts) == 0 {
		return
	}
	u.entries = append(u.entries, entry{message: reply.Message, from: u.target.Name(), line: len(u.t.History)})
	u.out.Keep("assistant", agent.Line(u.lineOf(reply), time.Now().UnixMilli()))
}
