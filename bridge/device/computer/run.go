package computer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

// RunPolicy says which programs may be run. It is made once: what a name stands for is decided then, and a program that
// is put in front of it in PATH later changes nothing.
type RunPolicy struct {
	any   bool
	rules []rule
	env   []string
}

// rule allows one program, with arguments that begin with these.
type rule struct {
	name string // as it may be called without a path
	path string // absolute
	args []string
}

// AnyProgram is the entry that allows everything.
const AnyProgram = "*"

// NewRunPolicy reads an allow-list. An entry is a program, by name or absolute path, and may go on with the arguments a
// call must begin with ("git status"). Names are looked up now, with lookPath. Variables are names that a call may set
// beside those of languages and terminals. Without an entry the policy is nil: nothing may be run.
func NewRunPolicy(entries, variables []string, lookPath func(string) (string, error)) (*RunPolicy, error) {
	p := &RunPolicy{env: variables}
	for _, e := range entries {
		words := strings.Fields(e)
		switch {
		case len(words) == 0:
			return nil, errors.New("an entry of the allow-list is empty")
		case words[0] == AnyProgram && len(words) == 1:
			p.any = true
			continue
		}
		path, err := lookPath(words[0])
		if err != nil {
			return nil, fmt.Errorf("the allow-list names %q, which cannot be run here: %w", words[0], err)
		}
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		p.rules = append(p.rules, rule{name: filepath.Base(words[0]), path: path, args: words[1:]})
	}
	for _, v := range variables {
		if v == "" || strings.ContainsAny(v, "=\x00") {
			return nil, fmt.Errorf("%q is no name of an environment variable", v)
		}
	}
	if !p.any && len(p.rules) == 0 {
		return nil, nil
	}
	return p, nil
}

// program finds what an argv may run, "" when it may not.
func (p *RunPolicy) program(argv []string, lookPath func(string) (string, error)) string {
	for _, r := range p.rules {
		called := argv[0] == r.name || filepath.IsAbs(argv[0]) && filepath.Clean(argv[0]) == r.path
		if called && len(argv) > len(r.args) && slices.Equal(argv[1:1+len(r.args)], r.args) {
			return r.path
		}
	}
	if p.any {
		if path, err := lookPath(argv[0]); err == nil && filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}

// plain are the variables that any call may set. They choose a language or a look, and nothing that is loaded or run.
var plain = []string{"LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LC_TIME", "LC_NUMERIC", "TZ", "TERM", "NO_COLOR", "COLUMNS", "LINES"}

// Bounds of a run.
const (
	runTime    = 30 * time.Second // when a call does not say
	maxRunTime = 10 * time.Minute
	maxOutput  = 1 << 20 // bytes kept of each stream
	maxArgs    = 1024
)

// RunResult is the answer of system.run. A program that failed is an answer too.
type RunResult struct {
	ExitCode  *int   `json:"exitCode,omitempty"` // absent when it was ended, or did not run
	TimedOut  bool   `json:"timedOut"`
	Success   bool   `json:"success"`
	Stdout    string `json:"stdout"`
	Stderr    string `json:"stderr"`
	Truncated bool   `json:"truncated,omitempty"` // more was printed than is kept
	Error     string `json:"error,omitempty"`
}

// runParams are what system.run takes. needsScreenRecording is the business of macOS alone, which asks by itself.
type runParams struct {
	Command   []string          `json:"command"`
	Cwd       string            `json:"cwd"`
	Env       map[string]string `json:"env"`
	TimeoutMs *int64            `json:"timeoutMs"`
}

func (c *Computer) runReady() error {
	if c.o.Run == nil {
		return refuse(unavailable, "SYSTEM_RUN_DISABLED: no program may be run on this computer; its owner allows some with --allow-run")
	}
	return nil
}

func (c *Computer) systemRun(ctx context.Context, params []byte) (any, error) {
	var p runParams
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	cmd, err := c.plan(p)
	if err != nil {
		return nil, err
	}
	limit := time.Duration(clamp(p.TimeoutMs, runTime.Milliseconds(), 0, maxRunTime.Milliseconds())) * time.Millisecond
	if limit == 0 {
		limit = runTime
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o := execute(timed, cmd, maxOutput)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r := RunResult{
		TimedOut: timed.Err() != nil, Stdout: strings.ToValidUTF8(o.stdout.String(), "\ufffd"), Stderr: strings.ToValidUTF8(o.stderr.String(), "\ufffd"),
		Truncated: o.stdout.cut || o.stderr.cut,
	}
	switch {
	case o.err != nil:
		r.Error = o.err.Error()
	case r.TimedOut:
		r.Error = fmt.Sprintf("ended after %s", limit)
	case o.exit < 0:
		r.Error = "ended by a signal"
	default:
		r.ExitCode, r.Success = &o.exit, o.exit == 0
	}
	return r, nil
}

// plan makes what will be run of what was asked for, or refuses it.
func (c *Computer) plan(p runParams) (*exec.Cmd, error) {
	if len(p.Command) == 0 || strings.TrimSpace(p.Command[0]) == "" {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: command required")
	}
	if len(p.Command) > maxArgs || slices.ContainsFunc(p.Command, func(s string) bool { return strings.ContainsRune(s, 0) }) {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: a command has at most %d words, and none with a NUL in it", maxArgs)
	}
	path := c.o.Run.program(p.Command, c.o.LookPath)
	if path == "" {
		return nil, refuse(unavailable, "SYSTEM_RUN_DENIED: %s is not on the allow-list of this computer; its owner allows it with --allow-run", tidy(p.Command[0], maxTitle))
	}
	cmd := exec.Command(path)
	cmd.Args = p.Command
	cmd.Env = child.Environ(c.o.Getenv)
	for name, value := range p.Env {
		if !slices.Contains(plain, name) && !slices.Contains(c.o.Run.env, name) {
			return nil, refuse(unavailable, "SYSTEM_RUN_DENIED: the variable %s may not be set; the owner of this computer allows it with --allow-env", tidy(name, maxTitle))
		}
		if strings.ContainsRune(value, 0) {
			return nil, refuse(invalidRequest, "INVALID_REQUEST: the value of %s has a NUL in it", tidy(name, maxTitle))
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Dir = p.Cwd
	if cmd.Dir == "" {
		cmd.Dir = c.o.Getenv("HOME")
	}
	if info, err := os.Stat(cmd.Dir); cmd.Dir != "" && (err != nil || !info.IsDir() || !filepath.IsAbs(cmd.Dir)) {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = errors.New("it is no directory with an absolute path")
		}
		return nil, refuse(invalidRequest, "INVALID_REQUEST: cwd %s: %v", tidy(p.Cwd, maxTitle), err)
	}
	return cmd, nil
}
