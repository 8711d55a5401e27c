package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// speaker is a surface on which anybody may write.
type speaker struct {
	t    *testing.T
	name string
	sent chan providers.Outgoing
	env  chan providers.Env
	n    int
}

// speaking adds a surface to a gateway.
func speaking(t *testing.T, s *setup, name string) *speaker {
	p := &speaker{t: t, name: name, sent: make(chan providers.Outgoing, 100), env: make(chan providers.Env, 2)}
	s.options = func(o *gateway.Options) {
		o.Sections = map[string]json.RawMessage{name: json.RawMessage(`{"allowFrom":["*"],"groups":{"*":{"requireMention":false}}}`)}
		o.Providers = []providers.Factory{{Surface: name, New: func(env providers.Env) (providers.Provider, error) {
			return &spoken{account{&surface{name, p.sent}, env}, p}, nil
		}}}
	}
	return p
}

type spoken struct {
	account
	p *speaker
}

func (s *spoken) Run(ctx context.Context) error {
	s.p.env <- s.account.env
	return s.account.Run(ctx)
}

// say hands a message over and waits for the answer to it.
func (p *speaker) say(m providers.Incoming) {
	p.t.Helper()
	p.n++
	m.ID, m.Sender, m.Time = fmt.Sprint("m", p.n), providers.Sender{ID: "ann"}, time.Now()
	env := <-p.env
	p.env <- env
	if err := env.Receive(deadline(p.t), m); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.sent:
	case <-time.After(patience):
		p.t.Fatalf("no answer to %+v", m)
	}
}

// row is a session as the list has it.
func row(t *testing.T, c *socket, key string) wire.SessionRow {
	t.Helper()
	var list wire.SessionsListResult
	c.ok("sessions.list", map[string]any{"includeGlobal": true}, &list)
	for _, r := range list.Sessions {
		if r.Key == key {
			return r
		}
	}
	t.Fatalf("there is no session %s: %+v", key, list.Sessions)
	return wire.SessionRow{}
}

// TestSessions_idle: a message begins a session anew that has rested for longer than session.idleMinutes, and what was
// set there goes. Calls of clients, patches and heartbeats do not.
func TestSessions_idle(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).UnixMilli() }
	s := setup{config: `{session: {idleMinutes: 10}}`, seed: func(tx *store.Tx) error {
		for key, at := range map[string]int64{"main": ago(11 * time.Minute), "client": ago(time.Hour), "pigeon:group:fresh": ago(9 * time.Minute), "pigeon:group:rested": ago(11 * time.Minute)} {
			err := session(tx, key, wire.SessionEntry{SessionID: "id-" + key, UpdatedAt: at, ThinkingLevel: "high", VerboseLevel: "on", ModelOverride: "m",
				ProviderOverride: "p", TotalTokens: ptr(int64(7)), Subject: "The group", LastChannel: "telegram", LastTo: "7"})
			if err != nil {
				return err
			}
			if err := lines(tx, "id-"+key, key, 2, 0); err != nil {
				return err
			}
		}
		return nil
	}}
	p := speaking(t, &s, "pigeon")
	c := dial(t, s.start(t).URL())

	c.ok("chat.send", chatSend("client", "still there?", "k"), nil)
	if r := row(t, c, "client"); r.SessionID != "id-client" || r.ThinkingLevel != "high" {
		t.Errorf("chat.send began anew: %+v", r)
	}
	p.say(providers.Incoming{Chat: "fresh", Kind: providers.Group, Text: "hello"})
	if r := row(t, c, "pigeon:group:fresh"); r.SessionID != "id-pigeon:group:fresh" || r.ThinkingLevel != "high" || len(history(t, c, r.Key)) != 4 {
		t.Errorf("a fresh session: %+v", r)
	}
	p.say(providers.Incoming{Chat: "rested", Kind: providers.Group, Text: "hello"})
	r := row(t, c, "pigeon:group:rested")
	if len(r.SessionID) != 36 || r.ThinkingLevel+r.VerboseLevel != "" || r.TotalTokens != 0 || r.Subject != "The group" || len(history(t, c, r.Key)) != 2 {
		t.Errorf("a rested group: %+v", r)
	}
	p.say(providers.Incoming{Chat: "ann", Kind: providers.Direct, Text: "hello"})
	r = row(t, c, "main")
	if len(r.SessionID) != 36 || r.ThinkingLevel != "" || r.LastChannel != "pigeon" || r.LastTo != "ann" || len(history(t, c, "main")) != 2 {
		t.Errorf("the rested main session: %+v", r)
	}
	p.say(providers.Incoming{Chat: "ann", Kind: providers.Direct, Text: "hello again"})
	if again := row(t, c, "main"); again.SessionID != r.SessionID || len(history(t, c, "main")) != 4 {
		t.Errorf("it begins anew with each message: %+v", again)
	}
}

