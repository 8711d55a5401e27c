package shell

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/jobs"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/files"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the tools. All are required.
type Options struct {
	Start func(ctx context.Context, s jobs.Spec) (*jobs.Job, error)
	Jobs  *jobs.State
	// The functions below are asked for each call; any goroutine, and they must not block.
	Settings func() Settings
	Jail     func(c tools.Caller) files.Jail  // the first root is where commands start
	Lookup   func(name string) (string, bool) // a variable of the gateway
	// Extra are variables that the caller's commands get besides, "NAME=value"; the call's own count more. nil = none.
	Extra func(c tools.Caller) []string
	// Sandbox says how the caller's commands are confined; nil = they are not. An error = they cannot be run.
	Sandbox func(c tools.Caller) (*process.Confinement, error)
	Approve tools.Approve
}

// Settings are the limits of commands, as the configuration has them (agent.bash).
type Settings struct {
	Background time.Duration // after which bash does not wait any longer
	Timeout    time.Duration // after which a command is ended
	Output     int           // bytes of output that are kept and shown
	Pass       []string      // names of variables that commands get besides the usual ones
}

const (
	maxTimeout = 24 * time.Hour
	maxPartial = 8000                   // bytes of output that an event shows (providers d.3)
	rhythm     = 250 * time.Millisecond // of such events
	maxVars    = 100
)

type bashArgs struct {
	Command    string            `json:"command"`
	Argv       []string          `json:"argv"`
	Workdir    string            `json:"workdir"`
	Env        map[string]string `json:"env"`
	Timeout    float64           `json:"timeout"` // seconds
	Background bool              `json:"background"`
	YieldMs    *int64            `json:"yieldMs"`
	Stdin      bool              `json:"stdin"`
}

// spec checks the arguments and makes a job of them.
func (o Options) spec(ctx context.Context, c tools.Caller, a bashArgs) (s jobs.Spec, r tools.ExecRequest, err error) {
	set := o.Settings()
	s = jobs.Spec{ID: jobs.NewID(), With: ctx, Session: c.SessionKey, Run: c.RunID, Title: a.Command, Stdin: a.Stdin, Timeout: set.Timeout, Output: set.Output}
	switch {
	case (strings.TrimSpace(a.Command) == "") == (len(a.Argv) == 0):
		return s, r, errors.New(`bash needs command, a line for the shell, or argv, a program and its arguments: ["git", "status"]`)
	case strings.ContainsRune(a.Command+strings.Join(a.Argv, ""), 0):
		return s, r, errors.New("bash: a command cannot have zero bytes")
	case a.Timeout < 0 || len(a.Env) > maxVars:
		return s, r, fmt.Errorf("bash: timeout must not be negative, and env has at most %d variables", maxVars)
	}
	for name, value := range a.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return s, r, fmt.Errorf("bash: %.40q cannot be the name of a variable, or its value has zero bytes", name)
		}
	}
	if a.Timeout > 0 {
		s.Timeout = min(time.Duration(a.Timeout*float64(time.Second)), maxTimeout)
	}
	if s.Dir, err = o.Jail(c).Dir(a.Workdir); err != nil {
		return s, r, fmt.Errorf("bash: workdir %w", err)
	}
	s.Argv = a.Argv
	if len(a.Argv) == 0 {
		if s.Argv, err = shellFor(a.Command); err != nil {
			return s, r, err
		}
	} else {
		s.Title = strings.Join(a.Argv, " ")
	}
	var extra []string
	if o.Extra != nil {
		extra = o.Extra(c)
	}
	s.Env = environ(o.Lookup, set.Pass, extra, a.Env)
	s.Confine, err = o.Sandbox(c)
	return s, tools.ExecRequest{Argv: a.Argv, Command: a.Command, Cwd: s.Dir, Env: tools.EnvList(a.Env)}, err
}

// shellFor is the program that runs a line.
func shellFor(line string) ([]string, error) {
	for _, name := range []string{"bash", "sh"} {
		if path, err := exec.LookPath(name); err == nil && filepath.IsAbs(path) {
			return []string{path, "-c", line}, nil
		}
	}
	return nil, errors.New("bash: there is no shell on this host; use argv")
}

