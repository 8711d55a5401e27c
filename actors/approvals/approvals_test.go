package approvals

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// rig is the actor with a store of its own, and a clock that tests set.
type rig struct {
	t     *testing.T
	ref   actors.Ref[Message]
	asker Asker
	o     Options

	mu  sync.Mutex // guards the following fields
	now time.Time
	set Settings
}

func newRig(t *testing.T, set Settings) *rig {
	t.Helper()
	r := &rig{t: t, now: time.UnixMilli(1_000_000), set: set}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	st, err := store.Open(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Start(sys); err != nil {
		t.Fatal(err)
	}
	events := eventstream.NewState()
	stream, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: events, Log: sys.Log()}))
	if err != nil {
		t.Fatal(err)
	}
	r.o = Options{Store: st, Stream: eventstream.NewStream(stream, events), State: NewState(), Settings: r.settings, Now: r.clock}
	if r.ref, err = actors.Spawn(sys, "approvals", Props(r.o)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	r.asker = Asker{Ref: func() actors.Ref[Message] { return r.ref }, Settings: r.settings}
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set
}

// later moves the clock and has the actor look at it.
func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	r.now = r.now.Add(d)
	r.mu.Unlock()
	if err := r.ref.Tell(tick{}); err != nil {
		r.t.Fatal(err)
	}
}

// begin asks in the background and returns the question once it waits.
func (r *rig) begin(ctx context.Context, req tools.ExecRequest) (wire.ExecApproval, <-chan error) {
	r.t.Helper()
	before := len(r.list().Pending)
	done := make(chan error, 1)
	go func() {
		done <- r.asker.Approve(ctx, tools.Caller{RunID: "run", SessionKey: "main", Trigger: "chat", Surface: "telegram", Sender: "7"}, req)
	}()
	limit := time.After(time.Minute)
	for {
		if l := r.list(); len(l.Pending) > before {
			return l.Pending[len(l.Pending)-1], done
		}
		select {
		case err := <-done:
			r.t.Fatalf("nobody was asked: %v", err)
		case <-limit:
			r.t.Fatal("nobody was asked")
		default:
		}
	}
}

func (r *rig) list() wire.ExecApprovalsListResult {
	r.t.Helper()
	l, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.ExecApprovalsListResult]) Message { return List{p} })
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func (r *rig) resolve(id, decision string) error {
	_, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.ExecApprovalResolved]) Message { return Resolve{p, id, decision, "page"} })
	return err
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func shell(s string) tools.ExecRequest { return tools.ExecRequest{Command: s, Cwd: "/w"} }

// TestSettings: what runs without a question, what is refused without one, and what is asked.
func TestSettings(t *testing.T) {
	t.Parallel()
	const asks = "asks"
	r := newRig(t, Settings{})
	for _, tc := range []struct{ security, ask, command, want string }{
		{"full", "off", "rm x", ""},
		{"full", "on-miss", "git status", ""},
		{"full", "on-miss", "rm x", asks},
		{"full", "always", "git status", asks},
		{"allowlist", "off", "git status", ""},
		{"allowlist", "off", "git status; rm x", "tool exec: the command is not on the list (agent.tools.exec.allow)"},
		{"allowlist", "on-miss", "git status", ""},
		{"allowlist", "on-miss", "rm x", asks},
		{"allowlist", "always", "git status", asks},
		{"deny", "always", "git status", "tool exec: no commands are run (agent.tools.exec.security is deny)"},
		{"full", "always", strings.Repeat("x", maxCommand+1), "tool exec: the command is too long to be shown to anybody: put it into a script"},
	} {
		r.mu.Lock()
		r.set = Settings{Security: tc.security, Ask: tc.ask, Allow: []string{"git status"}, Timeout: time.Minute}
		r.mu.Unlock()
		if tc.want != asks {
			err := r.asker.Approve(t.Context(), tools.Caller{}, shell(tc.command))
			if text(err) != tc.want {
				t.Errorf("%+v: %v", tc, err)
			}
			continue
		}
		q, done := r.begin(t.Context(), shell(tc.command))
		if q.Command != tc.command || q.Cwd != "/w" || q.Sender != "7" || q.ExpiresAt-q.CreatedAt != 60_000 {
			t.Errorf("question %+v", q)
		}
		if err := r.resolve(q.ID, Deny); err != nil {
			t.Error(err)
		}
		if err := <-done; text(err) != "tool exec: the person who was asked said no" {
			t.Errorf("denied: %v", err)
		}
	}
}

