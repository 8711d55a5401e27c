package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/jobs"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxWait  = time.Minute // of poll
	maxLines = 2000        // of log
)

type processArgs struct {
	Action    string `json:"action"`
	SessionID string `json:"sessionId"`
	Data      string `json:"data"`
	EOF       bool   `json:"eof"`
	Offset    int    `json:"offset"`
	Limit     int    `json:"limit"`
	WaitMs    int64  `json:"waitMs"`
}

// process asks after jobs that were left running, and changes them.
func (o Options) process(ctx context.Context, c tools.Caller, raw wire.Raw) (wire.Raw, error) {
	var a processArgs
	if err := wire.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("process: the arguments cannot be read: %w", err)
	}
	if a.Action == "list" {
		return o.list(c)
	}
	act, ok := actions[a.Action]
	if !ok {
		return nil, fmt.Errorf("process: unknown action %.40q; there are list, poll, log, write, kill, keep, clear and remove", a.Action)
	}
	job, ok := o.Jobs.Find(c.SessionKey, a.SessionID)
	if !ok {
		return nil, fmt.Errorf("process: there is no session %.40q here; list shows those there are", a.SessionID)
	}
	return act(o, ctx, c, job, a)
}

type action func(o Options, ctx context.Context, c tools.Caller, job *jobs.Job, a processArgs) (wire.Raw, error)

var actions = map[string]action{
	"poll": poll, "log": showLog, "write": write, "kill": kill, "keep": keep, "clear": forget, "remove": remove,
}

func (o Options) list(c tools.Caller) (wire.Raw, error) {
	all := o.Jobs.Of(c.SessionKey)
	if len(all) == 0 {
		return wire.Marshal("no commands are running in this session, and none has ended lately")
	}
	var b strings.Builder
	for _, job := range all {
		info := job.Info()
		end := info.Ended
		if info.Running {
			end = time.Now()
		}
		title, _, more := strings.Cut(job.Spec.Title, "\n")
		if len(title) > 100 || more {
			title = strings.ToValidUTF8(title[:min(len(title), 100)], "") + "…"
		}
		fmt.Fprintf(&b, "%s  %s  %s  %s\n", job.ID, state(job, info), end.Sub(info.Began).Round(time.Second), title)
	}
	return wire.Marshal(b.String())
}

func state(job *jobs.Job, info jobs.Info) string {
	if info.Running {
		return "running"
	}
	if words := ending(job, info); words != "" {
		return "failed"
	}
	return "completed"
}

// poll shows what is new, and waits for something new if that is wanted.
func poll(_ Options, ctx context.Context, _ tools.Caller, job *jobs.Job, a processArgs) (wire.Raw, error) {
	text, skipped := job.Poll()
	if text == "" && a.WaitMs > 0 {
		limit := time.NewTimer(min(time.Duration(a.WaitMs)*time.Millisecond, maxWait))
		defer limit.Stop()
		look := time.NewTicker(rhythm)
		defer look.Stop()
		for waiting := true; waiting; {
			select {
			case <-job.Done():
				waiting = false
			case <-limit.C:
				waiting = false
			case <-look.C:
				waiting = job.Info().Running
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			if text, skipped = job.Poll(); text != "" {
				waiting = false
			}
		}
	}
	info := job.Info()
	if !info.Running { // all of it is there
		more, gone := job.Poll()
		text, skipped = text+more, skipped+gone
	}
	return answer(job, info, text, skipped, "(nothing new)")
}

// answer is a text with the state of a job.
func answer(job *jobs.Job, info jobs.Info, text string, skipped int64, otherwise string) (wire.Raw, error) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		text = otherwise
	}
	if skipped > 0 {
		text = fmt.Sprintf("(%d bytes before this are not kept)\n%s", skipped, text)
	}
	details := map[string]any{"status": state(job, info), "sessionId": job.ID}
	note := "It is still running."
	if !info.Running {
		details["exitCode"] = info.Exit.Code
		if note = ending(job, info); note == "" {
			note = "The command has ended well."
		}
	}
	return wire.Marshal(content(text+"\n\n"+note, details))
}

// showLog shows the lines that are kept, from offset on.
func showLog(_ Options, _ context.Context, _ tools.Caller, job *jobs.Job, a processArgs) (wire.Raw, error) {
	text, skipped := job.Output()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	limit := a.Limit
	if limit <= 0 || limit > maxLines {
		limit = maxLines
	}
	from := max(0, a.Offset)
	if from >= len(lines) {
		return nil, fmt.Errorf("process: %d lines are kept; offset counts from 0", len(lines))
	}
	to := min(from+limit, len(lines))
	part := strings.Join(lines[from:to], "\n")
	if to < len(lines) {
		part += fmt.Sprintf("\n(lines %d to %d of %d; go on with offset %d)", from, to-1, len(lines), to)
	}
	if from > 0 {
		skipped = 0
	}
	return answer(job, job.Info(), part, skipped, "(no output)")
}

// write gives a job input. What a shell is told to do that way is a command, so whoever approves commands is asked.
func write(o Options, ctx context.Context, c tools.Caller, job *jobs.Job, a processArgs) (wire.Raw, error) {
	if a.Data == "" && !a.EOF {
		return nil, errors.New("process: write needs data, or eof: true")
	}
	if a.Data != "" {
		request := tools.ExecRequest{Command: "input for \"" + job.Spec.Title + "\":\n" + a.Data, Cwd: job.Spec.Dir}
		if err := o.Approve(ctx, c, request); err != nil {
			return nil, err
		}
	}
	if err := job.Write(a.Data, a.EOF); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	return wire.Marshal(fmt.Sprintf("wrote %d bytes to session %s", len(a.Data), job.ID))
}

// kill ends a job and waits until it is gone, for a moment.
func kill(_ Options, ctx context.Context, _ tools.Caller, job *jobs.Job, _ processArgs) (wire.Raw, error) {
	if !job.Info().Running {
		return nil, fmt.Errorf("process: session %s has ended already", job.ID)
	}
	job.Kill(jobs.Killed)
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case <-job.Done():
		return wire.Marshal("ended session " + job.ID)
	case <-limit.C:
		return nil, fmt.Errorf("process: session %s was told to end and does not; the system holds it", job.ID)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func keep(_ Options, _ context.Context, _ tools.Caller, job *jobs.Job, _ processArgs) (wire.Raw, error) {
	job.Keep()
	return wire.Marshal("session " + job.ID + " goes on after this turn")
}

// forget takes an ended job off the list.
func forget(o Options, _ context.Context, _ tools.Caller, job *jobs.Job, _ processArgs) (wire.Raw, error) {
	if !o.Jobs.Forget(job) {
		return nil, fmt.Errorf("process: session %s is running; kill or remove ends it", job.ID)
	}
	return wire.Marshal("forgot session " + job.ID)
}

// remove ends a job if it runs, and takes it off the list.
func remove(o Options, ctx context.Context, c tools.Caller, job *jobs.Job, a processArgs) (wire.Raw, error) {
	if job.Info().Running {
		if _, err := kill(o, ctx, c, job, a); err != nil && job.Info().Running {
			return nil, err
		}
	}
	o.Jobs.Forget(job)
	return wire.Marshal("removed session " + job.ID)
}
