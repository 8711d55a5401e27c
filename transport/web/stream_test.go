package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// busy is a page on a gateway with 50 sessions beside main. Their times do not tick over while a test runs.
func busy(t *testing.T) (*fakeGateway, *webtest.Page) {
	t.Helper()
	g := newFake(t)
	gallery(g)
	for i := range 50 {
		g.sessions = append(g.sessions, object{"key": fmt.Sprintf("busy-%d", i), "kind": "direct", "updatedAt": 1})
	}
	for _, s := range g.sessions {
		s["updatedAt"] = 1
	}
	p := browser.Page(t)
	p.OnNewDocument(`
		window.asked = 0;
		const frame = window.requestAnimationFrame.bind(window);
		window.requestAnimationFrame = (f) => { window.asked++; return frame(f); };
		window.heard = 0; // the last event
		window.WebSocket = class extends WebSocket {
			constructor(...given) {
				super(...given);
				this.addEventListener('message', (e) => { window.heard = Number(/"seq":(\d+),"type":"event"}$/.exec(e.data)?.[1] ?? heard); });
			}
		};`)
	p.Open(g.start())
	p.WaitLive()
	p.WaitText("#sessions", "busy-49")
	p.WaitText("[data-role=assistant]", "Shall I add it?")
	return g, p
}

// say sends an event of a run of a session: the whole text so far, or its end.
func (g *fakeGateway) say(session, run, state, s string) {
	g.emit("chat", object{"runId": run, "sessionKey": session, "seq": 1, "state": state, "message": object{"role": "assistant", "content": text(s), "timestamp": 1}})
}

// heard waits until the page has got every event so far.
func (g *fakeGateway) heard(p *webtest.Page) {
	g.t.Helper()
	g.mu.Lock()
	seq := g.seq
	g.mu.Unlock()
	p.Wait(fmt.Sprintf("heard >= %d", seq))
}

// watchDOM counts what is changed in the page: in the answer of a run, and everywhere else but where the gateway is described.
const watchDOM = `
	window.touched = {answer: 0, other: []};
	new MutationObserver((all) => {
		for (const m of all) {
			const el = m.target.nodeType === Node.ELEMENT_NODE ? m.target : m.target.parentElement;
			if (!el || el.closest('#about, #announce')) continue;
			if (el.closest('article[data-role=assistant][data-run-id=run-main]')) touched.answer++;
			else touched.other.push(el.tagName + '#' + el.id + '.' + el.className + ' ' + m.type + ' ' + (m.attributeName || ''));
		}
	}).observe(document.documentElement, {subtree: true, childList: true, characterData: true, attributes: true})`

// TestStream_touchesWhatGrows: a piece of an answer changes the last block of that answer and nothing else of the page, however
// long the answer is and however many sessions are in the list. Pieces of other sessions' answers do not even ask for a frame.
func TestStream_touchesWhatGrows(t *testing.T) {
	t.Parallel()
	const pieces, blocks = 200, 100
	g, p := busy(t)
	long := strings.Repeat("A paragraph that is done.\n\n", blocks) + "It goes on:"
	g.say("main", "run-main", "delta", long)
	p.WaitText("[data-run-id=run-main]", "It goes on:")
	p.WaitStill()
	g.wait("chat.history", 2) // whoever wrote it, their message is asked for
	p.Eval(watchDOM, nil)
	p.Eval(`window.first = document.querySelector('[data-run-id=run-main] .body').firstChild; window.before = asked`, nil)

	for i := range pieces {
		g.say(fmt.Sprintf("busy-%d", i%50), fmt.Sprintf("run-%d", i%50), "delta", fmt.Sprint("piece ", i))
	}
	g.heard(p)
	var asked int
	p.Eval(`asked - before`, &asked)
	if asked != 0 {
		t.Errorf("%d frames were asked for by %d pieces of answers that are not shown", asked, pieces)
	}
	for i := range pieces {
		long += fmt.Sprint(" word ", i)
		g.say("main", "run-main", "delta", long)
	}
	p.WaitText("[data-run-id=run-main]", fmt.Sprint("word ", pieces-1))
	var touched struct {
		Answer int
		Other  []string
	}
	p.Eval(`touched`, &touched)
	if touched.Answer > 4*pieces || len(touched.Other) > 0 {
		t.Errorf("%d pieces changed the answer %d times, and elsewhere %q", pieces, touched.Answer, touched.Other)
	}
	var same bool
	p.Eval(`first.isConnected && document.querySelector('[data-run-id=run-main] .body').firstChild === first`, &same)
	if !same {
		t.Error("the first block of the answer was drawn anew")
	}
}

