//go:build unix

package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/store"
)

const limit = 60 * time.Second

// stage is the actor with real processes.
type stage struct {
	t      *testing.T
	ref    actors.Ref[Message]
	state  *State
	faults *actortest.Faults
	kept   time.Duration
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, state: NewState(), faults: actortest.NewFaults(1), kept: time.Hour}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: s.faults})
	if err := st.Start(sys); err != nil {
		t.Fatal(err)
	}
	guard, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	keeper := process.NewKeeper(process.Options{Store: st, Guard: guard})
	s.ref, err = actors.Spawn(sys, "jobs", Props(Options{State: s.state, Keeper: keeper, Kept: func() time.Duration { return s.kept }, Log: slog.New(slog.DiscardHandler)}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.faults.Enable(false)
		s.drain()
		for _, j := range s.state.which(func(*Job) bool { return true }) {
			s.ended(j)
		}
		if err := errors.Join(sys.Stop(context.Background()), st.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) drain() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if _, err := actors.Ask(ctx, s.ref, func(r actors.Reply[struct{}]) Message { return Drain{Reply: r} }); err != nil {
		s.t.Error("drain: ", err)
	}
}

func (s *stage) start(ctx context.Context, session, script string) (*Job, error) {
	ask, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	return actors.Ask(ask, s.ref, func(r actors.Reply[*Job]) Message {
		return Start{Reply: r, Spec: Spec{
			ID: NewID(), With: ctx, Session: session, Run: "run", Title: script, Argv: []string{"sh", "-c", script}, Dir: "/",
			Env: []string{"PATH=" + os.Getenv("PATH")}, Output: 1000, Stdin: strings.HasPrefix(script, "cat"),
		}}
	})
}

func (s *stage) run(ctx context.Context, script string) *Job {
	s.t.Helper()
	j, err := s.start(ctx, "main", script)
	if err != nil {
		s.t.Fatal(script, ": ", err)
	}
	return j
}

func (s *stage) ended(j *Job) Info {
	s.t.Helper()
	select {
	case <-j.Done():
	case <-time.After(limit):
		s.t.Fatal("the job does not end: ", j.Spec.Title)
	}
	return j.Info()
}

// gone: nothing of the job's group is there any more.
func gone(j *Job) bool { return errors.Is(syscall.Kill(-j.PID(), 0), syscall.ESRCH) }

func TestJob(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	j := s.run(t.Context(), "echo out; echo err >&2; exit 4")
	info := s.ended(j)
	if text, skipped := j.Output(); text != "out\nerr\n" || skipped != 0 || info.Exit.Code != 4 || info.Reason != "" || info.Total != 8 {
		t.Errorf("%q %d %+v", text, skipped, info)
	}
	if _, ok := s.state.Find("main", j.ID); !ok {
		t.Error("it is not kept")
	}
	if _, ok := s.state.Find("other", j.ID); ok {
		t.Error("another session sees it")
	}
	cat := s.run(t.Context(), "cat")
	if err := errors.Join(cat.Write("one\n", false), cat.Write("two", true)); err != nil {
		t.Error(err)
	}
	s.ended(cat)
	if text, _ := cat.Poll(); text != "one\ntwo" {
		t.Errorf("%q", text)
	}
	if text, _ := cat.Poll(); text != "" {
		t.Errorf("polled twice: %q", text)
	}
	for _, err := range []error{cat.Write("x", false), j.Write("x", false)} {
		if err == nil {
			t.Error("what has ended, or reads nothing, takes input")
		}
	}
	var e *process.StartError
	if _, err := actors.Ask(t.Context(), s.ref, func(r actors.Reply[*Job]) Message {
		return Start{Reply: r, Spec: Spec{ID: NewID(), With: t.Context(), Argv: []string{"/no/such/program"}, Dir: "/", Output: 10}}
	}); !errors.As(err, &e) || !e.Missing {
		t.Errorf("%v", err)
	}
}

// TestJob_run: a job ends with its run, unless it was kept.
func TestJob_run(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	run, end := context.WithCancel(t.Context())
	bound, kept := s.run(run, "sleep 1000"), s.run(run, "sleep 1000")
	kept.Keep()
	end()
	if info := s.ended(bound); info.Reason != Aborted || !gone(bound) {
		t.Errorf("%+v, gone %v", info, gone(bound))
	}
	if !kept.Info().Running {
		t.Error("what was kept has ended, too")
	}
	late := s.run(run, "sleep 1000") // its run is over already
	if info := s.ended(late); info.Reason != Aborted {
		t.Errorf("%+v", info)
	}
	s.state.EndSession("other")
	s.state.EndSession("main")
	if info := s.ended(kept); info.Reason != Killed || !gone(kept) {
		t.Errorf("%+v", info)
	}
}

// TestJob_flood: a hundred megabytes cost what is kept of them.
func TestJob_flood(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	j := s.run(t.Context(), "head -c 100000000 /dev/zero; echo end")
	info := s.ended(j)
	runtime.ReadMemStats(&after)
	text, skipped := j.Output()
	if info.Total != 100_000_004 || len(text) != 1000 || !strings.HasSuffix(text, "\x00end\n") || skipped != info.Total-1000 {
		t.Errorf("%+v, %d kept, %d not", info, len(text), skipped)
	}
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 50<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

// TestLimits: of one session so many run at a time, and those that have ended are kept for a while.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.state.limit = 4
	var all []*Job
	var starts sync.WaitGroup
	jobs := make(chan *Job, s.state.limit)
	for range s.state.limit {
		starts.Go(func() {
			j, err := s.start(t.Context(), "main", "sleep 1000")
			if err != nil {
				t.Error(err)
				return
			}
			jobs <- j
		})
	}
	starts.Wait()
	close(jobs)
	for j := range jobs {
		all = append(all, j)
	}
	if _, err := s.start(t.Context(), "main", "true"); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if j, err := s.start(t.Context(), "other", "true"); err != nil {
		t.Errorf("in another session: %v", err)
	} else {
		s.ended(j)
	}
	if s.state.Forget(all[0]) {
		t.Error("a running job was forgotten")
	}
	for _, j := range all {
		j.Kill(Killed)
	}
	for _, j := range all {
		s.ended(j)
	}
	if n := len(s.state.Of("main")); n != s.state.limit {
		t.Errorf("%d are known", n)
	}
	if _, more := s.state.sweep(time.Hour, time.Now().Add(2*time.Hour)); more || len(s.state.Of("main")) != 0 {
		t.Errorf("after their time %d are known", len(s.state.Of("main")))
	}
}

// TestDrain ends everything and starts nothing any more.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	j := s.run(t.Context(), "trap '' TERM; sleep 1000 & wait; while :; do sleep 1; done")
	j.Keep()
	s.drain()
	if info := j.Info(); info.Running || info.Reason != Stopped || !gone(j) {
		t.Errorf("%+v", info)
	}
	if _, err := s.start(t.Context(), "main", "true"); err == nil {
		t.Error("a job was started")
	}
}

