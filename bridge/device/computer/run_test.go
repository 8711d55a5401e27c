package computer

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRunPolicy: a program is what its name stood for when the list was made, and arguments count.
func TestRunPolicy(t *testing.T) {
	t.Parallel()
	look := func(name string) (string, error) {
		if name == "git" || name == "/usr/bin/git" {
			return "/usr/bin/git", nil
		}
		if name == "ls" {
			return "/bin/ls", nil
		}
		return "", exec.ErrNotFound
	}
	for _, bad := range [][]string{{""}, {"no-such-program"}, {"git", "  "}} {
		if p, err := NewRunPolicy(bad, nil, look); err == nil {
			t.Errorf("%q: %+v", bad, p)
		}
	}
	if _, err := NewRunPolicy([]string{"git"}, []string{"A=B"}, look); err == nil {
		t.Error("a variable with a value is taken for a name")
	}
	if p, err := NewRunPolicy(nil, nil, look); p != nil || err != nil {
		t.Errorf("nothing allowed: %v %v", p, err)
	}
	p, err := NewRunPolicy([]string{"git status", "git log --oneline", "ls"}, nil, look)
	if err != nil {
		t.Fatal(err)
	}
	for argv, want := range map[string]string{
		"git status": "/usr/bin/git", "git status -s": "/usr/bin/git", "/usr/bin/git status": "/usr/bin/git", "/usr/bin/../bin/git status": "/usr/bin/git",
		"git": "", "git push": "", "git statusx": "", "git log": "", "git log --oneline": "/usr/bin/git", "ls": "/bin/ls", "ls -l /": "/bin/ls",
		"./git status": "", "/tmp/git status": "", "sh": "",
	} {
		if have := p.program(strings.Fields(argv), look); have != want {
			t.Errorf("%s: %q, want %q", argv, have, want)
		}
	}
	all, err := NewRunPolicy([]string{AnyProgram}, nil, look)
	if err != nil || all.program([]string{"ls"}, look) != "/bin/ls" || all.program([]string{"sh"}, look) != "" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestSystemRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.env["CLAWDBOT_GATEWAY_TOKEN"] = "CANARY"
	b.allow("sh", "env", "true")
	c := New(b.o)
	dir := t.TempDir()
	r := invoke[RunResult](t, c, "system.run", `{"command":["sh","-c","pwd; echo $HOME; echo wrong >&2; cat; exit 3"],"unknown":1}`)
	if r.ExitCode == nil || *r.ExitCode != 3 || r.Success || r.TimedOut || r.Stdout != b.env["HOME"]+"\n"+b.env["HOME"]+"\n" || r.Stderr != "wrong\n" || r.Error != "" {
		t.Errorf("%+v", r)
	}
	r = invoke[RunResult](t, c, "system.run", `{"command":["env"],"cwd":`+quote(dir)+`,"env":{"TZ":"UTC","LANG":"C"}}`)
	if !r.Success || !strings.Contains(r.Stdout, "TZ=UTC\n") || !strings.Contains(r.Stdout, "LANG=C\n") || strings.Contains(r.Stdout, "CANARY") {
		t.Errorf("%+v", r)
	}
	r = invoke[RunResult](t, c, "system.run", `{"command":["sh","-c","kill -9 $$"]}`)
	if r.ExitCode != nil || r.Success || r.Error == "" {
		t.Errorf("ended by a signal: %+v", r)
	}
	r = invoke[RunResult](t, c, "system.run", `{"command":["sh","-c","printf '\\377ok'"]}`)
	if r.Stdout != "\ufffdok" {
		t.Errorf("not UTF-8: %q", r.Stdout)
	}
	r = invoke[RunResult](t, c, "system.run", `{"command":["sh","-c","head -c 1500000 /dev/zero"]}`)
	if !r.Success || !r.Truncated || len(r.Stdout) != maxOutput {
		t.Errorf("much output: %v %v %d", r.Success, r.Truncated, len(r.Stdout))
	}
	for params, want := range map[string][2]string{
		`{"command":["ls"]}`:                            {unavailable, "SYSTEM_RUN_DENIED: ls is not on the allow-list"},
		`{"command":["./sh"]}`:                          {unavailable, "SYSTEM_RUN_DENIED: "},
		`{"command":["true"],"env":{"LD_PRELOAD":"x"}}`: {unavailable, "SYSTEM_RUN_DENIED: the variable LD_PRELOAD"},
		`{"command":["true"],"env":{"PATH":"/tmp"}}`:    {unavailable, "SYSTEM_RUN_DENIED: the variable PATH"},
		`{"command":["true"],"cwd":"relative"}`:         {invalidRequest, "INVALID_REQUEST: cwd relative"},
		`{"command":["true"],"cwd":"/no/such"}`:         {invalidRequest, "INVALID_REQUEST: cwd /no/such"},
		`{"command":["true","\u0000"]}`:                 {invalidRequest, "INVALID_REQUEST: a command has"},
		`{"command":[]}`:                                {invalidRequest, "INVALID_REQUEST: command required"},
		`{"command":[" "]}`:                             {invalidRequest, "INVALID_REQUEST: command required"},
		`{}`:                                            {invalidRequest, "INVALID_REQUEST: command required"},
		`{"command":"true"}`:                            {unavailable, "INVALID_REQUEST: the parameter command cannot be a string"},
		`[`:                                             {unavailable, "INVALID_REQUEST: the parameters are not"},
		``:                                              {unavailable, "INVALID_REQUEST: paramsJSON required"},
	} {
		refused(t, c, "system.run", params, want[0], want[1])
	}
}

// TestSystemRun_ends: a program that does not end is ended in time, with all that it has started, and so is one whose
// caller has gone.
func TestSystemRun_ends(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.allow("sh")
	c := New(b.o)
	pids := filepath.Join(t.TempDir(), "pids")
	stubborn := `trap '' TERM; (trap '' TERM; sleep 600) & echo $! >` + pids + `; wait; sleep 600`
	for ms := 500; ; ms *= 4 { // until it was long enough for a shell to start its child on this machine
		r := invoke[RunResult](t, c, "system.run", `{"command":["sh","-c",`+quote(stubborn)+`],"timeoutMs":`+strconv.Itoa(ms)+`}`)
		if !r.TimedOut || r.Success || r.ExitCode != nil || !strings.HasPrefix(r.Error, "ended after ") {
			t.Errorf("%+v", r)
		}
		if b, _ := os.ReadFile(pids); strings.HasSuffix(string(b), "\n") {
			break
		}
		if ms > 100_000 {
			t.Fatal("the child is not started")
		}
	}
	waitGone(t, pids)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	if err := os.Remove(pids); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := c.Invoke(ctx, "system.run", []byte(`{"command":["sh","-c",`+quote(stubborn)+`]}`))
		done <- err
	}()
	waitFor(t, func() bool { b, _ := os.ReadFile(pids); return strings.HasSuffix(string(b), "\n") })
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a run whose caller has gone answers")
		}
	case <-time.After(patience):
		t.Fatal("does not end with its caller")
	}
	waitGone(t, pids)

	// What a program leaves behind when it ends by itself is ended too.
	r := invoke[RunResult](t, c, "system.run", `{"command":["sh","-c",`+quote(`sleep 600 & echo $! >`+pids)+`]}`)
	if !r.Success {
		t.Errorf("%+v", r)
	}
	waitGone(t, pids)
}

// waitGone waits until the process whose number is in a file has ended.
func waitGone(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // ended, and nobody has asked how
		return strings.Contains(string(stat), ") Z ")
	})
}

func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("it did not come to that")
		}
	}
}
