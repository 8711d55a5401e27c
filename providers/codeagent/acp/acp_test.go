package acp

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/codeagent/codetest"
)

func TestTurn(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	r, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: "tools", Fresh: "before"}, e)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"Session{ID:sess-1 Resumed:false}", "Thought{I look first.}", "Text{I look at it.}", "Plan[{Text:look Status:in_progress} {Text:mend Status:pending}]",
		`Call{c1 read {"path":"a.txt","title":"to read"}}`, `Call{c2 execute {"command":"make","title":"to execute"}}`, "Progress{ID:c2 Text:compiling}",
		"Done{ID:c1 Text:the words of a.txt Failed:false}", "Done{ID:c2 Text:it does not compile Failed:true}", "Text{It is }", "Text{mended.}",
	}, "\n")
	if got := e.All(); got != want {
		t.Errorf("heard\n%s\nwant\n%s", got, want)
	}
	if r.Usage != (codeagent.Usage{Input: 100, Output: 20, CacheRead: 30}) || r.Context != 1234 || r.Cost != 0.25 || !r.Priced || r.Stop != "" {
		t.Errorf("the result is %+v", r)
	}
}

// TestResume: a session goes on where the agent knows it, and nothing of what it tells of the time before counts; else a new
// one is told what there was.
func TestResume(t *testing.T) {
	t.Parallel()
	for resume, want := range map[string]string{"sess-1": "loaded: true; before: missed", "sess-0": "loaded: false; before: fresh", "": "loaded: false; before: fresh"} {
		e := codetest.NewEar()
		r, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: "before", Resume: resume, Fresh: "fresh", Missed: "missed"}, e)
		if err != nil || e.Said() != want {
			t.Errorf("%q: %v, said %q", resume, err, e.Said())
		}
		if r.Priced == (resume == "sess-1") { // what the session cost before is not known
			t.Errorf("%q: priced %v", resume, r.Priced)
		}
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	if _, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: "look", Images: []codeagent.Image{{MIME: "image/png", Data: []byte("x")}}}, e); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(e.Said(), "a picture") {
		t.Errorf("it says %q", e.Said())
	}
}

// TestAsks: permissions are what somebody says, once; files are those of the host; terminals are not there.
func TestAsks(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	say := func(message string) string {
		t.Helper()
		e.Forget()
		if _, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: message}, e); err != nil {
			t.Fatal(err)
		}
		return e.Said()
	}
	for _, allow := range []bool{true, false} {
		e.Allow = allow
		if got := say("ask rm -rf /"); got != fmt.Sprintf("allowed: %v", allow) {
			t.Errorf("allow %v: %q", allow, got)
		}
	}
	if q := e.Asked[0]; q.Command != "rm -rf /" || q.Kind != "execute" || !strings.Contains(string(q.Args), "rm -rf /") {
		t.Errorf("asked %+v", q)
	}
	for message, want := range map[string]string{
		"read /w/a.txt": `{"content":"one\ntwo\nthree\n"}`, "read /w/b.txt": "refused", "write /w/c.txt new": "{}", "write /etc/passwd x": "refused", "terminal": "refused",
	} {
		if got := say(message); got != want {
			t.Errorf("%s: %s", message, got)
		}
	}
	if e.Files["/w/c.txt"] != "new" {
		t.Errorf("the files are %v", e.Files)
	}
}

// TestStop: the reasons for the end of a turn.
func TestStop(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"refusal": "the agent declines to answer this", "cancelled": "nobody here has done that", "max_tokens": ""} {
		r, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: reason}, codetest.NewEar())
		if want == "" && (err != nil || r.Stop != "length") || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
			t.Errorf("%s: %+v, %v", reason, r, err)
		}
	}
}

// TestLastWords: all that an agent says before it dies is heard, however slowly.
func TestLastWords(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	e.Slow = 20 * time.Millisecond
	if _, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: "die"}, e); err == nil {
		t.Error("no error")
	}
	if e.Said() != "I am about to" {
		t.Errorf("it said %q", e.Said())
	}
}

// TestAsks_inOrder: what is asked for is known, however slowly the updates are heard that say it.
func TestAsks_inOrder(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	e.Slow = 100 * time.Millisecond
	if _, err := codetest.Turn(t, Run, codetest.Program(t, "acp", ""), codeagent.Turn{Message: "ask make"}, e); err != nil {
		t.Fatal(err)
	}
	if len(e.Asked) != 1 || e.Asked[0].Command != "make" {
		t.Errorf("asked %+v", e.Asked)
	}
}

