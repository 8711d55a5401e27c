package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// wizard plays wizard.*: questions in their order, of which a text "wrong" ends the dialogue.
type wizard struct {
	g     *fakeGateway
	steps []object

	// guarded by g.mu
	session, at int // 0 = there is no dialogue
	answers     []string
	lastRun     string
}

const botSecret = "424242:CANARY-typed-into-the-page-0123456789"

// allKinds are a question of each type that the protocol has; text passes through name.
func allKinds(name func(string) string) []object {
	return []object{
		{"type": "note", "title": name("Setup"), "message": name("This asks a few questions.\nNothing is written before.")},
		{"type": "select", "message": name("Which model answers?"), "initialValue": "keep", "options": []object{
			{"value": "keep", "label": name("Leave it as it is"), "hint": name("the built-in runner")}, {"value": "ollama/qwen3", "label": name("ollama/qwen3"), "hint": name("runs on this computer")}}},
		{"type": "multiselect", "message": name("Which surfaces?"), "initialValue": []string{"telegram"}, "options": []object{
			{"value": "telegram", "label": name("Telegram"), "hint": name("a bot of your own")}, {"value": "signal", "label": name("Signal")}}},
		{"type": "text", "message": name("Folder"), "initialValue": "~/clawd", "placeholder": name("~/clawd")},
		{"type": "text", "message": name("Token of the bot"), "initialValue": "", "sensitive": true},
		{"type": "action", "message": name("Do something elsewhere")},
		{"type": "confirm", "message": name("agent.workspace: \"~/clawd\"\n\nWrite them?"), "initialValue": true},
		{"type": "progress", "message": name("Writing…")},
	}
}

// wizards makes a gateway that can be set up.
func wizards(g *fakeGateway, name func(string) string) *wizard {
	w := &wizard{g: g, steps: allKinds(name)}
	g.on["wizard.start"] = func(c *fakeCall) {
		w.locked(c, func() object {
			w.session, w.at, w.answers = w.session+1, 1, nil
			return w.now(object{"sessionId": w.id()})
		})
	}
	g.on["wizard.next"] = func(c *fakeCall) { w.locked(c, func() object { return w.next(c) }) }
	g.on["wizard.status"] = func(c *fakeCall) { w.locked(c, func() object { return object{"status": "running"} }) }
	g.on["wizard.cancel"] = func(c *fakeCall) {
		w.locked(c, func() object { w.at = 0; return object{"status": "cancelled", "error": "cancelled"} })
	}
	return w
}

func (w *wizard) id() string { return fmt.Sprintf("session-%d", w.session) }

// locked answers with what f makes; a dialogue that is not there is refused.
func (w *wizard) locked(c *fakeCall, f func() object) {
	w.g.mu.Lock()
	var p struct{ SessionID string }
	_ = json.Unmarshal(c.Raw, &p) // the page's own
	if c.Method != "wizard.start" && (w.at == 0 || p.SessionID != w.id()) {
		w.g.mu.Unlock()
		c.fail("INVALID_REQUEST", "wizard not found", nil)
		return
	}
	answer := f()
	w.g.mu.Unlock()
	c.ok(answer)
}

func (w *wizard) now(more object) object {
	r := object{"done": false, "status": "running"}
	for k, v := range more {
		r[k] = v
	}
	step := object{"id": fmt.Sprintf("%s-%d", w.id(), w.at), "executor": "client"}
	for k, v := range w.steps[w.at-1] {
		step[k] = v
	}
	r["step"] = step
	return r
}

