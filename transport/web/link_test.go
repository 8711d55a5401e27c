package web_test

import (
	"testing"
)

func TestGapRefreshes(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	g.emit("tick", object{"ts": 1})
	before := map[string]int{}
	for _, m := range []string{"chat.history", "health", "system-presence"} {
		g.wait(m, 1)
		before[m] = g.count(m)
	}
	g.add("assistant", text("said while nobody heard"))
	g.skip(3)
	g.emit("tick", object{"ts": 2})
	for m, n := range before {
		g.wait(m, n+1)
	}
	p.WaitText("[data-role=assistant]", "said while nobody heard")
	p.WaitLive()
	if n := g.count("connect"); n != 1 {
		t.Errorf("%d connects: a gap is no reason to reconnect", n)
	}
}

func TestRestartReconnects(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	g.emit("shutdown", object{"reason": "gateway restarting", "restartExpectedMs": 1500})
	g.stop()
	p.Wait(`['restarting', 'waiting'].includes(document.querySelector('#status').dataset.state)`)
	p.WaitText("#status", "restarting")
	p.Send("written in between")
	p.WaitText(".note", "waits for the connection")
	p.WaitText("[data-role=user][data-state=offline]", "written in between")
	if g.count("chat.send") != 0 {
		t.Error("sent over a closed socket")
	}
	g.add("assistant", text("from before the restart"))
	g.start()
	p.WaitLive()
	p.WaitText("[data-role=assistant]", "from before the restart")
	p.WaitText("[data-role=assistant]", "You said: written in between")
	p.Wait(`!document.querySelector('[data-state=offline]')`)
	if n := g.count("chat.send"); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestLostConnectionResendsUnderItsKey(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	hung := make(chan struct{})
	g.onSend = func(c *fakeCall) {
		if g.count("chat.send") == 1 {
			<-hung // never answered on this socket
			return
		}
		echo(c)
	}
	p := open(t, g)
	p.Send("only once")
	first := g.wait("chat.send", 1)
	p.WaitText("[data-role=user][data-state=sending]", "only once")
	_ = first.conn.ws.CloseNow()
	close(hung)
	if again := g.wait("chat.send", 2); again.Params.Key != first.Params.Key {
		t.Errorf("sent again under key %q, want %q", again.Params.Key, first.Params.Key)
	}
	p.WaitText("[data-role=assistant]", "You said: only once")
	if n := p.Count("[data-role=user]"); n != 1 {
		t.Errorf("%d user messages, want 1", n)
	}
}

func TestRunOfAnotherEndsUnseen(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	g.add("user", text("from the phone"))
	g.emit("chat", object{"runId": "other", "sessionKey": "main", "seq": 1, "state": "delta", "message": object{"role": "assistant", "content": text("Half")}})
	p.WaitText("[data-role=assistant]", "Half")
	p.Wait(`!document.querySelector('#stop').hidden`)
	g.stop()
	g.add("assistant", text("Half and whole"))
	g.start()
	p.WaitText("[data-role=assistant]", "Half and whole")
	p.WaitLive()
	p.Wait(`document.querySelector('#stop').hidden`)
	if n := p.Count("[data-role=assistant]"); n != 1 {
		t.Errorf("%d assistant messages, want 1", n)
	}
}

func TestReconnectNow(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	g.mu.Lock()
	for c := range g.conns {
		go func() { _ = c.ws.CloseNow() }()
	}
	g.mu.Unlock()
	p.WaitText("#status", "Reconnecting")
	p.Eval(`[...document.querySelectorAll('#status button')].forEach((b) => b.click())`, nil)
	g.wait("connect", 2)
	p.WaitLive()
	if c := g.wait("connect", 2); c.Params.Client["name"] != "clawdbot-control-ui" || c.Params.Client["mode"] != "webchat" {
		t.Errorf("identity %v", c.Params.Client)
	}
}

func TestTokenDialog(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.token = "right"
	p := browser.Page(t)
	p.Open(g.start() + "?token=right") // never read from the query
	p.WaitText("#status", "Token needed")
	p.Wait(`document.querySelector('#token-dialog').open`)
	p.WaitText("#notice", "gateway.auth.token")
	p.Type("#token", "wrong\r")
	p.WaitText("#token-why", "refused")
	p.Wait(`document.querySelector('#token-dialog').open`)
	if n := g.count("connect"); n != 2 {
		t.Errorf("%d connects: one try per token", n)
	}
	p.Type("#token", "right\r")
	p.WaitLive()
	p.Wait(`!document.querySelector('#token-dialog').open`)
	p.Reload()
	p.WaitLive() // kept for this tab
}

func TestTokenInFragment(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.token = "se+cret"
	p := browser.Page(t)
	p.Open(g.start() + "#token=se%2Bcret&session=work")
	p.WaitLive()
	p.WaitText("#title", "work")
	var at struct {
		Hash   string
		Length int
		Kept   string
	}
	p.Eval(`({Hash: location.hash, Length: history.length, Kept: JSON.stringify(localStorage)})`, &at)
	if at.Hash != "#session=work" || at.Length > 2 || at.Kept != "{}" {
		t.Errorf("after the start: %+v", at)
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.base = "/claw"
	p := open(t, g)
	p.Send("hi")
	p.WaitText("[data-role=assistant]", "You said: hi")
}
