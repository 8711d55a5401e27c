package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

var errStale = errors.New("this connection has been replaced")

// link is one provider instance and what it calls. Once retired its callbacks are refused, so that an incarnation
// that hangs on cannot act for its successor.
type link struct {
	o       *Options
	account string
	surface string
	inflow  *rate.Limiter // the account's
	slot    *slot
	self    actors.Ref[message]
	ctx     context.Context // of the Runs; ended by retire
	cancel  context.CancelFunc
	stale   atomic.Bool
	inbound atomic.Int64                     // last inbound message, ms
	seen    atomic.Int64                     // last proof of traffic, ms
	detail  atomic.Pointer[any]              // the last Status.Detail
	holder  atomic.Pointer[providers.Holder] // who holds the account's identity on this host, us or another

	mu     sync.Mutex // guards the following fields
	status providers.Status
	err    error         // of the last Run
	done   chan struct{} // of the last Run
	mounts []func()      // take away what the provider has mounted
	pulse  pulse
}

func (l *link) retire() {
	l.stale.Store(true)
	l.cancel()
	l.mu.Lock()
	mounts := l.mounts
	l.mounts = nil
	l.mu.Unlock()
	for _, unmount := range mounts {
		unmount()
	}
}

// env is what the provider gets.
func (l *link) env(spec Start, log *slog.Logger) providers.Env {
	e := providers.Env{
		Account: spec.Account, Config: spec.Config, Getenv: l.o.Getenv, Log: log, HTTP: l.o.HTTP, Now: l.o.Now,
		Receive: l.receive, State: l.report, Echo: l.echo, Cursor: cursor{l}, StateDir: l.o.StateDir,
		Life: l.ctx,
	}
	if spec.Getenv != nil {
		e.Getenv = spec.Getenv
	}
	if len(e.Config) == 0 {
		e.Config = []byte("{}")
	}
	if l.o.StateDir != "" && l.o.Store != nil {
		e.Vault = vault{l}
	}
	if l.o.Endpoint != nil {
		e.Endpoint = l.o.Endpoint(spec.Factory.Surface)
	}
	if l.o.Mount != nil {
		e.Mount = l.mount
	}
	e.Files = l.o.Files(e.Endpoint)
	return e
}

// mount lends the provider a path, which retire takes back: a provider that hangs on must not keep it from its successor.
func (l *link) mount(path string, h http.Handler) (unmount func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stale.Load() { // under the lock: retire is before this, or finds the mount
		return nil, errStale
	}
	unmount, err = l.o.Mount(path, h)
	if err != nil {
		return nil, err
	}
	l.mounts = append(l.mounts, unmount)
	return unmount, nil
}

// receive commits one inbound message. Nil means that it is safe on disk, now or since before.
func (l *link) receive(ctx context.Context, m providers.Incoming) error {
	if m.ID == "" || m.Chat == "" {
		return errors.New("inbound message has no id or no chat")
	}
	if err := l.inflow.Wait(ctx); err != nil {
		return fmt.Errorf("too many messages at once: %w", err)
	}
	payload, err := wire.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode inbound message: %w", err)
	}
	now := l.o.Now().UnixMilli()
	row := store.Inbound{
		Account: l.account, Surface: l.surface, Chat: m.Chat, MsgID: m.ID, Payload: payload, ReceivedAt: now,
	}
	fresh := false
	err = l.o.Store.Do(ctx, func(tx *store.Tx) (err error) {
		if l.stale.Load() { // here, not before: the writer decides the order of this and of a successor's messages
			return errStale
		}
		fresh, err = tx.AcceptInbound(row)
		return err
	})
	if err != nil {
		return fmt.Errorf("store inbound message: %w", err)
	}
	if fresh {
		l.slot.inbound.Add(1)
	}
	l.inbound.Store(now)
	l.slot.heard(now)
	l.seen.Store(max(now, l.seen.Load()))
	l.o.Work()
	return nil
}

// report merges one report into what is known and lets the account look at it.
func (l *link) report(s providers.Status) {
	if l.stale.Load() {
		return
	}
	if !s.LastSeen.IsZero() {
		l.seen.Store(s.LastSeen.UnixMilli())
	}
	if s.Detail != nil {
		l.detail.Store(&s.Detail)
	}
	l.mu.Lock()
	if !s.LastSeen.IsZero() {
		l.pulse.felt(s.LastSeen.UnixMilli())
	}
	old := l.status
	if s.Link != "" {
		l.status.Link, l.status.Reason = s.Link, s.Reason
	} else if s.Reason != "" {
		l.status.Reason = s.Reason
	}
	if s.Mode != "" {
		l.status.Mode = s.Mode
	}
	if s.Self != "" {
		l.status.Self = s.Self
	}
	changed := l.status != old
	l.mu.Unlock()
	if changed {
		_ = l.self.Tell(reported{l}) // fails only when the account is gone
	}
}

func (l *link) reported() providers.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// begin prepares for a Run; the channel is closed by end.
func (l *link) begin() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Link, l.status.Reason = providers.LinkConnecting, ""
	l.done, l.err = make(chan struct{}), nil
	return l.done
}

func (l *link) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	close(l.done)
}

// running says whether a Run has begun and not returned.
func (l *link) running() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done != nil && !actors.Closed(l.done)
}

// result is how the last Run ended.
func (l *link) result() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// guard turns a panic of provider code into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &actors.PanicError{Value: p, Stack: string(debug.Stack())}
		}
	}()
	return f()
}

// backoff is the wait before the next try after n failures in a row: 1 s doubled up to 60 s. jitter in [0,1) takes up to a
// half of it away, so that what broke together does not come back together.
func backoff(n int, jitter float64) time.Duration {
	d := time.Second << min(max(n-1, 0), 6)
	d = min(d, time.Minute)
	return d - time.Duration(jitter*float64(d)/2)
}
