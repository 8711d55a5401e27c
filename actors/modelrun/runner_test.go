package modelrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// vendor is an API that answers by a function.
type vendor func(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error)

func (v vendor) Stream(ctx context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	return v(ctx, r, emit)
}
func (vendor) Models(context.Context) ([]model.Info, error) { return nil, nil }

// runner asks v, whatever the model. Its provider is called p.
func runner(t *testing.T, v vendor) Runner {
	cat := models.NewCatalog(filepath.Join(t.TempDir(), "none"), func() models.Configured {
		blind := models.Model{ID: "blind", Input: []string{"text"}}
		return models.Configured{Providers: map[string]models.Provider{"p": {BaseURL: "http://localhost", API: "fake", Models: []models.Model{{ID: "m1"}, {ID: "m2"}, blind}}}}
	})
	reg := models.NewRegistry(cat, models.RegistryOptions{
		Formats: []model.Factory{{Format: "fake", New: func(model.Endpoint) model.API { return v }}},
		Getenv:  func(string) string { return "" }, Log: slog.New(slog.DiscardHandler),
	})
	return Runner{Inner: agent.Builtin{}, Models: reg, Log: slog.New(slog.DiscardHandler)}
}

// tape is an Output. The text of each message is one of texts.
type tape struct {
	texts   []string
	results []string
	kept    []string
}

func (p *tape) Delta(s string) {
	if len(p.texts) == 0 {
		p.texts = []string{""}
	}
	p.texts[len(p.texts)-1] += s
}
func (p *tape) Next()                               { p.texts = append(p.texts, "") }
func (p *tape) Again()                              { p.texts = append(p.texts, "") }
func (p *tape) Verbatim()                           {}
func (p *tape) ToolUpdate(string, string, wire.Raw) {}
func (p *tape) ToolStart(string, string, wire.Raw)  {}
func (p *tape) ToolResult(id, _ string, result wire.Raw, isError bool) {
	p.results = append(p.results, fmt.Sprint(id, " ", string(result), " ", isError))
}
func (p *tape) Keep(role string, _ wire.Raw) { p.kept = append(p.kept, role) }

// says is an answer of one text.
func says(text string) (model.Reply, error) {
	return model.Reply{Message: model.Message{Role: model.Assistant, Parts: []model.Part{model.Text{Text: text}}}, Stop: model.Ended}, nil
}

// calling is an answer that calls tools.
func calling(calls ...model.Call) (model.Reply, error) {
	m := model.Message{Role: model.Assistant}
	for _, c := range calls {
		m.Parts = append(m.Parts, c)
	}
	return model.Reply{Message: m, Stop: model.Tools}, nil
}

func turnOf(message string) agent.Turn {
	return agent.Turn{RunID: "r", SessionID: "s", Message: message, Model: "p/m1", Tool: func(_ context.Context, name string, args wire.Raw) (wire.Raw, error) {
		return args, nil
	}}
}

// TestRetries: passing trouble is waited out, three times; what a vendor asks for is granted within reason.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err   *model.Error
		tries int
		least time.Duration // waited in all
	}{
		"overloaded":       {&model.Error{Kind: model.Overloaded}, 3, 750 * time.Millisecond},
		"disconnected":     {&model.Error{Kind: model.Disconnected}, 3, 750 * time.Millisecond},
		"asks for 7 s":     {&model.Error{Kind: model.RateLimited, RetryAfter: 7 * time.Second}, 3, 14 * time.Second},
		"asks for an hour": {&model.Error{Kind: model.RateLimited, RetryAfter: time.Hour}, 1, 0},
		"bad key":          {&model.Error{Kind: model.BadKey}, 1, 0},
		"refused":          {&model.Error{Kind: model.Refused}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries, begin := 0, time.Now()
				r := runner(t, func(_ context.Context, _ model.Request, emit func(model.Event)) (model.Reply, error) {
					tries++
					emit(model.Delta("Half"))
					return model.Reply{}, tc.err
				})
				a, err := r.Run(t.Context(), turnOf("hello"), &tape{})
				if !errors.Is(err, tc.err) || tries != tc.tries || time.Since(begin) < tc.least || a.Text != "Half" {
					t.Errorf("%d tries in %s, %q, %v", tries, time.Since(begin), a.Text, err)
				}
			})
		})
	}
}

