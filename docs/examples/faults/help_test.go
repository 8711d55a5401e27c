package faults

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// patience is how long anything may take that should happen at once.
const patience = 20 * time.Second

func TestMain(m *testing.M) { actortest.Main(m) }

// halves answers in two halves and waits between them, when asked to.
type halves struct{ second chan struct{} }

func (h halves) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	out.Delta("first half")
	if t.Message == "slowly" {
		select {
		case <-h.second:
		case <-ctx.Done():
			return agent.Answer{}, context.Cause(ctx)
		}
	}
	out.Delta(", second half")
	return agent.Answer{}, nil
}

const wholeAnswer = "first half, second half"

// start runs a gateway with faults until the test ends.
func start(t *testing.T, intercept actors.Interceptor, r agent.Runner) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(gateway.Options{
		StateDir: t.TempDir(), AnyPort: true, Getenv: func(string) string { return "" },
		Runner: r, Intercept: intercept, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return g
}

// person is a client with everything it was shown on record.
type person struct {
	*client.Client
	t       *testing.T
	session string
	mu      sync.Mutex
	events  []client.Event // guarded by mu
	news    chan struct{}  // an event has been recorded
}

func connect(t *testing.T, g *gateway.Gateway, session string) *person {
	t.Helper()
	p := &person{t: t, session: session, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{URL: g.URL(), OnEvent: p.record})
	if err != nil {
		t.Fatal(err)
	}
	p.Client = c
	t.Cleanup(func() { _ = c.Close() })
	return p
}

func (p *person) record(e client.Event) {
	p.mu.Lock()
	p.events = append(p.events, e)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// ask sends a message in the background; the channel yields how chat.send ended.
func (p *person) ask(key, message string) <-chan error {
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	p.t.Cleanup(cancel)
	go func() {
		done <- p.Call(ctx, "chat.send", wire.ChatSendParams{SessionKey: p.session, Message: message, IdempotencyKey: key}, nil)
	}()
	return done
}

// chats are the chat events so far, of all sessions.
func (p *person) chats() (all []wire.ChatEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		var chat wire.ChatEvent
		if e.Name == "chat" && e.Decode(&chat) == nil {
			all = append(all, chat)
		}
	}
	return all
}

// see waits for a chat event and returns its text.
func (p *person) see(session, state string, n int) string {
	p.t.Helper()
	limit := time.After(patience)
	for {
		seen := 0
		for _, c := range p.chats() {
			if c.SessionKey != session || c.State != state {
				continue
			}
			if seen++; seen == n {
				return text(c)
			}
		}
		select {
		case <-p.news:
		case <-limit:
			p.t.Fatalf("session %s has no %s event number %d; chat events: %+v", session, state, n, p.chats())
		}
	}
}

func text(c wire.ChatEvent) string {
	if c.Message == nil {
		return c.ErrorMessage
	}
	return c.Message.Content[0].Text
}

// untroubled fails the test if a fault elsewhere shows in what this client has seen of the gateway.
func (p *person) untroubled() {
	p.t.Helper()
	p.mu.Lock()
	events := p.events
	p.mu.Unlock()
	last := int64(0)
	for _, e := range events {
		if e.Seq == 0 {
			continue
		}
		if last > 0 && e.Seq != last+1 {
			p.t.Errorf("event %d follows event %d", e.Seq, last)
		}
		last = e.Seq
	}
	for _, c := range p.chats() {
		if c.SessionKey == p.session && c.State == wire.ChatError {
			p.t.Errorf("session %s was told: %s", p.session, c.ErrorMessage)
		}
	}
	if err := p.Err(); err != nil {
		p.t.Errorf("the connection of %s is lost: %v", p.session, err)
	}
}

// until waits for something that sends no word when it happens.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for !done() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatal("waited for " + what)
		}
	}
}

func wait(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("no answer to chat.send")
		return nil
	}
}
