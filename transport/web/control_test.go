package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// views are those of the rail, each with an element that stands there once its data has come, and a text of it.
var views = []struct{ name, sel, text string }{
	{"overview", ".row", "Discord · work"},
	{"surfaces", ".row", "Ada Lovelace"},
	{"outbox", ".row", "chat not found"},
	{"actors", ".row", "telegram.poll"},
}

// answer makes methods of the gateway that always say the same.
func (g *fakeGateway) answer(all object) {
	if g.on == nil {
		g.on = map[string]func(c *fakeCall){}
	}
	for method, payload := range all {
		g.on[method] = func(c *fakeCall) { c.ok(payload) }
	}
}

// controls is a gateway with something of everything in it, and its texts are written by name.
func controls(g *fakeGateway, name func(string) string) {
	now := time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	g.health = object{"ok": true, "ts": ago(0), "web": object{"linked": true}, "telegram": object{"configured": true}, "undelivered": object{"failed": 1, "ambiguous": 1}}
	g.answer(object{
		"status": object{"web": object{"linked": true}, "heartbeatSeconds": 1800, "sessions": object{"count": 6, "defaults": object{"model": "claude-opus-4-5"}},
			"outbox": object{"queued": 2, "sending": 1, "failed": 1, "ambiguous": 1}, "config": object{"valid": true, "restartNeeded": name("config: gateway.port")}},
		"providers.status": object{"ts": ago(0), "whatsapp": object{"configured": true, "linked": true}, "telegram": object{"tokenSource": "config"}, "accounts": []object{
			{"account": "whatsapp", "provider": "whatsapp", "state": "up", "self": name("+15550001000"), "failures": 0, "lastStartAt": ago(50 * time.Hour), "lastInboundAgeMs": 240_000, "inFlight": 0},
			{"account": "telegram", "provider": "telegram", "state": "backoff", "reason": name("dial tcp: no route to host"), "failures": 4, "nextAt": now.Add(40 * time.Second).UnixMilli(), "lastStartAt": ago(3 * time.Minute), "inFlight": 1},
			{"account": name("work"), "provider": "discord", "state": "terminal", "reason": name("Discord refused the token: make a new one in the developer portal"), "failures": 1, "lastStartAt": ago(time.Hour), "inFlight": 0},
			{"account": "slack", "provider": "slack", "state": "disabled", "failures": 0, "inFlight": 0},
		}},
		"pairing.list": object{"pending": []object{{"code": "ABCD2345", "account": "telegram", "surface": "telegram", "senderId": "4711", "senderName": name("Ada Lovelace"), "createdAt": ago(2 * time.Minute), "expiresAt": now.Add(58 * time.Minute).UnixMilli()}},
			"allowed": []object{{"account": "telegram", "senderId": "42", "name": name("Grace Hopper"), "at": ago(70 * time.Hour)}}},
		"actors.list": object{"ts": ago(0), "actors": []object{
			actor("accounts", "", "accounts", "idle"), actor("accounts/telegram", "accounts", "account", "busy", "current", name("telegram.poll"), "currentForMs", 31_000, "depth", 12, "bytes", 8400, "oldestMs", 30_500),
			actor("outbox", "", "outbox", "idle"), actor("outbox/telegram", "outbox", name("lane"), "backoff", "restarts", 3, "lastPanic", name("runtime error: index out of range [3] with length 3")+"\ngoroutine 17\nmain.go:12"),
			actor("sessions", "", "sessions", "idle", "handled", 91_204), actor("sessions/"+name("main"), "sessions", "session", "idle"),
		}},
		"cron.status":         object{"enabled": true, "storePath": "/x", "jobs": 3, "nextWakeAtMs": now.Add(time.Hour).UnixMilli()},
		"exec.approvals.list": object{"ts": ago(0), "pending": []object{}, "allowed": []object{}},
		"outbox.list": object{"items": []object{
			{"id": 7, "key": "run:r7#0", "account": "telegram", "surface": "telegram", "chat": name("-100421"), "runId": "r7", "state": "failed", "attempts": 3, "reason": name("Bad Request: chat not found"), "createdAt": ago(time.Hour), "updatedAt": ago(50 * time.Minute), "preview": name("The backup ended at 02:14 with 48.2 GiB and no errors.")},
			{"id": 8, "account": "whatsapp", "surface": "whatsapp", "chat": "+31600000000", "state": "ambiguous", "attempts": 1, "reason": "connection reset while the answer was awaited", "createdAt": ago(9 * time.Minute), "updatedAt": ago(9 * time.Minute), "preview": "See you at seven."},
			{"id": 9, "account": "telegram", "surface": "telegram", "chat": "-100421", "state": "queued", "attempts": 2, "nextAt": now.Add(20 * time.Second).UnixMilli(), "createdAt": ago(time.Minute), "updatedAt": ago(time.Minute), "preview": "Two things today: design review at 10:30, dentist at 14:00."},
			{"id": 6, "account": "slack", "surface": "slack", "chat": "C0ENG", "state": "sent", "attempts": 1, "createdAt": ago(3 * time.Hour), "updatedAt": ago(3 * time.Hour), "preview": "Deployed.", "receipt": object{"messageId": "1736.0001"}},
		}},
		"outbox.retry": object{}, "outbox.drop": object{}, "providers.restart": object{}, "providers.stop": object{}, "providers.start": object{}, "pairing.approve": object{"ok": true},
		"why": object{"summary": name("Ada's message was answered; the answer failed: chat not found."), "candidates": []object{{"ref": "in:3", "what": "message", "preview": name("hi"), "at": ago(time.Hour)}},
			"inbound": []object{{"ref": "in:3", "account": "telegram", "surface": "telegram", "chat": name("-100421"), "messageId": name("311"), "senderName": name("Ada"), "preview": name("Is the backup complete?"), "receivedAt": ago(time.Hour), "state": "routed", "explanation": "It was let in: the sender is paired."}},
			"runs":    []object{{"id": "r7", "trigger": "inbound", "sessionKey": name("telegram:group:-100421"), "state": "done", "explanation": "It ended with an answer.", "acceptedAt": ago(time.Hour), "endedAt": ago(time.Hour), "model": name("claude-opus-4-5")}},
			"outbox":  []object{{"id": 7, "account": "telegram", "surface": "telegram", "chat": "-100421", "state": "failed", "attempts": 3, "reason": name("Bad Request: chat not found"), "createdAt": ago(time.Hour), "updatedAt": ago(50 * time.Minute)}}},
	})
}

