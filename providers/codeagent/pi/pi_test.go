package pi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/codeagent/codetest"
)

// run has a turn and waits until its process is gone.
func run(t *testing.T, ctx context.Context, p codeagent.Program, turn codeagent.Turn, e *codetest.Ear) (codeagent.Result, error) {
	t.Helper()
	r, err := Run(ctx, p, turn, e)
	if r.Gone != nil {
		select {
		case <-r.Gone:
		case <-time.After(time.Minute):
			t.Error("the process does not go")
		}
	}
	return r, err
}

func TestTurn(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	r, err := run(t, t.Context(), codetest.Program(t, "pi", ""), codeagent.Turn{Message: "tools", Fresh: "before", Thinking: "high"}, e)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"Session{ID:/sessions/one.jsonl Resumed:false}", "Thought{I look first.}", "Text{I look at it.}",
		`Call{c1 read {"path":"a.txt"}}`, `Call{c2 execute {"command":"make"}}`, "Progress{ID:c2 Text:compiling}",
		"Done{ID:c1 Text:the words of a.txt Failed:false}", "Done{ID:c2 Text:it does not compile Failed:true}", "Text{It is }", "Text{mended.}",
	}, "\n")
	if got := e.All(); got != want {
		t.Errorf("heard\n%s\nwant\n%s", got, want)
	}
	if r.Usage != (codeagent.Usage{Input: 100, Output: 20, CacheRead: 30}) || r.Context != 130 || r.Cost != 0.25 || !r.Priced || r.Stop != "" {
		t.Errorf("the result is %+v", r)
	}
}

// TestResume: a session goes on where pi still has it; else a new one is told what there was.
func TestResume(t *testing.T) {
	t.Parallel()
	for resume, want := range map[string]string{
		"/sessions/one.jsonl": "loaded: true; before: missed", "/gone": "loaded: false; before: fresh", "": "loaded: false; before: fresh",
	} {
		e := codetest.NewEar()
		_, err := run(t, t.Context(), codetest.Program(t, "pi", ""), codeagent.Turn{Message: "before", Resume: resume, Fresh: "fresh", Missed: "missed"}, e)
		if err != nil || e.Said() != want {
			t.Errorf("%q: %v, said %q", resume, err, e.Said())
		}
	}
}

// TestRetry: the end of a try is not the end of the turn. TestFail: a model that has failed is the error of the turn.
func TestRetry(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	r, err := run(t, t.Context(), codetest.Program(t, "pi", ""), codeagent.Turn{Message: "retry", Images: []codeagent.Image{{MIME: "image/png", Data: []byte("x")}}}, e)
	if err != nil || r.Cost != 0.5 {
		t.Errorf("%+v, %v", r, err)
	}
	e = codetest.NewEar()
	if _, err = run(t, t.Context(), codetest.Program(t, "pi", ""), codeagent.Turn{Message: "fail"}, e); err == nil || err.Error() != "the model is asleep" {
		t.Errorf("a model that fails: %v", err)
	}
}

// TestDialog: a yes or no of an extension is asked of people.
func TestDialog(t *testing.T) {
	t.Parallel()
	for _, allow := range []bool{true, false} {
		e := codetest.NewEar()
		e.Allow = allow
		_, err := run(t, t.Context(), codetest.Program(t, "pi", ""), codeagent.Turn{Message: "ask rm -rf /"}, e)
		if err != nil || e.Said() != fmt.Sprintf("allowed: %v", allow) {
			t.Errorf("allow %v: %q, %v", allow, e.Said(), err)
		}
		if q := e.Asked[0]; q.Title != "Run it?" || string(q.Args) != `"rm -rf /"` {
			t.Errorf("asked %+v", q)
		}
	}
}

// TestMisbehaviour: whatever an agent does, the turn ends with words that say what it was, and its process with it.
func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"start dies": "the program ended: exit status 3; it said: cannot find my settings", "start chats": "its standard output is not the protocol",
		"start mute": "it did not answer within 1s of its start", "die": "the program ended: exit status 4; it said: out of cheese",
		"flood": "it says too much", "noise": "it says too much", "endless": "a message of more than 9 MiB",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			start, bad := strings.CutPrefix(how, "start ")
			if !bad {
				start = ""
			}
			p := codetest.Program(t, "pi", start)
			if start == "mute" {
				p.Start = time.Second
			}
			_, err := run(t, t.Context(), p, codeagent.Turn{Message: how}, codetest.NewEar())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the turn ended with %v", err)
			}
		})
	}
	p := codetest.Program(t, "pi", "")
	p.Command = "no-such-program-anywhere"
	if _, err := Run(t.Context(), p, codeagent.Turn{}, codetest.NewEar()); !errors.Is(err, codeagent.ErrMissing) {
		t.Errorf("a program that is not there: %v", err)
	}
}

// TestAbort: a turn that is not wanted any more is over at once, whether the agent listens or not; nothing of it is left.
func TestAbort(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"wait", "hang"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			why := errors.New("the person said stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			e, at := codetest.NewEar(), make(chan time.Time, 1)
			go func() {
				<-e.First
				at <- time.Now()
				cancel(why)
			}()
			r, err := Run(ctx, codetest.Program(t, "pi", ""), codeagent.Turn{Message: how}, e)
			if took := time.Since(<-at); took > time.Second || !errors.Is(err, why) { // some of it is the machine's
				t.Errorf("it took %s and ended with %v", took, err)
			}
			<-r.Gone
		})
	}
}
