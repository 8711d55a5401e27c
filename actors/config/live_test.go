package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// rig is a config actor that watches a real directory.
type rig struct {
	t             *testing.T
	ref           actors.Ref[Message]
	path, history string
	log           *safeBuffer

	mu       sync.Mutex
	applied  []string // paths of the changes of each Apply
	restarts []string
	refuse   string // Apply fails with it
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newRig starts with text in the file; "" = no file. It debounces as short as the text says.
func newRig(t *testing.T, text string, intercept actors.Interceptor) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, path: filepath.Join(dir, "clawdbot.json"), history: filepath.Join(dir, "config-history"), log: &safeBuffer{}}
	if text != "" {
		write(t, r.path, text)
	}
	d, err := Load(r.path, homeOnly)
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.NewTextHandler(r.log, nil)), Intercept: intercept})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := sys.Stop(ctx); err != nil {
			t.Error(err)
		}
		if strings.Contains(r.log.String(), "CANARY") {
			t.Errorf("the log shows a secret: %s", r.log)
		}
	})
	r.ref, err = actors.Spawn(sys, "config", Props(Options{
		Document: d, Getenv: homeOnly, Version: "1.2.3", HistoryDir: r.history, Watch: true, Poll: 100 * time.Millisecond,
		Admit: r.admit, Apply: r.apply, RestartNeeded: func(reason string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.restarts = append(r.restarts, reason)
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) admit(d *Document) error {
	if d.Config.Gateway.Bind == "lan" && d.Config.Gateway.Auth.Token == "" {
		return &InvalidError{Issues: []Issue{{"gateway.bind", "refused by the root"}}}
	}
	return nil
}

func (r *rig) apply(_ *Document, changed []Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != "" {
		return errors.New(r.refuse)
	}
	r.applied = append(r.applied, strings.Join(pathsOf(changed), " "))
	return nil
}

func (r *rig) state() State {
	r.t.Helper()
	s, err := actors.Ask(r.t.Context(), r.ref, func(a actors.Reply[State]) Message { return Status{a} })
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// until waits for a condition of the state.
func (r *rig) until(what string, ok func(State) bool) State {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for {
		s := r.state()
		if ok(s) {
			return s
		}
		select {
		case <-ctx.Done():
			r.t.Fatalf("%s: never; problem %q, restart %q\n%s", what, s.Problem, s.Restart, r.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{gateway:{reload:{debounceMs:1}},cron:{maxConcurrentRuns:1},telegram:{botToken:'CANARY-1'}}", nil)
	write(t, r.path, "{gateway:{reload:{debounceMs:1}},cron:{maxConcurrentRuns:2},telegram:{botToken:'CANARY-2'},identity:{name:'x'}}")
	s := r.until("hot", func(s State) bool { return s.Running.Config.Cron.MaxConcurrentRuns == 2 })
	if s.Since.IsZero() || s.Problem != "" || r.applied[0] != "cron.maxConcurrentRuns identity.name telegram.botToken" {
		t.Errorf("%+v, applied %q", s, r.applied)
	}

	write(t, r.path, "{gateway:{port:9,reload:{debounceMs:1}},cron:{maxConcurrentRuns:3},telegram:{botToken:'CANARY-2'},identity:{name:'x'}}")
	s = r.until("restart", func(s State) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return s.Restart != "" && len(r.restarts) > 0 // it is told of after the state has it
	})
	if s.Restart != "config: gateway.port" || s.Running.Config.Cron.MaxConcurrentRuns != 2 || len(r.restarts) != 1 || len(r.applied) != 1 {
		t.Errorf("%q, %q, %q", s.Restart, r.restarts, r.applied)
	}

	write(t, r.path, "{gateway:{port:9,reload:{mode:'hot',debounceMs:1}},cron:{maxConcurrentRuns:3}}")
	r.until("mode hot refuses", func(s State) bool { return strings.Contains(s.Problem, "gateway.port needs a restart") })
	write(t, r.path, "{gateway:{reload:{mode:'off',debounceMs:1}},cron:{maxConcurrentRuns:3}}")
	r.until("mode off", func(s State) bool { return strings.Contains(s.Problem, "mode is off") })

	r.mu.Lock()
	r.refuse = "telegram: bot12345678:CANARYCANARYCANARYCANARYCANARYCANARY does not answer"
	r.mu.Unlock()
	write(t, r.path, "{cron:{maxConcurrentRuns:4}}")
	s = r.until("a part refuses", func(s State) bool { return strings.Contains(s.Problem, "not taken over") })
	if strings.Contains(s.Problem, "CANARY") || s.Running.Config.Cron.MaxConcurrentRuns != 2 {
		t.Errorf("%q, %d", s.Problem, s.Running.Config.Cron.MaxConcurrentRuns)
	}
	write(t, r.path, "{gateway:{bind:'lan'}}")
	r.until("the root refuses", func(s State) bool { return strings.Contains(s.Problem, "gateway.bind: refused by the root") })
}

// A changed text that says the same is no change, and an explicit default cuts nobody.
func TestReload_sameMeaning(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{gateway:{reload:{debounceMs:1}}}", nil)
	write(t, r.path, "// now with a comment\n{gateway:{reload:{debounceMs:1}}}")
	r.until("comment", func(s State) bool { return strings.HasPrefix(s.Running.raw, "// now") })
	write(t, r.path, "{gateway:{port:18789,reload:{debounceMs:1}}}")
	s := r.until("default", func(s State) bool { return strings.Contains(s.Running.raw, "18789") })
	if s.Restart != "" || len(r.restarts) > 0 {
		t.Errorf("restart for a default: %q", r.restarts)
	}
}

// Two hundred edits of every kind: only whole and valid ones have an effect.
func TestReload_200edits(t *testing.T) {
	t.Parallel()
	const text = "{gateway:{reload:{debounceMs:0}},cron:{maxConcurrentRuns:%d},telegram:{botToken:'CANARY-bot'}}"
	r := newRig(t, fmt.Sprintf(text, 1), nil)
	rng := rand.New(rand.NewPCG(7, 7))
	last := 1
	restore := func() { _ = os.Chmod(r.path, 0o600); _ = os.RemoveAll(r.path) }
	for i := range 200 {
		valid := fmt.Sprintf(text, i+2)
		problem := ""
		restore()
		switch rng.IntN(9) {
		case 0:
			write(t, r.path, valid[:rng.IntN(len(valid)-2)+1])
			problem = "is not valid"
		case 1:
			write(t, r.path, strings.Replace(valid, "cron", "crno", 1))
			problem = `did you mean "cron"`
		case 2:
			problem = "is gone"
		case 3:
			if err := os.Mkdir(r.path, 0o700); err != nil {
				t.Fatal(err)
			}
			problem = "not a regular file"
		case 4:
			write(t, r.path, strings.Repeat(" ", 10<<20)+valid) // while it is being written, what is there is blank
			problem = "larger than"
		case 5:
			write(t, r.path, strings.Repeat("[", 100_000))
			problem = "deeper"
		case 6:
			if os.Geteuid() == 0 {
				if err := os.Symlink("nowhere", r.path); err != nil {
					t.Fatal(err)
				}
				problem = "is gone"
				break
			}
			write(t, r.path, valid)
			_ = os.Chmod(r.path, 0)
			problem = "read failed"
		case 7:
			write(t, r.path+".new", valid)
			if err := os.Rename(r.path+".new", r.path); err != nil {
				t.Fatal(err)
			}
			last = i + 2
		default:
			write(t, r.path, valid)
			last = i + 2
		}
		s := r.until(fmt.Sprintf("edit %d, %q", i, problem), func(s State) bool {
			return strings.Contains(s.Problem, problem) && (problem != "" || s.Running.Config.Cron.MaxConcurrentRuns == last)
		})
		if got := s.Running.Config.Cron.MaxConcurrentRuns; got != last {
			t.Fatalf("edit %d (%q): %d runs, want %d", i, s.Problem, got, last)
		}
		if strings.ContainsAny(s.Problem, "\n\x1b") || strings.Contains(s.Problem, "CANARY") {
			t.Fatalf("problem %q", s.Problem)
		}
	}
	if len(r.restarts) > 0 {
		t.Errorf("restarts: %q", r.restarts)
	}
}

// What was taken over stays over a crash, and changes from the time of the crash are found.
func TestReload_crash(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(3)
	f.On(actortest.Message[Describe]()).Crash()
	r := newRig(t, "{gateway:{reload:{debounceMs:1}},cron:{maxConcurrentRuns:1}}", f)
	write(t, r.path, "{gateway:{reload:{debounceMs:1}},cron:{maxConcurrentRuns:2}}")
	r.until("first", func(s State) bool { return s.Running.Config.Cron.MaxConcurrentRuns == 2 })
	if _, err := ask1(t, r.ref, "config.schema", "{}"); err == nil {
		t.Fatal("no crash")
	}
	if n := r.state().Running.Config.Cron.MaxConcurrentRuns; n != 2 {
		t.Errorf("%d runs after a crash", n)
	}
	write(t, r.path, "{gateway:{reload:{debounceMs:1}},cron:{maxConcurrentRuns:3}}")
	r.until("second", func(s State) bool { return s.Running.Config.Cron.MaxConcurrentRuns == 3 })
	if len(r.applied) != 2 {
		t.Errorf("applied %q", r.applied)
	}
}

// The directory may be moved away and come back: the watch ends, and the regular look begins it anew.
func TestReload_directoryGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{cron:{maxConcurrentRuns:1}}", nil)
	if _, err := ask1(t, r.ref, "config.history", "{}"); err != nil { // the start is over, nothing more is written
		t.Fatal(err)
	}
	dir := filepath.Dir(r.path)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	r.until("gone", func(s State) bool { return s.Problem == "is gone" })
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	r.until("back", func(s State) bool { return s.Problem == "" })
	write(t, r.path, "{cron:{maxConcurrentRuns:2}}")
	r.until("changed", func(s State) bool { return s.Running.Config.Cron.MaxConcurrentRuns == 2 })
}
