package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// overflowing lists elements that stick out of the viewport and are not inside something that scrolls.
const overflowing = `[...document.querySelectorAll('body *')].filter((e) => {
	const r = e.getBoundingClientRect();
	if (r.width <= 1 || r.right <= innerWidth + 1 && r.left >= -1 || !e.checkVisibility({visibilityProperty: true})) return false;
	for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
		if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX) && p.getBoundingClientRect().right <= innerWidth + 1) return false;
	}
	return true;
}).map((e) => e.tagName + '.' + e.className + ' ' + e.getBoundingClientRect().right)`

func TestPhone(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	gallery(g)
	long := strings.Repeat("x", 300)
	g.add("user", text(long))
	g.add("assistant", []object{
		{"type": "text", "text": "# " + long + "\n\n`" + long + "`\n\n```" + long[:30] + "\n" + long + "\n```\n\n> " + long + "\n\n| " + long + " | b |\n| --- | --- |\n| " + long + " | c |\n\nhttps://example.org/" + long},
		{"type": "toolCall", "id": "t9", "name": long, "arguments": object{"a": long}},
	}, "errorMessage", long)
	p := browser.Page(t)
	p.Size(390, 844, true)
	p.Open(g.start())
	p.WaitLive()
	p.WaitText("[data-role=assistant]", "xxxx")
	p.Eval(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`, nil)
	p.WaitText(".tool .part", "xxxx")
	check := func(state string) {
		t.Helper()
		var out []string
		var wide int
		p.Eval(overflowing, &out)
		p.Eval(`document.documentElement.scrollWidth`, &wide)
		if len(out) > 0 || wide > 390 {
			t.Errorf("%s: page is %d wide, sticking out: %q", state, wide, out)
		}
	}
	check("chat")
	p.Click("#open-side")
	p.Wait(`document.querySelector('#side').classList.contains('open') && document.getAnimations().length === 0`)
	check("drawer")
	p.Click(`[data-key="webchat-notes"]`)
	p.Wait(`document.querySelector('.empty') && !document.querySelector('#side').classList.contains('open') && document.getAnimations().length === 0`)
	check("empty")
	g.stop()
	p.WaitText("#status", "restarting")
	check("reconnecting")
	var small []string
	p.Eval(`[...document.querySelectorAll('header button, #compose button')].filter((b) => b.checkVisibility() && !b.closest('#status') && b.getBoundingClientRect().height < 40).map((b) => b.id)`, &small)
	if len(small) > 0 {
		t.Errorf("too small for a finger: %q", small)
	}
}

func TestDarkAndContrast(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	gallery(g)
	p := open(t, g)
	p.WaitText("[data-role=assistant]", "Shall I add it?")
	ground := func() (s string) {
		p.Eval(`getComputedStyle(document.body).backgroundColor`, &s)
		return s
	}
	contrast := func(scheme string) {
		t.Helper()
		var low []string
		p.Eval(lowContrast, &low)
		if len(low) > 0 {
			t.Errorf("%s: contrast below 4.5: %q", scheme, low)
		}
	}
	settled := `document.getAnimations().every((a) => a.playState !== 'running')`
	p.Dark(false)
	p.Wait(settled)
	light := ground()
	contrast("light")
	p.Dark(true)
	p.Wait(settled)
	if dark := ground(); dark == light {
		t.Errorf("the page stays %s on a dark system", dark)
	}
	contrast("dark")
	p.Click("#theme") // automatic to light
	p.Wait(settled)
	if got := ground(); got != light {
		t.Errorf("switched to light: ground %s, want %s", got, light)
	}
	p.Reload()
	p.WaitLive()
	if got := ground(); got != light {
		t.Errorf("the switch did not survive a reload: ground %s", got)
	}
	p.Click("#theme") // to dark
	p.Dark(false)
	p.Wait(settled)
	if got := ground(); got == light {
		t.Error("switched to dark on a light system: still light")
	}
}

// lowContrast lists elements with text of their own whose colour is too close to what is behind it.
const lowContrast = `(() => {
	const pen = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
	const rgb = (c) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = c; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
	const lum = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; } return [255, 255, 255]; };
	return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
		&& !e.closest('.visually-hidden, .skip, :disabled') && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
		const [a, b] = [lum(rgb(getComputedStyle(e).color)), lum(behind(e))].sort((x, y) => y - x);
		return [(a + 0.05) / (b + 0.05), e];
	}).filter(([ratio]) => ratio < 4.5).map(([ratio, e]) => ratio.toFixed(2) + ' ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 30));
})()`

func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	focus := func() (s string) {
		p.Eval(`document.activeElement.id || document.activeElement.dataset.key || document.activeElement.className`, &s)
		return s
	}
	if got := focus(); got != "composer" {
		t.Fatalf("focus at the start on %q", got)
	}
	p.Keys("line one")
	p.Keys(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierShift))
	p.Keys("line two")
	if g.count("chat.send") != 0 {
		t.Fatal("Shift+Enter sent the message")
	}
	p.Keys(kb.Enter)
	if got := g.wait("chat.send", 1).Params.Message; got != "line one\nline two" {
		t.Errorf("sent %q", got)
	}
	p.WaitText("[data-role=assistant]", "You said: line one")
	p.Wait(`document.querySelector('#stop').hidden`)
	p.Keys(kb.ArrowUp)
	p.Wait(`document.querySelector('#composer').value === 'line one\nline two'`)
	p.Keys("!" + kb.Enter)
	if got := g.wait("chat.send", 2).Params.Message; got != "line one\nline two!" {
		t.Errorf("edited %q", got)
	}
	// It is over when its answer is there: Stop is hidden before it begins, too.
	p.Wait(`document.querySelectorAll('[data-role=assistant]').length === 2 && document.querySelector('#stop').hidden && document.querySelector('#send').disabled`)
	// Round the page with Tab: everything that can be pressed is reached, and its focus shows.
	var reach []string
	for range 30 {
		p.Keys(kb.Tab)
		id := focus()
		reach = append(reach, id)
		var shows bool
		p.Eval(`document.activeElement === document.body || ['composer', 'scroller'].includes(document.activeElement.id) || getComputedStyle(document.activeElement).outlineStyle !== 'none'`, &shows)
		if !shows {
			t.Errorf("focus on %q does not show", id)
		}
		if id == "composer" {
			break
		}
	}
	got := strings.Join(reach, " ")
	for _, want := range []string{"new-session", "main", "theme"} {
		if !strings.Contains(got, want) {
			t.Errorf("Tab does not reach %q: %s", want, got)
		}
	}
}

func TestSemantics(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	gallery(g)
	p := open(t, g)
	var bad []string
	p.Eval(`[
		[document.documentElement.lang === 'en', 'language'],
		[document.querySelector('#messages[role=log][aria-live=polite][aria-label]'), 'log'],
		[document.querySelector('#status[role=status]'), 'status'],
		...[...document.querySelectorAll('button:not([hidden]), textarea, input:not([hidden])')].map((e) => [e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length, 'name of ' + e.outerHTML.slice(0, 80)]),
		...[...document.querySelectorAll('img')].map((e) => [e.hasAttribute('alt'), 'alt']),
	].filter(([ok]) => !ok).map(([, what]) => what)`, &bad)
	if len(bad) > 0 {
		t.Errorf("missing: %q", bad)
	}
}

func TestLongHistory(t *testing.T) {
	t.Parallel()
	const messages = 5000
	g := newFake(t)
	g.unbound = true
	for i := range messages / 2 {
		g.add("user", text(fmt.Sprintf("question %d", i)))
		g.add("assistant", text(fmt.Sprintf("**answer** %d with `code` and a [link](https://example.org/%d)", i, i)))
	}
	p := open(t, g)
	p.WaitText("[data-role=assistant]", "answer 2499")
	if n := p.Count("#messages > *"); n > 260 {
		t.Errorf("%d elements for the window, want about 200", n)
	}
	p.Wait(`(({scrollTop, clientHeight, scrollHeight}) => scrollHeight - scrollTop - clientHeight < 4)(document.querySelector('#scroller'))`)
	// A run in a session this long draws in a frame or two.
	var ms float64
	p.Eval(`(async () => {
		const {timeline} = await import('/assets/timeline.js');
		const {entries} = await import('/assets/history.js');
		const {initialState} = await import('/assets/store.js');
		const s = initialState();
		s.entries = entries(Array.from({length: 10000}, (_, i) => ({role: i % 2 ? 'assistant' : 'user', content: 'text ' + i, timestamp: i * 1000})));
		const start = performance.now();
		for (let i = 0; i < 10; i++) timeline(s);
		return (performance.now() - start) / 10;
	})()`, &ms)
	if ms > 50 {
		t.Errorf("the list of a 10,000 message session takes %.1f ms per frame", ms)
	}
	p.Eval(`document.querySelector('#scroller').scrollTop = 0`, nil)
	p.Wait(`document.querySelector('#scroller').scrollTop === 0`)
	var before, after float64
	first := p.Text(".msg .body")
	top := `[...document.querySelectorAll('.msg')].find((e) => e.textContent.includes(` + fmt.Sprintf("%q", first) + `)).getBoundingClientRect().top`
	p.Eval(top, &before)
	p.Click(".earlier button")
	p.Wait(`document.querySelectorAll('.msg').length > 300`)
	p.Eval(top, &after)
	if diff := after - before; diff > 3 || diff < -3 {
		t.Errorf("showing earlier messages moved the text by %.0f px", diff)
	}
	if got := p.Text(".msg .body"); got == first {
		t.Error("no earlier message appeared")
	}
}

func TestFollowsOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	for i := range 60 {
		g.add("assistant", text(fmt.Sprintf("message %d", i)))
	}
	step := make(chan string)
	g.onSend = func(c *fakeCall) {
		c.begin()
		for s := range step {
			c.delta(s)
		}
		c.finish("the end")
	}
	p := open(t, g)
	p.WaitText(".msg", "message 59")
	atEnd := `(({scrollTop, clientHeight, scrollHeight}) => scrollHeight - scrollTop - clientHeight < 4)(document.querySelector('#scroller'))`
	p.Send("go")
	tall := strings.Repeat("line\n\n", 60)
	step <- tall
	p.WaitText("[data-role=assistant]", "line")
	p.Wait(atEnd)
	p.Eval(`document.querySelector('#scroller').scrollTop = 300`, nil)
	p.Wait(`document.querySelector('#scroller').scrollTop === 300`)
	step <- tall + "more and more"
	p.WaitText("[data-role=assistant]", "more and more")
	p.Wait(`!document.querySelector('#pill').hidden`)
	var at int
	p.Eval(`document.querySelector('#scroller').scrollTop`, &at)
	if at != 300 {
		t.Errorf("a delta moved the view from 300 to %d", at)
	}
	p.Click("#pill")
	p.Wait(atEnd + ` && document.querySelector('#pill').hidden`)
	step <- tall + tall
	p.Wait(atEnd)
	close(step)
	p.WaitText("[data-role=assistant]", "the end")
}

func TestLongReplyFolds(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.add("assistant", text(strings.Repeat("word ", 3000)+"LAST"))
	p := open(t, g)
	p.WaitText(".msg button", "Show all (15 KB)")
	if strings.Contains(p.Text(".msg .body"), "LAST") {
		t.Error("a folded reply shows its end")
	}
	p.Click(".msg > button")
	p.WaitText(".msg .body", "LAST")
	p.WaitText(".msg button", "Fold")
}
