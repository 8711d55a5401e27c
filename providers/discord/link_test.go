package discord

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

const ann, bob, dm, general = discordfake.Ann, discordfake.Bob, discordfake.AnnDM, discordfake.General

// A heartbeat that the server asks for comes at once. With the library's own connection this could end the process.
func TestServerAsksForHeartbeat(t *testing.T) {
	t.Parallel()
	s := discordfake.Start(t, discordfake.Options{Interval: time.Hour}) // no heartbeat by itself
	b := newBot(t, s, nil, func(_ *providers.Env, o *options) { o.beatMax = time.Hour })
	b.up()
	id := s.Say(ann, dm, "hello", nil)
	b.awaitMessage("hello")
	for !s.Acked(id) { // the heartbeat may overtake the place's own step
		s.Op(1, nil)
		if b.ctx.Err() != nil {
			t.Fatal("no heartbeat")
		}
	}
}

// Op 7 is a new connection of the same session, and nothing is lost.
func TestReconnectRequest(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	b.awaitAcked(s.Say(ann, dm, "before", nil))
	from := b.mark()
	s.Op(7, nil)
	id := s.Say(ann, dm, "during", nil)
	b.awaitLink(from, providers.LinkDegraded)
	b.awaitLink(from, providers.LinkUp)
	b.awaitAcked(id)
	b.awaitMessage("during")
	if n := s.Calls("GET gateway/bot"); n != 1 {
		t.Errorf("%d logins, want 1 and a resume", n)
	}
}

// A session that the platform has forgotten is a new one, and what came meanwhile is fetched.
func TestForgottenSession(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, nil)
	b.up()
	b.awaitAcked(s.Say(ann, dm, "before", nil))
	b.awaitAcked(s.Say(bob, general, "before too", nil))
	from := b.mark()
	s.Inject(providertest.ReceiveDown)
	s.ForgetSessions()
	s.Drop()
	b.awaitLink(from, providers.LinkDegraded)
	direct := s.Say(ann, dm, "in the downtime", nil)
	group := s.Say(bob, general, "in the group", nil)
	s.Recover()
	b.awaitLink(from, providers.LinkUp)
	b.awaitAcked(direct)
	b.awaitAcked(group)
	for _, text := range []string{"in the downtime", "in the group"} {
		if m := b.awaitMessage(text); !m.Late {
			t.Errorf("%q is not marked late", text)
		}
	}
	if m := b.awaitMessage("before"); m.Late {
		t.Error("a message of the live session is marked late")
	}
}

// A new process takes the session up where the old one was killed: the cursor is all that is left.
func TestResumeAfterRestart(t *testing.T) {
	t.Parallel()
	s := fake(t)
	var cursor providers.Cursor
	first := newBot(t, s, nil, func(e *providers.Env, _ *options) { cursor = e.Cursor })
	stop := first.up()
	first.awaitAcked(s.Say(ann, dm, "one", nil))
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	id := s.Say(ann, dm, "two", nil)
	second := newBot(t, s, nil, func(e *providers.Env, _ *options) { e.Cursor = cursor })
	second.up()
	second.awaitMessage("two")
	second.awaitAcked(id)
	if n := s.Calls("GET gateway/bot"); n != 1 {
		t.Errorf("%d logins, want 1 and a resume", n)
	}
	if second.count("one") != 0 {
		t.Error("what was taken came again")
	}
}

// People who are allowed to write are heard even if their first message came while nobody was there.
func TestFirstMessageInDowntime(t *testing.T) {
	t.Parallel()
	s := fake(t)
	var cursor providers.Cursor
	config := object{"dm": object{"allowFrom": []string{ann}}}
	first := newBot(t, s, config, func(e *providers.Env, _ *options) { cursor = e.Cursor })
	stop := first.up()
	first.awaitAcked(s.Say(bob, general, "anything", nil)) // the login is behind us
	stop()
	s.ForgetSessions()
	s.Say(ann, dm, "my first", nil)
	second := newBot(t, s, config, func(e *providers.Env, _ *options) { e.Cursor = cursor })
	second.up()
	if m := second.awaitMessage("my first"); !m.Late {
		t.Errorf("%+v is not marked late", m)
	}
}

