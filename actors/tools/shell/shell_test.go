//go:build unix

package shell

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/jobs"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/files"
	"github.com/clawdbot/gateway/transport/wire"
)

const limit = 60 * time.Second

// rig is the tools with real processes in a workspace.
type rig struct {
	t   *testing.T
	dir string
	o   Options
	set Settings

	mu    sync.Mutex
	asked []tools.ExecRequest
	deny  error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	state := t.TempDir()
	st, err := store.Open(store.Options{Dir: state})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	if err := st.Start(sys); err != nil {
		t.Fatal(err)
	}
	guard, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	table := jobs.NewState()
	ref, err := actors.Spawn(sys, "jobs", jobs.Props(jobs.Options{
		State: table, Keeper: process.NewKeeper(process.Options{Store: st, Guard: guard, Scratch: filepath.Join(state, "sandbox")}),
		Kept: func() time.Duration { return time.Hour }, Log: slog.New(slog.DiscardHandler),
	}))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: dir, set: Settings{Background: limit, Timeout: limit, Output: 30_000}}
	r.o = Options{
		Jobs: table, Settings: func() Settings { return r.set }, Jail: func(tools.Caller) files.Jail { return files.Jail{Roots: []string{dir}} },
		Lookup: os.LookupEnv, Sandbox: func(tools.Caller) (*process.Confinement, error) { return nil, nil },
		Start: func(ctx context.Context, s jobs.Spec) (*jobs.Job, error) {
			return actors.Ask(ctx, ref, func(r actors.Reply[*jobs.Job]) jobs.Message { return jobs.Start{Reply: r, Spec: s} })
		},
		Approve: func(_ context.Context, _ tools.Caller, q tools.ExecRequest) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.asked = append(r.asked, q)
			return r.deny
		},
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_, err := actors.Ask(ctx, ref, func(r actors.Reply[struct{}]) jobs.Message { return jobs.Drain{Reply: r} })
		if err := errors.Join(err, sys.Stop(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// result is what a tool has answered.
type result struct {
	Content []struct{ Text string }
	Details struct {
		Status, SessionID string
		ExitCode          int
		Kept              bool
	}
}

func (r result) text() string {
	if len(r.Content) == 0 {
		return ""
	}
	return r.Content[0].Text
}

func (r *rig) call(ctx context.Context, c tools.Caller, name string, args map[string]any) (res result, err error) {
	r.t.Helper()
	if c.SessionKey == "" {
		c.SessionKey, c.RunID = "main", "run-1"
	}
	raw, err := wire.Marshal(args)
	if err != nil {
		r.t.Fatal(err)
	}
	all := Tools(r.o)
	tool := all[slices.IndexFunc(all, func(t tools.Tool) bool { return t.Name == name })]
	out, err := tool.Run(ctx, c, raw)
	if err != nil {
		return res, err
	}
	var text string
	if json.Unmarshal(out, &text) == nil {
		res.Content = []struct{ Text string }{{text}}
		return res, nil
	}
	return res, json.Unmarshal(out, &res)
}

func (r *rig) bash(args map[string]any) (result, error) {
	r.t.Helper()
	return r.call(r.t.Context(), tools.Caller{}, "bash", args)
}

// ok is a line for the shell that must end well.
func (r *rig) ok(line string) string {
	r.t.Helper()
	res, err := r.bash(map[string]any{"command": line})
	if err != nil {
		r.t.Errorf("%s: %v", line, err)
	}
	return res.text()
}

func (r *rig) process(action, id string, more ...any) (result, error) {
	r.t.Helper()
	args := map[string]any{"action": action, "sessionId": id}
	for i := 0; i < len(more); i += 2 {
		args[more[i].(string)] = more[i+1]
	}
	return r.call(r.t.Context(), tools.Caller{}, "process", args)
}

func TestBash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if got := r.ok("pwd; echo words >f; cat f; echo wrong >&2"); got != r.dir+"\nwords\nwrong" {
		t.Errorf("%q", got)
	}
	if got := r.ok("true"); got != "(no output)" {
		t.Errorf("%q", got)
	}
	if res, err := r.bash(map[string]any{"argv": []string{"printf", "%s|", "a;b", "$(id)", "c\nd", "`id`"}}); err != nil || res.text() != "a;b|$(id)|c\nd|`id`|" || res.Details.Status != "completed" {
		t.Errorf("arguments are not what they were: %+v, %v", res, err)
	}
	if _, err := r.bash(map[string]any{"command": "echo before; exit 3"}); err == nil || err.Error() != "before\n\nThe command exited with code 3" {
		t.Errorf("%v", err)
	}
	if _, err := r.bash(map[string]any{"command": "echo slow; sleep 1000", "timeout": 0.3}); err == nil || !strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), "longer than 300ms") {
		t.Errorf("%v", err)
	}
	if res, err := r.bash(map[string]any{"command": "cat; echo $WORD", "env": map[string]string{"WORD": "given"}}); err != nil || res.text() != "given" {
		t.Errorf("%+v, %v", res, err)
	}
	for _, args := range []map[string]any{
		{}, {"command": " "}, {"command": "true", "argv": []string{"true"}}, {"command": "a\x00b"}, {"argv": []string{"a\x00"}}, {"command": "true", "timeout": -1},
		{"command": "true", "env": map[string]string{"A=B": "x"}}, {"argv": []string{"no-such-program-anywhere"}}, {"command": 7},
		{"command": "true", "workdir": "/"}, {"command": "true", "workdir": "../.."}, {"command": "true", "workdir": "nowhere"}, {"command": "true", "workdir": "f"},
	} {
		if res, err := r.bash(args); err == nil || !strings.HasPrefix(err.Error(), "bash") {
			t.Errorf("%v: %+v, %v", args, res, err)
		}
	}
}

