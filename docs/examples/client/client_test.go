package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parrot repeats a message; with a gate it says so and waits before the second half.
type parrot struct{ asked, open chan struct{} }

func (p parrot) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	half := len(t.Message) / 2
	out.Delta(t.Message[:half])
	if p.open != nil {
		p.asked <- struct{}{}
		select {
		case <-p.open:
		case <-ctx.Done():
			return agent.Answer{}, context.Cause(ctx)
		}
	}
	out.Delta(t.Message[half:])
	return agent.Answer{}, nil
}

const token = "a token of the test"

func start(t *testing.T, dir string, port int, r agent.Runner) (g *gateway.Gateway, stop func()) {
	t.Helper()
	g, err := gateway.New(gateway.Options{
		StateDir: dir, Start: gateway.Start{Port: port, Token: new(gateway.Secret(token))}, AnyPort: port == 0,
		Getenv: func(string) string { return "" }, Runner: r, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	t.Cleanup(stop) // a second Stop does nothing
	return g, stop
}

func TestRun(t *testing.T) {
	t.Parallel()
	g, _ := start(t, t.TempDir(), 0, parrot{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, message := range []string{"what is new", "and besides"} {
		var out bytes.Buffer
		if err := run(ctx, client.Options{URL: g.URL(), Token: token}, "main", message, &out); err != nil {
			t.Fatal(err)
		}
		if out.String() != message+"\n" {
			t.Errorf("printed %q, want %q", out.String(), message)
		}
	}
	err := run(ctx, client.Options{URL: g.URL(), Token: "another"}, "main", "x", &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "compare it with gateway.auth.token") {
		t.Errorf("a wrong token: %v", err)
	}
}

// The gateway is restarted between connect and question: the client comes back by itself and refreshes.
func TestReconnect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g, stop := start(t, dir, 0, parrot{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	q, err := open(ctx, client.Options{URL: g.URL(), Token: token, MinBackoff: 5 * time.Millisecond, MaxBackoff: 20 * time.Millisecond}, "main", &out)
	if err != nil {
		t.Fatal(err)
	}
	defer q.gateway.Close()
	before := q.gateway.Hello().Server.ConnID
	stop()
	done := make(chan error, 1)
	go func() { done <- q.ask(ctx, "are you there") }() // nobody is
	start(t, dir, portOf(t, g.Addr()), parrot{})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if out.String() != "are you there\n" {
		t.Errorf("printed %q", out.String())
	}
	if q.gateway.Hello().Server.ConnID == before {
		t.Error("the connection is the old one")
	}
}

// The socket is cut in the middle of an answer. The repeat of the call joins the run that is going on: one answer.
func TestCutMidAnswer(t *testing.T) {
	t.Parallel()
	p := parrot{asked: make(chan struct{}, 2), open: make(chan struct{})}
	g, _ := start(t, t.TempDir(), 0, p)
	cable := newCable(t, g.Addr())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	q, err := open(ctx, client.Options{URL: "ws://" + cable.addr(), Token: token, MinBackoff: time.Millisecond}, "main", &out)
	if err != nil {
		t.Fatal(err)
	}
	defer q.gateway.Close()
	done := make(chan error, 1)
	go func() { done <- q.ask(ctx, "tell me more") }()
	<-p.asked
	cable.cut()
	close(p.open)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if out.String() != "tell me more\n" {
		t.Errorf("printed %q", out.String())
	}
	var history wire.ChatHistoryResult
	if err := g.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &history); err != nil || len(history.Messages) != 2 {
		t.Errorf("history has %d messages, want the question and the answer: %v", len(history.Messages), err)
	}
}

func portOf(t *testing.T, addr string) int {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
