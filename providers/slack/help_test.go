package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

// patience is how long anything may take that is expected to happen.
const patience = 60 * time.Second

// bench is a provider on a fake workspace.
type bench struct {
	t      *testing.T
	s      *slackfake.Server
	p      *Provider
	ctx    context.Context
	cursor providers.Cursor
	cancel context.CancelFunc
	done   chan error
	config map[string]any

	mu       sync.Mutex // guards the following fields
	changed  chan struct{}
	received []providers.Incoming
	states   []providers.Status
	store    func(ctx context.Context, m providers.Incoming) error
	log      bytes.Buffer
}

// newBench makes a provider; it does not run yet.
func newBench(t *testing.T, o slackfake.Options, config map[string]any, change func(*options)) *bench {
	t.Helper()
	if o.PingEvery == 0 {
		o.PingEvery = 50 * time.Millisecond
	}
	if o.AckWithin == 0 {
		o.AckWithin = 20 * time.Second // a busy machine must not make duplicates
	}
	s := slackfake.Start(t, o)
	s.People()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	b := &bench{t: t, s: s, ctx: ctx, cursor: providertest.NewCursor(), config: config, changed: make(chan struct{})}
	b.make(change)
	return b
}

// make builds the provider, as a new process would.
func (b *bench) make(change func(*options)) {
	b.t.Helper()
	config := map[string]any{"botToken": slackfake.DefaultBotToken, "appToken": slackfake.DefaultAppToken}
	for k, v := range b.config {
		config[k] = v
	}
	raw, err := json.Marshal(config)
	if err != nil {
		b.t.Fatal(err)
	}
	opt := quick()
	opt.dial, opt.call, opt.upload, opt.fetch, opt.lookup, opt.ping, opt.read, opt.ack = patience, patience, patience, patience, patience, patience, patience, patience
	if change != nil {
		change(&opt)
	}
	b.p, err = newProvider(providers.Env{
		Account: "slack", Config: raw, Endpoint: b.s.URL(), Cursor: b.cursor, Files: media.New(b.t.TempDir(), b.s.URL()),
		Receive: b.receive, State: b.state, Log: slog.New(slog.NewTextHandler(lockedWriter{b}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, opt)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(b.p.closeIdle)
}

type lockedWriter struct{ b *bench }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	return w.b.log.Write(p)
}

func (b *bench) receive(ctx context.Context, m providers.Incoming) error {
	b.mu.Lock()
	store := b.store
	b.mu.Unlock()
	if store != nil {
		if err := store(ctx, m); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.received = append(b.received, m)
	b.broadcast()
	return nil
}

func (b *bench) state(s providers.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states = append(b.states, s)
	b.broadcast()
}

func (b *bench) broadcast() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *bench) await(what string, cond func() bool) {
	b.t.Helper()
	for {
		b.mu.Lock()
		done, changed := cond(), b.changed
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-b.ctx.Done():
			b.mu.Lock()
			defer b.mu.Unlock()
			b.t.Fatalf("no %s; received %+v; states %+v; log:\n%s", what, b.received, b.states, b.log.String())
		}
	}
}

// start runs the provider and waits until it is up.
func (b *bench) start() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx)
	b.cancel, b.done = cancel, make(chan error, 1)
	p, done := b.p, b.done
	go func() { done <- p.Run(ctx) }()
	b.t.Cleanup(b.stop)
	b.awaitLink(0, providers.LinkUp)
}

func (b *bench) stop() {
	if b.cancel == nil {
		return
	}
	b.cancel()
	select {
	case err := <-b.done:
		if err != nil {
			b.t.Errorf("Run = %v", err)
		}
	case <-time.After(20 * time.Second):
		b.t.Error("Run does not return")
	}
	b.cancel = nil
}

// restart is a new process on the same store.
func (b *bench) restart() {
	b.t.Helper()
	b.mu.Lock()
	b.received, b.states = nil, nil
	b.mu.Unlock()
	b.make(nil)
	b.start()
}

func (b *bench) mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.states)
}

func (b *bench) awaitLink(from int, link providers.Link) (found providers.Status) {
	b.t.Helper()
	b.await("link "+string(link), func() bool {
		for _, s := range b.states[from:] {
			if s.Link == link {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// awaitText waits for a message and returns it.
func (b *bench) awaitText(text string) (m providers.Incoming) {
	b.t.Helper()
	b.await("message "+text, func() bool {
		for _, in := range b.received {
			if in.Text == text {
				m = in
				return true
			}
		}
		return false
	})
	return m
}

// texts is what was received so far.
func (b *bench) texts() (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.received {
		out = append(out, m.Text)
	}
	return out
}

func (b *bench) acked(key string) {
	b.t.Helper()
	if err := b.s.WaitAcked(b.ctx, key); err != nil {
		b.t.Fatalf("%s was not acknowledged: %v", key, err)
	}
}

// say posts as Ann and waits until it is acknowledged.
func (b *bench) say(channel, text string) (ts string) {
	b.t.Helper()
	ts = b.s.Post(slackfake.Message{Channel: channel, User: slackfake.Ann, Text: text})
	b.acked(ts)
	return ts
}

func (b *bench) send(m providers.Outgoing) (providers.Receipt, error) {
	b.t.Helper()
	r, err := b.p.Send(b.ctx, m)
	if err != nil && strings.Contains(err.Error(), "PLANTED") {
		b.t.Errorf("a token is in the error: %v", err)
	}
	return r, err
}
