package two

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// named signs its answers.
type named string

func (n named) Run(_ context.Context, t agent.Turn, _ agent.Output) (agent.Answer, error) {
	text := t.Plain
	if text == "" {
		text = t.Message
	}
	return agent.Answer{Text: string(n) + " heard " + text}, nil
}

// surface is a platform with one person on it.
type surface struct {
	in   chan providers.Incoming
	sent chan string
}

func (s surface) factory() providers.Factory {
	return providers.Factory{Surface: "wall", New: func(env providers.Env) (providers.Provider, error) {
		return account{s, env}, nil
	}}
}

type account struct {
	surface
	env providers.Env
}

func (a account) Run(ctx context.Context) error {
	a.env.State(providers.Status{Link: providers.LinkUp})
	for {
		select {
		case m := <-a.in:
			if err := a.env.Receive(ctx, m); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (a account) Send(_ context.Context, m providers.Outgoing) (providers.Receipt, error) {
	a.sent <- m.Text
	return providers.Receipt{MessageID: m.Key}, nil
}

func (a account) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 1000, Markup: "plain"}
}

// house is one gateway with all that belongs to it.
type house struct {
	*gateway.Gateway
	surface
	name   string
	dir    string
	client *client.Client
	log    *syncBuffer

	mu    sync.Mutex
	chats []string // guarded by mu; the final answers that the client has seen
}

func open(t *testing.T, name string) *house {
	t.Helper()
	h := &house{
		name: name, dir: t.TempDir(), log: &syncBuffer{},
		surface: surface{in: make(chan providers.Incoming), sent: make(chan string, 100)},
	}
	var err error
	h.Gateway, err = gateway.New(h.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.stop(t) })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h.client, err = client.Dial(ctx, client.Options{URL: h.URL(), Token: "token of " + name, OnEvent: h.onEvent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.client.Close() })
	return h
}

func (h *house) options() gateway.Options {
	return gateway.Options{
		StateDir: h.dir, AnyPort: true, Getenv: func(string) string { return "" },
		Start:     gateway.Start{Token: new(gateway.Secret("token of " + h.name))},
		Providers: []providers.Factory{h.factory()},
		Sections:  map[string]json.RawMessage{"wall": json.RawMessage(`{"allowFrom":["ann"]}`)},
		Runner:    named(h.name),
		Log:       slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})).With("house", h.name),
	}
}

func (h *house) stop(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Stop(ctx); err != nil {
		t.Errorf("stop %s: %v", h.name, err)
	}
}

func (h *house) onEvent(e client.Event) {
	var c wire.ChatEvent
	if e.Name != "chat" || e.Decode(&c) != nil || c.State != wire.ChatFinal || c.Message == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.chats = append(h.chats, c.Message.Content[0].Text)
}

func (h *house) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(slices.Values(h.chats))
}

// exchange sends n messages over the wall and as many over the wire, with the same ids and keys in every house.
func (h *house) exchange(t *testing.T, from, n int) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := from; i < from+n; i++ {
		select {
		case h.in <- providers.Incoming{
			ID: fmt.Sprint(i), Chat: "ann", Kind: providers.Direct, Sender: providers.Sender{ID: "ann"},
			Text: fmt.Sprintf("wall %d", i), Time: time.Now(),
		}:
		case <-ctx.Done():
			t.Error("the wall of " + h.name + " takes nothing")
			return
		}
		p := wire.ChatSendParams{SessionKey: "main", Message: fmt.Sprintf("wire %d", i), IdempotencyKey: fmt.Sprint("key ", i)}
		if err := h.client.Call(ctx, "chat.send", p, nil); err != nil {
			t.Errorf("%s: %v", h.name, err)
		}
		select {
		case got := <-h.sent:
			if want := fmt.Sprintf("%s heard wall %d", h.name, i); got != want {
				t.Errorf("%s sent %q, want %q", h.name, got, want)
			}
		case <-ctx.Done():
			t.Errorf("%s sent nothing", h.name)
		}
	}
}

