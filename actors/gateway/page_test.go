package gateway_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

// growth notes every length that the agent's answer has had on the page.
const growth = `
	window.lengths = [];
	new MutationObserver(() => {
		const all = document.querySelectorAll('#messages [data-role=assistant]');
		const n = all.length ? all[all.length - 1].textContent.length : 0;
		if (n > (lengths.at(-1) ?? 0)) lengths.push(n);
	}).observe(document, {subtree: true, childList: true, characterData: true});`

// TestPage is what a person does first: open the page, write, watch the answer grow, reload.
func TestPage(t *testing.T) {
	browser := webtest.Start(t)
	g := setup{}.start(t)
	p := browser.Page(t)
	p.OnNewDocument(growth)
	p.Open("http://" + g.Addr() + "/#session=main") // a chat, not the setup
	p.WaitLive()
	p.Send("!say 12") // for two seconds
	p.WaitText("#messages [data-role=assistant]", "part 12")
	var lengths []int
	p.Eval("lengths", &lengths)
	if len(lengths) < 2 {
		t.Errorf("the answer came in %d piece(s): %v; want it to be streamed", len(lengths), lengths)
	}
	p.Send("one two three")
	p.WaitText("#messages [data-role=assistant]", "two three")
	p.Reload()
	p.WaitLive()
	p.WaitText("#messages", "part 12")
	p.WaitText("#messages [data-role=assistant]", "two three")
	if n := p.Count("#messages [data-role=user]"); n != 2 {
		t.Errorf("%d messages of mine after a reload, want 2", n)
	}
	p.Send("!fail out of tea")
	p.WaitText("#messages", "out of tea")
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
	if dir := os.Getenv("WEB_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, "real.png"))
	}
}

// TestPage_restart: the page comes back by itself when the gateway does, with what was said.
func TestPage_restart(t *testing.T) {
	browser := webtest.Start(t)
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(g.Addr()[strings.LastIndex(g.Addr(), ":")+1:])
	p := browser.Page(t)
	p.Open("http://" + g.Addr() + "/#session=main") // a chat, not the setup
	p.WaitLive()
	p.Send("before the restart")
	p.WaitText("#messages [data-role=assistant]", "before the restart")
	stop(t, g)
	p.Wait(`document.querySelector('#status').dataset.state !== 'live'`)

	s.options = func(o *gateway.Options) { o.AnyPort, o.Start = false, config.StartOptions{Port: port} }
	s.start(t)
	p.WaitLive()
	p.WaitText("#messages [data-role=assistant]", "before the restart")
	p.Send("after the restart")
	p.WaitText("#messages", "You said: after the restart")
}
