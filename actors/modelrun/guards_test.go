package modelrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestLoop: a model that makes the same call again and again is told after so many equal results, and the turn ends when it goes on. The
// order of keys and the spaces in the arguments do not count.
func TestLoop(t *testing.T) {
	t.Parallel()
	n, run := 0, 0
	r := runner(t, func(_ context.Context, q model.Request, _ func(model.Event)) (model.Reply, error) {
		n++
		return calling(model.Call{ID: fmt.Sprint(n), Name: "look", Args: json.RawMessage([]string{`{"a":1,"b":2}`, `{ "b": 2, "a": 1 }`}[n%2])})
	})
	r.Repeats = func() int { return 3 }
	turn, out := turnOf("hello"), &tape{}
	turn.Fallbacks = []string{"p/m2"}
	turn.Tool = func(context.Context, string, wire.Raw) (wire.Raw, error) {
		run++
		return wire.Raw(`"nothing new"`), nil
	}
	a, err := r.Run(t.Context(), turn, out)
	l, ok := errors.AsType[*LoopError](err)
	if !ok || l.Tool != "look" || l.Times != 3 || run != 3 || n != 5 || a.Model != "m1" {
		t.Errorf("%v after %d requests and %d calls, by %s", err, n, run, a.Model)
	}
	if len(out.results) != 5 || !strings.Contains(out.results[3], "not run: you have called look with the same arguments 3 times") || !strings.HasSuffix(out.results[3], "true") {
		t.Errorf("%q", out.results)
	}
	if len(out.kept) != 10 {
		t.Errorf("the transcript has not all of it: %q", out.kept)
	}
}

// TestLoop_changes: calls that show something new, or that differ, go on; so does a model that takes the hint.
func TestLoop_changes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args   func(n int) string
		result func(run int) string
		end    int // the request that is answered with words
		run    int // calls that reach the tool
	}{
		"another result":    {func(int) string { return `{}` }, func(run int) string { return fmt.Sprint(run / 2) }, 20, 19},
		"other arguments":   {func(n int) string { return fmt.Sprintf(`{"n":%d}`, n) }, func(int) string { return `1` }, 20, 19},
		"the hint is taken": {func(int) string { return `{}` }, func(int) string { return `1` }, 5, 3},
	} {
		t.Run(name, func(t *testing.T) {
			n, run := 0, 0
			r := runner(t, func(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
				if n++; n == tc.end {
					return says("done")
				}
				return calling(model.Call{ID: fmt.Sprint(n), Name: "tool", Args: json.RawMessage(tc.args(n))})
			})
			r.Repeats = func() int { return 3 }
			turn := turnOf("hello")
			turn.Tool = func(context.Context, string, wire.Raw) (wire.Raw, error) { run++; return wire.Raw(tc.result(run)), nil }
			if a, err := r.Run(t.Context(), turn, &tape{}); err != nil || a.Text != "done" || run != tc.run {
				t.Errorf("%q, %v after %d calls", a.Text, err, run)
			}
		})
	}
}

// TestLoop_sideBySide: the same call many times in one answer counts as often.
func TestLoop_sideBySide(t *testing.T) {
	t.Parallel()
	n := 0
	r := runner(t, func(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
		if n++; n > 1 {
			return says("done")
		}
		var calls []model.Call
		for range 6 {
			calls = append(calls, model.Call{ID: "same", Name: "tool", Args: json.RawMessage(`{}`)})
		}
		return calling(calls...)
	})
	r.Repeats = func() int { return 4 }
	out := &tape{}
	a, err := r.Run(t.Context(), turnOf("hello"), out)
	told := slices.DeleteFunc(slices.Clone(out.results), func(s string) bool { return !strings.Contains(s, "not run") })
	if err != nil || a.Text != "done" || len(out.results) != 6 || len(told) != 2 {
		t.Errorf("%q, %v, %q", a.Text, err, out.results)
	}
}