// TestAsk: what a program asks itself is asked, whatever the settings ask about by themselves, unless it is listed or nothing is
// to be asked.
func TestAsk(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{})
	for _, tc := range []struct{ security, ask, command, want string }{
		{"full", "off", "git status", ""},
		{"full", "off", "rm x", "tool exec: the person who was asked said no"},
		{"full", "always", "git status", "tool exec: the person who was asked said no"},
		{"allowlist", "off", "rm x", "tool exec: the command is not on the list (agent.tools.exec.allow)"},
		{"deny", "off", "git status", "tool exec: no commands are run (agent.tools.exec.security is deny)"},
		{"full", "off", strings.Repeat("x", maxCommand+1), "tool exec: it is too long to be shown to anybody"},
	} {
		r.mu.Lock()
		r.set = Settings{Security: tc.security, Ask: tc.ask, Allow: []string{"git status"}, Timeout: time.Minute}
		r.mu.Unlock()
		done := make(chan error, 1)
		go func() { done <- r.asker.Ask(t.Context(), tools.Caller{RunID: "run"}, shell(tc.command)) }()
		if strings.HasSuffix(tc.want, "said no") {
			for len(r.list().Pending) == 0 {
			}
			if err := r.resolve(r.list().Pending[0].ID, Deny); err != nil {
				t.Error(err)
			}
		}
		if err := <-done; text(err) != tc.want {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// TestDecisions: each answer, twice, and too late.
func TestDecisions(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Security: "allowlist", Ask: "on-miss", Timeout: time.Minute})
	q, done := r.begin(t.Context(), shell("make all"))
	for range 2 {
		if err := r.resolve(q.ID, AllowOnce); err != nil {
			t.Error(err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("allowed once: %v", err)
	}
	if err := r.resolve(q.ID, Deny); err == nil || !strings.Contains(err.Error(), "decided already: allow-once") {
		t.Errorf("another answer: %v", err)
	}
	if err := r.resolve("none", Deny); err == nil || !strings.Contains(err.Error(), "exec.approvals.list") {
		t.Errorf("no such question: %v", err)
	}
	q, done = r.begin(t.Context(), shell("make all")) // once was once
	if err := r.resolve(q.ID, AllowAlways); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("allowed for good: %v", err)
	}
	if err := r.asker.Approve(t.Context(), tools.Caller{}, shell("make all")); err != nil {
		t.Errorf("after that: %v", err)
	}
	r.begin(t.Context(), tools.ExecRequest{Argv: []string{"make", "all"}}) // not the same words
	if q, _ := r.begin(t.Context(), tools.ExecRequest{Command: "make all", Cwd: "/w", Env: []string{"PATH=/tmp"}}); !slices.Equal(q.Env, []string{"PATH=/tmp"}) {
		t.Errorf("asked without its variables: %+v", q)
	}
	l := r.list()
	if len(l.Allowed) != 1 || l.Allowed[0].Command != "make all" || l.Allowed[0].By != "page" {
		t.Fatalf("allowed %+v", l.Allowed)
	}
	var stored []wire.ExecAllowed
	err := r.o.Store.View(t.Context(), func(v *store.View) error {
		raw, _, err := v.Get(bucket, key)
		if err != nil {
			return err
		}
		return wire.Unmarshal(raw, &stored)
	})
	if err != nil || len(stored) != 1 { // it was answered after it was stored
		t.Errorf("stored %+v, %v", stored, err)
	}
	forget := func(id string) error {
		_, err := actors.Ask(t.Context(), r.ref, func(p actors.Reply[wire.ExecAllowed]) Message { return Forget{p, id} })
		return err
	}
	if err := forget(l.Allowed[0].ID); err != nil || len(r.list().Allowed) != 0 {
		t.Errorf("forget: %v, %+v", err, r.list().Allowed)
	}
	if err := forget(l.Allowed[0].ID); err == nil {
		t.Error("forgotten twice")
	}
}

// TestNobodyAnswers: the time ends a question, and so does the end of its run.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Security: "full", Ask: "always", Timeout: 10 * time.Second})
	_, done := r.begin(t.Context(), shell("a"))
	r.later(11 * time.Second)
	if err := <-done; text(err) != "tool exec: nobody has answered in time" {
		t.Errorf("timeout: %v", err)
	}
	aborted := errors.New("aborted")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, done = r.begin(ctx, shell("b"))
	cancel(aborted)
	if err := <-done; !errors.Is(err, aborted) {
		t.Errorf("abort: %v", err)
	}
	r.mu.Lock()
	r.set.Timeout = time.Hour
	r.mu.Unlock()
	lost := make(chan Verdict, 1)
	reply := actors.ReplyTo(func(v Verdict, _ error) { lost <- v })
	if err := r.ref.Tell(Ask{Reply: reply, ID: "lost", Request: shell("c")}); err != nil {
		t.Fatal(err)
	}
	r.list() // it has been put
	r.later(gone + time.Second)
	if v := <-lost; v.Allowed || v.Reason != "the run has ended" {
		t.Errorf("a run that asks no more: %+v", v)
	}
	if l := r.list(); slices.ContainsFunc(l.Pending, func(q wire.ExecApproval) bool { return q.ID == "lost" }) {
		t.Errorf("pending %+v", l.Pending)
	}
}

