package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
)

// patience is how long anything may take that is expected to happen. Nothing waits for it in a passing test.
const patience = 60 * time.Second

// rig is one provider on one fake platform, with everything it says on record.
type rig struct {
	Platform
	t    *testing.T
	ctx  context.Context // ends when the test has waited too long
	prov providers.Provider

	mu       sync.Mutex // guards the following fields
	changed  chan struct{}
	states   []providers.Status
	received []providers.Incoming // what Receive has taken
	calls    int                  // of Receive
	store    func(ctx context.Context, m providers.Incoming) error
	log      bytes.Buffer
	echoes   []string // what Echo was given
	said     []string // every error and text that came out
}

func newRig(t *testing.T, h Harness) *rig {
	t.Helper()
	p := h.Start(t)
	p.Env.Cursor = NewCursor()
	return newRigOn(t, p, nil)
}

// newRigOn puts a provider on a platform that may have had one before.
func newRigOn(t *testing.T, p Platform, change func(*providers.Env)) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r := &rig{Platform: p, t: t, ctx: ctx, changed: make(chan struct{})}
	env := p.Env
	env.Account = "suite"
	env.Log = slog.New(slog.NewTextHandler(lockedWriter{r}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	env.Now = time.Now
	env.Receive = r.onReceive
	env.State = r.onState
	env.Echo = r.onEcho
	if env.Cursor == nil {
		env.Cursor = NewCursor()
	}
	if env.Files == nil {
		env.Files = media.New(t.TempDir(), env.Endpoint)
	}
	if env.Getenv == nil {
		env.Getenv = func(string) string { return "" }
	}
	if change != nil {
		change(&env)
	}
	prov, err := p.New(env)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	r.prov = prov
	t.Cleanup(r.checkSecret)
	return r
}

type lockedWriter struct{ r *rig }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.r.mu.Lock()
	defer w.r.mu.Unlock()
	return w.r.log.Write(b)
}

func (r *rig) onReceive(ctx context.Context, m providers.Incoming) error {
	r.mu.Lock()
	r.calls++
	store := r.store
	r.broadcast()
	r.mu.Unlock()
	if store != nil {
		if err := store(ctx, m); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, m)
	r.broadcast()
	return nil
}

func (r *rig) onState(s providers.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.states = append(r.states, s)
	r.said = append(r.said, s.Reason, s.Self)
	r.broadcast()
}

func (r *rig) onEcho(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.echoes = append(r.echoes, id)
	r.broadcast()
}

// setStore replaces what Receive does before it takes a message.
func (r *rig) setStore(f func(ctx context.Context, m providers.Incoming) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.store = f
}

// broadcast wakes everybody who waits. r.mu is held.
func (r *rig) broadcast() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// await returns when cond, called with r.mu held, is true.
func (r *rig) await(what string, cond func() bool) {
	r.t.Helper()
	for {
		r.mu.Lock()
		done, changed := cond(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-r.ctx.Done():
			r.mu.Lock()
			defer r.mu.Unlock()
			r.t.Fatalf("no %s; states %+v; received %+v; log:\n%s", what, r.states, r.received, r.log.String())
		}
	}
}

// mark is the point in the history of states from which awaitLink looks on.
func (r *rig) mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.states)
}

func (r *rig) awaitLink(from int, link providers.Link) (found providers.Status) {
	r.t.Helper()
	r.await("link "+string(link), func() bool {
		for _, s := range r.states[from:] {
			if s.Link == link {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// awaitTexts waits until as many messages as texts were taken and compares them in order.
func (r *rig) awaitTexts(want ...string) {
	r.t.Helper()
	var got []string
	r.await("message "+want[len(want)-1], func() bool {
		got = got[:0]
		for _, m := range r.received {
			got = append(got, m.Text)
		}
		return len(got) >= len(want)
	})
	if strings.Join(got, "|") != strings.Join(want, "|") {
		r.t.Fatalf("received %q, want %q", got, want)
	}
}

func (r *rig) awaitAcked(id string) {
	r.t.Helper()
	if err := r.WaitAcked(r.ctx, id); err != nil {
		r.t.Fatalf("message %s was not acknowledged: %v", id, err)
	}
}

// inject shows a fault, or skips the subtest on a platform that has no such thing.
func (r *rig) inject(f Fault) {
	r.t.Helper()
	if !r.Inject(f) {
		r.t.Skipf("this platform has no %q", f)
	}
}

// running is a Run in progress.
type running struct {
	r      *rig
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid after done
}

// run starts Run and stops it at the end of the test at the latest.
func (r *rig) run() *running {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.ctx)
	u := &running{r: r, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(u.done)
		u.err = r.prov.Run(ctx)
		r.note(u.err)
	}()
	r.t.Cleanup(func() { u.stop() })
	return u
}

// up is run, and waits until events flow.
func (r *rig) up() *running {
	r.t.Helper()
	from := r.mark()
	u := r.run()
	r.awaitLink(from, providers.LinkUp)
	return u
}

// stop cancels Run, waits for it and says how long it took.
func (u *running) stop() (took time.Duration, err error) {
	start := time.Now()
	u.cancel()
	err = u.wait()
	return time.Since(start), err
}

func (u *running) wait() error {
	select {
	case <-u.done:
		return u.err
	case <-time.After(patience):
		u.r.t.Error("Run does not return")
		return nil
	}
}

// send sends a text to the chat; a failure must be a *providers.SendError.
func (r *rig) send(ctx context.Context, text string) (providers.Receipt, *providers.SendError) {
	r.t.Helper()
	receipt, err := r.prov.Send(ctx, providers.Outgoing{
		Key:     "suite:" + text,
		Route:   providers.Route{Account: "suite", Chat: r.Chat, Kind: providers.Direct},
		Text:    text,
		Attempt: 1,
	})
	if err == nil {
		return receipt, nil
	}
	r.note(err)
	se, ok := err.(*providers.SendError)
	if !ok {
		r.t.Fatalf("Send failed with a %T, want *providers.SendError: %v", err, err)
	}
	return receipt, se
}

// note puts an error on record, with everything it wraps.
func (r *rig) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; err != nil; err = errors.Unwrap(err) {
		r.said = append(r.said, err.Error())
	}
}

// checkSecret looks for the credential in all that was logged, reported and returned.
func (r *rig) checkSecret() {
	if p, ok := r.prov.(providers.Prober); ok {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		b, err := json.Marshal(p.Probe(ctx))
		if err != nil {
			r.t.Errorf("the probe's result is no JSON: %v", err)
		}
		r.mu.Lock()
		r.said = append(r.said, string(b))
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range []string{r.Secret, r.Secret[len(r.Secret)/2:]} {
		if strings.Contains(r.log.String(), secret) {
			r.t.Errorf("the credential is in the log:\n%s", r.log.String())
		}
		for _, s := range r.said {
			if strings.Contains(s, secret) {
				r.t.Errorf("the credential is in %q", s)
			}
		}
	}
}
