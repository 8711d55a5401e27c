//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const commandPatience = 60 * time.Second

// worker plays a model that works with files and commands. Its answer is what the tools have said.
func worker(s modeltest.Seen) modeltest.Step {
	if results := s.Results(); len(results) > 0 {
		var b strings.Builder
		for _, r := range results {
			fmt.Fprintf(&b, "[%d] %.300s\n", len(r.Text), r.Text)
		}
		return modeltest.Step{Text: []string{b.String()}}
	}
	call := func(name, args string) modeltest.Step {
		return modeltest.Step{Calls: []model.Call{{ID: "call_1", Name: name, Args: json.RawMessage(args)}}}
	}
	switch last := s.Last(); {
	case strings.Contains(last, "write it"):
		return call("write", `{"path":"src/hello.txt","content":"hello\nworld\n"}`)
	case strings.Contains(last, "commit it"):
		return call("bash", `{"command":"git init -q . && git add src && git -c user.name=x -c user.email=x@example.org commit -qm first && git show --stat --format=%s"}`)
	case strings.Contains(last, "flood"):
		return call("bash", `{"command":"head -c 100000000 /dev/zero | tr '\\0' z; echo end","yieldMs":60000}`)
	case strings.Contains(last, "nonsense"):
		return modeltest.Step{Calls: []model.Call{
			{ID: "call_1", Name: "bash", Args: json.RawMessage(`{"command":`)}, {ID: "call_2", Name: "read", Args: json.RawMessage(`{"path":"../../etc/passwd"}`)},
			{ID: "call_3", Name: "bash", Args: json.RawMessage(`{"argv":["ls"],"workdir":"/"}`)}, {ID: "call_4", Name: "edit", Args: json.RawMessage(`{"path":7}`)},
		}}
	case strings.Contains(last, "for ever"):
		return call("bash", `{"command":"(trap '' TERM; echo $$ $BASHPID >pids; while :; do sleep 0.1; done) & wait"}`)
	}
	return modeltest.Step{Text: []string{"Nothing to do."}}
}

// startWorker is a daemon whose model works.
func startWorker(t *testing.T) (b *brain, workspace string) {
	t.Helper()
	b = startBrain(t, modeltest.Chat{}, "")
	b.srv.Play(worker)
	return b, filepath.Join(b.dir, "clawd")
}

func said(session, key, text string) wire.ChatSendParams {
	return wire.ChatSendParams{SessionKey: session, Message: text, IdempotencyKey: key}
}

// TestCommands has the real program write a file, use git, swallow a flood and refuse nonsense.
func TestCommands(t *testing.T) {
	t.Parallel()
	b, workspace := startWorker(t)
	for _, c := range []struct{ text, want string }{
		{"write it", "[28] made src/hello.txt, 12 bytes"},
		{"commit it", "src/hello.txt | 2 ++"},
		{"flood", "(the first 99970004 bytes of the output are not shown)"},
		{"are you there?", "Nothing to do."},
	} {
		if got := b.say(t, said("work", c.text, c.text)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
	got := b.say(t, said("work", "n", "nonsense"))
	for _, want := range []string{"not a JSON object", "passwd: is outside of", "workdir /: is outside of", "edit: the arguments cannot be read"} {
		if !strings.Contains(got, want) {
			t.Errorf("nonsense: no %q in %s", want, got)
		}
	}
	if text, err := os.ReadFile(filepath.Join(workspace, "src", "hello.txt")); err != nil || string(text) != "hello\nworld\n" {
		t.Errorf("%q, %v", text, err)
	}
	b.stop(t)
}

// pids waits for what the endless command says of itself.
func pids(t *testing.T, workspace string) (all []int) {
	t.Helper()
	file := filepath.Join(workspace, "pids")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(commandPatience); time.Now().Before(limit); <-tick.C {
		b, _ := os.ReadFile(file)
		if !strings.HasSuffix(string(b), "\n") {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			n, err := strconv.Atoi(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, n)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		return all
	}
	t.Fatal("the command did not begin")
	return nil
}

// die waits until these processes have ended, and says how long that took.
func die(t *testing.T, all []int) time.Duration {
	t.Helper()
	begin := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range all {
		for there := true; there; {
			if there = syscall.Kill(pid, 0) == nil; there {
				if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(b), ") Z ") {
					break
				}
				if time.Since(begin) > commandPatience {
					_ = syscall.Kill(pid, syscall.SIGKILL)
					t.Fatalf("process %d lives on", pid)
				}
				<-tick.C
			}
		}
	}
	return time.Since(begin)
}

// descendants are the processes below one, as /proc has them.
func descendants(t *testing.T, pid int) (all []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Skip("no /proc here")
	}
	below := map[int][]int{}
	for _, f := range files {
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if parent, ok := parentOf(child); ok { // otherwise it has ended meanwhile
			below[parent] = append(below[parent], child)
		}
	}
	for at := []int{pid}; len(at) > 0; at = at[1:] {
		all = append(all, below[at[0]]...)
		at = append(at, below[at[0]]...)
	}
	return all
}

// parentOf is the process that a process has as its parent.
func parentOf(pid int) (parent int, ok bool) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	name := strings.LastIndexByte(string(b), ')')
	if name < 0 {
		return 0, false
	}
	parent, err := strconv.Atoi(strings.Fields(string(b[name+1:]))[1])
	return parent, err == nil
}

