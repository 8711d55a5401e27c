//go:build unix && !nocoders

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// startCoder is a daemon whose agent is a fake coding agent of a kind. more goes into the section agent.
func startCoder(t *testing.T, kind, more string) *brain {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, kind, exe, more)
}

// startProgram is startCoder with another program.
func startProgram(t *testing.T, kind, exe, more string) *brain {
	t.Helper()
	b := &brain{told: make(chan struct{})}
	dir := t.TempDir()
	text := fmt.Sprintf(`{logging: {file: %q, level: "trace"}, bridge: {enabled: false}, canvasHost: {enabled: false},
		agent: {model: %q, runners: {
			fake: {kind: %q, name: "The Fake", command: %q, env: {FAKE_CODER: %[3]q, FAKE_KEY: "key-0123456789"}},
			other: {kind: %[3]q, command: %[4]q, env: {FAKE_CODER: %[3]q}},
			broken: {kind: %[3]q, command: "no-such-program-anywhere"},
		}, %[5]s}}`, filepath.Join(dir, "log", "x.log"), kind+"/fake", kind, exe, more)
	b.begin(t, dir, text)
	return b
}

// parts are what the transcript of a session has, a line for each part of a message.
func (b *brain) parts(t *testing.T, session string) string {
	t.Helper()
	var h struct {
		Messages []struct {
			Role     string `json:"role"`
			ToolName string `json:"toolName"`
			Content  []struct {
				Text      string   `json:"text"`
				Thinking  string   `json:"thinking"`
				Name      string   `json:"name"`
				Arguments wire.Raw `json:"arguments"`
			} `json:"content"`
		} `json:"messages"`
	}
	if err := b.cli.Call(b.ctx, "chat.history", wire.ChatHistoryParams{SessionKey: session}, &h); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range h.Messages {
		for _, c := range m.Content {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s%s%s %s %s", m.Role, c.Text, c.Thinking, c.Name, m.ToolName, c.Arguments)))
		}
	}
	return strings.Join(all, "\n")
}

// TestCoder: a coding agent is the brain: it can be chosen, streams, uses tools that clients see, goes on with its session, and
// is told what was said without it.
func TestCoder(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"acp", "pi"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := startCoder(t, kind, "")
			var list wire.ModelsListResult
			if err := b.cli.Call(b.ctx, "models.list", nil, &list); err != nil || !slices.ContainsFunc(list.Models, func(m wire.ModelInfo) bool {
				return m.ID == "fake" && m.Provider == kind && m.Name == "The Fake"
			}) {
				t.Errorf("the models are %+v, %v", list.Models, err)
			}
			if got := b.say(t, said("s", "1", "hello there")); got != "You said: hello there" {
				t.Errorf("it answers %q", got)
			}
			if got := b.say(t, said("s", "2", "tools")); got != "It is mended." {
				t.Errorf("it answers %q", got)
			}
			all, _ := b.of("s")
			var tools []string
			for _, e := range all {
				if e.Stream == "tool" && e.Data.Name != "plan" {
					tools = append(tools, e.Data.Phase+" "+e.Data.Name)
				}
			}
			if got := strings.Join(tools, ", "); got != "start read, start execute, update execute, result read, result execute" {
				t.Errorf("the tools are %s", got)
			}
			if got := b.say(t, said("s", "3", "before")); !strings.HasPrefix(got, "loaded: true; before:") || strings.Contains(got, "hello") {
				t.Errorf("it goes on with %q", got)
			}
			args := map[string]string{"acp": `{"path":"a.txt","title":"to read"}`, "pi": `{"path":"a.txt"}`}[kind]
			for _, want := range []string{"user tools\nassistant I look first.\nassistant I look at it.\nassistant read  " + args, "toolResult the words of a.txt read", "assistant It is mended."} {
				if h := b.parts(t, "s"); !strings.Contains(h, want) {
					t.Errorf("no %q in the transcript\n%s", want, h)
				}
			}
			b.spent(t, "s", kind)
			b.interrupts(t)
			b.changes(t, kind)
			b.stop(t)
		})
	}
}

