package whatsapp

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

func TestRun_notLinked(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{}, "")
	err := r.ends()
	terminal(t, err)
	if !strings.Contains(err.Error(), "not linked") || !strings.Contains(err.Error(), "clawdbot login") {
		t.Errorf("Run = %v", err)
	}
	if r.v.Exists(database) {
		t.Error("a database was made for an account that nobody uses")
	}
	if d := r.details(); d.Linked || d.LastDisconnect != nil {
		t.Errorf("detail %+v", d)
	}
}

// Each way to be refused is a state of its own with the next step in it.
func TestRun_terminalStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  whatsappfake.ConnectFault
		status int
		say    []string
		forget bool
	}{
		"logged out":    {whatsappfake.ConnectFault{Reason: 401}, 401, []string{"logged out", "clawdbot login"}, true},
		"account gone":  {whatsappfake.ConnectFault{Reason: 403}, 403, []string{"logged out", "phone"}, true},
		"banned":        {whatsappfake.ConnectFault{Reason: 406}, 406, []string{"banned", "phone"}, true},
		"banned a time": {whatsappfake.ConnectFault{Reason: 402, Code: 101, Expire: time.Hour}, 402, []string{"banned", "1h0m0s", "restart whatsapp"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := linkedRig(t, "")
			r.s.AlwaysConnect(c.fault)
			err := r.ends()
			terminal(t, err)
			for _, word := range c.say {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
			d := r.details()
			if d.LastDisconnect == nil || d.LastDisconnect.Status != c.status || d.LastDisconnect.LoggedOut != c.forget || d.Linked == c.forget {
				t.Errorf("detail %+v, last disconnect %+v", d, d.LastDisconnect)
			}
			if r.v.Exists(database) == c.forget {
				t.Errorf("credentials are there: %v", !c.forget)
			}
		})
	}
}

func TestRun_replaced(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	stop := r.up()
	r.s.Replace()
	r.await("link down", r.link(0, providers.LinkDown))
	err := stop()
	terminal(t, err)
	if !strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), "440") {
		t.Errorf("Run = %v", err)
	}
	if n := r.s.Logins(); n != 1 {
		t.Errorf("%d logins: a replaced session must not fight for its place", n)
	}
	if d := r.details(); !d.Linked || d.LastDisconnect.Status != statusReplaced {
		t.Errorf("detail %+v", d)
	}
}

// The version is asked for; a refusal makes it be asked for once more.
func TestRun_outdated(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{Revision: 1031090000, MinRevision: 1031089999}, "")
	adopt(t, r.s, r.v)
	r.up() // with the library's own number it were refused

	old := newRig(t, whatsappfake.Options{MinRevision: 1031089999}, "")
	adopt(t, old.s, old.v)
	err := old.ends()
	terminal(t, err)
	if !strings.Contains(err.Error(), "outdated (405)") || !strings.Contains(err.Error(), "clientVersion") || !strings.Contains(err.Error(), "1031080782") {
		t.Errorf("Run = %v", err)
	}

	set := newRig(t, whatsappfake.Options{MinRevision: 1031089999}, `"clientVersion":"2.3000.1031090001"`)
	adopt(t, set.s, set.v)
	set.up()
}

func TestRun_restartIsNoFailure(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	from := r.mark()
	r.s.StreamError("515")
	r.await("link up again", r.link(from, providers.LinkUp))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.states[from:] {
		if s.Link == providers.LinkDegraded {
			t.Errorf("degraded: %s", s.Reason)
		}
	}
}

// A dead connection that is still open is noticed by a question of ours, whatever the server's own pace.
func TestRun_noticesSilence(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "", func(o *options) { o.ping = 500 * time.Millisecond })
	r.up()
	from := r.mark()
	r.s.Silence()
	r.await("degraded", r.link(from, providers.LinkDegraded))
	r.mu.Lock()
	reason := r.detail.LastDisconnect
	r.mu.Unlock()
	if reason == nil || reason.Status != statusSilent {
		t.Errorf("last disconnect %+v", reason)
	}
	r.await("link up again", r.link(from, providers.LinkUp))
	if limit := defaultOptions(Config{Web: Web{HeartbeatSeconds: 3600}}); limit.heartbeat+limit.ping > 90*time.Second {
		t.Errorf("silence may last %v", limit.heartbeat+limit.ping)
	}
}

func TestRun_quietConnectionIsOpenedAnew(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "", func(o *options) { o.quiet = time.Millisecond })
	r.up()
	from := r.mark()
	r.message(r.s.Say(r.s.Direct(), "the last one"))
	r.await("degraded", r.link(from, providers.LinkDegraded))
	if d := r.details().LastDisconnect; d == nil || d.Status != statusQuiet {
		t.Errorf("last disconnect %+v", d)
	}
}

func TestRun_givesUp(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.p.retry.attempts = 3
	r.s.AlwaysConnect(whatsappfake.ConnectFault{Status: 503})
	err := r.ends()
	terminal(t, err)
	if !strings.Contains(err.Error(), "3 attempts") || !strings.Contains(err.Error(), "restart whatsapp") {
		t.Errorf("Run = %v", err)
	}
	if d := r.details(); d.ReconnectAttempts != 3 {
		t.Errorf("detail %+v", d)
	}
}

// The same credentials elsewhere on the host: refused with the holder's name, and nothing is opened.
func TestRun_heldElsewhere(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	db, err := r.p.open(r.ctx)
	r.must(err)
	d, err := db.device(r.ctx)
	r.must(err)
	release, err := r.v.Hold(d.ID.String())
	r.must(err)
	db.close()
	err = r.ends()
	terminal(t, err)
	if !strings.Contains(err.Error(), "pid 1 on there") || !strings.Contains(err.Error(), "/other") {
		t.Errorf("Run = %v", err)
	}
	if r.s.Logins() != 0 {
		t.Error("it logged in all the same")
	}
	release()
	r.up()
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	p := Reconnect{}.policy()
	for n, want := range map[int]time.Duration{1: 2 * time.Second, 2: 3600 * time.Millisecond, 3: 6480 * time.Millisecond, 9: 30 * time.Second, 1000: 30 * time.Second} {
		if got := p.delay(n, 0); got != want {
			t.Errorf("wait %d = %v, want %v", n, got, want)
		}
	}
	if got := p.delay(1, 1); got != 2500*time.Millisecond {
		t.Errorf("with jitter %v", got)
	}
	if p.attempts != 12 {
		t.Errorf("attempts %d", p.attempts)
	}
	low, zero := 1.0, 0
	p = Reconnect{InitialMs: &low, MaxMs: &low, Factor: &low, MaxAttempts: &zero}.policy()
	if p.initial != 250*time.Millisecond || p.max != 250*time.Millisecond || p.factor != 1.1 || p.attempts != 0 {
		t.Errorf("clamped %+v", p)
	}
}