func (w *wizard) next(c *fakeCall) object {
	var p struct {
		Answer *struct{ Value json.RawMessage }
	}
	_ = json.Unmarshal(c.Raw, &p) // the page's own
	if p.Answer == nil {
		if w.steps[w.at-1]["type"] == "progress" { // it has come to its end
			w.at = 0
			return object{"done": true, "status": "done"}
		}
		return w.now(nil)
	}
	if string(p.Answer.Value) == `"wrong"` {
		w.at = 0
		return object{"done": true, "status": "error", "error": "Error: that is not the token of a bot"}
	}
	if w.steps[w.at-1]["type"] == "confirm" {
		w.lastRun = "2026-01-05T09:00:00Z"
		w.g.on["config.get"] = func(c *fakeCall) {
			c.ok(object{"exists": true, "valid": true, "parsed": object{"wizard": object{"lastRunAt": "2026-01-05T09:00:00Z"}}})
		}
	}
	w.answers = append(w.answers, string(p.Answer.Value))
	w.at++
	return w.now(nil)
}

// given are the answers of the dialogue, as they came.
func (w *wizard) given() string {
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	return strings.Join(w.answers, " ")
}

// unconfigured is a gateway that nobody has set up.
func unconfigured(g *fakeGateway) {
	g.answer(object{
		"config.get": object{"exists": false, "valid": true, "parsed": object{}}, "status": object{"sessions": object{"count": 0}},
		"providers.status": object{"accounts": []object{{"account": "whatsapp", "provider": "whatsapp", "state": "starting", "failures": 0, "inFlight": 0}}, "whatsapp": object{"linked": false}},
		"pairing.list":     object{"pending": []object{{"code": "ABCD2345", "account": "telegram", "surface": "telegram", "senderId": "4711", "senderName": "Ada Lovelace", "createdAt": 1, "expiresAt": 4_000_000_000_000}}},
		"pairing.approve":  object{"ok": true},
	})
}

// TestSetup: it opens by itself, asks each kind of question, takes the keyboard, shows a mistake at its field, goes back, and keeps
// what is secret to itself.
func TestSetup(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	unconfigured(g)
	w := wizards(g, same)
	p := open(t, g)
	p.WaitText("#view .setup", "This asks a few questions.")
	p.Wait(`location.hash === '#/setup' && document.activeElement.textContent === 'Next' && document.getElementById(document.activeElement.getAttribute('aria-describedby'))`)
	p.Keys(kb.Enter)
	p.Wait(`document.activeElement.type === 'radio' && document.activeElement.checked`)
	p.Keys(kb.ArrowDown)
	p.Keys(kb.Enter)
	p.WaitText(".setup legend", "Which surfaces?")
	p.Wait(`document.activeElement.type === 'checkbox'`)
	p.Keys(kb.Enter)
	p.WaitText(".setup label", "Folder")
	p.Wait(`document.activeElement.value === '~/clawd'`)
	p.Keys("/w" + kb.Enter) // what was there is marked
	p.Wait(`document.querySelector('.setup [type=password]') === document.activeElement`)
	p.Keys("wrong" + kb.Enter)
	p.WaitText(".setup .ask-problem", "That is not the token of a bot")
	p.Wait(`document.activeElement.getAttribute('aria-invalid') === 'true' && document.activeElement.getAttribute('aria-describedby') === 'setup-problem' && document.activeElement.value === 'wrong'`)
	if got := w.given(); got != `true "ollama/qwen3" ["telegram"] "/w"` {
		t.Errorf("led there again with %s", got)
	}
	p.Click(".setup-bar .button")
	p.WaitText(".setup label", "Folder")
	p.Wait(`document.querySelector('.setup input').value === '/w'`)
	p.Keys(kb.Enter)
	p.Wait(`document.activeElement.type === 'password'`)
	p.Keys(botSecret + kb.Enter)
	p.WaitText(".setup", "Do something elsewhere")
	p.Click(".setup [type=submit]")
	p.WaitText(".setup", "Write them?")
	p.Wait(`document.activeElement.role === 'group'`)
	p.Keys(kb.Enter) // a key that was held down for too long
	p.Keys(kb.Tab + kb.Tab + kb.Tab + kb.Enter)
	p.WaitText(".setup", "The gateway is set up")
	p.WaitText("#view .row", "Ada Lovelace")
	p.Click("[data-row=ABCD2345] .primary")
	g.wait("pairing.approve", 1)
	var kept string
	p.Eval(`JSON.stringify([location.href, {...sessionStorage}, {...localStorage}, document.documentElement.outerHTML])`, &kept)
	if strings.Contains(kept, "CANARY") || !strings.Contains(kept, "seen") {
		t.Errorf("kept: %s", kept)
	}
	if got := w.given(); got != `true "ollama/qwen3" ["telegram"] "/w" "`+botSecret+`" true true` {
		t.Errorf("answered %s", got)
	}
}

