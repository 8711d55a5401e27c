package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/wire"
)

// feed lets a model that waits at a gate go on, piece by piece and with growing pauses, until something is so: nobody tells
// when a message has reached the run that it is meant for.
func (b *brain) feed(gate chan<- struct{}, until func() bool) {
	for wait := 50 * time.Millisecond; !until() && b.ctx.Err() == nil; wait = min(2*wait, time.Second) {
		select {
		case gate <- struct{}{}:
		case <-time.After(wait):
			continue
		}
		select {
		case <-time.After(wait):
		case <-b.ctx.Done():
		}
	}
}

// cliOut is standard output of a command line.
func (d *daemon) cliOut(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := command(t, d.env, append(args, "--url", d.url)...).Output()
	return string(out), err
}

// restart has the daemon start anew, as a service manager does.
func (b *brain) restart(t *testing.T) {
	t.Helper()
	port := b.url[strings.LastIndex(b.url, ":")+1:]
	if err := b.daemon.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = b.daemon.cmd.Wait() // it was killed
	b.daemon = launch(t, b.dir, "--port", strings.TrimRight(port, "/"), "--verbose")
}

// TestBrain_steerByClient: what a client says with steer goes into the run that is going on. Its call ends with that run, an
// event tells that it was taken, and a repeat of it is told the same.
func TestBrain_steerByClient(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Anthropic{}, "")
	gate := make(chan struct{})
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		for _, m := range s.Request.Messages[1:] {
			if m.Role == model.User && strings.Contains(m.TextOf(), "the blue one instead") {
				return modeltest.Step{Text: []string{"Blue it is."}}
			}
		}
		return modeltest.Step{Text: []string{"Looking."}, Gate: gate,
			Calls: []model.Call{{ID: fmt.Sprint("call_", len(s.Request.Messages)), Name: "health", Args: json.RawMessage(`{}`)}}}
	})
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		first <- b.send(wire.ChatSendParams{SessionKey: "s", Message: "paint the red one", IdempotencyKey: "one"})
	}()
	b.srv.Await(b.ctx.Done(), 1)
	steer := wire.ChatSendParams{SessionKey: "s", Message: "the blue one instead", IdempotencyKey: "two", Steer: true}
	go func() { second <- b.send(steer) }()
	taken := func() bool {
		all, _ := b.of("s")
		return slices.ContainsFunc(all, func(e brainEvent) bool { return e.Stream == wire.StreamSteer })
	}
	b.feed(gate, taken)
	for name, done := range map[string]chan error{"the run": first, "the message that it took": second} {
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case <-b.ctx.Done():
			t.Fatalf("%s has no answer", name)
		}
	}
	if err := b.send(steer); err != nil {
		t.Errorf("a repeat: %v", err)
	}
	said := 0
	for _, line := range b.history(t, "s") {
		if strings.HasPrefix(line, "user") {
			said++
		}
	}
	if h := b.history(t, "s"); said != 2 || !strings.HasPrefix(h[len(h)-1], "assistant") {
		t.Errorf("transcript %q", h)
	}
}

// TestBrain_unpriced: what a model without prices takes is counted, and said to be of unknown cost.
func TestBrain_unpriced(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Chat{}, "")
	b.srv.Play(role)
	path := filepath.Join(b.dir, "config.json5")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spent := func(key string) wire.Spent {
		b.say(t, wire.ChatSendParams{SessionKey: key, Message: "good morning", IdempotencyKey: key})
		var r wire.SessionsListResult
		if err := b.cli.Call(b.ctx, "sessions.list", wire.SessionsListParams{}, &r); err != nil {
			t.Fatal(err)
		}
		for _, row := range r.Sessions {
			if row.Key == key && row.Spent != nil {
				return *row.Spent
			}
		}
		t.Fatalf("%s has taken nothing: %+v", key, r.Sessions)
		return wire.Spent{}
	}
	if s := spent("priced"); s.Unpriced || s.CostUSD <= 0 {
		t.Errorf("with a price: %+v", s)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), ", cost: {input: 3, output: 15}", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ { // the daemon takes the file over by itself
		s := spent(fmt.Sprint("unpriced-", n))
		if s.Unpriced && s.CostUSD == 0 && s.Output > 0 {
			break
		}
		if b.ctx.Err() != nil {
			t.Fatalf("without a price: %+v", s)
		}
	}
}

// TestBrain_stopsWithin200ms measures what an abort takes, from the client's call to the end of the run, with each vendor's
// format. It is long, and needs a machine of its own: CLAWDBOT_LONG=1.
func TestBrain_stopsWithin200ms(t *testing.T) {
	if os.Getenv("CLAWDBOT_LONG") == "" {
		t.Skip("CLAWDBOT_LONG is not set")
	}
	for name, d := range vendors {
		t.Run(name, func(t *testing.T) {
			b := startBrain(t, d, "")
			b.srv.Play(role)
			var took []time.Duration
			for i := range 50 {
				key := fmt.Sprint("stop-", i)
				done := make(chan error, 1)
				go func() {
					done <- b.send(wire.ChatSendParams{SessionKey: key, Message: "stay silent", IdempotencyKey: key})
				}()
				b.until(t, key, func(e brainEvent) bool { return e.Data.Text == "Half of it" })
				begin, lost := time.Now(), b.lost()
				if err := b.cli.Call(b.ctx, "chat.abort", wire.ChatAbortParams{SessionKey: key, RunID: key}, nil); err != nil {
					t.Fatal(err)
				}
				b.until(t, key, func(e brainEvent) bool { return e.Stream == "job" && e.Data.State == "done" && e.Data.Aborted })
				took = append(took, time.Since(begin)-lost())
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			slices.Sort(took)
			t.Logf("%d aborts: median %s, longest %s", len(took), took[len(took)/2], took[len(took)-1])
			if longest := took[len(took)-1]; longest > abortLimit {
				t.Errorf("an abort took %s", longest)
			}
		})
	}
}