// interrupts: a message that comes in the middle of a turn has its own.
func (b *brain) interrupts(t *testing.T) {
	t.Helper()
	first := make(chan error, 1)
	go func() { first <- b.send(said("mid", "mid-1", "tools")) }()
	b.until(t, "mid", func(e brainEvent) bool { return e.Stream == "tool" })
	p := said("mid", "mid-2", "and this")
	p.Steer = true
	if got := b.say(t, p); got != "You said: and this" {
		t.Errorf("the second turn answers %q", got)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// spent: the session knows what its turns have taken.
func (b *brain) spent(t *testing.T, session, kind string) {
	t.Helper()
	var list wire.SessionsListResult
	if err := b.cli.Call(b.ctx, "sessions.list", nil, &list); err != nil {
		t.Fatal(err)
	}
	for _, row := range list.Sessions {
		if row.Key == session {
			raw, _ := json.Marshal(row)
			for _, want := range []string{`"input":300`, `"output":60`, `"cacheRead":90`} {
				if !strings.Contains(string(raw), want) {
					t.Errorf("no %s in %s", want, raw)
				}
			}
			return
		}
	}
	t.Errorf("no session in %+v", list)
}

// changes: another brain answers, then the agent again, which is told what was said; one that is not there is refused.
func (b *brain) changes(t *testing.T, kind string) {
	t.Helper()
	if err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": "s", "model": kind + "/other"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.say(t, said("s", "4", "before")); !strings.HasPrefix(got, "loaded: false; before: This conversation was begun without you") ||
		!strings.Contains(got, `{"from":"user","text":"hello there"}`) || !strings.Contains(got, `{"from":"assistant","text":"It is mended."}`) {
		t.Errorf("the other one is told %q", got)
	}
	if err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": "s", "model": nil}, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.say(t, said("s", "5", "before")); !strings.HasPrefix(got, "loaded: true; before: Since your last answer") || strings.Contains(got, `{"from":"user","text":"hello there"}`) {
		t.Errorf("it is told %q", got)
	}
}

// TestCoder_misbehaviour: whatever the agent does, the turn ends with an error that says so, nothing of it is left, and the
// session goes on with a new one.
func TestCoder_misbehaviour(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"acp", "pi"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := startCoder(t, kind, "")
			for _, c := range []struct{ text, want string }{
				{"die", kind + "/fake: the program ended: exit status 4; it said: out of cheese"}, {"flood", "it says too much"}, {"noise", "it says too much"},
				{"endless", "a message of more than"},
			} {
				err := b.send(said("bad", c.text, c.text))
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "key-0123456789") {
					t.Errorf("%s: %v", c.text, err)
				}
				b.until(t, "bad", func(e brainEvent) bool { return e.State == "error" && strings.Contains(e.Error, c.want) })
				if got := b.say(t, said("bad", "after "+c.text, "hello")); got != "You said: hello" {
					t.Errorf("after %s: %q", c.text, got)
				}
			}
			if err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": "bad", "model": kind + "/broken"}, nil); err != nil {
				t.Fatal(err)
			}
			if err := b.send(said("bad", "missing", "hello")); err == nil || !strings.Contains(err.Error(), "agent.runners.broken.command") {
				t.Errorf("a program that is not there: %v", err)
			}
			ids := b.fork(t, "fork")
			if took := die(t, ids); took > 5*time.Second {
				t.Errorf("what it had started was gone after %s", took)
			}
			b.stop(t)
		})
	}
}

// fork has the agent say its process's id and that of a process which it starts.
func (b *brain) fork(t *testing.T, text string) (ids []int) {
	t.Helper()
	go func() { _ = b.send(said("fork", text, text)) }()
	b.until(t, "fork", func(e brainEvent) bool {
		if e.Stream == "assistant" && len(ids) == 0 {
			for word := range strings.FieldsSeq(e.Data.Text) {
				n, err := strconv.Atoi(word)
				if err != nil || n == 0 {
					return false
				}
				ids = append(ids, n)
			}
		}
		return len(ids) == 2
	})
	if len(ids) != 2 {
		t.FailNow()
	}
	return ids
}