// TestRecovers: an answer that broke off is begun anew, and only the whole one counts.
func TestRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		r := runner(t, func(_ context.Context, _ model.Request, emit func(model.Event)) (model.Reply, error) {
			if tries++; tries == 1 {
				emit(model.Delta("Half an"))
				return model.Reply{Usage: model.Usage{Input: 5}}, &model.Error{Kind: model.Disconnected}
			}
			emit(model.Delta("Whole"))
			reply, err := says("Whole")
			reply.Usage = model.Usage{Input: 6, Output: 2}
			return reply, err
		})
		out := &tape{}
		a, err := r.Run(t.Context(), turnOf("hello"), out)
		if err != nil || a.Text != "Whole" || !slices.Equal(out.texts, []string{"Half an", "Whole"}) || a.Spent.Usage.Input != 11 || a.Usage.Input != 6 {
			t.Errorf("%+v, %q, %v", a, out.texts, err)
		}
	})
}

// TestFallback_goesOn: the next model gets what was done before, without the signatures of the first.
func TestFallback_goesOn(t *testing.T) {
	t.Parallel()
	var last model.Request
	r := runner(t, func(_ context.Context, r model.Request, _ func(model.Event)) (model.Reply, error) {
		last = r
		switch {
		case r.Model == "m2":
			return says("done")
		case len(r.Messages) == 1:
			reply, err := calling(model.Call{ID: "c", Name: "tool", Args: json.RawMessage(`{"a":1}`), Signature: "of m1"})
			reply.Message.Parts = append([]model.Part{model.Thinking{Text: "hm", Signature: "of m1"}}, reply.Message.Parts...)
			return reply, err
		}
		return model.Reply{}, &model.Error{Kind: model.NoQuota}
	})
	turn := turnOf("hello")
	turn.Fallbacks = []string{"p/m2"}
	a, err := r.Run(t.Context(), turn, &tape{})
	if err != nil || a.Text != "done" || a.Model != "m2" || len(last.Messages) != 3 {
		t.Fatalf("%+v, %v, %+v", a, err, last.Messages)
	}
	if parts := last.Messages[1].Parts; len(parts) != 1 || parts[0].(model.Call).Signature != "" {
		t.Errorf("the other model was shown %+v", parts)
	}
}

