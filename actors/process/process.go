package process

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"sync"
	"time"
)

// force is how long a guard has to end what is below it before that is ended for it.
const force = 8 * time.Second

// Process is a program that was started.
type Process struct {
	k       *Keeper
	id      string
	pid     int
	control *os.File
	started chan report
	done    chan struct{}
	exit    Exit // valid after done

	kill sync.Once
}

// Exit is how a program ended.
type Exit struct {
	Code   int    // 128 + the signal's number where there was one
	Signal string // what ended it; "" = it ended by itself
	Left   int    // how many processes it left behind, which were ended
	// Unknown: the guard was killed itself. Everything was ended; how the program did is not known.
	Unknown bool
}

// launch starts a guard, which waits for its order.
func (k *Keeper) launch(id string, s Spec) (*Process, error) {
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	reportR, reportW, err := os.Pipe()
	if err != nil {
		orderR.Close()
		orderW.Close()
		return nil, err
	}
	cmd := exec.Command(k.o.Guard[0], k.o.Guard[1:]...)
	cmd.Dir = "/"
	// A guard built with the race detector would wait for a second at its end.
	cmd.Env = []string{mark + "=" + id, "GORACE=atexit_sleep_ms=0", "GOMAXPROCS=2", "PATH=" + os.Getenv("PATH")}
	if s.Stdin != nil { // a nil file is no nil io.Reader
		cmd.Stdin = s.Stdin
	}
	if s.Stdout != nil {
		cmd.Stdout = s.Stdout
	}
	if s.Stderr != nil {
		cmd.Stderr = s.Stderr
	}
	cmd.ExtraFiles = []*os.File{orderR, reportW}
	ownGroup(cmd)
	err = cmd.Start()
	orderR.Close()
	reportW.Close()
	if err != nil {
		orderW.Close()
		reportR.Close()
		return nil, err
	}
	k.setLive(id, true)
	p := &Process{k: k, id: id, pid: cmd.Process.Pid, control: orderW, started: make(chan report, 1), done: make(chan struct{})}
	go p.watch(cmd, reportR)
	return p, nil
}

// watch reads what the guard reports, and waits for its end.
func (p *Process) watch(cmd *exec.Cmd, reports *os.File) {
	defer close(p.done)
	p.exit.Unknown = true
	lines := bufio.NewScanner(reports)
	for lines.Scan() {
		var r report
		switch {
		case json.Unmarshal(lines.Bytes(), &r) != nil:
		case r.Ended:
			p.exit = Exit{Code: r.Code, Signal: r.Signal, Left: r.Left}
		default:
			select {
			case p.started <- r:
			default: // it is said once
			}
		}
	}
	reports.Close()
	_ = cmd.Wait() // the report counts
	p.control.Close()
	if p.exit.Unknown {
		killGroup(p.pid)
		for range 200 {
			if !killMarked(p.id) {
				break
			}
			<-time.After(10 * time.Millisecond)
		}
	}
	p.k.tidy(p.id)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := p.k.forget(ctx, p.id); err != nil {
		p.k.o.Log.Debug("the record of a process stays", "process", p.id, "err", err) // the next start finds nothing of it
	}
	p.k.setLive(p.id, false)
}

// PID is the id of the process's group.
func (p *Process) PID() int { return p.pid }

// Done is closed when the program has ended, and everything it started.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit is how it ended. Call it after Done.
func (p *Process) Exit() Exit { return p.exit }

// Kill ends the program and everything it started: it is asked to (SIGTERM), and killed 0.4 seconds later. It does not wait.
func (p *Process) Kill() {
	p.kill.Do(func() {
		p.control.Close()
		late := time.AfterFunc(force, func() { killGroup(p.pid); killMarked(p.id) })
		go func() {
			<-p.done
			late.Stop()
		}()
	})
}