func actor(path, parent, kind, state string, more ...any) object {
	a := object{"path": path, "kind": kind, "state": state, "depth": 0, "bytes": 0, "oldestMs": 0, "handled": 12, "restarts": 0, "dropped": 0, "generation": 1, "startedAt": time.Now().Add(-2 * time.Hour).UnixMilli()}
	if parent != "" {
		a["parent"] = parent
	}
	for i := 0; i+1 < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

func same(s string) string { return s }

// visit goes to a view by its address and waits for its data.
func visit(p *webtest.Page, name, sel, text string) {
	p.Eval(`location.hash = '#/`+name+`'`, nil)
	p.Wait(`document.querySelector('.view-body')?.dataset.view === '` + name + `'`)
	p.WaitText("#view "+sel, text)
}

// TestViews: every view shows its data, light and dark, on a desk and on a phone: nothing sticks out, everything can be read.
func TestViews(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	gallery(g)
	controls(g, same)
	p := open(t, g)
	p.Size(1280, 800, false)
	dir := os.Getenv("WEB_SCREENSHOTS")
	look := func(name string) {
		t.Helper()
		p.Wait(`document.getAnimations().every((a) => a.playState !== 'running')`)
		var out, low, nameless []string
		p.Eval(overflowing, &out)
		p.Eval(lowContrast, &low)
		p.Eval(`[...document.querySelectorAll('button, input, select, textarea, a')].filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)`, &nameless)
		if len(out)+len(low)+len(nameless) > 0 {
			t.Errorf("%s: sticking out %q, contrast below 4.5 %q, without a name %q", name, out, low, nameless)
		}
		if dir != "" {
			p.Screenshot(filepath.Join(dir, "view-"+name+".png"))
		}
	}
	for _, v := range views {
		p.Dark(false)
		visit(p, v.name, v.sel, v.text)
		look(v.name)
		p.Dark(true)
		look(v.name + "-dark")
		p.Size(390, 844, true)
		look(v.name + "-phone")
		p.Size(1280, 800, false)
	}
}

// TestRail: the rail leads everywhere, deep links and the browser's way back hold, a letter goes there, and the chat is as it was.
func TestRail(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	p := browser.Page(t)
	p.Open(g.start() + "#/surfaces")
	p.WaitLive()
	p.WaitText("#view .row", "Ada Lovelace")
	p.Wait(`document.title === 'Surfaces · Clawdbot' && document.querySelector('#rail [aria-current=page]').dataset.view === 'surfaces'`)
	if n := g.count("chat.history"); n == 0 {
		t.Error("the chat behind the view has not loaded its history")
	}
	p.Keys("g")
	p.Keys("o")
	p.WaitText("#view-title", "Overview")
	p.Eval(`history.back()`, nil)
	p.WaitText("#view-title", "Surfaces")
	p.Click(`#rail [data-view=chat]`)
	p.Wait(`document.querySelector('#composer').checkVisibility() && document.querySelector('#view').hidden`)
	p.Send("g o is text here")
	p.WaitText("[data-role=assistant]", "g o is text here")
	p.Eval(`location.hash = '#/nothing/of/the/kind'`, nil)
	p.Wait(`document.querySelector('#composer').checkVisibility()`)
	for _, v := range views {
		if n := p.Count(`#rail [data-view="` + v.name + `"]`); n != 1 {
			t.Errorf("%d entries for %s", n, v.name)
		}
	}
	if n := p.Count("#rail a"); n != len(views)+1 {
		t.Errorf("%d entries, want %d and the chat: a view without a test?", n, len(views))
	}
	p.Size(390, 844, true)
	p.Wait(`document.getAnimations().every((a) => a.playState !== 'running')`) // the side list goes away
	p.Click("#rail-more")
	p.Click(`#rail [data-view=actors]`)
	p.WaitText("#view .row", "telegram.poll")
	p.Wait(`!document.querySelector('#rail').classList.contains('open')`)
}

// TestActions: what is dangerous asks first and says what is lost; what fails says why; the view reads again.
func TestActions(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	g.on["outbox.drop"] = func(c *fakeCall) { c.fail("INVALID_REQUEST", "it was sent meanwhile", nil) }
	p := open(t, g)
	visit(p, "surfaces", ".row", "Discord · work")
	p.Click(`[data-row="telegram/telegram"] [aria-label^="Stop"]`)
	p.WaitText("dialog.ask", "no message of Telegram is heard")
	p.Keys(kb.Escape)
	p.Wait(`!document.querySelector('dialog.ask')`)
	if n := g.count("providers.stop"); n != 0 {
		t.Fatalf("%d stops, though the question was closed", n)
	}
	p.Click(`[data-row="telegram/telegram"] [aria-label^="Stop"]`)
	p.Click("dialog.ask .danger")
	if c := g.wait("providers.stop", 1); string(c.Raw) != `{"provider":"telegram"}` {
		t.Errorf("stopped %s", c.Raw)
	}
	p.WaitText(".view-words", "Telegram is stopped.")
	p.Click(`[data-row="discord/work"] [aria-label^="Restart"]`)
	if c := g.wait("providers.restart", 1); string(c.Raw) != `{"provider":"discord","account":"work"}` {
		t.Errorf("restarted %s", c.Raw)
	}
	p.Click(`[data-row=ABCD2345] .primary`)
	g.wait("pairing.approve", 1)
	visit(p, "outbox", ".row", "chat not found")
	p.Click(`[data-row="7"] [aria-label^="Give up"]`)
	p.Click("dialog.ask .danger")
	p.WaitText(".view-words", "Give up did not work: it was sent meanwhile")
	p.Click(`[data-row="7"] [aria-label^="Why?"]`)
	p.WaitText(".step", "the sender is paired")
	if c := g.wait("why", 1); string(c.Raw) != `{"id":"out:7"}` {
		t.Errorf("asked why %s", c.Raw)
	}
	// Away and back: the view reads again by itself.
	before := g.count("outbox.list")
	g.stop()
	p.WaitText("#status", "restarting")
	g.start()
	g.wait("outbox.list", before+1)
	p.WaitText("#view .row", "chat not found")
}

// TestViewsAreHostileProof: whatever a platform, a file or a model puts into a name is text in every view.
func TestViewsAreHostileProof(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	i := 0
	controls(g, func(s string) string { i++; return hostile[i%3] + " " + s })
	p := open(t, g)
	for _, v := range views {
		visit(p, v.name, v.sel, "window.pwned")
		p.Eval(`document.querySelectorAll('.row-toggle').forEach((b) => b.click())`, nil)
	}
	p.Eval(`location.hash = '#/outbox/why/' + encodeURIComponent('<img src=x onerror="window.pwned=1">')`, nil)
	p.WaitText(".step", "window.pwned")
	var bad []string
	p.Eval(`['pwned' in window ? 'it ran' : '', ...[...document.querySelectorAll('#view script, #view img, #view iframe, #view style, #view object, #view svg a')].map((e) => e.outerHTML),
		...[...document.querySelectorAll('body *')].flatMap((e) => e.getAttributeNames().filter((n) => n.startsWith('on')).map((n) => e.tagName + ' ' + n))].filter(Boolean)`, &bad)
	if len(bad) > 0 {
		t.Errorf("made by a name: %s", strings.Join(bad, "\n"))
	}
}
