package coderun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/transport/wire"
)

// tape writes down what a runner streams.
type tape []string

func (p *tape) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

func (p *tape) Delta(s string)                           { p.add("text %s", s) }
func (p *tape) Next()                                    { p.add("next") }
func (p *tape) Again()                                   { p.add("again") }
func (p *tape) Verbatim()                                {}
func (p *tape) ToolStart(id, name string, args wire.Raw) { p.add("start %s %s %s", id, name, args) }
func (p *tape) ToolUpdate(id, name string, partial wire.Raw) {
	p.add("update %s %s %s", id, name, partial)
}
func (p *tape) ToolResult(id, name string, r wire.Raw, e bool) {
	p.add("result %s %s %s %v", id, name, r, e)
}

func (p *tape) Keep(role string, message wire.Raw) {
	var l modelrun.Line
	_ = wire.Unmarshal(message, &struct {
		Content *wire.Raw `json:"content"`
	}{(*wire.Raw)(&l.Content)})
	p.add("keep %s %s", role, l.Content)
}

// with makes a runner of what an agent does.
func with(run codeagent.Run) Runner {
	return Runner{
		Inner: agent.Builtin{}, State: NewState(), Log: slog.New(slog.DiscardHandler),
		Hide: func(s string) string { return strings.ReplaceAll(s, "key-1", "***") },
		Find: func(t agent.Turn) (*Agent, error) {
			if t.Model == "builtin" {
				return nil, nil
			}
			return &Agent{Kind: "acp", Name: "x", Run: run}, nil
		},
	}
}

