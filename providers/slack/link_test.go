package slack

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

// A server that accepts and drops is not dialled in a loop, and never twice at once.
func TestLink_acceptAndDrop(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, func(o *options) { o.retryMin, o.retryMax = 200*time.Millisecond, 200*time.Millisecond })
	b.start()
	begin := time.Now()
	for range 5 {
		n := b.s.Dials()
		b.s.Disconnect("warning") // Slack's way to move a connection, much too often
		if err := b.s.WaitDials(b.ctx, n+1); err != nil {
			t.Fatal(err)
		}
		if err := b.s.WaitSockets(b.ctx, 1); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took < 5*100*time.Millisecond {
		t.Errorf("five connections within %v", took)
	}
	if _, most := b.s.Sockets(); most != 1 {
		t.Errorf("%d sockets were open at once", most)
	}
	b.stop()
	if err := b.s.WaitSockets(b.ctx, 0); err != nil || b.p.sockets.Load() != 0 {
		t.Errorf("%d sockets are left, %v", b.p.sockets.Load(), err)
	}
}

// Slack moves a connection that has been good for a while: nothing is wrong then.
func TestLink_plannedMove(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, func(o *options) { o.healthy = time.Nanosecond })
	b.start()
	from := b.mark()
	b.s.Disconnect("refresh_requested")
	if err := b.s.WaitDials(b.ctx, 2); err != nil {
		t.Fatal(err)
	}
	b.awaitLink(from, providers.LinkUp)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.states[from:] {
		if s.Link == providers.LinkDegraded {
			t.Errorf("degraded: %s", s.Reason)
		}
	}
}

func TestLink_silence(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, func(o *options) { o.ping = time.Second })
	b.start()
	from := b.mark()
	begin := time.Now()
	b.s.Silence()
	if s := b.awaitLink(from, providers.LinkDegraded); !strings.Contains(s.Reason, "ping") {
		t.Errorf("reason %q", s.Reason)
	}
	if took, most := time.Since(begin), 2*b.p.opt.ping; took > most+15*time.Second { // a busy machine
		t.Errorf("noticed after %v, want within %v", took, most)
	}
	b.awaitLink(from, providers.LinkUp)
	if d := defaultOptions(); 2*d.ping > 60*time.Second || d.read > 90*time.Second {
		t.Errorf("the limits in docs/providers/slack.md are not those of the program: %+v", d)
	}
}

// A peer that is there and does not shake hands does not hold us for longer than the limit.
func TestLink_muteHandshake(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, func(o *options) { o.dial = 300 * time.Millisecond })
	b.s.Mute(true)
	b.s.Drop()
	ctx := b.ctx
	done := make(chan error, 1)
	go func() { done <- b.p.connect(ctx) }()
	select {
	case err := <-done:
		if err == nil || strings.Contains(err.Error(), "ticket-") {
			t.Errorf("connect = %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("still shaking hands")
	}
	b.s.Mute(false)
}

func TestLink_terminal(t *testing.T) {
	t.Parallel()
	const open = "apps.connections.open"
	for name, tt := range map[string]struct {
		method string
		fault  slackfake.Fault
		want   string
	}{
		"wrong bot token":     {"auth.test", slackfake.Refuse("invalid_auth"), "copy it anew"},
		"removed app":         {"auth.test", slackfake.Refuse("account_inactive"), "install the app again"},
		"revoked":             {"auth.test", slackfake.Refuse("token_revoked"), "slack.botToken"},
		"not authed":          {"auth.test", slackfake.Refuse("not_authed"), "slack.botToken"},
		"wrong app token":     {open, slackfake.Refuse("invalid_auth"), "slack.appToken"},
		"another kind":        {open, slackfake.Refuse("not_allowed_token_type"), "slack.appToken"},
		"app token's scope":   {open, slackfake.Fault{Error: "missing_scope", Needed: "connections:write"}, "connections:write"},
		"socket mode is off":  {open, slackfake.Refuse("forbidden_team"), "Socket Mode"},
		"no such thing there": {open, slackfake.Status(404), "Socket Mode"},
	} {
		b := newBench(t, slackfake.Options{}, nil, nil)
		b.s.Always(tt.method, tt.fault)
		err := b.p.Run(b.ctx)
		if !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	b.s.Disconnect("link_disabled")
	if err := <-b.done; !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), "Socket Mode") {
		t.Errorf("link disabled: %v", err)
	}
	b.cancel = nil
}

func TestLink_tooMany(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	b.start()
	from := b.mark()
	b.s.Script("apps.connections.open", slackfake.Refuse("too_many_websockets"))
	b.s.Disconnect("too_many_websockets")
	if s := b.awaitLink(from, providers.LinkDegraded); !strings.Contains(s.Reason, "too many connections (0 are ours)") {
		t.Errorf("reason %q", s.Reason)
	}
	b.awaitLink(from, providers.LinkUp)
}

func TestProbe(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	r := b.p.Probe(b.ctx).(ProbeResult)
	if !r.OK || *r.Status != 200 || *r.Bot != (ProbeRef{slackfake.BotUser, slackfake.BotName}) || r.Team.ID != slackfake.TeamID {
		t.Errorf("%+v", r)
	}
	b.s.Script("auth.test", slackfake.Refuse("invalid_auth"), slackfake.Status(503))
	if r := b.p.Probe(b.ctx).(ProbeResult); r.OK || r.Error != "invalid_auth" || *r.Status != 200 {
		t.Errorf("%+v", r)
	}
	if r := b.p.Probe(b.ctx).(ProbeResult); r.OK || *r.Status != 503 {
		t.Errorf("%+v", r)
	}
}
