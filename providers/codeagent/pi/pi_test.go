package pi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/codeagent/codetest"
)

func TestTurn(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	r, err := codetest.Turn(t, Run, codetest.Program(t, "pi", ""), codeagent.Turn{Message: "tools", Fresh: "before", Thinking: "high"}, e)
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
		_, err := codetest.Turn(t, Run, codetest.Program(t, "pi", ""), codeagent.Turn{Message: "before", Resume: resume, Fresh: "fresh", Missed: "missed"}, e)
		if err != nil || e.Said() != want {
			t.Errorf("%q: %v, said %q", resume, err, e.Said())
		}
	}
}

// TestRetry: the end of a try is not the end of the turn. TestFail: a model that has failed is the error of the turn.
func TestRetry(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	r, err := codetest.Turn(t, Run, codetest.Program(t, "pi", ""), codeagent.Turn{Message: "retry", Images: []codeagent.Image{{MIME: "image/png", Data: []byte("x")}}}, e)
	if err != nil || r.Cost != 0.5 {
		t.Errorf("%+v, %v", r, err)
	}
	e = codetest.NewEar()
	if _, err = codetest.Turn(t, Run, codetest.Program(t, "pi", ""), codeagent.Turn{Message: "fail"}, e); err == nil || err.Error() != "the model is asleep" {
		t.Errorf("a model that fails: %v", err)
	}
}

// TestDialog: a yes or no of an extension is asked of people.
func TestDialog(t *testing.T) {
	t.Parallel()
	for _, allow := range []bool{true, false} {
		e := codetest.NewEar()
		e.Allow = allow
		_, err := codetest.Turn(t, Run, codetest.Program(t, "pi", ""), codeagent.Turn{Message: "ask rm -rf /"}, e)
		if err != nil || e.Said() != fmt.Sprintf("allowed: %v", allow) {
			t.Errorf("allow %v: %q, %v", allow, e.Said(), err)
		}
		if q := e.Asked[0]; q.Title != "Run it?" || string(q.Args) != `"rm -rf /"` {
			t.Errorf("asked %+v", q)
		}
	}
}

func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	codetest.Misbehaves(t, "pi", Run)
}

func TestAbort(t *testing.T) {
	t.Parallel()
	codetest.Aborts(t, "pi", Run)
}