// check compares everything that a client has seen, and that the store holds, with n exchanges.
func (h *house) check(t *testing.T, n int) {
	t.Helper()
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("%s heard wall %d", h.name, i), fmt.Sprintf("%s heard wire %d", h.name, i))
	}
	slices.Sort(want)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	got := h.seen()
	for len(got) < len(want) && ctx.Err() == nil {
		<-look.C
		got = h.seen()
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the client saw %q, want %q", h.name, got, want)
	}
	var history wire.ChatHistoryResult
	if err := h.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &history); err != nil || len(history.Messages) != 4*n {
		t.Errorf("%s: the history has %d messages, want %d: %v", h.name, len(history.Messages), 4*n, err)
	}
}

func TestTwoGateways(t *testing.T) {
	t.Parallel()
	north, south := open(t, "north"), open(t, "south")
	if north.Addr() == south.Addr() {
		t.Fatal("both have one address")
	}
	const n = 5
	var both sync.WaitGroup
	for _, h := range []*house{north, south} {
		both.Go(func() { h.exchange(t, 0, n) })
	}
	both.Wait()
	north.check(t, n)
	south.check(t, n)

	north.stop(t)
	select {
	case err := <-south.Failed():
		t.Errorf("south failed with north: %v", err)
	default:
	}
	south.exchange(t, n, n)
	south.check(t, 2*n)
	south.stop(t)
	for _, h := range []*house{north, south} {
		if err := h.client.Err(); err == nil {
			t.Errorf("the client of %s is still connected", h.name)
		}
		for line := range strings.Lines(h.log.String()) {
			if !strings.Contains(line, "house="+h.name) {
				t.Errorf("in the log of %s: %s", h.name, line)
			}
		}
	}
}

// What two gateways cannot share is refused with an error that says whose it is.
func TestTwoGateways_conflicts(t *testing.T) {
	t.Parallel()
	h := open(t, "north")
	_, err := gateway.New(h.options())
	locked, ok := errors.AsType[*gateway.Locked](err)
	if !ok || !strings.Contains(locked.Holder, h.Addr()) {
		t.Errorf("a second gateway on one state directory: %v", err)
	}
	o := h.options()
	_, port, _ := net.SplitHostPort(h.Addr())
	o.StateDir, o.AnyPort = t.TempDir(), false
	o.Start.Port, _ = strconv.Atoi(port)
	_, err = gateway.New(o)
	if taken, ok := errors.AsType[*gateway.AlreadyListening](err); !ok || taken.Addr != h.Addr() {
		t.Errorf("a second gateway on one port: %v", err)
	}
	h.exchange(t, 0, 1) // untouched by the attempts
	h.check(t, 1)
}

// Mistakes of the program itself are errors of New, before anything is opened.
func TestOptions_mistakes(t *testing.T) {
	t.Parallel()
	wall := surface{}.factory()
	for name, o := range map[string]gateway.Options{
		"two of one surface": {Providers: []providers.Factory{wall, wall}},
		"no New":             {Providers: []providers.Factory{{Surface: "wall"}}},
		"section of nobody":  {Sections: map[string]json.RawMessage{"wall": json.RawMessage("{}")}},
		"section, no object": {Providers: []providers.Factory{wall}, Sections: map[string]json.RawMessage{"wall": json.RawMessage("[1]")}},
		"section, no JSON":   {Providers: []providers.Factory{wall}, Sections: map[string]json.RawMessage{"wall": json.RawMessage("{a:1}")}},
		"a known method":     {Methods: wire.Table{wire.Loose("health", func(*wire.Call) {})}},
		"a bad port":         {Start: gateway.Start{Port: -1}},
	} {
		o.StateDir, o.AnyPort, o.Getenv = t.TempDir(), true, func(string) string { return "" }
		o.Log = slog.New(slog.DiscardHandler)
		if g, err := gateway.New(o); err == nil {
			t.Errorf("%s: no error", name)
			_ = g.Stop(t.Context())
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