// TestLoop_steered: what a person writes meanwhile begins the counting anew.
func TestLoop_steered(t *testing.T) {
	t.Parallel()
	n, run, s := 0, 0, &steering{}
	r := runner(t, func(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
		switch n++; n {
		case 4:
			s.said = []agent.Said{{Message: "try again"}} // before the fifth request
		case 7:
			return says("done")
		}
		return calling(model.Call{ID: fmt.Sprint(n), Name: "tool", Args: json.RawMessage(`{}`)})
	})
	r.Repeats = func() int { return 3 }
	turn := turnOf("hello")
	turn.Steering = s
	turn.Tool = func(context.Context, string, wire.Raw) (wire.Raw, error) { run++; return wire.Raw(`1`), nil }
	if a, err := r.Run(t.Context(), turn, &tape{}); err != nil || a.Text != "done" || run != 5 {
		t.Errorf("%q, %v after %d calls", a.Text, err, run)
	}
}

// purse is a Meter with so many requests in it.
type purse struct {
	left    int
	counted []string
}

var errEmpty = refusal("the purse is empty")

type refusal string

func (r refusal) Error() string  { return string(r) }
func (refusal) Tell(bool) string { return "" }

func (p *purse) Allow(_ context.Context, name string, priced bool) error {
	if p.left--; p.left < 0 {
		return errEmpty
	}
	return nil
}
func (p *purse) Count(_ context.Context, name string, s agent.Spent) {
	p.counted = append(p.counted, fmt.Sprint(name, " ", s.Usage.Input, " ", s.Unpriced))
}
func (p *purse) Flush(*store.Tx) error { return nil }

// TestMeter: each request is asked for and counted, one that failed, too. What is refused ends the turn where it is: nobody else is
// asked, and what was said stays.
func TestMeter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := runner(t, func(_ context.Context, q model.Request, emit func(model.Event)) (model.Reply, error) {
			if n++; n == 1 {
				return model.Reply{Usage: model.Usage{Input: 5}}, &model.Error{Kind: model.Overloaded}
			}
			emit(model.Delta("I look. "))
			reply, err := calling(model.Call{ID: "1", Name: "tool", Args: json.RawMessage(`{}`)})
			reply.Usage = model.Usage{Input: 7}
			return reply, err
		})
		turn, out, p := turnOf("hello"), &tape{}, &purse{left: 2}
		turn.Meter, turn.Fallbacks = p, []string{"p/m2"}
		a, err := r.Run(t.Context(), turn, out)
		if !errors.Is(err, errEmpty) || err.Error() != string(errEmpty) || n != 2 || a.Spent.Usage.Input != 12 {
			t.Errorf("%v after %d requests, %+v", err, n, a.Spent)
		}
		if !slices.Equal(p.counted, []string{"p/m1 5 true", "p/m1 7 true"}) || !slices.Equal(out.kept, []string{"assistant", "toolResult"}) {
			t.Errorf("counted %q, kept %q", p.counted, out.kept)
		}
		p.left, n = 0, 1
		if _, err := r.Run(t.Context(), turn, &tape{}); !errors.Is(err, errEmpty) || n != 1 {
			t.Errorf("%v, a model was asked %d times", err, n-1)
		}
	})
}

// TestDown: while a provider is down its turns go to their fallbacks without being tried and waited for, and the error says when the
// next try is.
func TestDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		r := runner(t, func(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
			asked++
			return model.Reply{}, &model.Error{Kind: model.Unreachable}
		})
		for range 3 {
			_, _ = r.Run(t.Context(), turnOf("hello"), &tape{})
		}
		before := asked
		_, err := r.Run(t.Context(), turnOf("hello"), &tape{})
		d, ok := errors.AsType[agent.Detailed](err)
		if !ok || asked != before || asked != 5 || !strings.Contains(err.Error(), "The next try is at ") {
			t.Fatalf("%v after %d requests", err, asked)
		}
		if down, ok := d.Details().(wire.ModelsDownDetails); !ok || !slices.Equal(down.Providers, []string{"p"}) || !slices.Equal(down.Models, []string{"p/m1"}) || down.RetryAt == 0 {
			t.Errorf("%+v", d.Details())
		}
	})
}