// TestCoder_abort: a turn that a client stops is over for it within 200 ms, though the agent neither listens nor ends by itself;
// what it has started goes, too.
func TestCoder_abort(t *testing.T) {
	t.Parallel()
	b := startCoder(t, "acp", "")
	best := time.Hour
	for i := range 5 { // the machine has other work: the best of them counts, without the time that it took
		session := fmt.Sprint("stop", i)
		go func() { _ = b.send(said(session, session, "hang")) }()
		b.until(t, session, func(e brainEvent) bool { return e.Stream == "assistant" && e.Data.Text == "I think for ever" })
		begin, lost := time.Now(), b.lost()
		if err := b.cli.Call(b.ctx, "chat.abort", wire.ChatAbortParams{SessionKey: session, RunID: session}, nil); err != nil {
			t.Fatal(err)
		}
		b.until(t, session, func(e brainEvent) bool { return e.Name == "chat" && e.State == "final" })
		if best = min(best, time.Since(begin)-lost()); best <= abortLimit {
			break
		}
	}
	if best > abortLimit {
		t.Errorf("the end came after %s", best)
	}
	ids := b.fork(t, "fork hang")
	if err := b.cli.Call(b.ctx, "chat.abort", wire.ChatAbortParams{SessionKey: "fork", RunID: "fork hang"}, nil); err != nil {
		t.Fatal(err)
	}
	t.Log("aborted after ", best, ", gone ", die(t, ids), " later")
	if got := b.say(t, said("fork", "after", "hello")); got != "You said: hello" {
		t.Errorf("afterwards: %q", got)
	}
	ids = b.fork(t, "fork once more")
	b.stop(t) // an orderly stop leaves nothing, either
	die(t, ids)
}

// TestCoder_killed: the gateway is killed while the agent works: within two seconds the agent has ended, and what it has started,
// though that has left the group and takes no notice of what it is told. The turn has ended with an error after the next start,
// once, and the session works.
func TestCoder_killed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"acp", "pi"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var b *brain
			killInTime(t, func() (*daemon, []int) {
				b = startCoder(t, kind, "")
				return b.daemon, append(b.fork(t, "fork hang"), descendants(t, b.cmd.Process.Pid)...)
			})
			b.afterKill(t)
		})
	}
}

// TestCoder_guardKilled: the agent's guard is killed with the gateway. What the agent has started is found by what was written
// down before it ran, and ended by the next start.
func TestCoder_guardKilled(t *testing.T) {
	t.Parallel()
	b := startCoder(t, "acp", "")
	ids := b.fork(t, "fork hang")
	guard, ok := parentOf(ids[0])
	if !ok {
		t.Skip("no /proc here")
	}
	if above, _ := parentOf(guard); above != b.cmd.Process.Pid {
		t.Fatalf("the agent %d is below %d, which is below %d, want the gateway %d", ids[0], guard, above, b.cmd.Process.Pid)
	}
	_ = b.cmd.Process.Signal(syscall.SIGSTOP) // it shall not notice
	_ = syscall.Kill(guard, syscall.SIGKILL)
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
	if err := syscall.Kill(ids[1], 0); err != nil {
		t.Fatalf("nothing is left for the next start: %v", err)
	}
	b.afterKill(t)
	die(t, ids)
}

// afterKill starts the gateway anew: the turn that was cut off has failed, and the session works.
func (b *brain) afterKill(t *testing.T) {
	t.Helper()
	d, cli, ctx := b.again(t)
	if err := cli.Call(ctx, "chat.send", said("fork", "fork hang", "fork hang"), nil); err == nil || !strings.Contains(err.Error(), "the gateway stopped while the run was in progress") {
		t.Errorf("the turn that was cut off: %v", err)
	}
	if err := cli.Call(ctx, "chat.send", said("fork", "after", "hello"), nil); err != nil {
		t.Errorf("the session afterwards: %v", err)
	}
	d.stop(t)
}

