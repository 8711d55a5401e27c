package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

const (
	manySessions = 10_000
	wholeMessage = 1 << 20 // bytes of an answer
	typed        = "does it still type?"
)

// large measures the page where a lot is kept: 10,000 sessions, and an answer of 1 MiB in one of them.
func (b *bench) large(browser *webtest.Browser) error {
	size := importtest.Size{Sessions: manySessions, Lines: 2 * manySessions, Long: 200}
	s, end, err := b.withModel(answerWhole, func(dir string) error { return importtest.Write(dir, size) })
	if err != nil {
		return err
	}
	defer end()
	c, err := b.dial(s)
	if err != nil {
		return err
	}
	defer c.Close()
	err = b.imported(c, size)
	if err = errors.Join(err, b.answer(c, 1)); err != nil { // of bench-0
		return err
	}
	figures := map[string][]float64{}
	for range b.rounds {
		if err := b.lookAtLarge(browser, s.addr, func(name string, ms float64) { figures[name] = append(figures[name], ms) }); err != nil {
			return err
		}
	}
	for _, row := range []struct {
		what   string
		budget float64 // ms
	}{
		{largeList, 1000}, {largeView, 1000}, {largeFind, 100}, {largeFolded, 100}, {largeWhole, 0}, {largeShown, 100}, {largeDraft, 0},
	} {
		ms, budget := median(figures[row.what]), ""
		if row.budget > 0 {
			budget = fmt.Sprintf("< %.0f ms", row.budget)
		}
		b.add(row.what, fmt.Sprintf("%.0f ms", ms), "", "", budget, row.budget == 0 || ms < row.budget)
	}
	return nil
}

// What is measured of it.
const (
	largeList   = "the chat's list is drawn, 10,000 sessions, from the address on"
	largeView   = "the view of all sessions is drawn, 10,000 of them"
	largeFind   = "a key in its search, until it is drawn, the slowest of 19"
	largeFolded = "a key in the message box beside an answer of 1 MiB"
	largeWhole  = "*Show all* of that answer"
	largeShown  = "a key in the message box beside the whole answer"
	largeDraft  = "a key in a message box that holds 1 MiB itself"
)

func (b *bench) lookAtLarge(browser *webtest.Browser, addr string, note func(name string, ms float64)) error {
	t, shut, err := openTab(browser, addr)
	if err != nil {
		return err
	}
	defer shut()
	steps := []struct{ name, do, until, key string }{
		{largeList, ``, `document.querySelectorAll('#sessions .session').length >= 200`, ""},
		{largeView, `location.hash = '#/sessions'`, `document.querySelector('#view .row')`, ""},
		{largeFind, ``, `true`, "#view [type=search]"},
		{"", `location.hash = '#session=bench-0'`, `document.querySelector('#messages .folded')`, ""},
		{largeFolded, ``, `true`, "#composer"},
		{largeWhole, `document.querySelector('#messages .msg:has(.folded) > .link-button').click()`, `!document.querySelector('#messages .folded')`, ""},
		{largeShown, ``, `true`, "#composer"},
		{"", fmt.Sprintf("(() => { const c = document.querySelector('#composer'); c.value = 'words '.repeat(%d); c.dispatchEvent(new Event('input')); })()", wholeMessage/6), `true`, ""},
		{largeDraft, ``, `true`, "#composer"},
	}
	for _, step := range steps {
		ms, err := t.since(step.do, step.until)
		if err == nil && step.key != "" {
			ms, err = t.slowestKey(step.key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		note(step.name, ms)
	}
	return nil
}

// since does something and tells how many ms later something else is true and drawn. Where nothing is done, it counts from
// the page's beginning.
func (t *tab) since(do, until string) (ms float64, err error) {
	start := "0"
	if do != "" {
		start = "performance.now()"
	}
	if err := t.Eval("window.began = "+start+"; "+do, nil); err != nil {
		return 0, err
	}
	if err := t.wait(until); err != nil {
		return 0, err
	}
	err = t.Eval("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))))", &ms)
	return ms, err
}

// slowestKey types into a field and returns the most ms from a key to the frame that shows it.
func (t *tab) slowestKey(sel string) (float64, error) {
	err := t.Eval(fmt.Sprintf(`window.keys = []; document.querySelector(%q).onkeydown = (e) => {
		requestAnimationFrame(() => setTimeout(() => keys.push(performance.now() - e.timeStamp)));
	}`, sel), nil)
	for _, key := range typed {
		if err = errors.Join(err, chromedp.Do(t.Ctx, chromedp.SendKeys(chromedp.CSS(sel), string(key)))); err != nil {
			return 0, err
		}
	}
	if err := t.wait(fmt.Sprintf("keys.length === %d", len(typed))); err != nil {
		return 0, err
	}
	var all []float64
	if err := t.Eval("keys", &all); err != nil {
		return 0, err
	}
	return slices.Max(all), nil
}

// answerWhole answers at once with 1 MiB.
func answerWhole(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	text := strings.Repeat(article, wholeMessage/len(article))
	for len(text) > 0 {
		n := min(len(text), 1<<16)
		chunk(w, text[:n])
		text = text[n:]
	}
	endAnswer(w)
}
