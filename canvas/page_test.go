package canvas

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// TestPage_reload: a page shows an edited file within a second. The second is what a person waits for, and the test's
// patience is longer: it says how long it took.
func TestPage_reload(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "canvas")
	h := host(t, Options{Root: root, LiveReload: true}, map[string]string{"index.html": drawing("one")})
	around := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<iframe src="`+r.URL.Query().Get("page")+`"></iframe><script>window.seen = []; onmessage = (e) => seen.push(e.data);</script>`)
	}))
	defer around.Close()
	s := serve(t, h)
	<-h.watching
	p := browser.Page(t)
	p.Open(around.URL + "/?page=http://" + s.Addr().String() + CanvasPath + "/")
	p.Wait(`seen.includes('one')`)
	until(t, "the page's socket", func() bool { return h.Pages() == 1 })
	began := time.Now()
	if err := os.WriteFile(filepath.Join(root, "index.html"), []byte(drawing("two")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Wait(`seen.includes('two')`)
	t.Logf("the page showed the change after %s", time.Since(began).Round(time.Millisecond))
}

// drawing is a page that says what it shows to the page around it, which stays when this one reloads.
func drawing(text string) string {
	return "<p id=x>" + text + "</p><script>parent.postMessage(x.textContent, '*')</script>"
}

// standard are the components of the catalog of A2UI 0.8, by the elements that the renderer makes of them, with what such an
// element e has in its root r when it is drawn.
var standard = map[string]struct{ element, drawn string }{
	"Text":           {"a2ui-text", `r.querySelector('h1, p').textContent.trim() !== ''`},
	"Image":          {"a2ui-image", `r.querySelector('img').naturalWidth === 40`},
	"Icon":           {"a2ui-icon", `r.querySelector('span').textContent === 'location_on' && e.offsetWidth === 24`},
	"Video":          {"a2ui-video", `r.querySelector('video').controls`},
	"AudioPlayer":    {"a2ui-audioplayer", `r.querySelector('audio[aria-label="The room"]').controls`},
	"Row":            {"a2ui-row", `r.querySelector('slot').assignedElements().length > 1`},
	"Column":         {"a2ui-column", `r.querySelector('slot').assignedElements().length > 5`},
	"List":           {"a2ui-list", `r.querySelector('slot').assignedElements().length === 2`},
	"Card":           {"a2ui-card", `r.querySelector('slot').assignedElements().length === 1`},
	"Tabs":           {"a2ui-tabs", `[...r.querySelectorAll('button')].map((b) => b.textContent.trim()).join() === 'Film,Sound'`},
	"Divider":        {"a2ui-divider", `r.querySelector('hr')`},
	"Modal":          {"a2ui-modal", `r.querySelector('slot[name=entry]').assignedElements().length === 1`},
	"Button":         {"a2ui-button", `r.querySelector('button slot').assignedElements().length === 1`},
	"CheckBox":       {"a2ui-checkbox", `!r.querySelector('input[type=checkbox]').checked && r.textContent.includes('I may be late')`},
	"TextField":      {"a2ui-textfield", `r.querySelector('input[type=text], input[type=password]') && r.querySelector('label').textContent !== ''`},
	"DateTimeInput":  {"a2ui-datetimeinput", `r.querySelector('input[type=datetime-local]')`},
	"MultipleChoice": {"a2ui-multiplechoice", `r.querySelector('[role=button]').textContent.includes('1 Selected')`},
	"Slider":         {"a2ui-slider", `r.querySelector('input[type=range]').max === '10'`},
}

// deep finds elements through shadow roots.
const deep = `window.deep = (sel, from = document) => [...from.querySelectorAll('*')].flatMap((e) => [
	...(e.matches(sel) ? [e] : []), ...(e.shadowRoot ? deep(sel, e.shadowRoot) : [])]);`

// TestPage_a2ui: a form with every standard component is drawn without a mistake, and a press of a button goes to the app.
func TestPage_a2ui(t *testing.T) {
	t.Parallel()
	if !HasA2UI() {
		if os.Getenv("CLAWDBOT_REQUIRE_A2UI") == "1" {
			t.Fatal("the A2UI bundle is not built: make a2ui")
		}
		t.Skip("built without the A2UI renderer (make a2ui builds it)")
	}
	s := serve(t, host(t, Options{}, nil))
	p := browser.Page(t)
	p.Size(720, 1400, false)
	p.OnNewDocument(deep + `window.sent = []; window.clawdbotCanvasA2UIAction = {postMessage(m) { if (this !== window.clawdbotCanvasA2UIAction) throw 0; sent.push(JSON.parse(m)); }};`)
	p.Open("http://" + s.Addr().String() + A2UIPath + "/?platform=android&debugStatus=1")
	p.Wait(`typeof clawdbotA2UI.applyMessages === 'function' && document.documentElement.dataset.platform === 'android'`)
	p.Eval(`__clawdbot.setStatus('Connected', 'test'); if (!__clawdbot.ctx || !__clawdbot.canvas) throw 1`, nil)
	var refused string
	p.Eval(`(() => { try { clawdbotA2UI.applyMessages('x') } catch (e) { return e.message } })()`, &refused)
	if refused != "A2UI: expected messages array" {
		t.Errorf("a text as messages: %q", refused)
	}
	raw, err := os.ReadFile("testdata/form.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	messages := "[" + strings.Join(strings.Split(strings.TrimSpace(string(raw)), "\n"), ",") + "]"
	var result struct {
		OK       bool     `json:"ok"`
		Surfaces []string `json:"surfaces"`
	}
	p.Eval(`clawdbotA2UI.applyMessages(`+messages+`)`, &result)
	if !result.OK || len(result.Surfaces) != 1 || result.Surfaces[0] != "main" {
		t.Errorf("applied: %+v", result)
	}
	p.Wait(`deep('a2ui-text').some((e) => e.shadowRoot.textContent.includes('Book it'))`)
	p.Wait(`document.fonts.check('20px "Material Symbols Outlined"') && [...document.fonts].some((f) => f.status === 'loaded')`)
	for name, one := range standard {
		if name == "AudioPlayer" { // in a tab that is not open
			p.Eval(`[...deep('a2ui-tabs')[0].shadowRoot.querySelectorAll('button')][1].click()`, nil)
		}
		p.Wait(`deep('` + one.element + `').some((e) => e.offsetWidth > 0 && e.offsetHeight > 0)`)
		p.Wait(`deep('` + one.element + `').every((e) => { const r = e.shadowRoot; return ` + one.drawn + ` && !/\((invalid|empty|no model|no processor)\)|Invalid/.test(r.textContent); })`)
		if name == "AudioPlayer" {
			shot(p, "a2ui-tab.png")
			p.Eval(`[...deep('a2ui-tabs')[0].shadowRoot.querySelectorAll('button')][0].click()`, nil)
		}
	}
	if len(standard) != 18 {
		t.Errorf("%d components", len(standard))
	}
	shot(p, "a2ui.png")
	p.Dark(true)
	shot(p, "a2ui-dark.png")
	p.Dark(false)
	p.Size(390, 1400, true)
	shot(p, "a2ui-phone.png")
	p.Size(720, 1400, false)

	p.Eval(`deep('a2ui-button[primary]')[0].shadowRoot.querySelector('button').click()`, nil)
	var sent []struct {
		UserAction struct {
			ID, Name, SurfaceID, SourceComponentID, Timestamp string
			Context                                           json.RawMessage
		} `json:"userAction"`
	}
	p.Wait(`sent.length > 0`)
	p.Eval(`sent`, &sent)
	a := sent[0].UserAction
	if len(sent) != 1 || a.Name != "book" || a.SurfaceID != "main" || a.SourceComponentID != "book" || a.ID == "" || a.Timestamp == "" ||
		string(a.Context) != `{"name":"Mira","table":4,"express":true}` {
		t.Errorf("sent %+v %s", sent, a.Context)
	}
	p.Eval(`(() => { const i = deep('a2ui-textfield')[0].shadowRoot.querySelector('input'); i.value = 'Zoe'; i.dispatchEvent(new Event('input')); })()`, nil)
	p.Eval(`deep('a2ui-button[primary]')[0].shadowRoot.querySelector('button').click()`, nil)
	p.Wait(`sent[1]?.userAction.context.name === 'Zoe'`)
	p.Eval(`deep('a2ui-modal')[0].shadowRoot.querySelector('section').click()`, nil)
	p.Wait(`deep('dialog').some((d) => d.open) && deep('a2ui-text').some((e) => e.shadowRoot.querySelector('strong')?.textContent === 'are')`)
	var left []string
	p.Eval(`(clawdbotA2UI.reset(), clawdbotA2UI.getSurfaces())`, &left)
	if len(left) != 0 {
		t.Errorf("after reset there are %q", left)
	}
	p.Wait(`deep('a2ui-surface').length === 0`)
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// shot takes a picture where people want to look at them.
func shot(p *webtest.Page, name string) {
	if dir := os.Getenv("WEB_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, name))
	}
}