// TestSetup_pressWhileItLooks: what is pressed while the page asks how the dialogue stands is done after that.
func TestSetup_pressWhileItLooks(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	unconfigured(g)
	wizards(g, same)
	looks, goOn := make(chan struct{}, 1), make(chan struct{})
	answer := g.on["wizard.status"]
	g.on["wizard.status"] = func(c *fakeCall) {
		if g.count("wizard.status") == 2 { // the first is of the beginning
			looks <- struct{}{}
			<-goOn
		}
		answer(c)
	}
	p := open(t, g)
	p.WaitText("#view .setup", "This asks a few questions.")
	select {
	case <-looks:
	case <-time.After(time.Minute):
		t.Fatal("it does not look")
	}
	p.Click("#view .setup .primary")
	p.Wait(`document.querySelector('#view .setup .primary').disabled`)
	if n := g.count("wizard.next"); n != 0 {
		t.Errorf("%d answers while it looks", n)
	}
	close(goOn)
	p.WaitText("#view .setup", "Which model answers?")
	if n := g.count("wizard.next"); n != 1 {
		t.Errorf("%d answers, want the one that was pressed", n)
	}
}

// TestSetup_opensForNobodyElse: who has set something up, uses the gateway, or has left the setup, is not sent there.
func TestSetup_opensForNobodyElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(g *fakeGateway){
		"configured": func(g *fakeGateway) {
			g.answer(object{"config.get": object{"exists": true, "valid": true, "parsed": object{"agent": object{"model": "a/b"}}}})
		},
		"in use": func(g *fakeGateway) { g.answer(object{"status": object{"sessions": object{"count": 1}}}) },
		"by the environment": func(g *fakeGateway) {
			g.answer(object{"providers.status": object{"accounts": []object{{"provider": "telegram", "account": "telegram", "state": "up"}}}})
		},
		"left": func(*fakeGateway) {},
	} {
		g := newFake(t)
		unconfigured(g)
		wizards(g, same)
		change(g)
		p := open(t, g)
		if name == "left" {
			p.WaitText("#view .setup", "This asks")
			p.Click(".setup .link-button")
			p.WaitText("#view .setup", "Nothing was written")
			p.Click(`#rail [data-view=chat]`)
			p.Open("http://" + g.addr + "/")
			p.WaitLive()
		} else {
			g.wait("providers.status", 2) // of the offer to link a phone, and of this
		}
		p.Send("hello")
		p.WaitText("[data-role=assistant]", "You said: hello")
		if p.Count("#view .setup") != 0 || p.Count("#rail [data-view=setup]") != 1 {
			t.Errorf("%s: the setup is there", name)
		}
	}
}