func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	codetest.Misbehaves(t, "acp", Run)
}

func TestAbort(t *testing.T) {
	t.Parallel()
	codetest.Aborts(t, "acp", Run)
}

// TestExample drives the library's own example.
func TestExample(t *testing.T) {
	t.Parallel()
	path, err := example()
	if err != nil {
		t.Fatal(err)
	}
	e := codetest.NewEar()
	e.Allow = true
	p := codetest.Program(t, "", "")
	p.Command, p.Env = path, os.Environ()
	if _, err := codetest.Turn(t, Run, p, codeagent.Turn{Message: "improve my project"}, e); err != nil {
		t.Fatal(err)
	}
	got := e.All()
	for _, want := range []string{
		"demo only", `Call{call_1 read {"path":"/project/README.md","title":"Reading project files"}}`, "Done{ID:call_1 Text:# My Project", "Call{call_2 edit",
		"Done{ID:call_2", "The changes have been applied",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if len(e.Asked) != 1 || e.Asked[0].Title != "Modifying critical configuration file" || !strings.Contains(string(e.Asked[0].Args), "new-host") {
		t.Errorf("asked %+v", e.Asked)
	}
}

// TestQuestion: a line for the shell is asked about as it is only if there is nothing else that people ought to see.
func TestQuestion(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		`{"command":"ls","description":"looks"}`: "ls", `{"command":"ls","cwd":"/"}`: "", `{"command":["ls"]}`: "", `{}`: "", `7`: "", `null`: "",
	} {
		v := view{hear: func(codeagent.Event) {}, calls: map[string]*call{}}
		q := v.question(update{ID: "x", Kind: "execute", Input: json.RawMessage(input)})
		if q.Command != want || len(input) > 4 && !strings.Contains(string(q.Args), strings.TrimSuffix(input, "}")) {
			t.Errorf("%s: %+v", input, q)
		}
	}
}

// TestView_bounds: what an agent gives its tools is held until they are done, and no more than there is room for.
func TestView_bounds(t *testing.T) {
	t.Parallel()
	v := view{hear: func(codeagent.Event) {}, calls: map[string]*call{}}
	big := json.RawMessage(`"` + strings.Repeat("x", 8<<20) + `"`)
	for i := range 20 {
		id := fmt.Sprint(i)
		if err := v.take(update{What: "tool_call", ID: id, Input: big}); err != nil {
			t.Fatal(err)
		}
		if err := v.take(update{What: "tool_call_update", ID: id, Status: "completed"}); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	for i := 20; err == nil && i < 30; i++ {
		err = v.take(update{What: "tool_call", ID: fmt.Sprint(i), Input: big})
	}
	if !errors.Is(err, codeagent.ErrFlood) {
		t.Errorf("it ended with %v", err)
	}
}

// TestView_hold: a call of which nothing is known begins when more is, or when something else happens.
func TestView_hold(t *testing.T) {
	t.Parallel()
	e := codetest.NewEar()
	v := view{hear: e.Hear, calls: map[string]*call{}}
	for _, line := range []string{
		`{"sessionUpdate":"tool_call","toolCallId":"a","title":"A","status":"pending"}`,
		`{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"t"}}`,
		`{"sessionUpdate":"tool_call","toolCallId":"b","kind":"edit","locations":[{"path":"/p"}],"rawInput":[1]}`,
		`{"sessionUpdate":"tool_call_update","toolCallId":"b","status":"completed","content":[{"type":"diff","path":"/p","oldText":"x\n","newText":"y\nz\n"}]}`,
		`{"sessionUpdate":"tool_call_update","toolCallId":"b","status":"failed"}`,
	} {
		var u update
		if err := json.Unmarshal([]byte(line), &u); err != nil {
			t.Fatal(err)
		}
		if err := v.take(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.end(); err != nil {
		t.Fatal(err)
	}
	want := `Call{a tool {"title":"A"}}
Text{t}
Call{b edit {"input":[1],"path":"/p"}}
Done{ID:b Text:/p: 1 lines became 2
y
z Failed:false}
Done{ID:a Text:The turn ended before there was a result. Failed:true}`
	if got := e.All(); got != want {
		t.Errorf("heard\n%s\nwant\n%s", got, want)
	}
}
