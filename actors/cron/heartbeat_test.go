package cron

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

func beating(c HeartbeatConfig) Config {
	if c.Every == 0 {
		c.Every = time.Hour
	}
	return Config{Enabled: true, Heartbeat: c}
}

// session stores what is kept of the main session.
func (r *rig) session(e wire.SessionEntry) {
	r.t.Helper()
	raw, err := wire.Marshal(e)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(func(tx *store.Tx) error {
		return tx.PutSession(store.Session{Key: "main", SessionID: e.SessionID, UpdatedAt: e.UpdatedAt, Entry: raw})
	})
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	telegram := wire.SessionEntry{SessionID: "s", UpdatedAt: 1000, LastChannel: "telegram", LastTo: "77"}
	long := strings.Repeat("ü", 300)
	unlinked := func(s string) []string {
		if s == "whatsapp" {
			return []string{"whatsapp-not-linked"}
		}
		return []string{""}
	}
	tests := []struct {
		name   string
		config HeartbeatConfig
		main   wire.SessionEntry
		answer agent.Answer
		state  agent.State
		want   wire.HeartbeatEvent // status, reason, to, preview
		said   string
		kept   bool // the session's age
	}{
		{"said to the last one", HeartbeatConfig{}, telegram, agent.Answer{Text: "mail from Ann"}, agent.Done,
			wire.HeartbeatEvent{Status: "sent", To: "77", Preview: "mail from Ann"}, "mail from Ann", false},
		{"long", HeartbeatConfig{}, telegram, agent.Answer{Text: "HEARTBEAT_OK " + long}, agent.Done,
			wire.HeartbeatEvent{Status: "sent", To: "77", Preview: long[:400]}, long, false},
		{"token", HeartbeatConfig{}, telegram, agent.Answer{Text: "HEARTBEAT_OK"}, agent.Done, wire.HeartbeatEvent{Status: "ok-token", Reason: "wake"}, "", true},
		{"token and a little", HeartbeatConfig{}, telegram, agent.Answer{Text: "All quiet. HEARTBEAT_OK"}, agent.Done, wire.HeartbeatEvent{Status: "ok-token", Reason: "wake"}, "", true},
		{"nothing", HeartbeatConfig{}, telegram, agent.Answer{Text: " \n"}, agent.Done, wire.HeartbeatEvent{Status: "ok-empty", Reason: "wake"}, "", true},
		{"token with a picture", HeartbeatConfig{}, telegram, agent.Answer{Text: "HEARTBEAT_OK", Media: []agent.Media{{}}}, agent.Done,
			wire.HeartbeatEvent{Status: "sent", To: "77"}, "", false},
		{"failure", HeartbeatConfig{}, telegram, agent.Answer{}, agent.Failed, wire.HeartbeatEvent{Status: "failed", Reason: "Error: boom"}, "", false},
		{"to nobody", HeartbeatConfig{Target: "none"}, telegram, agent.Answer{Text: "news"}, agent.Done,
			wire.HeartbeatEvent{Status: "skipped", Reason: "target-none", Preview: "news"}, "", false},
		{"nobody yet", HeartbeatConfig{}, wire.SessionEntry{SessionID: "s", UpdatedAt: 1000}, agent.Answer{Text: "news"}, agent.Done,
			wire.HeartbeatEvent{Status: "skipped", Reason: "no-target", Preview: "news"}, "", false},
		{"last was the web page", HeartbeatConfig{}, wire.SessionEntry{SessionID: "s", UpdatedAt: 1000, LastChannel: "webchat", LastTo: "x"},
			agent.Answer{Text: "news"}, agent.Done, wire.HeartbeatEvent{Status: "skipped", Reason: "no-target", Preview: "news"}, "", false},
		{"another surface than the last", HeartbeatConfig{Target: "discord"}, telegram, agent.Answer{Text: "news"}, agent.Done,
			wire.HeartbeatEvent{Status: "skipped", Reason: "no-target", Preview: "news"}, "", false},
		{"another surface, with to", HeartbeatConfig{Target: "discord", To: "9"}, telegram, agent.Answer{Text: "news"}, agent.Done,
			wire.HeartbeatEvent{Status: "sent", To: "9", Preview: "news"}, "news", false},
		{"not linked", HeartbeatConfig{Target: "whatsapp", To: "+1"}, telegram, agent.Answer{Text: "news"}, agent.Done,
			wire.HeartbeatEvent{Status: "skipped", Reason: "whatsapp-not-linked", Preview: "news"}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := setup{config: beating(tt.config), unready: unlinked}.start(t)
			r.session(tt.main)
			var res wire.OKResult
			r.call("wake", `{"mode":"now","text":"check mail"}`, &res)
			if key := next(t, "work", r.work); key != "main" {
				t.Errorf("work for %s", key)
			}
			run := r.openRuns()[0]
			moved := tt.main // somebody else writes meanwhile: the answer goes where it was to go at the beginning
			moved.LastChannel, moved.LastTo = "telegram", "a stranger"
			r.session(moved)
			said := r.finish(run, tt.answer, tt.state, "Error: boom")
			ev := next(t, "heartbeat", r.beats)
			if ev.DurationMs == nil || ev.TS == 0 {
				t.Errorf("event %+v", ev)
			}
			if ev.Status != tt.want.Status || ev.Reason != tt.want.Reason || ev.To != tt.want.To || ev.Preview != tt.want.Preview || said != tt.said {
				t.Errorf("event %+v, said %q", ev, said)
			}
			if run.Route != nil {
				var route providers.Route
				if err := wire.Unmarshal(run.Route, &route); err != nil || route.Chat == "a stranger" || tt.want.To != "" && route.Chat != tt.want.To {
					t.Errorf("route %+v %v", route, err)
				}
			}
			e := readStore(r, func(v *store.View) (e wire.SessionEntry, err error) {
				e, _, err = v.Entry("main")
				return e, err
			})
			if kept := e.UpdatedAt == tt.main.UpdatedAt; kept != tt.kept {
				t.Errorf("the session's age is kept: %v", kept)
			}
		})
	}
}

