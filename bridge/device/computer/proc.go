package computer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

// grace is how long a program may go on after SIGTERM before it is killed, and how long its output is waited for after
// its end: longer only if something that left its group holds the stream.
const grace = 2 * time.Second

// outcome is how a program ended.
type outcome struct {
	stdout, stderr capped
	exit           int   // -1: it did not end by itself
	err            error // it did not run, or could not be waited for
}

// execute runs a program without a shell, with nothing to read, as the leader of a process group. When ctx ends, all of
// the group get SIGTERM and, after grace, SIGKILL. Whatever the program leaves behind when it ends is killed as well.
func execute(ctx context.Context, cmd *exec.Cmd, limit int) outcome {
	return executeThen(ctx, cmd, limit, func() {})
}

// executeThen is execute that tells when the program runs.
func executeThen(ctx context.Context, cmd *exec.Cmd, limit int, started func()) outcome {
	o := outcome{stdout: capped{limit: limit}, stderr: capped{limit: limit}, exit: -1}
	cmd.Stdout, cmd.Stderr = &o.stdout, &o.stderr
	cmd.WaitDelay = grace
	ownGroup(cmd)
	if o.err = cmd.Start(); o.err != nil {
		return o
	}
	started()
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		_ = signalGroup(cmd, syscall.SIGTERM)
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-ended:
		case <-t.C:
			_ = signalGroup(cmd, syscall.SIGKILL)
		}
	}()
	err := cmd.Wait()
	_ = signalGroup(cmd, syscall.SIGKILL) // what it has left behind
	close(ended)
	<-stopped
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		o.err = err
	}
	if cmd.ProcessState != nil {
		o.exit = cmd.ProcessState.ExitCode()
	}
	return o
}

// toolOutput bounds what is kept of a tool's output, in bytes.
const toolOutput = 64 << 10

// tool runs one of the computer's own tools and returns what it printed. The error has the last line of what it said was
// wrong.
func (c *Computer) tool(ctx context.Context, path string, args ...string) (string, error) {
	cmd := exec.Command(path, args...)
	cmd.Env = child.Environ(c.o.Getenv)
	o := execute(ctx, cmd, toolOutput)
	name := path[strings.LastIndex(path, "/")+1:]
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s did not end in time", name)
	case o.err != nil:
		return "", o.err
	case o.exit != 0:
		return o.stdout.String() + o.stderr.String(), fmt.Errorf("%s failed (exit code %d): %s", name, o.exit, tidy(lastLine(o.stderr.String()), maxTitle))
	}
	return o.stdout.String(), nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndex(s, "\n")+1:]
}

// capped keeps the first bytes of a stream and swallows the rest, so that a program that prints without end is not
// stopped by it.
type capped struct {
	kept  bytes.Buffer
	limit int
	cut   bool
}

func (c *capped) Write(p []byte) (int, error) {
	part := p[:min(len(p), c.limit-c.kept.Len())]
	c.cut = c.cut || len(part) < len(p)
	c.kept.Write(part)
	return len(p), nil
}

func (c *capped) String() string { return c.kept.String() }