// What is older than the limit stays where it is, and more than the limit is not fetched.
func TestCatchUpIsBounded(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, func(_ *providers.Env, o *options) { o.fetchMax = 3 })
	b.up()
	b.awaitAcked(s.Say(ann, dm, "before", nil))
	from := b.mark()
	s.Inject(providertest.ReceiveDown)
	s.ForgetSessions()
	s.Drop()
	b.awaitLink(from, providers.LinkDegraded)
	s.SayAll(ann, dm, []string{"1", "2", "3", "4"}, false)
	s.Recover()
	b.awaitMessage("3")
	b.awaitLink(from, providers.LinkUp)
	b.awaitAcked(s.Say(bob, general, "live", nil))
	// One page holds all four: a page is not torn apart.
	if n := s.Calls("GET channels/{channel}/messages"); n != 1 {
		t.Errorf("%d pages, want 1", n)
	}
}

// Close codes that only a person can mend end the account with what to do.
func TestFatalCloseCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{4004: "token", 4010: "shard", 4011: "sharded", 4012: "update", 4013: "intents", 4014: "Message Content Intent"} {
		s := fake(t)
		s.RefuseLogins(code)
		b := newBot(t, s, nil, nil)
		err := b.Run(b.ctx)
		if !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), want) {
			t.Errorf("close code %d: Run = %v, want a terminal error with %q", code, err, want)
		}
	}
}

// A server that accepts the connection and says nothing holds up neither the retry nor the stop.
func TestMuteServer(t *testing.T) {
	t.Parallel()
	s := fake(t)
	s.MuteNew(true)
	b := newBot(t, s, nil, func(_ *providers.Env, o *options) { o.handshake = 200 * time.Millisecond })
	stop := b.start()
	b.awaitLink(0, providers.LinkDegraded)
	start := time.Now()
	if err := stop(); err != nil || time.Since(start) > time.Second {
		t.Errorf("stopped after %v with %v", time.Since(start), err)
	}
}

// A connection that is open and dead is noticed by the missing acknowledgement.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, func(_ *providers.Env, o *options) { o.ackWait = 300 * time.Millisecond })
	b.up()
	from := b.mark()
	s.Mute()
	if d := b.awaitLink(from, providers.LinkDegraded); !strings.Contains(d.Reason, "no heartbeat is acknowledged") {
		t.Errorf("reason %q", d.Reason)
	}
	b.awaitLink(from, providers.LinkUp)
	if o := defaultOptions(); o.beatMax+o.ackWait > 90*time.Second {
		t.Errorf("by default a dead connection is noticed after %v only", o.beatMax+o.ackWait)
	}
}

// More than the queue holds while the store hangs costs a repetition, not a message.
func TestOverflow(t *testing.T) {
	t.Parallel()
	s := fake(t)
	b := newBot(t, s, nil, func(_ *providers.Env, o *options) { o.queue = 5 })
	refuse := true
	b.store = func(m providers.Incoming) error {
		if refuse {
			return errors.New("disk full")
		}
		return nil
	}
	b.up()
	var texts []string
	for i := range 50 {
		texts = append(texts, "m"+strings.Repeat("x", i))
	}
	from := b.mark()
	ids := s.SayAll(ann, dm, texts, false)
	b.awaitLink(from, providers.LinkDegraded)
	b.mu.Lock()
	refuse = false
	b.mu.Unlock()
	b.awaitAcked(ids[len(ids)-1])
	for _, text := range texts {
		if b.count(text) == 0 {
			t.Errorf("%q was lost", text)
		}
	}
}

// A limit for the whole bot holds for every call, without asking the platform again.
func TestGlobalLimit(t *testing.T) {
	t.Parallel()
	b := newBot(t, fake(t), nil, nil)
	b.api.globalUntil.Store(time.Now().Add(time.Minute).UnixNano())
	_, err := b.Send(b.ctx, providers.Outgoing{Key: "k", Route: providers.Route{Chat: dm}, Text: "x"})
	var se *providers.SendError
	if !errors.As(err, &se) || se.Class != providers.Transient || se.RetryAfter < 30*time.Second {
		t.Errorf("Send = %v", err)
	}
	if n := b.s.Calls("POST channels/{channel}/messages"); n != 0 {
		t.Errorf("%d calls", n)
	}
}