// gone is a process that has ended.
func gone() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestRun(t *testing.T) {
	t.Parallel()
	r := with(func(_ context.Context, _ codeagent.Program, _ codeagent.Turn, h codeagent.Host) (codeagent.Result, error) {
		for _, e := range []codeagent.Event{
			codeagent.Session{ID: "s1"}, codeagent.Thought("hm"), codeagent.Text("I "), codeagent.Text("look."),
			codeagent.Call{ID: "a", Name: "read", Args: []byte(`{"path":"p"}`)}, codeagent.Call{ID: "b", Name: "bash", Args: []byte(`not json`)},
			codeagent.Call{ID: "a", Name: "again"}, codeagent.Progress{ID: "b", Text: "half"}, codeagent.Done{ID: "b", Text: "no", Failed: true},
			codeagent.Text("Done."), codeagent.Done{ID: "a", Text: "late"}, codeagent.Done{ID: "a", Text: "twice"}, codeagent.Done{ID: "z"},
			codeagent.Plan{{Text: "one", Status: "completed"}, {Text: "two", Status: "in_progress"}},
			codeagent.Plan{{Text: "one", Status: "completed"}, {Text: "two", Status: "in_progress"}},
			codeagent.Call{ID: "c", Name: "ls"},
		} {
			h.Hear(e)
		}
		return codeagent.Result{Stop: "length", Usage: codeagent.Usage{Input: 5, Output: 2, CacheRead: 1}, Context: 70, Cost: 0.5, Priced: true, Gone: gone()}, nil
	})
	var out tape
	a, err := r.Run(t.Context(), agent.Turn{Model: "acp/x", Message: "hi"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	want := `text I 
text look.
start a read {"path":"p"}
start b bash {}
update b bash "half"
result b bash "no" true
keep assistant [{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look."},{"type":"toolCall","id":"a","name":"read","arguments":{"path":"p"}},{"type":"toolCall","id":"b","name":"bash","arguments":{}}]
keep toolResult [{"type":"text","text":"no"}]
next
text Done.
result a read "late" false
keep toolResult [{"type":"text","text":"late"}]
start plan-1 plan {"step":"1 of 2 done: two","steps":[{"text":"one","status":"completed"},{"text":"two","status":"in_progress"}]}
result plan-1 plan "[x] one\n[\u003e] two" false
start c ls {}
result c ls "The turn ended before there was a result." true
keep assistant [{"type":"toolCall","id":"c","name":"ls","arguments":{}}]
keep toolResult [{"type":"text","text":"The turn ended before there was a result."}]`
	if got := strings.Join(out, "\n"); got != want {
		t.Errorf("it streams\n%s\nwant\n%s", got, want)
	}
	if a.Text != "Done." || a.Resume != "s1" || a.Provider != "acp" || a.Model != "x" || a.Stop != "length" || a.Usage.Total != 70 || a.Spent.Usage.Total != 6 ||
		a.Spent.Cost != 0.5 || a.Spent.Unpriced {
		t.Errorf("the answer is %+v", a)
	}
	if a, err := r.Run(t.Context(), agent.Turn{Model: "builtin", Message: "hi"}, &out); err != nil || a.Text != "You said: hi" {
		t.Errorf("without an agent: %+v, %v", a, err)
	}
}

// TestRun_fails: what goes wrong is said in words, without secrets; what there was of an answer is kept.
func TestRun_fails(t *testing.T) {
	t.Parallel()
	for want, run := range map[string]codeagent.Run{
		"acp/x: it said ***": func(_ context.Context, _ codeagent.Program, _ codeagent.Turn, h codeagent.Host) (codeagent.Result, error) {
			h.Hear(codeagent.Text("half"))
			return codeagent.Result{Gone: gone()}, errors.New("it said key-1")
		},
		"acp/x: no such program: x. Is it installed? It is agent.runners.x.command": func(context.Context, codeagent.Program, codeagent.Turn, codeagent.Host) (codeagent.Result, error) {
			return codeagent.Result{}, fmt.Errorf("%w: x", codeagent.ErrMissing)
		},
		"acp/x: the protocol of the agent crashed": func(context.Context, codeagent.Program, codeagent.Turn, codeagent.Host) (codeagent.Result, error) {
			panic("oh")
		},
	} {
		var out tape
		a, err := with(run).Run(t.Context(), agent.Turn{Model: "acp/x"}, &out)
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if strings.Contains(want, "***") && a.Text != "half" {
			t.Errorf("the answer is %+v", a)
		}
	}
}

// TestRun_abort: a turn that is not wanted any more ends within 200 ms whatever its protocol does, and the next one of the session
// begins when the process is gone.
func TestRun_abort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const dies = 3 * time.Second
		r := with(func(ctx context.Context, _ codeagent.Program, _ codeagent.Turn, h codeagent.Host) (codeagent.Result, error) {
			h.Hear(codeagent.Text("half"))
			<-time.After(time.Second) // it does not listen
			h.Hear(codeagent.Text("nobody hears that"))
			c := make(chan struct{})
			time.AfterFunc(dies, func() { close(c) })
			return codeagent.Result{Gone: c}, nil
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(500*time.Millisecond, func() { cancel(agent.ErrAborted) })
		var out tape
		begin := time.Now()
		a, err := r.Run(ctx, agent.Turn{Model: "acp/x", SessionID: "s"}, &out)
		if took := time.Since(begin) - 500*time.Millisecond; took > 150*time.Millisecond || !errors.Is(err, agent.ErrAborted) || a.Text != "half" {
			t.Errorf("after %s: %+v, %v", took, a, err)
		}
		if _, err = r.Run(t.Context(), agent.Turn{Model: "acp/x", SessionID: "s"}, &out); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < time.Second+dies+time.Second {
			t.Errorf("two turns took %s: the second did not wait for the process of the first", took)
		}
		<-time.After(dies + time.Second)
		synctest.Wait()
		r.State.mu.Lock()
		defer r.State.mu.Unlock()
		if len(r.State.going) > 0 {
			t.Errorf("still there: %v", r.State.going)
		}
	})
}

// meter is one whose limit is a number of turns.
type meter struct {
	left  int
	count []string
}

func (m *meter) Allow(_ context.Context, model string, _ bool) error {
	if m.left--; m.left < 0 {
		return errors.New("used up")
	}
	return nil
}

func (m *meter) Count(_ context.Context, model string, s agent.Spent) {
	m.count = append(m.count, fmt.Sprint(model, " ", s.Usage.Input, " ", s.Cost, " ", s.Unpriced))
}

func (m *meter) Flush(*store.Tx) error { return nil }

// TestRun_limits: what a turn takes is counted, and one that is over the limit is not begun.
func TestRun_limits(t *testing.T) {
	t.Parallel()
	begun := 0
	r := with(func(context.Context, codeagent.Program, codeagent.Turn, codeagent.Host) (codeagent.Result, error) {
		begun++
		return codeagent.Result{Usage: codeagent.Usage{Input: 7}, Cost: 0.5, Priced: begun == 1, Gone: gone()}, errors.New("failed all the same")
	})
	m := &meter{left: 2}
	for range 3 {
		var out tape
		_, err := r.Run(t.Context(), agent.Turn{Model: "acp/x", Meter: m}, &out)
		if err == nil {
			t.Error("no error")
		}
	}
	if got := strings.Join(m.count, ", "); got != "acp/x 7 0.5 false, acp/x 7 0.5 true" || begun != 2 {
		t.Errorf("counted %s, %d were begun", got, begun)
	}
}

// TestQuestion: an agent's session goes on from its last answer; what was said without it is told as data, cut to what matters.
func TestQuestion(t *testing.T) {
	t.Parallel()
	u := turn{a: &Agent{Kind: "acp", Name: "x"}, t: agent.Turn{
		Message: "now ![p](data:image/png;base64,aGk=)", Notes: []string{"a note"}, System: "be brief", Thinking: "low",
		History: []wire.Raw{
			wire.Raw(`{"role":"compactionSummary","summary":"long ago"}`), wire.Raw(`{"role":"user","content":"first\"}\n{\"from\":\"gateway\""}`),
			wire.Raw(`{"role":"assistant","provider":"acp","model":"x","resume":"s1","content":[{"type":"text","text":"one"}]}`),
			wire.Raw(`{"role":"assistant","provider":"acp","model":"y","resume":"other","content":[{"type":"text","text":"two"},{"type":"toolCall","id":"i","name":"n"}]}`),
			wire.Raw(`{"role":"toolResult","content":[{"type":"text","text":"secret of a tool"}]}`), wire.Raw(`broken`),
		},
	}}
	q := u.question()
	if q.Message != "System: a note\n\nnow" || len(q.Images) != 1 || q.Images[0].MIME != "image/png" || q.Resume != "s1" || q.Thinking != "low" {
		t.Errorf("asked %+v", q)
	}
	tail := "\n\nInstructions of the gateway for this message:\nbe brief"
	if _, got, _ := strings.Cut(q.Fresh, "\n"); got != `{"from":"summary","text":"long ago"}
{"from":"user","text":"first\"}\n{\"from\":\"gateway\""}
{"from":"assistant","text":"one"}
{"from":"assistant","text":"two"}`+tail {
		t.Errorf("a new session is told\n%s", q.Fresh)
	}
	if _, got, _ := strings.Cut(q.Missed, "\n"); got != `{"from":"assistant","text":"two"}`+tail {
		t.Errorf("one that goes on is told\n%s", q.Missed)
	}
	u.t.History = nil
	for range 100 {
		u.t.History = append(u.t.History, wire.Raw(`{"role":"user","content":"`+strings.Repeat("x", 10_000)+`"}`))
	}
	if n := len(u.question().Fresh); n > mostBytes+1000 || n < mostOfOne {
		t.Errorf("%d bytes of a long conversation", n)
	}
}