// TestSetup_survives: a reload goes on where it was, a restart of the gateway is led there again, and one that came from the writing
// is its end.
func TestSetup_survives(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	unconfigured(g)
	w := wizards(g, same)
	p := open(t, g)
	to := func(words string) { p.WaitText(".setup", words) }
	to("This asks")
	p.Click(".setup [type=submit]")
	to("Which model")
	p.Click(".setup [type=submit]")
	to("Which surfaces?")
	p.Reload()
	p.WaitLive()
	to("Which surfaces?")
	if w.given() != `true "keep"` {
		t.Errorf("after a reload: %s", w.given())
	}
	p.Click(".setup [type=submit]")
	to("Folder")
	p.Type(".setup input", "x")
	restart := func(during func()) {
		g.stop()
		p.Wait(`document.querySelector('#status').dataset.state !== 'live'`)
		g.mu.Lock()
		w.at = 0
		g.mu.Unlock()
		during()
		g.start()
		p.WaitLive()
	}
	restart(func() {})
	// This tab does not know what was answered before its reload: it is asked from there on.
	p.WaitText(".setup-news", "Nothing was written: from here on it asks again")
	to("This asks")
	for _, words := range []string{"Which model", "Which surfaces?", "Folder"} {
		p.Click(".setup [type=submit]")
		to(words)
	}
	p.Type(".setup input", "y")
	restart(func() {})
	p.WaitText(".setup-news", "they were given again")
	p.Wait(`document.querySelector('.setup input').value === 'y' && document.activeElement === document.querySelector('.setup input')`)
	// An answer that nobody confirmed stands at its question.
	g.mu.Lock()
	next := g.on["wizard.next"]
	g.on["wizard.next"] = func(*fakeCall) {}
	g.mu.Unlock()
	before := g.count("wizard.next")
	p.Click(".setup [type=submit]")
	g.wait("wizard.next", before+1)
	restart(func() { g.mu.Lock(); g.on["wizard.next"] = next; g.mu.Unlock() })
	p.Wait(`document.querySelector('.setup input')?.value === 'y'`)
	p.Wait(`(() => { // the question may be drawn anew under the pointer
		const box = document.querySelector('.setup'), next = box.querySelector('[type=submit]');
		if (box.textContent.includes('Folder') && !next.disabled) next.click();
		return box.textContent.includes('Token of the bot');
	})()`)
	p.Keys(botSecret + kb.Enter)
	to("elsewhere")
	p.Click(".setup [type=submit]")
	to("Write them?")
	restart(func() {
		g.mu.Lock()
		g.on["config.get"] = func(c *fakeCall) {
			c.ok(object{"exists": true, "valid": true, "parsed": object{"wizard": object{"lastRunAt": "2026-01-06T09:00:00Z"}}})
		}
		g.mu.Unlock()
	})
	p.WaitText(".setup-news", "is written, and the gateway has started anew")
	to("The gateway is set up")
}

// TestSetup_elsewhere: another dialogue is under way, or none can begin: both are said.
func TestSetup_elsewhere(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	unconfigured(g)
	wizards(g, func(s string) string { return hostile[len(s)%3] + s })
	start := g.on["wizard.start"]
	g.on["wizard.start"] = func(c *fakeCall) { c.fail("UNAVAILABLE", "wizard already running", nil) }
	p := open(t, g)
	p.WaitText(".setup", "open somewhere else")
	set := func(f func(c *fakeCall)) { g.mu.Lock(); g.on["wizard.start"] = f; g.mu.Unlock() }
	set(func(c *fakeCall) {
		c.ok(object{"sessionId": "x", "done": true, "status": "error", "error": "Error: the config file is not valid; mend it first"})
	})
	p.Click(".setup .button")
	p.WaitText(".setup .ask-problem", "The config file is not valid; mend it first")
	set(start)
	p.Click(".setup .button")
	for _, words := range []string{"This asks", "Which model", "Which surfaces?", "Folder"} {
		p.WaitText(".setup", words)
		p.Click(".setup [type=submit]")
	}
	p.WaitText(".setup", "Token of the bot")
	checkNothingRan(t, p)
}

// checkNothingRan: no name became an element or a handler.
func checkNothingRan(t *testing.T, p *webtest.Page) {
	t.Helper()
	var bad []string
	p.Eval(`['pwned' in window ? 'it ran' : '', ...[...document.querySelectorAll('#view script, #view img, #view iframe, #view style, #view object, #view svg a')].map((e) => e.outerHTML),
		...[...document.querySelectorAll('body *')].flatMap((e) => e.getAttributeNames().filter((n) => n.startsWith('on')).map((n) => e.tagName + ' ' + n))].filter(Boolean)`, &bad)
	if len(bad) > 0 {
		t.Errorf("made by a name: %s", strings.Join(bad, "\n"))
	}
}
