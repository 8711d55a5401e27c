package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Patience is how long a wait lasts before the test fails.
const Patience = 60 * time.Second

// Page is one tab with storage of its own. Its methods fail the test when something goes wrong.
type Page struct {
	t   testing.TB
	tab *Tab
	ctx context.Context // the tab's

	clicks int // so far; the goroutine of the test only

	mu     sync.Mutex
	errors []string
}

// Page opens an empty tab that is closed with the test. On a nil Browser the test skips.
func (b *Browser) Page(t testing.TB) *Page {
	t.Helper()
	if b == nil {
		t.Skip("no chromium on this machine")
	}
	p := &Page{t: t}
	tab, end, err := b.Tab(p.listen, Patience)
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(end)
	p.tab, p.ctx = tab, tab.Ctx
	return p
}

// listen collects what a developer would see in red.
func (p *Page) listen(ev any) {
	var text string
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		text = ev.ExceptionDetails.Text
		if e := ev.ExceptionDetails.Exception; e != nil {
			text += " " + e.Description
		}
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == cdplog.EntryLevelError && ev.Entry.Source != cdplog.EntrySourceNetwork {
			text = ev.Entry.Text
		}
	}
	if text != "" && !strings.Contains(text, "WebSocket connection to") {
		p.mu.Lock()
		p.errors = append(p.errors, text)
		p.mu.Unlock()
	}
}

// Errors returns uncaught exceptions and policy violations so far; failed connections do not count.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.errors...)
}

func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// Open loads a URL and waits for its load event.
func (p *Page) Open(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// Reload loads the page again, as F5 does.
func (p *Page) Reload() {
	p.t.Helper()
	p.do(chromedp.Reload())
}

// Eval runs an expression in the page, awaits it if it is a promise, and decodes the result into out
// (nil drops it).
func (p *Page) Eval(js string, out any) {
	p.t.Helper()
	if err := p.tab.Eval(js, out); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// Wait waits until an expression is true in the page.
func (p *Page) Wait(js string) {
	p.t.Helper()
	ok, err := p.tab.Becomes(js)
	if err != nil {
		p.t.Fatalf("browser: %v", err)
	}
	if !ok {
		var text string
		p.Eval(`document.body.innerText.slice(0, 2000)`, &text)
		p.t.Fatalf("never true in the page: %s\npage errors: %q\nthe page shows:\n%s", js, p.Errors(), text)
	}
}

// WaitStill waits until nothing moves any more but what moves for ever.
func (p *Page) WaitStill() {
	p.t.Helper()
	p.Wait(`document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)`)
}

// WaitText waits until an element that matches sel contains text.
func (p *Page) WaitText(sel, text string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf(`[...document.querySelectorAll(%s)].some((e) => e.textContent.includes(%s))`, quote(sel), quote(text)))
}

// WaitLive waits until the page says that it is connected and up to date.
func (p *Page) WaitLive() {
	p.t.Helper()
	p.Wait(`document.querySelector('#status').dataset.state === 'live'`)
}

// Text returns the text of the first element that matches sel.
func (p *Page) Text(sel string) string {
	p.t.Helper()
	var text string
	p.Eval(fmt.Sprintf(`document.querySelector(%s)?.textContent ?? ''`, quote(sel)), &text)
	return text
}

// Count returns how many elements match sel.
func (p *Page) Count(sel string) int {
	p.t.Helper()
	var n int
	p.Eval(fmt.Sprintf(`document.querySelectorAll(%s).length`, quote(sel)), &n)
	return n
}

// Type types into an element with real key events.
func (p *Page) Type(sel, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(sel), text))
}

// Keys presses keys where the focus is; see package kb for names such as kb.Enter.
func (p *Page) Keys(keys string, opts ...chromedp.KeyOption) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, opts...))
}

// Click clicks an element with the mouse, once it stands still and nothing covers it: a dialog that is about to close takes
// clicks, and what is said below it moves what stands there.
func (p *Page) Click(sel string) {
	p.t.Helper()
	p.clicks++
	p.Wait(fmt.Sprintf(`((e) => {
		e.scrollIntoViewIfNeeded();
		const box = e.getClientRects()[0], at = [%d, box.x, box.y, box.width, box.height].join();
		const still = window.webtestClick === at;
		window.webtestClick = at;
		const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
		return still && (e.contains(hit) || hit.closest('label')?.control === e);
	})(document.querySelector(%s))`, p.clicks, quote(sel)))
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(sel)))
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "Could not find node with given id") { // that: it was drawn anew between finding and clicking it
			p.t.Fatalf("browser: click %s: %v", sel, err)
		}
	}
}

// Send writes a message into #composer and presses Enter.
func (p *Page) Send(text string) {
	p.t.Helper()
	p.Type("#composer", text+kb.Enter)
}

// Size sets the viewport in CSS pixels; phone also emulates touch.
func (p *Page) Size(width, height int64, phone bool) {
	p.t.Helper()
	scale := 1.0
	if phone {
		scale = 2
	}
	p.do(Command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: scale, Mobile: phone,
	}), Command(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: phone}))
}

// Dark sets the preferred colour scheme of the system.
func (p *Page) Dark(on bool) {
	p.t.Helper()
	value := "light"
	if on {
		value = "dark"
	}
	p.do(Command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
	}))
}

// OnNewDocument runs a script in every document before its own scripts.
func (p *Page) OnNewDocument(js string) {
	p.t.Helper()
	p.do(Command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js}))
}

// Kept returns how many DOM nodes and event listeners the page holds once all that can be collected is.
func (p *Page) Kept() (nodes, listeners int) {
	p.t.Helper()
	p.do(Command(heapprofiler.CollectGarbage, cdp.Empty{}), Command(heapprofiler.CollectGarbage, cdp.Empty{}), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, memory.GetDOMCounters, cdp.Empty{})
		if err == nil {
			nodes, listeners = int(got.Nodes), int(got.JsEventListeners)
		}
		return err
	}))
	return nodes, listeners
}

// Screenshot writes what the viewport shows as PNG.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// quote makes a JavaScript string literal.
func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}
