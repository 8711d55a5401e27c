package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// child is the process that gets killed: it commits without end and prints the number of each operation that the
// store reported durable.
func child(dir string) {
	s, err := Open(Options{Dir: dir})
	if err == nil {
		err = s.Start(actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)}))
	}
	if err == nil {
		err = s.SetLockInfo("127.0.0.1:18789")
	}
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	from, _ := strconv.Atoi(os.Getenv("STORE_TEST_FROM"))
	acked := make(chan int, 4096)
	go func() {
		for i := from; ; i++ {
			// One caller in four waits, so that batches of all sizes are in flight.
			op := func(tx *Tx) error {
				if _, err := tx.AcceptRun(Run{ID: strconv.Itoa(i), Kind: "agent", SessionKey: "main", AcceptedAt: 1}); err != nil {
					return err
				}
				_, _, _, err := tx.Claim("agent", strconv.Itoa(i))
				return err
			}
			if i%4 == 0 {
				if s.Do(context.Background(), op) == nil {
					acked <- i
				}
				continue
			}
			s.Commit(op, func(err error) {
				if err == nil {
					acked <- i
				}
			})
		}
	}()
	for i := range acked {
		fmt.Println(i) // one write call per line: printed means printed, also for a killed process
	}
}

// startChild runs the test binary as child and returns what it prints.
func startChild(t *testing.T, dir string, from int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+dir, "STORE_TEST_FROM="+strconv.Itoa(from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestKill_acknowledgedIsDurable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acked []int
	next := 0
	for round := range 5 {
		cmd, lines := startChild(t, dir, next)
		killAfter := len(acked) + 20 + rand.IntN(400)
		for len(acked) < killAfter && lines.Scan() {
			acked = append(acked, number(t, lines.Text()))
		}
		if round == 0 {
			checkLocked(t, dir, cmd.Process.Pid)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what was printed before the kill
			acked = append(acked, number(t, lines.Text()))
		}
		_ = cmd.Wait() // "signal: killed"

		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		read(t, s, func(v *View) error {
			next = checkDurable(t, v, acked)
			return nil
		})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged operations over five kills", len(acked))
}

// checkDurable finds both rows of every acknowledged operation, and no operation by half. It returns a free number.
func checkDurable(t *testing.T, v *View, acked []int) (next int) {
	runs, err := v.OpenRuns()
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[string]bool, len(runs))
	for _, r := range runs {
		have[r.ID] = true
		n := number(t, r.ID)
		next = max(next, n+1)
		if _, _, found, err := v.Lookup("agent", r.ID); err != nil || !found {
			t.Errorf("operation %d is stored by half: %v", n, err)
		}
	}
	for _, n := range acked {
		if !have[strconv.Itoa(n)] {
			t.Errorf("operation %d was acknowledged and is gone", n)
		}
	}
	return next
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("the child says %q", text)
	}
	return n
}

func checkLocked(t *testing.T, dir string, pid int) {
	t.Helper()
	_, err := Open(Options{Dir: dir})
	locked, ok := errors.AsType[*LockedError](err)
	if !ok {
		t.Fatalf("second start: %v", err)
	}
	for _, part := range []string{fmt.Sprintf("pid=%d ", pid), "addr=127.0.0.1:18789", "since=" + time.Now().UTC().Format("2006-")} {
		if !strings.Contains(locked.Holder, part) || !strings.Contains(err.Error(), part) {
			t.Errorf("the lock error %q does not say %q", err, part)
		}
	}
}
