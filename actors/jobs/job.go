package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/process"
)

// Why a job was ended that did not end by itself.
const (
	Aborted  = "aborted"   // its run has ended
	TimedOut = "timed out" // its time was up
	Killed   = "killed"    // somebody wanted that
	Stopped  = "stopped"   // the gateway stops
)

const (
	drain      = time.Second     // for output that comes after the end
	writeLimit = 5 * time.Second // for a job that does not read
)

// Job is a command that was started. Its methods may be called from any goroutine.
type Job struct {
	ID    string
	Spec  Spec
	Began time.Time

	state  *State
	proc   *process.Process
	out    tail
	stdin  *os.File
	unbind func() bool // from the run
	timer  *time.Timer
	done   chan struct{}

	mu     sync.Mutex // guards the fields below
	told   bool       // somebody knows of it
	kept   bool       // it belongs to the session
	reason string
	ended  time.Time
	polled int64 // bytes of output that Poll has given
}

// Info is how a job is.
type Info struct {
	Running bool
	Kept    bool
	Reason  string // why it was ended; "" = by itself, or not yet
	Exit    process.Exit
	Began   time.Time
	Ended   time.Time
	Total   int64 // bytes of output so far
}

// start runs a command and sees it through.
func (s *State) start(ctx context.Context, k *process.Keeper, spec Spec, ended func()) (*Job, error) {
	j := &Job{ID: spec.ID, Spec: spec, Began: time.Now(), state: s, done: make(chan struct{}), out: tail{keep: spec.Output}}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	p := process.Spec{Owner: "session " + spec.Session + ", run " + spec.Run, Argv: spec.Argv, Dir: spec.Dir, Env: spec.Env, Stdout: outW, Stderr: outW, Confine: spec.Confine}
	if spec.Stdin {
		if p.Stdin, j.stdin, err = os.Pipe(); err != nil {
			return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), outR.Close(), outW.Close())
		}
		defer p.Stdin.Close()
	}
	j.proc, err = k.Start(ctx, p)
	outW.Close()
	if err != nil {
		outR.Close()
		if j.stdin != nil {
			j.stdin.Close()
		}
		return nil, err
	}
	s.put(j)
	j.unbind = context.AfterFunc(spec.With, j.endUnlessKept)
	if spec.Timeout > 0 {
		j.timer = time.AfterFunc(spec.Timeout, func() { j.Kill(TimedOut) })
	}
	go j.follow(outR, ended)
	return j, nil
}

// follow reads the output to its end and notes how the job ended.
func (j *Job) follow(out *os.File, ended func()) {
	read := make(chan struct{})
	go func() {
		_, _ = io.CopyBuffer(struct{ io.Writer }{&j.out}, struct{ io.Reader }{out}, make([]byte, 32<<10))
		close(read)
	}()
	<-j.proc.Done()
	late := time.AfterFunc(drain, func() { out.Close() }) // somebody else has the other end
	<-read
	late.Stop()
	j.unbind()
	if j.timer != nil {
		j.timer.Stop() // it would keep the output for as long as the job was allowed to take
	}
	out.Close()
	if j.stdin != nil {
		j.stdin.Close()
	}
	j.mu.Lock()
	j.ended = time.Now()
	j.mu.Unlock()
	close(j.done)
	ended()
}

// Done is closed when the job has ended, with everything it started, and all its output is there.
func (j *Job) Done() <-chan struct{} { return j.done }

// Kill ends the job. The first reason counts. It does not wait.
func (j *Job) Kill(reason string) {
	j.mu.Lock()
	if j.reason == "" && j.ended.IsZero() {
		j.reason = reason
	}
	j.mu.Unlock()
	j.proc.Kill()
}

func (j *Job) endUnlessKept() {
	j.mu.Lock()
	kept := j.kept
	j.mu.Unlock()
	if !kept {
		j.Kill(Aborted)
	}
}

// Keep makes the job the session's: it goes on after its run.
func (j *Job) Keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept = true
}

// Info is how the job is now.
func (j *Job) Info() Info {
	_, total, _ := j.out.since(1 << 62)
	j.mu.Lock()
	defer j.mu.Unlock()
	i := Info{Running: j.ended.IsZero(), Kept: j.kept, Reason: j.reason, Began: j.Began, Ended: j.ended, Total: total}
	if !i.Running {
		i.Exit = j.proc.Exit()
	}
	return i
}

// PID is that of the job's process group.
func (j *Job) PID() int { return j.proc.PID() }

// Output is what the job has written, as far as it is kept; skipped says how many bytes came before that.
func (j *Job) Output() (text string, skipped int64) {
	text, _, skipped = j.out.since(0)
	return text, skipped
}

// Poll is what the job has written since the last Poll.
func (j *Job) Poll() (text string, skipped int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	text, j.polled, skipped = j.out.since(j.polled)
	return text, skipped
}

// Write writes to the job's standard input, and closes it if that was all.
func (j *Job) Write(data string, last bool) error {
	switch {
	case j.stdin == nil:
		return errors.New("this command reads no input: start it with stdin: true")
	case !j.Info().Running:
		return errors.New("this command has ended")
	}
	if err := j.stdin.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return errors.New("the input of this command is closed")
	}
	if _, err := io.WriteString(j.stdin, data); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errors.New("this command does not read its input; a part of it may have been taken")
		}
		return errors.New("this command has closed its input")
	}
	if last {
		j.stdin.Close()
	}
	return nil
}
