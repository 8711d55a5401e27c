package discord

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

// bot is a provider on a fake platform, with what it hands over on record.
type bot struct {
	*Provider
	t   *testing.T
	ctx context.Context // ends when the test has waited too long
	s   *discordfake.Server

	mu       sync.Mutex // guards the following fields
	changed  chan struct{}
	received []providers.Incoming
	states   []providers.Status
	store    func(providers.Incoming) error
}

type object = map[string]any

// newBot makes a provider; config is added to a section with the token.
func newBot(t *testing.T, s *discordfake.Server, config object, change func(*providers.Env, *options)) *bot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	b := &bot{t: t, ctx: ctx, s: s, changed: make(chan struct{})}
	section := object{"token": s.Token()}
	for k, v := range config {
		section[k] = v
	}
	raw, err := json.Marshal(section)
	if err != nil {
		t.Fatal(err)
	}
	env := providers.Env{
		Account: "test", Config: raw, Endpoint: s.URL(), Cursor: providertest.NewCursor(), Now: time.Now, Files: media.New(t.TempDir(), s.URL()),
		Receive: func(ctx context.Context, m providers.Incoming) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.store != nil {
				if err := b.store(m); err != nil {
					return err
				}
			}
			b.received = append(b.received, m)
			b.wake()
			return nil
		},
		State: func(s providers.Status) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.states = append(b.states, s)
			b.wake()
		},
	}
	opt := quick()
	if change != nil {
		change(&env, &opt)
	}
	if b.Provider, err = newProvider(env, opt); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bot) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// start runs the provider until stop is called or the test ends. stop returns what Run said.
func (b *bot) start() (stop func() error) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	b.t.Cleanup(func() { stop() })
	return stop
}

// up is start, and waits for the link.
func (b *bot) up() (stop func() error) {
	b.t.Helper()
	from := b.mark()
	stop = b.start()
	b.awaitLink(from, providers.LinkUp)
	return stop
}

func (b *bot) mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.states)
}

func (b *bot) await(what string, cond func() bool) {
	b.t.Helper()
	for {
		b.mu.Lock()
		ok, changed := cond(), b.changed
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-b.ctx.Done():
			b.t.Fatalf("no %s; received %+v; states %+v", what, b.received, b.states)
		}
	}
}

func (b *bot) awaitLink(from int, link providers.Link) (found providers.Status) {
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

// awaitMessage waits for a message whose text contains part.
func (b *bot) awaitMessage(part string) (found providers.Incoming) {
	b.t.Helper()
	b.await("message "+part, func() bool {
		for _, m := range b.received {
			if strings.Contains(m.Text, part) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (b *bot) count(text string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.received {
		if m.Text == text {
			n++
		}
	}
	return n
}

func (b *bot) awaitAcked(id string) {
	b.t.Helper()
	if err := b.s.WaitAcked(b.ctx, id); err != nil {
		b.t.Fatalf("message %s was not acknowledged: %v", id, err)
	}
}

// fake is a platform with quick heartbeats.
func fake(t *testing.T) *discordfake.Server {
	t.Helper()
	return discordfake.Start(t, discordfake.Options{Interval: 30 * time.Millisecond})
}