func TestHeartbeat_silent(t *testing.T) {
	t.Parallel()
	var on atomic.Bool
	r := setup{config: beating(HeartbeatConfig{}), on: on.Load}.start(t)
	r.session(wire.SessionEntry{SessionID: "s", UpdatedAt: 1})
	_ = r.beat.Tell(Beat{"wake"}) // switched off
	// A beat that is asked for while the session is busy comes when it is not.
	busy := store.Run{ID: "chat:1", Kind: "chat", SessionKey: "main"}
	r.write(func(tx *store.Tx) error { _, err := tx.AcceptRun(busy); return err })
	asked := make(chan struct{})
	r2 := setup{config: beating(HeartbeatConfig{}), on: func() bool {
		select {
		case asked <- struct{}{}:
		default:
		}
		return true
	}}.start(t)
	r2.session(wire.SessionEntry{SessionID: "s", UpdatedAt: 1})
	r2.write(func(tx *store.Tx) error { _, err := tx.AcceptRun(busy); return err })
	_ = r2.beat.Tell(Beat{"first"})
	_ = r2.beat.Tell(Beat{"second"})
	next(t, "first try", asked)
	r2.write(func(tx *store.Tx) error { _, err := tx.EndRun(busy.ID, store.RunDone, "", 1); return err })
	next(t, "second try", asked)
	next(t, "work", r2.work)
	r2.finish(r2.openRuns()[0], agent.Answer{Text: "HEARTBEAT_OK"}, agent.Done, "")
	if ev := next(t, "heartbeat", r2.beats); ev.Status != "ok-token" || ev.Reason != "second" {
		t.Errorf("event %+v", ev)
	}
	if len(r2.work)+len(r.work)+len(r.beats) > 0 {
		t.Error("more heartbeats than were asked for, or one that is switched off")
	}
}

func TestHeartbeat_interval(t *testing.T) {
	t.Parallel()
	r := setup{config: beating(HeartbeatConfig{Every: 30 * time.Millisecond, Prompt: "anything new?"})}.start(t)
	for range 3 {
		next(t, "work", r.work)
		run := r.openRuns()[0]
		var req agent.Request
		if err := wire.Unmarshal(run.Request, &req); err != nil || req.Message != "anything new?" || run.Kind != "heartbeat" || req.Operator {
			t.Errorf("run %+v %+v %v", run, req, err)
		}
		r.finish(run, agent.Answer{}, agent.Done, "")
		if ev := next(t, "heartbeat", r.beats); ev.Status != "ok-empty" || ev.Reason != "interval" {
			t.Errorf("event %+v", ev)
		}
	}
}

