//go:build unix

package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/store"
)

const limit = 60 * time.Second

// newKeeper is one with a store of its own, and this program as the guard.
func newKeeper(t *testing.T) *Keeper {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	if err := st.Start(sys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(sys.Stop(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	guard, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	return NewKeeper(Options{Store: st, Guard: guard, Scratch: filepath.Join(dir, "sandbox")})
}

// running is a program with what it writes.
type running struct {
	*Process
	out *bufio.Reader
}

func (k *Keeper) start(t *testing.T, s Spec) running {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s.Stdout, s.Stderr = w, w
	if s.Dir == "" {
		s.Dir = t.TempDir()
	}
	if s.Env == nil {
		s.Env = []string{"PATH=" + os.Getenv("PATH"), "SECRET_OF=nobody"}
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	p, err := k.Start(ctx, s)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(); <-p.Done() })
	return running{p, bufio.NewReader(r)}
}

func (k *Keeper) shell(t *testing.T, script string) running {
	return k.start(t, Spec{Owner: "a test", Argv: []string{"sh", "-c", script}})
}

func (r running) line(t *testing.T) string {
	t.Helper()
	s, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v", s, err)
	}
	return strings.TrimSpace(s)
}

// end waits for the end and returns the rest of the output.
func (r running) end(t *testing.T) (string, Exit) {
	t.Helper()
	select {
	case <-r.Done():
	case <-time.After(limit):
		t.Fatal("it does not end")
	}
	b, err := io.ReadAll(r.out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), r.Exit()
}

// records are the ids on disk.
func (k *Keeper) records(t *testing.T) (all []Record) {
	t.Helper()
	err := k.o.Store.View(t.Context(), func(v *store.View) error {
		pairs, err := v.Bucket(bucket)
		for _, p := range pairs {
			r := Record{ID: p.Key}
			err = errors.Join(err, json.Unmarshal(p.Value, &r))
			all = append(all, r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// alive is false for what has ended and waits to be buried, too.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(b), ") Z ")
}

// dies waits until a process is gone.
func dies(t *testing.T, pid int, within time.Duration) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); alive(pid); <-tick.C {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d lives on after %v", pid, within)
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStart: what runs is what was asked for, its record is on disk while it runs and gone afterwards.
func TestStart(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	dir := t.TempDir()
	in, more, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r := k.start(t, Spec{Owner: "session main", Dir: dir, Stdin: in, Argv: []string{"sh", "-c", `echo "$1|$SECRET_OF|$HOME"; pwd -P; cat; echo wrong >&2; exit 3`, "sh", "a b;$(c)\nd"}})
	if got := r.line(t) + " " + r.line(t); got != "a b;$(c) d|nobody|" {
		t.Errorf("arguments and environment: %q", got)
	}
	recs := k.records(t)
	if len(recs) != 1 || recs[0].PID != r.PID() || recs[0].Owner != "session main" || recs[0].Began == "" {
		t.Errorf("on disk while it runs: %+v", recs)
	}
	more.Close() // it goes on
	out, exit := r.end(t)
	if got := strings.Fields(out); len(got) != 2 || got[0] != file.Real(dir) || got[1] != "wrong" {
		t.Errorf("output %q", out)
	}
	if exit != (Exit{Code: 3}) {
		t.Errorf("exit %+v", exit)
	}
	if recs := k.records(t); len(recs) != 0 {
		t.Errorf("on disk afterwards: %+v", recs)
	}
}

func TestStart_missing(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{{"no-such-program-anywhere"}, {plain}, {t.TempDir()}, nil} {
		_, err := k.Start(t.Context(), Spec{Argv: argv, Dir: "/"})
		var e *StartError
		if !errors.As(err, &e) || e.Missing == (argv == nil) {
			t.Errorf("%q: %v", argv, err)
		}
	}
	if recs := k.records(t); len(recs) != 0 {
		t.Errorf("records stay: %+v", recs)
	}
}

// TestKill: with all that it started, also what left the group and what does not listen.
func TestKill(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	leave := "setsid"
	if _, err := exec.LookPath(leave); err != nil {
		leave = ""
	}
	r := k.shell(t, leave+` sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & trap "" TERM; echo $$; while :; do sleep 0.1; done`)
	a, b := number(t, r.line(t)), number(t, r.line(t))
	r.Kill()
	_, exit := r.end(t)
	if exit.Signal == "" || exit.Unknown {
		t.Errorf("exit %+v", exit)
	}
	for _, pid := range []int{a, b} {
		if alive(pid) {
			t.Errorf("process %d lives on", pid)
		}
	}
}

// TestKill_asks: who listens to SIGTERM can put its things away.
func TestKill_asks(t *testing.T) {
	t.Parallel()
	r := newKeeper(t).shell(t, `trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done`)
	r.line(t)
	r.Kill()
	if out, exit := r.end(t); !strings.HasSuffix(out, "bye\n") || exit.Code != 7 {
		t.Errorf("%q %+v", out, exit)
	}
}

// TestLeft: what a program leaves behind ends with it.
func TestLeft(t *testing.T) {
	t.Parallel()
	r := newKeeper(t).shell(t, `sleep 1000 & echo $!; echo done`)
	pid := number(t, r.line(t))
	out, exit := r.end(t)
	if out != "done\n" || exit.Code != 0 || alive(pid) {
		t.Errorf("%q %+v, alive %v", out, exit, alive(pid))
	}
	if _, err := os.Stat("/proc/self"); err == nil && exit.Left != 1 {
		t.Errorf("left %d", exit.Left)
	}
}

// TestGuardKilled: that the guard is killed ends the program too.
func TestGuardKilled(t *testing.T) {
	t.Parallel()
	r := newKeeper(t).shell(t, `echo $$; exec sleep 1000`)
	pid := number(t, r.line(t))
	if err := syscall.Kill(r.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, exit := r.end(t); !exit.Unknown {
		t.Errorf("exit %+v", exit)
	}
	dies(t, pid, limit)
}
