//go:build unix

package process

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// orphan starts a program, and gives its process id and that of its guard.
func (k *Keeper) orphan(t *testing.T, owner string) (guard, program int) {
	t.Helper()
	r := k.start(t, Spec{Owner: owner, Argv: []string{"sh", "-c", "echo $$; exec sleep 1000"}})
	return r.PID(), number(t, r.line(t))
}

// TestReap: the next gateway ends what the last one and its guards left, and forgets it.
func TestReap(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	guard, program := k.orphan(t, "session main")
	next := NewKeeper(k.o)
	if n, err := k.Reap(t.Context()); n != 0 || err != nil {
		t.Errorf("what lives is reaped by the gateway that runs it: %d, %v", n, err)
	}
	if n, err := next.Reap(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	dies(t, guard, limit)
	dies(t, program, limit)
	if recs := k.records(t); len(recs) != 0 {
		t.Errorf("records stay: %+v", recs)
	}
}

// TestReap_guardGone: the program is found by its mark when its guard, and with it the group's leader, is gone.
func TestReap_guardGone(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("skipped: only Linux shows the environment of a process")
	}
	cmd := exec.Command("sh", "-c", "echo $$; exec sleep 1000")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), mark + "=marked-orphan"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid := number(t, strings.TrimSpace(line))
	k := newKeeper(t)
	put(t, k, Record{ID: "marked-orphan", PID: 1 << 22, Began: boot() + "/1", Owner: "x"})
	if n, err := k.Reap(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	_ = cmd.Wait()
	if alive(pid) {
		t.Error("it lives on")
	}
}

// TestReap_reused: a process that has only the id of a recorded one is let be.
func TestReap_reused(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	start, ok := began(cmd.Process.Pid)
	if !ok {
		t.Fatal("a process that lives has no start time")
	}
	k := newKeeper(t)
	put(t, k, Record{ID: "another-time", PID: cmd.Process.Pid, Began: start + "0", Owner: "x"})
	put(t, k, Record{ID: "another-boot", PID: cmd.Process.Pid, Began: "before/" + start, Owner: "x"})
	if n, err := k.Reap(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if !alive(cmd.Process.Pid) {
		t.Error("somebody else's process was killed")
	}
	if recs := k.records(t); len(recs) != 0 {
		t.Errorf("records stay: %+v", recs)
	}
}

func put(t *testing.T, k *Keeper, r Record) {
	t.Helper()
	if err := k.record(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// parentEnv is the state directory of a gateway that TestDeath kills.
const parentEnv = "PROCESS_TEST_PARENT"

// TestParent is no test: it is the gateway that TestDeath kills.
func TestParent(t *testing.T) {
	dir := os.Getenv(parentEnv)
	if dir == "" {
		t.Skip("for TestDeath")
	}
	k := newKeeper(t)
	r := k.shell(t, `(trap "" TERM; while :; do sleep 0.1; done) & echo $! $$; trap "" TERM; while :; do sleep 0.1; done`)
	if err := os.WriteFile(dir+"/pids", []byte(r.line(t)+" "+strconv.Itoa(r.PID())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	<-r.Done()
}

// TestDeath: when the gateway is killed, its guards end what they guard, within two seconds.
func TestDeath(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestParent$")
	cmd.Env = append(os.Environ(), parentEnv+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(pids) == 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the gateway has started nothing")
		}
		b, _ := os.ReadFile(dir + "/pids")
		if strings.HasSuffix(string(b), "\n") {
			for f := range strings.FieldsSeq(string(b)) {
				pids = append(pids, number(t, f))
			}
		}
	}
	killed := time.Now()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, pid := range pids {
		dies(t, pid, limit)
	}
	t.Logf("the children were gone after %v", time.Since(killed)) // less than 2 s where the machine is not overloaded
}
