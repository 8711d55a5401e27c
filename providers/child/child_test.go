package child

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder collects lines; heard has one for each.
type recorder struct {
	mu    sync.Mutex
	lines []string
	heard chan string
}

func record() *recorder { return &recorder{heard: make(chan string, 1000)} }

func (r *recorder) line(stderr bool, s string) {
	if stderr {
		s = "E " + s
	}
	r.mu.Lock()
	r.lines = append(r.lines, s)
	r.mu.Unlock()
	r.heard <- s
}

func start(t *testing.T, r *recorder, stdin bool, script string) *Process {
	t.Helper()
	p, err := Start("sh", []string{"-c", script}, Options{Line: r.line, Stdin: stdin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0, 0) })
	return p
}

func wait[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened")
	}
	return v
}

func TestProcess_lines(t *testing.T) {
	t.Parallel()
	r := record()
	long := strings.Repeat("x", 100_000)
	p := start(t, r, true, `read a; echo "got $a"; echo bad >&2; printf 'crlf\r\n\nunended'; read b; echo "$b"`)
	if _, err := p.Stdin.Write([]byte("hello\n" + long + "\n")); err != nil {
		t.Fatal(err)
	}
	wait(t, p.Done())
	for _, want := range []string{"got hello", "E bad", "crlf", "unended" + long} {
		if !slices.Contains(r.lines, want) {
			t.Errorf("no line %.40q in %.200q", want, r.lines)
		}
	}
	if len(r.lines) != 4 || p.Err() == nil {
		t.Errorf("%d lines, ended with %v", len(r.lines), p.Err())
	}
}

func TestProcess_stop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		stdin  bool
	}{
		"ends with its input": {`echo ready; cat >/dev/null; echo bye`, true},
		"ends at SIGTERM":     {`trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 1; done`, false},
		"has to be killed":    {`trap '' TERM; echo ready; while :; do sleep 1; done`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := record()
			p := start(t, r, c.stdin, c.script)
			wait(t, r.heard)
			term, quiet := 30*time.Second, 30*time.Second
			if name == "has to be killed" {
				term = 10 * time.Millisecond
			}
			p.Stop(quiet, term)
			said := slices.Contains(r.lines, "bye")
			if want := name != "has to be killed"; said != want {
				t.Errorf("said good-bye: %v", said)
			}
			if syscall.Kill(p.PID(), 0) == nil {
				t.Error("it lives on")
			}
		})
	}
}

// TestProcess_takesAll: a grandchild goes too, also when the child itself ends first and the grandchild holds its output.
func TestProcess_takesAll(t *testing.T) {
	t.Parallel()
	r := record()
	p := start(t, r, false, `(trap '' TERM; while :; do sleep 1; done) & echo $!`)
	pid, err := strconv.Atoi(wait(t, r.heard))
	if err != nil {
		t.Fatal(err)
	}
	wait(t, p.Done())
	for deadline := time.Now().Add(20 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatal("the grandchild lives on")
		}
	}
}

// alive is false for a process that has ended and was not reaped, too.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestProcess_output: the output can be read as it is, with an environment and a directory of the child's own; whoever stops
// reading ends a child that goes on writing.
func TestProcess_output(t *testing.T) {
	t.Parallel()
	dir, got := t.TempDir(), make(chan string, 1)
	p, err := Start("sh", []string{"-c", `printf '%s %s %s|' "$A" "$HOME" "$(pwd)"; while :; do echo y; done`}, Options{
		Line: func(bool, string) {}, Env: []string{"A=1", "PATH=" + os.Getenv("PATH")}, Dir: dir, Leash: true,
		Output: func(r io.Reader) {
			s, _ := bufio.NewReader(r).ReadString('|')
			got <- s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0, 0) })
	if s := wait(t, got); s != "1  "+dir+"|" {
		t.Errorf("the child said %q", s)
	}
	wait(t, p.Done())
}

func TestStart_missing(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"no-such-program-anywhere", "/no/such/file", plain, t.TempDir()} {
		if _, err := Start(path, nil, Options{}); err == nil || !Missing(err) {
			t.Errorf("Start(%s) = %v, want an error that is Missing", path, err)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Setenv("HOME", "/home/ann")
	for in, want := range map[string]string{"~": "/home/ann", "~/bin/x": "/home/ann/bin/x", "~bob/x": "~bob/x", "imsg": "imsg", "/a/~": "/a/~"} {
		if got := Expand(in); got != want {
			t.Errorf("Expand(%q) = %q, want %q", in, got, want)
		}
	}
}
