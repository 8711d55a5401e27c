package web_test

import (
	"testing"

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