// TestFaults: whatever happens to the actor's messages, who asked is answered, no job is lost sight of, and what was told of
// goes on.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"crash", "crash after", "delay", "drop", "duplicate", "reorder"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			told := s.run(t.Context(), "sleep 1000")
			rule := s.faults.On(actortest.Kind("jobs"))
			switch fault {
			case "crash":
				rule.Every(2).Times(4).Crash()
			case "crash after":
				rule.Every(2).Times(4).CrashAfter()
			case "delay":
				rule.Delay(30 * time.Millisecond)
			case "drop":
				s.faults.On(actortest.Message[Start]()).Every(2).Drop()
				s.faults.On(actortest.Message[ended]()).Drop()
			case "duplicate":
				rule.Duplicate()
			case "reorder":
				rule.Every(2).Reorder()
			}
			done, file := 0, filepath.Join(t.TempDir(), "marks")
			for i := range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				j, err := s.start(ctx, "main", fmt.Sprintf("echo %d >>%s", i, file))
				if err == nil {
					done++
					if info := s.ended(j); info.Exit.Code != 0 {
						t.Errorf("%+v", info)
					}
				}
				cancel()
			}
			s.faults.Enable(false)
			if done == 0 && fault != "crash" && fault != "crash after" {
				t.Error("nothing was started")
			}
			if !told.Info().Running {
				t.Error("a job that somebody knows of has ended")
			}
			for _, j := range s.state.running() {
				if j != told {
					s.ended(j) // nobody was told of it: it was ended
				}
			}
			b, _ := os.ReadFile(file)
			for i := range 3 {
				if n := strings.Count(string(b), fmt.Sprintln(i)); n > 1 {
					t.Errorf("command %d was run %d times", i, n)
				}
			}
			told.Kill(Killed)
			s.ended(told)
			if j := s.run(t.Context(), "echo fine"); s.ended(j).Exit.Code != 0 {
				t.Error("the actor works no more")
			}
		})
	}
}