// deathLimit is within what time everything that a gateway has started is gone after that was killed.
const deathLimit = 2 * time.Second

// killInTime kills gateways with SIGKILL, until what one had started is gone in time: three, as the machine has other work. begin
// starts one, has it start something, and says which processes that are.
func killInTime(t *testing.T, begin func() (d *daemon, all []int)) {
	t.Helper()
	best := commandPatience
	for range 3 {
		d, all := begin()
		if err := d.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		took := die(t, all)
		_ = d.cmd.Wait()
		if best = min(best, took); best <= deathLimit {
			t.Logf("%d processes were gone after %s", len(all), best)
			return
		}
	}
	t.Errorf("what the gateway had started was gone %s after it was killed, want at most %s", best, deathLimit)
}

// TestCommands_aborted: the turn ends at once, with what it has started; the session works.
func TestCommands_aborted(t *testing.T) {
	t.Parallel()
	b, workspace := startWorker(t)
	ended := make(chan error, 1)
	go func() { ended <- b.send(said("work", "endless", "for ever")) }()
	all := pids(t, workspace)
	begin := time.Now()
	if err := b.cli.Call(b.ctx, "chat.abort", wire.ChatAbortParams{SessionKey: "work", RunID: "endless"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Log("aborted after ", time.Since(begin), ", gone ", die(t, all), " later")
	if got := b.say(t, said("work", "after", "are you there?")); got != "Nothing to do." {
		t.Errorf("%s", got)
	}
	go func() { ended <- b.send(said("work", "again", "for ever")) }()
	all = pids(t, workspace)
	b.stop(t) // an orderly stop leaves nothing, either
	die(t, all)
	<-ended
}

// again starts the program anew after it was killed, with a client of its own.
func (b *brain) again(t *testing.T) (d *daemon, cli *client.Client, ctx context.Context) {
	t.Helper()
	d = launch(t, b.dir, "--port", freePort(t))
	ctx, cancel := context.WithTimeout(t.Context(), commandPatience)
	t.Cleanup(cancel)
	cli, err := client.Dial(ctx, client.Options{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cli.Close() })
	return d, cli, ctx
}

// TestCommands_killed: the gateway is killed while a tool runs. The command ends with it; afterwards the turn has ended, once,
// with an error that says why.
func TestCommands_killed(t *testing.T) {
	t.Parallel()
	var b *brain
	var workspace string
	killInTime(t, func() (*daemon, []int) {
		b, workspace = startWorker(t)
		go func(b *brain) { _ = b.send(said("work", "endless", "for ever")) }(b)
		return b.daemon, pids(t, workspace)
	})

	d, cli, ctx := b.again(t)
	for range 2 { // the same outcome each time it is asked for
		var e *wire.Error
		if err := cli.Call(ctx, "chat.send", said("work", "endless", "for ever"), nil); !errors.As(err, &e) || !strings.Contains(e.Message, "the gateway stopped while the run was in progress") {
			t.Errorf("the turn that was cut off: %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(workspace, "pids")); err == nil {
		t.Error("the command was run again")
	}
	var h struct {
		Messages []struct {
			Role       string `json:"role"`
			StopReason string `json:"stopReason"`
		} `json:"messages"`
	}
	if err := cli.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "work"}, &h); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, m := range h.Messages {
		if m.Role == "assistant" && m.StopReason == "error" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d ends in the transcript: %+v", failed, h.Messages)
	}
	if err := cli.Call(ctx, "chat.send", said("work", "after", "are you there?"), nil); err != nil {
		t.Errorf("the session afterwards: %v", err)
	}
	d.stop(t)
}