// TestSessions_groups: what a group is called comes with its messages; one under an old form of its key moves.
func TestSessions_groups(t *testing.T) {
	t.Parallel()
	s := setup{seed: func(tx *store.Tx) error {
		for _, key := range []string{"group:old", "group:pigeon:older"} {
			if err := session(tx, key, wire.SessionEntry{SessionID: "id-" + key, ThinkingLevel: "low"}); err != nil {
				return err
			}
		}
		return nil
	}}
	p := speaking(t, &s, "pigeon")
	c := dial(t, s.start(t).URL())
	type shown struct{ Kind, ChatType, Surface, Subject, Room, DisplayName, ThinkingLevel string }
	for _, tc := range []struct {
		in   providers.Incoming
		key  string
		want shown
	}{
		{providers.Incoming{Chat: "1", Kind: providers.Group, Title: "My Família!"}, "pigeon:group:1", shown{"group", "group", "pigeon", "My Família!", "", "pigeon:g-my-fam-lia", ""}},
		{providers.Incoming{Chat: "1", Kind: providers.Group, Title: "Renamed"}, "pigeon:group:1", shown{"group", "group", "pigeon", "Renamed", "", "pigeon:g-renamed", ""}},
		{providers.Incoming{Chat: "1", Kind: providers.Group}, "pigeon:group:1", shown{"group", "group", "pigeon", "Renamed", "", "pigeon:g-renamed", ""}},
		{providers.Incoming{Chat: "c2", Kind: providers.Channel, Title: "#news"}, "pigeon:channel:c2", shown{"group", "room", "pigeon", "#news", "", "pigeon:g-news", ""}},
		{providers.Incoming{Chat: "-100123456789012", Kind: providers.Group}, "pigeon:group:-100123456789012", shown{"group", "group", "pigeon", "", "", "pigeon:g-100123456789012", ""}},
		{providers.Incoming{Chat: "old", Kind: providers.Group}, "pigeon:group:old", shown{"group", "group", "pigeon", "", "", "pigeon:g-old", "low"}},
		{providers.Incoming{Chat: "older", Kind: providers.Group}, "pigeon:group:older", shown{"group", "group", "pigeon", "", "", "pigeon:g-older", "low"}},
	} {
		tc.in.Text = "hello"
		p.say(tc.in)
		r := row(t, c, tc.key)
		if got := (shown{r.Kind, r.ChatType, r.Surface, r.Subject, r.Room, r.DisplayName, r.ThinkingLevel}); got != tc.want {
			t.Errorf("%s: %s", tc.key, cmp.Diff(tc.want, got))
		}
	}
	if f := c.ok("sessions.list", nil, nil); strings.Contains(f.raw, `"key":"group:`) {
		t.Errorf("old keys are still there: %s", f.raw)
	}
}

// TestSessions_global: with one session for everything it is the main one, and no group gives it its name.
func TestSessions_global(t *testing.T) {
	t.Parallel()
	s := setup{config: `{session: {scope: "global"}}`}
	p := speaking(t, &s, "pigeon")
	c := dial(t, s.start(t).URL())
	p.say(providers.Incoming{Chat: "1", Kind: providers.Group, Title: "A group", Text: "hello"})
	p.say(providers.Incoming{Chat: "ann", Kind: providers.Direct, Text: "hello"})
	if r := row(t, c, "global"); r.Kind != "global" || r.Subject+r.DisplayName+r.Surface+r.ChatType != "" || r.LastTo != "ann" {
		t.Errorf("row %+v", r)
	}
	c.ok("system-event", map[string]any{"text": "the door is open"}, nil)
	var before, after wire.StatusSummary
	if c.ok("status", nil, &before); len(before.QueuedSystemEvents) == 0 || !strings.Contains(before.QueuedSystemEvents[0], "the door is open") {
		t.Errorf("system events %q", before.QueuedSystemEvents)
	}
	c.send("a", "agent", map[string]any{"message": "hello", "sessionId": row(t, c, "global").SessionID, "idempotencyKey": "k"})
	c.wait("the final", 0, final("a"))
	if c.ok("status", nil, &after); len(after.QueuedSystemEvents) != 0 {
		t.Errorf("system events after the turn: %q", after.QueuedSystemEvents)
	}
	if h := history(t, c, "global"); len(h) != 6 || !strings.Contains(h[4], "hello") {
		t.Errorf("history %q", h)
	}
	if f := c.ok("sessions.list", nil, nil); strings.Contains(f.raw, `"key":`) {
		t.Errorf("there are other sessions: %s", f.raw)
	}
}
