package web_test

import (
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// open starts the fake gateway and a page on it, and waits until it is live.
func open(t *testing.T, g *fakeGateway) *webtest.Page {
	t.Helper()
	p := browser.Page(t)
	p.Open(g.start())
	p.WaitLive()
	t.Cleanup(func() {
		if errs := p.Errors(); len(errs) > 0 {
			t.Errorf("errors in the page: %q", errs)
		}
	})
	return p
}

func TestTypeAndStream(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	step := make(chan string)
	g.onSend = func(c *fakeCall) {
		c.begin()
		for s := range step {
			c.delta(s)
		}
		c.finish("One two three.")
	}
	p := open(t, g)
	p.Send("count to three")
	run := g.wait("chat.send", 1).Params.Key
	p.WaitText(`[data-role=user][data-run-id="`+run+`"]`, "count to three")
	p.WaitText(`.note`, "Thinking")
	for _, s := range []string{"One", "One two"} {
		step <- s
		p.WaitText(`[data-role=assistant][data-run-id="`+run+`"]`, s)
	}
	if n := p.Count(`[data-role=assistant]`); n != 1 {
		t.Errorf("%d assistant messages while it streams, want 1 that grows", n)
	}
	if got := p.Text(`[data-role=assistant] .body`); got != "One two" {
		t.Errorf("streamed text %q", got)
	}
	close(step)
	p.WaitText(`[data-role=assistant][data-run-id="`+run+`"]`, "One two three.")
	p.WaitText(`.note`, "Done in")
	p.Wait(`!document.querySelector('#send').hidden`)
	if u, a := p.Count(`[data-role=user]`), p.Count(`[data-role=assistant]`); u != 1 || a != 1 {
		t.Errorf("%d user and %d assistant messages after the end, want 1 and 1", u, a)
	}
}

func TestReloadKeepsHistoryAndRun(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.add("user", "as plain text") // content may be a string
	g.add("assistant", text("**earlier** answer"))
	release := make(chan struct{})
	var once sync.Once
	g.onSend = func(c *fakeCall) {
		once.Do(c.begin) // a repeat of the key joins the run
		c.delta("Half an ans")
		<-release
		if c.gw.count("chat.send") == 2 {
			c.done()
		}
	}
	p := open(t, g)
	p.WaitText(`[data-role=user]`, "as plain text")
	p.WaitText(`[data-role=assistant] strong`, "earlier")
	p.Send("long work")
	key := g.wait("chat.send", 1).Params.Key
	p.WaitText(`[data-role=assistant]`, "Half an ans")
	p.Type("#composer", "a draft, kept")
	p.Reload()
	if again := g.wait("chat.send", 2); again.Params.Key != key || again.Params.Message != "long work" {
		t.Errorf("after the reload %q was sent under key %q, want the same message under %q", again.Params.Message, again.Params.Key, key)
	}
	p.WaitText(`[data-role=user][data-run-id="`+key+`"]`, "long work")
	p.WaitText(`[data-role=assistant][data-run-id="`+key+`"]`, "Half an ans")
	p.WaitText(`[data-role=user]`, "as plain text")
	p.Wait(`!document.querySelector('#stop').hidden`)
	p.Wait(`document.querySelector('#composer').value.startsWith('a draft')`)
	g.add("assistant", text("Half an answer, whole."))
	close(release)
	p.WaitText(`[data-role=assistant]`, "Half an answer, whole.")
	p.Wait(`document.querySelector('#stop').hidden`)
	if u, a := p.Count(`[data-role=user]`), p.Count(`[data-role=assistant]`); u != 2 || a != 2 {
		t.Errorf("%d user and %d assistant messages, want 2 and 2", u, a)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	stopped := make(chan struct{}, 2)
	g.onSend = func(c *fakeCall) {
		c.begin()
		c.delta("This will be sto")
		<-stopped
		c.done()
	}
	p := open(t, g)
	p.Send("go on for ever")
	p.WaitText(`[data-role=assistant]`, "This will be sto")
	if p.Count("#send:not([hidden])") != 0 {
		t.Error("Send is there beside Stop")
	}
	p.Click("#stop")
	abort := g.wait("chat.abort", 1)
	if abort.Params.RunID != g.wait("chat.send", 1).Params.Key {
		t.Errorf("aborted run %q", abort.Params.RunID)
	}
	stopped <- struct{}{}
	p.WaitText(".note", "Stopped")
	p.Wait(`document.querySelector('#stop').hidden && !document.querySelector('#send').hidden`)
	p.WaitText(`[data-role=assistant]`, "This will be sto") // what was said stays
	p.Send("once more")
	g.wait("chat.send", 2)
	p.Wait(`!document.querySelector('#stop').hidden`)
	p.Keys(kb.Escape)
	g.wait("chat.abort", 2)
	stopped <- struct{}{}
	p.Wait(`[...document.querySelectorAll('.note')].filter((n) => n.textContent.includes('Stopped')).length === 2`)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.onSend = func(c *fakeCall) {
		switch g.count("chat.send") {
		case 1: // the run failed: the message was accepted
			c.begin()
			c.fail("UNAVAILABLE", "Error: model down", object{"runId": c.Params.Key, "status": "error", "summary": "Error: model down"})
		case 3: // refused: never accepted
			c.fail("INVALID_REQUEST", "send blocked by session policy", nil)
		default:
			echo(c)
		}
	}
	p := open(t, g)
	p.Send("first")
	p.WaitText(".note[data-tone=bad]", "Failed: model down")
	first := g.wait("chat.send", 1).Params.Key
	p.Click(".note[data-tone=bad] button")
	if again := g.wait("chat.send", 2); again.Params.Key == first || again.Params.Message != "first" {
		t.Errorf("sent again: key %q (first %q), message %q", again.Params.Key, first, again.Params.Message)
	}
	p.WaitText(`[data-role=assistant]`, "You said: first")
	p.Send("blocked")
	p.WaitText(`.note[data-for=user]`, "Not sent: send blocked by session policy")
	p.WaitText(`[data-role=user][data-state=failed]`, "blocked")
	refused := g.wait("chat.send", 3).Params.Key
	p.Click(".note[data-for=user] button")
	if again := g.wait("chat.send", 4); again.Params.Key != refused {
		t.Errorf("retry under key %q, want %q", again.Params.Key, refused)
	}
	p.WaitText(`[data-role=assistant]`, "You said: blocked")
	if n := p.Count(`[data-role=user]`); n != 3 {
		t.Errorf("%d user messages, want 3", n)
	}
}

func TestToolCards(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	next := make(chan struct{})
	g.onSend = func(c *fakeCall) {
		c.begin()
		c.delta("Looking.")
		c.tool("start", "read", object{"path": "a.txt"}, nil)
		c.tool("start", "read", nil, nil) // a second copy without arguments
		<-next
		c.tool("result", "read", nil, object{"content": text("file <b>body</b>")})
		c.delta("It says hi.")
		<-next
		c.gw.add("assistant", []object{{"type": "text", "text": "Looking."}, {"type": "toolCall", "id": "live-read", "name": "read", "arguments": object{"path": "a.txt"}}})
		c.gw.add("toolResult", text("file <b>body</b>"), "toolCallId", "live-read", "toolName", "read", "isError", false)
		c.finish("It says hi.")
	}
	p := open(t, g)
	p.Send("read it")
	p.WaitText(".note", "Calling read")
	p.WaitText(".tool .state", "running")
	if p.Count(".tool") != 1 || p.Count(".tool[open]") != 0 {
		t.Errorf("%d tool cards, %d open; want 1 that is folded", p.Count(".tool"), p.Count(".tool[open]"))
	}
	next <- struct{}{}
	p.WaitText(".tool .state", "done")
	p.Click(".tool summary")
	p.WaitText(".tool .part", `"path": "a.txt"`)
	p.WaitText(".tool .part", "file <b>body</b>")
	next <- struct{}{}
	p.WaitText(".note", "Done in")
	g.wait("chat.history", 2)
	p.Wait(`document.querySelectorAll('[data-role=assistant]').length === 2`)
	if p.Count(".tool") != 1 || p.Count(".tool[open]") != 1 {
		t.Errorf("after the run %d tool cards, %d open; want the same one, still open", p.Count(".tool"), p.Count(".tool[open]"))
	}
}

func TestOtherClientsAndSessions(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.sessions = append(g.sessions, object{"key": "telegram:group:1", "kind": "group", "displayName": "Family", "surface": "telegram", "updatedAt": 1})
	p := open(t, g)
	p.WaitText("#sessions", "Family")
	other := func(key, state, s string) {
		e := object{"runId": "run-of-another", "sessionKey": key, "seq": 1, "state": state}
		if s != "" {
			e["message"] = object{"role": "assistant", "content": text(s), "timestamp": 1}
		}
		g.emit("chat", e)
	}
	g.add("user", text("from the phone"))
	other("main", "delta", "An answer to")
	p.WaitText(`[data-role=assistant][data-run-id=run-of-another]`, "An answer to")
	p.WaitText(`[data-role=user]`, "from the phone")
	g.add("assistant", text("An answer to the phone."))
	other("main", "final", "An answer to the phone.")
	p.Wait(`document.querySelector('#stop').hidden`)
	p.WaitText(`[data-role=assistant]`, "An answer to the phone.")
	if n := p.Count(`[data-role=assistant]`); n != 1 {
		t.Errorf("%d assistant messages, want 1", n)
	}
	other("telegram:group:1", "final", "elsewhere")
	p.WaitText(`[data-key="telegram:group:1"]`, "new")
	p.Click(`[data-key="telegram:group:1"]`)
	p.WaitText("#title", "Family")
	p.Wait(`document.querySelector('.empty') && location.hash === '#session=telegram%3Agroup%3A1'`)
	p.Send("hello family")
	if c := g.wait("chat.send", 1); c.Params.SessionKey != "telegram:group:1" {
		t.Errorf("sent to %q", c.Params.SessionKey)
	}
}