// TestFull: there is an end to questions and to what is allowed for good.
func TestFull(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Security: "full", Ask: "always", Timeout: time.Hour})
	answers := make(chan Verdict, maxPending+1)
	for i := range maxPending + 1 {
		reply := actors.ReplyTo(func(v Verdict, err error) {
			if err == nil {
				answers <- v
			}
		})
		if err := r.ref.Tell(Ask{Reply: reply, ID: strings.Repeat("i", i+1), Request: shell("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if v := <-answers; v.Allowed || v.Reason != "too many commands wait for approval" {
		t.Errorf("one too many: %+v", v)
	}
	s := NewState()
	for i := range maxAllowed + 5 {
		s.allow(wire.ExecAllowed{ID: strings.Repeat("i", i+1)})
	}
	if len(s.allowed) != maxAllowed || s.lists("i") || !s.lists(strings.Repeat("i", maxAllowed+5)) {
		t.Errorf("%d allowed", len(s.allowed))
	}
}

// TestDecisions_repeated: who repeats an answer that is not on disk yet is not told so before it is.
func TestDecisions_repeated(t *testing.T) {
	t.Parallel()
	r := newRig(t, Settings{Security: "allowlist", Ask: "on-miss", Timeout: time.Minute})
	q, done := r.begin(t.Context(), shell("make all"))
	held, release := make(chan struct{}), make(chan struct{})
	r.o.Store.Commit(func(*store.Tx) error {
		close(held)
		<-release
		return nil
	}, func(error) {})
	<-held
	answers := make(chan error, 2)
	for range 2 {
		m := Resolve{ID: q.ID, Decision: AllowAlways, By: "page"}
		go func() {
			_, err := actors.Ask(t.Context(), r.ref, func(p actors.Reply[wire.ExecApprovalResolved]) Message { m.Reply = p; return m })
			answers <- err
		}()
	}
	if err := <-done; err != nil { // the first answer has been taken
		t.Error(err)
	}
	for range 100 { // the second one comes in between, and has no answer
		r.list()
	}
	if len(answers) != 0 {
		t.Error("answered before it was on disk")
	}
	close(release)
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}