// bash runs a command.
func (o Options) bash(ctx context.Context, c tools.Caller, raw wire.Raw) (wire.Raw, error) {
	var a bashArgs
	if err := wire.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("bash: the arguments cannot be read: %w", err)
	}
	spec, request, err := o.spec(ctx, c, a)
	if err != nil {
		return nil, err
	}
	if err := o.Approve(ctx, c, request); err != nil {
		return nil, err
	}
	job, err := o.Start(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("bash: %w", err)
	}
	if a.Background {
		job.Keep()
		return o.running(job, true)
	}
	wait := o.Settings().Background
	if a.YieldMs != nil {
		wait = time.Duration(max(0, *a.YieldMs)) * time.Millisecond
	}
	return o.follow(ctx, c, job, wait, a.YieldMs != nil)
}

// follow waits for a job, and shows what there is of its output meanwhile. A job that takes longer is left running; keep makes
// it the session's.
func (o Options) follow(ctx context.Context, c tools.Caller, job *jobs.Job, wait time.Duration, keep bool) (wire.Raw, error) {
	patience := time.NewTimer(wait)
	defer patience.Stop()
	show := time.NewTicker(rhythm)
	defer show.Stop()
	var shown int64
	for {
		select {
		case <-job.Done():
			return over(job)
		case <-ctx.Done():
			return nil, context.Cause(ctx) // the job ends by that, too
		case <-patience.C:
			if keep {
				job.Keep()
			}
			return o.running(job, keep)
		case <-show.C:
			if total := job.Info().Total; c.Output != nil && total != shown {
				shown = total
				text, _ := job.Output()
				if partial, err := wire.Marshal(content(last(text, maxPartial), nil)); err == nil {
					c.Output(partial)
				}
			}
		}
	}
}

// running is the answer for a job that goes on.
func (o Options) running(job *jobs.Job, kept bool) (wire.Raw, error) {
	text, _ := job.Output()
	note := fmt.Sprintf("The command goes on as session %s (pid %d). Ask after it with process: poll, log, write, kill.", job.ID, job.PID())
	if !kept {
		note += " It ends with this turn, unless you keep it (process keep)."
	}
	if tail := last(text, 2000); tail != "" {
		note = tail + "\n\n" + note
	}
	return wire.Marshal(content(note, map[string]any{
		"status": "running", "sessionId": job.ID, "pid": job.PID(), "startedAt": job.Began.UnixMilli(), "kept": kept, "tail": last(text, 2000),
	}))
}

// over is the answer for a job that has ended. One that did not end well is an error.
func over(job *jobs.Job) (wire.Raw, error) {
	info := job.Info()
	text, skipped := job.Output()
	text = shownOutput(text, skipped) + left(info)
	if words := ending(job, info); words != "" {
		return nil, fmt.Errorf("%s\n\n%s", text, words)
	}
	return wire.Marshal(content(text, map[string]any{
		"status": "completed", "exitCode": info.Exit.Code, "durationMs": info.Ended.Sub(info.Began).Milliseconds(), "bytes": info.Total,
	}))
}

func shownOutput(text string, skipped int64) string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		text = "(no output)"
	}
	if skipped > 0 {
		return fmt.Sprintf("(the first %d bytes of the output are not shown)\n%s", skipped, text)
	}
	return text
}

// left says what a command has left behind.
func left(info jobs.Info) string {
	if info.Exit.Left == 0 || info.Reason != "" {
		return ""
	}
	return fmt.Sprintf("\n\n(%d processes that it had left running were ended; what is to go on is started with background: true)", info.Exit.Left)
}

// ending says how a job ended that did not end well; "" = it did.
func ending(job *jobs.Job, info jobs.Info) string {
	switch {
	case info.Reason == jobs.TimedOut:
		return fmt.Sprintf("The command was ended: it took longer than %v (timeout sets more)", job.Spec.Timeout)
	case info.Reason != "":
		return "The command was ended: " + info.Reason
	case info.Exit.Unknown:
		return "The command was killed together with what looked after it"
	case info.Exit.Signal != "":
		return "The command was ended by a signal: " + info.Exit.Signal
	case info.Exit.Code != 0:
		return fmt.Sprintf("The command exited with code %d", info.Exit.Code)
	}
	return ""
}

func content(text string, details map[string]any) map[string]any {
	m := map[string]any{"content": []map[string]string{{"type": "text", "text": text}}}
	if details != nil {
		m["details"] = details
	}
	return m
}

// last is the end of a text, from the beginning of a line if that is near.
func last(s string, n int) string {
	s = strings.TrimRight(s, "\n")
	if len(s) <= n {
		return s
	}
	s = strings.ToValidUTF8(s[len(s)-n:], "")
	if i := strings.IndexByte(s, '\n'); i >= 0 && i < 200 {
		s = s[i+1:]
	}
	return "…" + s
}