// TestBash_git: real work with a real program.
func TestBash_git(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("skipped: there is no git")
	}
	r := newRig(t)
	r.ok("git init -q . && echo hello >a && git add a && git -c user.name=x -c user.email=x@example.org commit -qm first")
	if got := r.ok("git log --oneline | wc -l; git status --short"); strings.TrimSpace(got) != "1" {
		t.Errorf("%q", got)
	}
}

// TestBash_environment: nothing of the gateway's that may be a secret.
func TestBash_environment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	vars := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": "/home/ann", "LANG": "C", "CLAWDBOT_GATEWAY_TOKEN": "CANARY", "ANTHROPIC_API_KEY": "CANARY", "OPENAI_API_KEY": "CANARY",
		"TELEGRAM_BOT_TOKEN": "CANARY", "AWS_SECRET_ACCESS_KEY": "CANARY", "DATABASE_URL": "CANARY", "MY_VAR": "wanted",
	}
	r.o.Lookup = func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	r.set.Pass = []string{"MY_VAR", "", "NOT_SET"}
	r.o.Extra = func(tools.Caller) []string { return []string{"SKILL_KEY=given"} }
	got := r.ok("env; cat /proc/$$/environ /proc/$PPID/environ 2>/dev/null | tr '\\0' '\\n'; tr '\\0' '\\n' </proc/$PPID/cmdline")
	if strings.Contains(got, "CANARY") {
		t.Errorf("a secret: %s", got)
	}
	for _, want := range []string{"HOME=/home/ann", "LANG=C", "MY_VAR=wanted", "SKILL_KEY=given", "TERM=dumb", "GIT_TERMINAL_PROMPT=0"} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

// TestBash_flood: what prints without end fills nothing, and is shown in part.
func TestBash_flood(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.ok("head -c 20000000 /dev/zero | tr '\\0' y; echo end")
	if len(got) > 30_100 || !strings.HasPrefix(got, "(the first 19970004 bytes of the output are not shown)\nyyy") || !strings.HasSuffix(got, "yend") {
		t.Errorf("%d bytes: %.80q", len(got), got)
	}
}