// A heartbeat in progress when the process ends is taken up by the next one, which begins no second beside it.
func TestHeartbeat_restart(t *testing.T) {
	t.Parallel()
	a := setup{config: beating(HeartbeatConfig{})}.start(t)
	_ = a.beat.Tell(Beat{"wake"})
	next(t, "work", a.work)
	a.kill()
	b := setup{config: beating(HeartbeatConfig{Every: 20 * time.Millisecond}), dir: a.dir}.start(t)
	open := b.openRuns()
	if len(open) != 1 {
		t.Fatalf("open runs %+v", open)
	}
	b.finish(open[0], agent.Answer{Text: "x"}, agent.Failed, "Error: the gateway stopped")
	if ev := next(t, "heartbeat", b.beats); ev.Status != "failed" || ev.Reason != "Error: the gateway stopped" {
		t.Errorf("event %+v", ev)
	}
	next(t, "work", b.work)
}

func TestHeartbeat_afterJobs(t *testing.T) {
	t.Parallel()
	r := setup{config: beating(HeartbeatConfig{})}.start(t)
	j := r.add(strings.Replace(oneShot(mainJob, 1), "next-heartbeat", "now", 1))
	next(t, "work", r.work)
	r.finish(r.openRuns()[0], agent.Answer{}, agent.Done, "")
	if ev := next(t, "heartbeat", r.beats); ev.Reason != "cron:"+j.ID {
		t.Errorf("event %+v", ev)
	}
	i := r.add(strings.Replace(oneShot(isolatedJob, 1), "next-heartbeat", "now", 1))
	next(t, "work", r.work)
	r.finish(r.openRuns()[0], agent.Answer{Text: "done"}, agent.Done, "")
	next(t, "work", r.work)
	r.finish(r.openRuns()[0], agent.Answer{}, agent.Done, "")
	if ev := next(t, "heartbeat", r.beats); ev.Reason != "cron:"+i.ID+":post" {
		t.Errorf("event %+v", ev)
	}
}

func TestStripAck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, rest string
		nothing    bool
	}{
		{"", "", true},
		{"  ", "", true},
		{"HEARTBEAT_OK", "", true},
		{"HEARTBEAT_OK HEARTBEAT_OK\n", "", true},
		{"HEARTBEAT_OK\nall  well", "all well", true},
		{"ok", "ok", false}, // short, but no token
		{strings.Repeat("a", 30) + " HEARTBEAT_OK", strings.Repeat("a", 30), true},
		{strings.Repeat("a", 31) + " HEARTBEAT_OK", strings.Repeat("a", 31), false},
		{"I would say HEARTBEAT_OK but no", "I would say HEARTBEAT_OK but no", false},
	}
	for _, tt := range tests {
		if rest, nothing := stripAck(tt.text); rest != tt.rest || nothing != tt.nothing {
			t.Errorf("%q: %q %v", tt.text, rest, nothing)
		}
	}
}

func TestRoute_job(t *testing.T) {
	t.Parallel()
	yes := true
	main := wire.SessionEntry{LastChannel: "telegram", LastTo: "77"}
	tests := []struct {
		main          wire.SessionEntry
		channel, to   string
		allow         []string
		want, problem string
	}{
		{main, "", "", nil, "telegram 77", ""},
		{main, "last", "5", nil, "telegram 5", ""},
		{main, "discord", "", nil, "", "cannot deliver to discord: no recipient, pass to"},
		{main, "slack", "C1", nil, "", "cannot deliver to slack: slack-not-running"},
		{wire.SessionEntry{}, "last", "", []string{"+1", "+2"}, "whatsapp +1", ""},
		{wire.SessionEntry{LastChannel: "webchat", LastTo: "x"}, "last", "", nil, "", "cannot deliver to whatsapp: no recipient, pass to"},
		{wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+9"}, "", "", []string{"+1", "+2"}, "whatsapp +1", ""},
		{wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+9"}, "", "", []string{"+1", "*"}, "whatsapp +9", ""},
		{wire.SessionEntry{LastChannel: "whatsapp", LastTo: "+9"}, "", "+3", []string{"+1"}, "whatsapp +3", ""},
	}
	for _, tt := range tests {
		o := Options{AllowFrom: func(string) []string { return slices.Clone(tt.allow) }, Unready: func(s string) string {
			if s == "slack" {
				return "slack-not-running"
			}
			return ""
		}}
		r, problem := o.jobRoute(tt.main, wire.CronPayload{Deliver: &yes, Channel: tt.channel, To: tt.to})
		got := ""
		if r != nil {
			got = r.Surface + " " + r.Chat
		}
		if got != tt.want || problem != tt.problem {
			t.Errorf("%+v: %q, %q", tt, got, problem)
		}
	}
	if r, problem := (&Options{}).jobRoute(main, wire.CronPayload{}); r != nil || problem != "" {
		t.Errorf("not to be delivered: %v %s", r, problem)
	}
}
