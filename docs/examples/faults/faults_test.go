package faults

import (
	"errors"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/wire"
)

// A session that crashes while an answer is being written comes back; the answer goes on meanwhile and arrives, and
// so does the one to the message that made it crash.
func TestSessionCrash(t *testing.T) {
	t.Parallel()
	// The session of Ann fails when it is told of her second message: then the first is being answered.
	faults := actortest.NewFaults(1)
	faults.On(actortest.Path("gateway/sessions/session/ann"), actortest.Named("session.wake")).Nth(1).Crash()
	runner := halves{second: make(chan struct{})}
	g := start(t, faults, runner)
	ann, bob := connect(t, g, "ann"), connect(t, g, "bob")

	first := ann.ask("a1", "slowly")
	if got := ann.see("ann", wire.ChatDelta, 1); got != "first half" {
		t.Errorf("streamed %q", got)
	}
	second := ann.ask("a2", "hello")
	until(t, "the crash", func() bool { return len(faults.Fired()) == 1 })

	// Bob is served while Ann's session is down, and afterwards.
	if err := wait(t, bob.ask("b1", "hello")); err != nil {
		t.Error(err)
	}
	until(t, "the new incarnation", func() bool { return restarts(g, "gateway/sessions/session/ann") == 1 })
	close(runner.second)
	for _, done := range []<-chan error{first, second} {
		if err := wait(t, done); err != nil {
			t.Error(err)
		}
	}
	for n := range 2 {
		if got := ann.see("ann", wire.ChatFinal, n+1); got != wholeAnswer {
			t.Errorf("answer %d: %q", n+1, got)
		}
	}
	if got := bob.see("bob", wire.ChatFinal, 1); got != wholeAnswer {
		t.Errorf("Bob's answer: %q", got)
	}
	ann.untroubled() // she too: a session's crash shows nowhere
	bob.untroubled()
}

// A run that crashes ends with an error, which its own client is told once. The next message is answered.
func TestRunCrash(t *testing.T) {
	t.Parallel()
	// The second half of the answer to the call "a1" makes its run fail.
	const path = "gateway/sessions/run/chat:a1"
	faults := actortest.NewFaults(1)
	faults.On(actortest.Path(path), actortest.Named("agent.progress")).Nth(2).Crash()
	runner := halves{second: make(chan struct{})}
	g := start(t, faults, runner)
	ann, bob := connect(t, g, "ann"), connect(t, g, "bob")

	broken := ann.ask("a1", "slowly")
	ann.see("ann", wire.ChatDelta, 1)
	next := ann.ask("a2", "hello") // waits for its turn
	if err := wait(t, bob.ask("b1", "hello")); err != nil {
		t.Error(err)
	}
	close(runner.second)

	refusal, ok := errors.AsType[*wire.Error](wait(t, broken))
	if !ok || !strings.Contains(refusal.Message, "crashed") {
		t.Errorf("chat.send of the crashed run: %v", refusal)
	}
	if got := ann.see("ann", wire.ChatError, 1); !strings.Contains(got, "crashed") {
		t.Errorf("the error says %q", got)
	}
	if err := wait(t, next); err != nil {
		t.Error(err)
	}
	if got := ann.see("ann", wire.ChatFinal, 1); got != wholeAnswer {
		t.Errorf("the next answer: %q", got)
	}
	if err := wait(t, bob.ask("b2", "hello")); err != nil {
		t.Error(err)
	}
	bob.see("bob", wire.ChatFinal, 2)
	bob.untroubled()
	if fired := faults.Fired(); len(fired) != 1 {
		t.Errorf("injected: %q", fired)
	}
	failures := 0
	for _, c := range ann.chats() {
		if c.State == wire.ChatError {
			failures++
		}
	}
	if failures != 1 {
		t.Errorf("%d error events", failures)
	}
	// The key of the crashed run stands for that run: a repeat is told how it ended and starts nothing.
	if err := wait(t, ann.ask("a1", "slowly")); err == nil || err.Error() != refusal.Error() {
		t.Errorf("a repeat of the crashed call: %v, want %v", err, refusal)
	}
}

// restarts counts how often an actor has come back; the list of actors works whatever state they are in.
func restarts(g *gateway.Gateway, path string) int {
	for _, a := range g.Actors() {
		if a.Path == path {
			return a.Restarts
		}
	}
	return 0
}

var _ actors.Interceptor = (*actortest.Faults)(nil) // what Options.Intercept takes
