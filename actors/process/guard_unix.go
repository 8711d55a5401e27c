//go:build unix

package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	grace    = 400 * time.Millisecond // from SIGTERM to SIGKILL
	insist   = 20 * time.Millisecond  // between two looks for what is still there
	patience = 5 * time.Second        // for processes that do not even go at SIGKILL
)

// Main is the guard. It returns the exit status when the program and everything it started has ended.
func Main() int {
	syscall.CloseOnExec(orderFD)
	syscall.CloseOnExec(reportFD)
	// What the group is told is for the program. The handlers are not inherited by it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	adopt()
	orders := bufio.NewReader(os.NewFile(orderFD, "orders"))
	reports := os.NewFile(reportFD, "reports")
	line, err := orders.ReadBytes('\n')
	if err != nil {
		return 1 // the gateway has changed its mind, or is gone
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		say(reports, report{Error: "the guard was given no order: " + err.Error()})
		return 1
	}
	pid, err := run(o)
	if err != nil {
		say(reports, report{Error: err.Error(), Missing: missing(err)})
		return 1
	}
	letGo() // its standard streams end with the program's
	say(reports, report{Started: true})
	unwanted := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, orders)
		close(unwanted)
	}()
	end := supervise(pid, unwanted)
	say(reports, end)
	lastAct()
	return 0
}

// say reports. That nobody listens any more is no matter.
func say(w io.Writer, r report) {
	b, err := json.Marshal(r)
	if err == nil {
		_, _ = w.Write(append(b, '\n'))
	}
}

// missing: there is no such program, or it cannot be run.
func missing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOEXEC) ||
		errors.Is(err, syscall.EISDIR)
}

// run starts the program, confined if that was ordered.
func run(o order) (pid int, err error) {
	if len(o.Argv) == 0 {
		return 0, errors.New("no program was given")
	}
	path, err := find(o)
	if err != nil {
		return 0, err
	}
	if o.Confine != nil {
		return runConfined(path, o)
	}
	pid, err = syscall.ForkExec(path, o.Argv, &syscall.ProcAttr{Dir: o.Dir, Env: o.Env, Files: []uintptr{0, 1, 2}})
	if err != nil {
		err = &fs.PathError{Op: "run", Path: path, Err: err}
	}
	return pid, err
}

// find looks for the program as it would itself.
func find(o order) (path string, err error) {
	for _, v := range o.Env {
		if p, ok := strings.CutPrefix(v, "PATH="); ok {
			os.Setenv("PATH", p)
		}
	}
	return exec.LookPath(o.Argv[0])
}

// letGo gives the standard streams up, so that whoever reads what the program writes does not wait for the guard.
func letGo() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	for fd := range 3 {
		_ = duplicate(int(null.Fd()), fd)
	}
}

// supervise returns when the program and everything below has ended.
func supervise(main int, unwanted <-chan struct{}) (end report) {
	ended := make(chan report, 1)
	all := make(chan struct{})
	go reap(main, ended, all)
	select {
	case end = <-ended:
		end.Left = endAll(all)
	case <-unwanted:
		endAll(all)
		select {
		case end = <-ended:
		default: // it does not go
		}
	}
	end.Ended = true
	return end
}

// reap waits for every process below; all is closed when there is none.
func reap(main int, ended chan<- report, all chan<- struct{}) {
	defer close(all)
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return
		case pid == main && (ws.Exited() || ws.Signaled()):
			r := report{Code: ws.ExitStatus()}
			if ws.Signaled() {
				r.Code, r.Signal = 128+int(ws.Signal()), ws.Signal().String()
			}
			ended <- r
		}
	}
}

// endAll ends everything below: first it asks, then it insists. It says how many processes there were at first.
func endAll(all <-chan struct{}) (were int) {
	select {
	case <-all:
		return 0
	default:
	}
	were = len(signalAll(syscall.SIGTERM))
	if were == 0 && !gone(all, insist) { // it was just about to go, or cannot be seen
		were = len(signalAll(syscall.SIGTERM))
	}
	if gone(all, grace) {
		return were
	}
	for limit := time.Now().Add(patience); insistent && time.Now().Before(limit); {
		signalAll(syscall.SIGKILL)
		if gone(all, insist) {
			break
		}
	}
	return were
}

func gone(all <-chan struct{}, within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-all:
		return true
	case <-t.C:
		return false
	}
}