// TestBash_abort: a tool call ends with its run at once, and so does everything that the command has started.
func TestBash_abort(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	run, abort := context.WithCancelCause(t.Context())
	why := errors.New("aborted by hand")
	shown := make(chan string, 100)
	c := tools.Caller{SessionKey: "main", RunID: "run-2", Output: func(partial wire.Raw) {
		select {
		case shown <- string(partial):
		default:
		}
	}}
	ended := make(chan error, 1)
	go func() {
		_, err := r.call(run, c, "bash", map[string]any{"command": `(trap "" TERM; while :; do sleep 0.1; done) & echo "pids $! $$"; while :; do sleep 0.1; done`})
		ended <- err
	}()
	select {
	case partial := <-shown:
		if !strings.Contains(partial, `"text":"pids `) {
			t.Errorf("%s", partial)
		}
	case <-time.After(limit):
		t.Fatal("nothing is shown of the output")
	}
	job := r.o.Jobs.Of("main")[0]
	begin := time.Now()
	abort(why)
	if err := <-ended; !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	t.Log("the call ended after ", time.Since(begin))
	<-job.Done()
	if err := syscall.Kill(-job.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("something of the group is left: %v", err)
	}
	if got := r.ok("echo usable"); got != "usable" {
		t.Errorf("%q", got)
	}
}

// TestBash_left: what a command leaves running ends with it, and the model is told.
func TestBash_left(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := r.ok("sleep 1000 & echo started")
	if _, err := os.Stat("/proc/self"); err == nil && !strings.Contains(got, "(1 processes that it had left running were ended") {
		t.Errorf("%q", got)
	}
}

// TestProcess: a command in the background, from its start to being forgotten.
func TestProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	res, err := r.bash(map[string]any{"command": `echo ready; while read line; do echo "got $line"; done; echo end`, "background": true, "stdin": true})
	id := res.Details.SessionID
	if err != nil || res.Details.Status != "running" || !res.Details.Kept || id == "" {
		t.Fatalf("%+v, %v", res, err)
	}
	must := func(action string, more ...any) result {
		t.Helper()
		res, err := r.process(action, id, more...)
		if err != nil {
			t.Errorf("%s: %v", action, err)
		}
		return res
	}
	if got := must("poll", "waitMs", 60_000).text(); got != "ready\n\nIt is still running." {
		t.Errorf("%q", got)
	}
	must("write", "data", "one\n")
	if got := must("poll", "waitMs", 60_000).text(); got != "got one\n\nIt is still running." {
		t.Errorf("%q", got)
	}
	if got := must("list").text(); !strings.HasPrefix(got, id+"  running  ") {
		t.Errorf("%q", got)
	}
	if _, err := r.process("clear", id); err == nil {
		t.Error("a running command was forgotten")
	}
	must("write", "data", "two\n", "eof", true)
	job, _ := r.o.Jobs.Find("main", id)
	<-job.Done()
	if got := must("poll").text(); got != "got two\nend\n\nThe command has ended well." {
		t.Errorf("%q", got)
	}
	if got := must("log", "offset", 1, "limit", 2).text(); !strings.HasPrefix(got, "got one\ngot two\n(lines 1 to 2 of 4; go on with offset 3)") {
		t.Errorf("%q", got)
	}
	must("clear")
	for _, args := range [][]any{{"poll", id}, {"dance", id}, {"kill", "other"}} {
		if res, err := r.process(args[0].(string), args[1].(string)); err == nil {
			t.Errorf("%v: %+v", args, res)
		}
	}
	if got := must("list").text(); !strings.Contains(got, "no commands") {
		t.Errorf("%q", got)
	}
}