// TestCoder_permission: what the agent asks for is asked of clients, once, always, or never; nobody's answer is a no.
func TestCoder_permission(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"acp", "pi"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := startCoder(t, kind, `tools: {exec: {timeoutSeconds: 8}}`)
			for i, decision := range []string{"allow-once", "deny", "allow-always", "", "nobody"} {
				text := "ask make install"
				if decision == "nobody" {
					text = "ask make clean"
				}
				ended := make(chan string, 1)
				go func() { ended <- b.say(t, said("ask", fmt.Sprint(i), text)) }()
				if decision != "" && decision != "nobody" {
					q := b.pending(t)
					if words := q.Command + strings.Join(q.Argv, " "); !strings.Contains(words, "make install") || q.SessionKey != "ask" {
						t.Errorf("asked %+v", q)
					}
					if err := b.cli.Call(b.ctx, "exec.approval.resolve", wire.ExecApprovalResolveParams{ID: q.ID, Decision: decision}, nil); err != nil {
						t.Fatal(err)
					}
				}
				want := fmt.Sprintf("allowed: %v", decision != "deny" && decision != "nobody")
				if got := <-ended; got != want {
					t.Errorf("%q: %q, want %q", decision, got, want)
				}
			}
			b.stop(t)
		})
	}
}

// pending waits for a question.
func (b *brain) pending(t *testing.T) wire.ExecApproval {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for b.ctx.Err() == nil {
		var list wire.ExecApprovalsListResult
		if err := b.cli.Call(b.ctx, "exec.approvals.list", nil, &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Pending) > 0 {
			return list.Pending[0]
		}
		<-tick.C
	}
	t.Fatal("nobody was asked")
	return wire.ExecApproval{}
}

// TestCoder_files: an agent that has the gateway read and write works in its directory and never in the gateway's own.
func TestCoder_files(t *testing.T) {
	t.Parallel()
	b := startCoder(t, "acp", "")
	workspace := filepath.Join(b.dir, "clawd")
	for _, c := range []struct{ text, want string }{
		{"write " + workspace + "/sub/a.txt words", "{}"}, {"read " + workspace + "/sub/a.txt", `{"content":"words"}`}, {"read sub/a.txt", `{"content":"words"}`},
		{"read /etc/passwd", "refused"}, {"write " + workspace + "/../out.txt x", "refused"}, {"read " + b.dir + "/config.json5", "refused"}, {"terminal", "refused"},
	} {
		if got := b.say(t, said("files", c.text, c.text)); got != c.want {
			t.Errorf("%s: %s", c.text, got)
		}
	}
	b.stop(t)
}

// TestCoder_sandbox: where the session's commands are confined, so is the agent, with everything it does by itself.
func TestCoder_sandbox(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := startCoder(t, "acp", fmt.Sprintf(`sandbox: {mode: "all", backend: "landlock", read: [%q]}`, filepath.Dir(exe)))
	got := ""
	if err := b.send(said("jail", "1", "peek "+b.dir+"/config.json5")); err != nil {
		if strings.Contains(err.Error(), "has no sandbox") {
			t.Skip("skipped: ", err)
		}
		t.Fatal(err)
	}
	all, _ := b.of("jail")
	if got = ordered(t, all, "1"); !strings.Contains(got, "permission denied") {
		t.Errorf("it sees %q", got)
	}
	if got := b.say(t, said("jail", "2", "hello")); got != "You said: hello" {
		t.Errorf("it says %q", got)
	}
	b.stop(t)
}

// TestCoder_example: the example agent of the protocol's library, through the real program.
func TestCoder_example(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("go", "build", "-o", path, "github.com/coder/acp-go-sdk/example/agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := startProgram(t, "acp", path, "")
	ended := make(chan string, 1)
	go func() { ended <- b.say(t, said("ex", "1", "improve my project")) }()
	q := b.pending(t)
	if words := strings.Join(q.Argv, " "); !strings.HasPrefix(words, "acp/fake edit Modifying critical configuration file") || !strings.Contains(words, "new-host") {
		t.Errorf("asked %+v", q)
	}
	if err := b.cli.Call(b.ctx, "exec.approval.resolve", wire.ExecApprovalResolveParams{ID: q.ID, Decision: "allow-once"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := <-ended; !strings.Contains(got, "The changes have been applied") {
		t.Errorf("it answers %q", got)
	}
	b.stop(t)
}
