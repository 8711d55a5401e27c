package account

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/providers"
)

// operated is what is done to an account by hand, and by its own detector, under faults.
type operated struct {
	name   string
	match  []actortest.Match
	timed  bool // a timer's: it cannot be lost, late, doubled or overtaken
	do     func(b *bench)
	expect func(b *bench, s State) // a while later
}

// hit are the messages under test: on their way to the supervisor, and from there to the account.
var hit = []operated{
	{"perform at accounts", []actortest.Match{actortest.Kind("accounts"), actortest.Message[Perform]()}, false, (*bench).act, (*bench).acted},
	{"perform at account", []actortest.Match{actortest.Kind("account"), actortest.Message[perform]()}, false, (*bench).act, (*bench).acted},
	{"deaf", []actortest.Match{actortest.Kind("account"), actortest.Message[check]()}, true, (*bench).falls, (*bench).mended},
	{"stop at accounts", []actortest.Match{actortest.Kind("accounts"), actortest.Message[Start]()}, false, (*bench).stop, (*bench).stopped},
	{"stop at account", []actortest.Match{actortest.Kind("account"), actortest.Message[begin]()}, false, (*bench).stop, (*bench).stopped},
	{"start at accounts", []actortest.Match{actortest.Kind("accounts"), actortest.Message[Start]()}, false, (*bench).restart, (*bench).restarted},
	{"start at account", []actortest.Match{actortest.Kind("account"), actortest.Message[begin]()}, false, (*bench).restart, (*bench).restarted},
	{"word of it at accounts", []actortest.Match{actortest.Kind("accounts"), actortest.Message[settle]()}, false, (*bench).stop, (*bench).stopped},
	{"word of it at account", []actortest.Match{actortest.Kind("account"), actortest.Message[settled]()}, false, (*bench).restart, (*bench).restarted},
}

// TestOperated_faults: an action is carried out once at most and its caller gets one answer; an account that is stopped,
// started or deaf comes to what is wanted, whatever happens to the messages that say so; and never are two connections open.
// The rows are in docs/faults.md.
func TestOperated_faults(t *testing.T) {
	t.Parallel()
	for _, op := range hit {
		for name, inject := range map[string]func(*actortest.Rule){
			"crash":       func(r *actortest.Rule) { r.Crash() },
			"crash after": func(r *actortest.Rule) { r.CrashAfter() },
			"delay":       func(r *actortest.Rule) { r.Delay(3 * time.Second) },
			"drop":        func(r *actortest.Rule) { r.Drop() },
			"duplicate":   func(r *actortest.Rule) { r.Duplicate() },
			"reorder":     func(r *actortest.Rule) { r.Reorder() },
		} {
			if op.timed && !strings.HasPrefix(name, "crash") {
				continue
			}
			t.Run(op.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					faults := actortest.NewFaults(1)
					faults.Enable(false)
					inject(faults.On(op.match...).Nth(1))
					b := &bench{rig: newRig(t, nil, faults)}
					b.start(b.factory())
					pass(time.Minute)
					faults.Enable(true)
					op.do(b)
					pass(2 * time.Minute)
					if len(faults.Fired()) != 1 {
						t.Errorf("injected: %q", faults.Fired())
					}
					faults.Enable(false)
					op.expect(b, b.state())
					b.rig.stop()
					if b.conns.most() != 1 || b.conns.live() != 0 {
						t.Errorf("%d connections at once, %d left", b.conns.most(), b.conns.live())
					}
				})
			})
		}
	}
}

// bench is a rig whose account counts what is done to it.
type bench struct {
	*rig
	conns               atOnce
	runs, acts, answers atomic.Int64
	silent              atomic.Bool // the connection that is open now carries nothing any more
}

func (b *bench) factory() providers.Factory {
	return providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
		return &worker{script{env: env, run: b.run}, b}, nil
	}}
}

// run shows a sign of life every 20 s.
func (b *bench) run(ctx context.Context, env providers.Env) error {
	defer b.conns.enter()()
	b.runs.Add(1)
	b.silent.Store(false)
	env.State(providers.Status{Link: providers.LinkUp})
	for {
		if !b.silent.Load() {
			env.State(providers.Status{LastSeen: time.Now()})
		}
		select {
		case <-time.After(20 * time.Second):
		case <-ctx.Done():
			return nil
		}
	}
}

type worker struct {
	script
	b *bench
}

func (*worker) Actions() []string { return []string{"react"} }

func (w *worker) Perform(ctx context.Context, action string, _ json.RawMessage) (any, error) {
	w.b.acts.Add(1)
	select {
	case <-time.After(time.Second):
		return action, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// act asks for an action, as a run's tool does.
func (b *bench) act() {
	m := Perform{Account: "telegram", Action: "react", Params: json.RawMessage(`{}`), Once: new(atomic.Bool)}
	m.Reply = actors.ReplyTo(func(any, error) { b.answers.Add(1) })
	b.tell(m)
	b.tell(Typing{"telegram", "1"}) // something that can overtake it
}

func (b *bench) acted(s State) {
	if n := b.acts.Load(); n > 1 || b.answers.Load() != 1 {
		b.t.Errorf("carried out %d times, answered %d times", n, b.answers.Load())
	}
	result, err := actors.Ask(b.t.Context(), b.ref, func(r actors.Reply[any]) Message {
		return Perform{Reply: r, Account: "telegram", Action: "react", Once: new(atomic.Bool)}
	})
	if err != nil || result != "react" || s.Phase != Up {
		b.t.Errorf("afterwards: %v, %v, %+v", result, err, s)
	}
}

// falls has the connection fall silent, and gives the detector the time that it needs.
func (b *bench) falls() {
	b.silent.Store(true)
	pass(8 * time.Minute)
}

func (b *bench) mended(s State) {
	if s.Phase != Up || s.Deaf != "" || b.runs.Load() < 2 || b.silent.Load() {
		b.t.Errorf("after %d connections: %+v", b.runs.Load(), s)
	}
}

// order tells the account to be something, as the gateway does.
func (b *bench) order(disabled string) {
	m := Start{Account: "telegram", Factory: b.factory(), Disabled: disabled}
	b.dir.Want(m)
	b.tell(m)
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	defer cancel()
	err := Settle(ctx, b.ref, "telegram")
	if errors.Is(err, context.DeadlineExceeded) {
		b.t.Errorf("whoever asked is not answered: %v", err)
	}
}

func (b *bench) stop() { b.order("stopped by hand") }

func (b *bench) stopped(s State) {
	if s.Phase != Disabled || s.Reason != "stopped by hand" || b.conns.live() != 0 {
		b.t.Errorf("%d connections are open; %+v", b.conns.live(), s)
	}
}

func (b *bench) restart() { b.order("") }

func (b *bench) restarted(s State) {
	if s.Phase != Up || b.conns.live() != 1 || b.runs.Load() < 2 {
		b.t.Errorf("%d connections are open, of %d; %+v", b.conns.live(), b.runs.Load(), s)
	}
}