// TestProcess_kept: what takes long goes on by itself, ends with its run unless it is kept, and is nobody else's.
func TestProcess_kept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.set.Background = 10 * time.Millisecond
	run, end := context.WithCancel(t.Context())
	defer end()
	start := func(more map[string]any) string {
		t.Helper()
		more["command"] = "sleep 1000"
		res, err := r.call(run, tools.Caller{}, "bash", more)
		if err != nil || res.Details.Status != "running" {
			t.Fatalf("%+v, %v", res, err)
		}
		return res.Details.SessionID
	}
	bound, kept, asked := start(map[string]any{}), start(map[string]any{}), start(map[string]any{"yieldMs": 1})
	if _, err := r.process("keep", kept); err != nil {
		t.Error(err)
	}
	if _, err := r.call(t.Context(), tools.Caller{SessionKey: "other"}, "process", map[string]any{"action": "kill", "sessionId": kept}); err == nil {
		t.Error("another session ended it")
	}
	end()
	job, _ := r.o.Jobs.Find("main", bound)
	<-job.Done()
	for _, id := range []string{kept, asked} {
		if job, _ := r.o.Jobs.Find("main", id); !job.Info().Running {
			t.Errorf("%s has ended with the run", id)
		}
	}
	if res, err := r.process("kill", kept); err != nil {
		t.Errorf("%+v, %v", res, err)
	}
	if res, err := r.process("poll", kept); err != nil || !strings.Contains(res.text(), "The command was ended: killed") || res.Details.Status != "failed" {
		t.Errorf("%+v, %v", res, err)
	}
	if res, err := r.process("remove", asked); err != nil {
		t.Errorf("%+v, %v", res, err)
	}
	if _, ok := r.o.Jobs.Find("main", asked); ok {
		t.Error("what was removed is there")
	}
}

// TestApprove: nothing is run, and nothing is typed, that was not allowed; who decides sees what it is.
func TestApprove(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	res, err := r.bash(map[string]any{"command": "cat >typed", "background": true, "stdin": true})
	if err != nil {
		t.Fatal(err)
	}
	r.deny = errors.New("not today")
	for _, args := range []map[string]any{
		{"command": "touch made"}, {"argv": []string{"touch", "made"}}, {"command": "touch made", "background": true}, {"command": "true\ntouch made"}, {"command": "echo $(touch made)"},
	} {
		if _, err := r.bash(args); !errors.Is(err, r.deny) {
			t.Errorf("%v: %v", args, err)
		}
	}
	if _, err := r.process("write", res.Details.SessionID, "data", "touch made\n"); !errors.Is(err, r.deny) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "made")); err == nil {
		t.Error("it was run")
	}
	if len(r.asked) != 7 || r.asked[0].Command != "cat >typed" || r.asked[0].Cwd != r.dir || !slices.Equal(r.asked[2].Argv, []string{"touch", "made"}) ||
		!strings.Contains(r.asked[6].Command, "touch made") {
		t.Errorf("asked: %+v", r.asked)
	}
}

// TestSandbox: a command that is to be confined is, or is not run at all.
func TestSandbox(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	refusal := &tools.Refused{Tool: "bash", Reason: "there is none"}
	r.o.Sandbox = func(tools.Caller) (*process.Confinement, error) { return nil, refusal }
	if _, err := r.bash(map[string]any{"command": "touch made"}); !errors.Is(err, refusal) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "made")); err == nil {
		t.Error("it was run without a sandbox")
	}
	found := process.Probe("")
	if found.Backend == "" {
		t.Skip("skipped: ", found.Detail)
	}
	r.o.Sandbox = func(tools.Caller) (*process.Confinement, error) {
		return &process.Confinement{Backend: found.Backend, Write: []string{r.dir}}, nil
	}
	outside := t.TempDir()
	if got := r.ok("echo in >made; cat made"); got != "in" {
		t.Errorf("%q", got)
	}
	if _, err := r.bash(map[string]any{"command": "echo out >" + outside + "/made"}); err == nil {
		t.Error("it wrote outside")
	}
}