// TestStream_endsAreOneReading: sessions that are answered at the same time do not have the list of sessions read as often.
func TestStream_endsAreOneReading(t *testing.T) {
	t.Parallel()
	g, p := busy(t)
	p.WaitLive()
	before := g.count("sessions.list")
	hold := make(chan struct{})
	g.mu.Lock()
	g.on["sessions.list"] = func(c *fakeCall) { <-hold; g.list(c) }
	g.mu.Unlock()
	for i := range 50 {
		g.say(fmt.Sprintf("busy-%d", i), fmt.Sprintf("run-%d", i), "final", "the end")
	}
	g.heard(p)
	g.wait("sessions.list", before+1)
	close(hold)
	p.Wait(`document.querySelectorAll('#sessions .fresh').length === 50`)
	if n := g.count("sessions.list") - before; n > 3 { // one that waited, one for what came meanwhile, one for the last
		t.Errorf("50 runs ended and the list was read %d times", n)
	}
}

// TestLeftOpen: a page that is left open for a week stays as large as it was: views that are left leave nothing behind, and
// neither do runs of sessions that are gone.
func TestLeftOpen(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	p := open(t, g)
	round := func(n int) {
		for _, v := range views {
			visit(p, v.name, v.sel, v.text)
		}
		p.Click(`#rail [data-view=chat]`)
		p.Wait(`document.querySelector('#composer').checkVisibility()`)
		for i := range 20 {
			key := fmt.Sprintf("cron:%d-%d", n, i)
			g.say(key, "run-"+key, "delta", "It is seven.")
			g.say(key, "run-"+key, "final", "It is seven o'clock.")
		}
		p.Send(fmt.Sprint("message ", n))
		p.WaitText("[data-role=assistant]", fmt.Sprint("You said: message ", n))
	}
	round(0)
	round(1)
	nodes, listeners := p.Kept()
	for n := range 5 {
		round(n + 2)
	}
	after, heard := p.Kept()
	t.Logf("nodes %d, then %d; listeners %d, then %d", nodes, after, listeners, heard)
	// The two messages of a round are some thirty nodes and two listeners. A view that is kept has more than a hundred.
	if after > nodes+5*80 || heard > listeners+5*10 {
		t.Errorf("after five rounds through all views the page has %d nodes and %d listeners; before it were %d and %d", after, heard, nodes, listeners)
	}
}

// TestEmptySession_isLeftAlone: what stands in a session without messages is not drawn anew while others are answered, or a
// press on it would be lost.
func TestEmptySession_isLeftAlone(t *testing.T) {
	t.Parallel()
	g, p := busy(t)
	p.Click(`[data-key="webchat-notes"]`)
	p.WaitText(".empty", "Talk to your agent")
	p.Eval(`window.example = document.querySelector('.empty .example')`, nil)
	for i := range 10 {
		g.say(fmt.Sprintf("busy-%d", i), fmt.Sprintf("run-%d", i), "final", "the end")
	}
	p.Wait(`document.querySelectorAll('#sessions .fresh').length === 10`)
	var same bool
	p.Eval(`example.isConnected`, &same)
	if !same {
		t.Error("the example was drawn anew")
	}
}

// TestSessions_more: where the list has no room for all sessions, its end leads to them.
func TestSessions_more(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	for i := range 300 {
		g.sessions = append(g.sessions, object{"key": fmt.Sprintf("more-%d", i), "kind": "direct", "updatedAt": 1})
	}
	p := open(t, g)
	p.WaitText("#sessions", "All sessions")
	if n := p.Count("#sessions button.session"); n > 202 { // the newest, and main
		t.Errorf("%d sessions are in the list", n)
	}
	p.Click("#sessions .session-all")
	p.WaitText("#view .row", "Family")
	p.Type("#view [type=search]", "more-299")
	p.WaitText("#view .row", "more-299")
}

// TestDialogOfAView: a question about a view is gone with the view.
func TestDialogOfAView(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	p := open(t, g)
	visit(p, "sessions", ".row", "Family")
	p.Click(`#view .row [aria-label^="Delete"]`)
	p.Wait(`document.querySelector('dialog.ask[open]')`)
	p.Eval(`location.hash = '#/skills'`, nil)
	p.WaitText("#view .row", "weather")
	p.Wait(`!document.querySelector('dialog.ask')`)
	if n := g.count("sessions.delete"); n != 0 {
		t.Errorf("%d sessions were deleted", n)
	}
}

// TestDraft_tooLong: a draft for which the tab's storage has no room stands in the box, and can be sent.
func TestDraft_tooLong(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	p.Eval(`sessionStorage.setItem('filler', 'x'.repeat(5_000_000))`, nil)
	p.Eval(`(() => { const c = document.querySelector('#composer'); c.focus(); c.value = 'long '.repeat(80_000); c.dispatchEvent(new Event('input')); })()`, nil)
	p.Wait(`!document.querySelector('#send').disabled && document.querySelector('#composer').getBoundingClientRect().height > 100`)
	p.Keys(kb.Enter)
	if got := len(g.wait("chat.send", 1).Params.Message); got != 400_000-1 {
		t.Errorf("a message of %d bytes was sent, want 399999", got)
	}
	p.Wait(`document.querySelector('#composer').value === ''`)
}