// TestBadCalls: whatever a model writes instead of a call, it is told so, and the turn goes on.
func TestBadCalls(t *testing.T) {
	t.Parallel()
	results := map[string]model.Result{}
	r := runner(t, func(_ context.Context, r model.Request, _ func(model.Event)) (model.Reply, error) {
		if len(r.Messages) > 1 {
			for _, p := range r.Messages[2].Parts {
				results[p.(model.Result).ID] = p.(model.Result)
			}
			return says("ok")
		}
		return calling(
			model.Call{ID: "json", Name: "tool", Args: json.RawMessage(`{"a":`)},
			model.Call{ID: "big", Name: "tool", Args: json.RawMessage(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`)},
			model.Call{ID: "unknown", Name: "nothing", Args: json.RawMessage(`{}`)},
			model.Call{ID: "panics", Name: "panics", Args: json.RawMessage(`{}`)},
			model.Call{ID: "long", Name: "long", Args: json.RawMessage(`{}`)},
			model.Call{ID: "good", Name: "tool", Args: json.RawMessage(`{"a":1}`)},
		)
	})
	turn := turnOf("hello")
	turn.Tool = func(_ context.Context, name string, args wire.Raw) (wire.Raw, error) {
		switch name {
		case "panics":
			panic("on purpose")
		case "nothing":
			return nil, errors.New("no tool called nothing")
		case "long":
			return wire.Raw(`"` + strings.Repeat("y", 1<<20) + `"`), nil
		}
		return args, nil
	}
	out := &tape{}
	if a, err := r.Run(t.Context(), turn, out); err != nil || a.Text != "ok" {
		t.Fatalf("%+v, %v", a, err)
	}
	for id, want := range map[string]string{"json": "not a JSON object", "big": "at most", "unknown": "no tool", "panics": "crashed"} {
		if got := results[id]; !got.IsError || !strings.Contains(got.Text, want) {
			t.Errorf("%s: %+v", id, got)
		}
	}
	if good, long := results["good"], results["long"]; good.IsError || good.Text != `{"a":1}` || len(long.Text) > maxResult+100 {
		t.Errorf("good: %+v, long: %d bytes", good, len(long.Text))
	}
	if len(out.results) != 6 || !slices.Equal(out.kept, []string{"assistant", "toolResult", "toolResult", "toolResult", "toolResult", "toolResult", "toolResult"}) {
		t.Errorf("results %d, kept %q", len(out.results), out.kept)
	}
}

// TestEndless: a model that calls tools for ever is stopped.
func TestEndless(t *testing.T) {
	t.Parallel()
	n := 0
	r := runner(t, func(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
		n++
		return calling(model.Call{ID: fmt.Sprint(n), Name: "tool", Args: fmt.Appendf(nil, `{"n":%d}`, n)})
	})
	_, err := r.Run(t.Context(), turnOf("hello"), &tape{})
	if err == nil || !strings.Contains(err.Error(), "goes on calling tools") || n != maxRounds {
		t.Errorf("%d requests, %v", n, err)
	}
}

// TestAbort: neither a model nor a tool that does not listen holds up the end.
func TestAbort(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"model", "tool", "pause"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				begin, release := time.Now(), make(chan struct{})
				defer close(release)
				time.AfterFunc(time.Second, func() { cancel(agent.ErrAborted) })
				r := runner(t, func(ctx context.Context, _ model.Request, emit func(model.Event)) (model.Reply, error) {
					emit(model.Delta("Half"))
					switch where {
					case "tool":
						return calling(model.Call{ID: "c", Name: "tool", Args: json.RawMessage(`{}`)})
					case "pause":
						return model.Reply{}, &model.Error{Kind: model.RateLimited, RetryAfter: 10 * time.Second}
					}
					<-ctx.Done()
					return model.Reply{}, context.Cause(ctx)
				})
				turn := turnOf("hello")
				turn.Tool = func(context.Context, string, wire.Raw) (wire.Raw, error) { <-release; return nil, nil }
				_, err := r.Run(ctx, turn, &tape{})
				if !errors.Is(err, agent.ErrAborted) || time.Since(begin) != time.Second {
					t.Errorf("%v after %s", err, time.Since(begin))
				}
			})
		})
	}
}

// steering hands over what was said before a request.
type steering struct {
	mu   sync.Mutex
	said []agent.Said
}

func (s *steering) Ready() <-chan struct{} { return nil }
func (s *steering) Take() []agent.Said {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := s.said
	s.said = nil
	return said
}

// TestSteering: what people write during a turn gets into it, between tools and after an answer.
func TestSteering(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func() (model.Reply, error){
		"tools": func() (model.Reply, error) {
			return calling(model.Call{ID: "c", Name: "tool", Args: json.RawMessage(`{}`)})
		},
		"answer": func() (model.Reply, error) { return says("first") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &steering{}
			r := runner(t, func(_ context.Context, r model.Request, _ func(model.Event)) (model.Reply, error) {
				if len(r.Messages) == 1 {
					s.said = []agent.Said{{Message: "wait, the other one"}}
					return first()
				}
				return says("heard: " + r.Messages[len(r.Messages)-1].TextOf())
			})
			turn := turnOf("hello")
			turn.Steering = s
			if a, err := r.Run(t.Context(), turn, &tape{}); err != nil || a.Text != "heard: wait, the other one" {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

// TestBlind: a message with pictures goes to the model for pictures, or says that there are some.
func TestBlind(t *testing.T) {
	t.Parallel()
	r := runner(t, func(_ context.Context, r model.Request, _ func(model.Event)) (model.Reply, error) {
		return says(r.Model + ": " + r.Messages[0].TextOf())
	})
	turn := turnOf("look ![x](data:image/png;base64,iVBORw0KGgo=)")
	turn.Model = "p/blind"
	for want, images := range map[string][]string{"m2: look": {"p/m2"}, "blind: look(A picture that this model cannot see.)": nil} {
		turn.ImageModels = images
		if a, err := r.Run(t.Context(), turn, &tape{}); err != nil || a.Text != want {
			t.Errorf("%q, want %q (%v)", a.Text, want, err)
		}
	}
}

// TestBuiltin: without a model the inner runner answers.
func TestBuiltin(t *testing.T) {
	t.Parallel()
	r := runner(t, nil)
	turn := turnOf("hello")
	turn.Model = "builtin"
	if a, err := r.Run(t.Context(), turn, &tape{}); err != nil || a.Text != "You said: hello" {
		t.Errorf("%+v, %v", a, err)
	}
}
