package computer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/chromium/devtools"
)

// host is a gateway's canvas, with a page that keeps what it is told as A2UI's does.
func host(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/__clawdbot__/a2ui/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>a2ui</title><script>
			const seen = []; globalThis.told = []
			addEventListener("clawdbot:a2ui-action-status", (e) => told.push(e.detail))
			setTimeout(() => { globalThis.clawdbotA2UI = {
				applyMessages: (m) => { if (m[0].deleteSurface) throw new Error("no such surface"); seen.push(...m); return {ok: true, surfaces: ["main"], seen: seen.length} },
				reset: () => { seen.length = 0; return {ok: true} },
			} }, 200)
		</script>`)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><title>Page</title><body style="background:#f00">hello`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// withBrowser is a bench whose canvas is a real Chromium.
func withBrowser(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.o.Canvas, b.o.LookPath = true, exec.LookPath
	if b.o.browser() == "" {
		if os.Getenv("CLAWDBOT_REQUIRE_BROWSER") == "1" {
			t.Fatal("no chromium on this machine")
		}
		t.Skip("no chromium on this machine")
	}
	return b
}

func TestCanvas(t *testing.T) {
	t.Parallel()
	b := withBrowser(t)
	gateway, elsewhere := host(t), host(t)
	at := gateway.URL
	b.o.CanvasHost = func() string { return at }
	events := make(chan AgentRequest, 8)
	b.o.Name, b.o.Instance = "My Desk", "Linux-1"
	b.o.Event = func(_ context.Context, name string, payload any) error {
		if name != "agent.request" {
			return fmt.Errorf("event %s", name)
		}
		events <- payload.(AgentRequest)
		return nil
	}
	c := New(b.o)
	t.Cleanup(c.Close)

	title := func() string {
		return invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":"document.title"}`).Result
	}
	invoke[any](t, c, "canvas.present", ``)
	if have := title(); have != "Clawdbot Canvas" {
		t.Errorf("the scaffold is called %q", have)
	}
	invoke[any](t, c, "canvas.present", `{"url":`+quote(elsewhere.URL+"/page")+`,"placement":{"x":10,"y":20,"width":700,"height":500}}`)
	if have := title(); have != "Page" {
		t.Errorf("%q", have)
	}
	testEval(t, c)
	testSnapshot(t, c)
	invoke[any](t, c, "canvas.hide", ``)
	for params, want := range map[string][2]string{
		`{"url":"file:///etc/passwd"}`:         {invalidRequest, "INVALID_REQUEST: the canvas shows http"},
		`{"url":"javascript:alert(1)"}`:        {invalidRequest, "INVALID_REQUEST: "},
		`{"url":"chrome://version"}`:           {invalidRequest, "INVALID_REQUEST: "},
		`{"url":"http://"}`:                    {invalidRequest, "INVALID_REQUEST: "},
		`{"url":"http://127.0.0.1:1/nothing"}`: {unavailable, "UNAVAILABLE: the page does not load: net::ERR_"},
		``:                                     {unavailable, "INVALID_REQUEST: paramsJSON required"},
	} {
		refused(t, c, "canvas.navigate", params, want[0], want[1])
	}
	invoke[any](t, c, "canvas.navigate", `{"url":"/page"}`)
	if have := invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":"location.href"}`).Result; have != at+"/page" {
		t.Errorf("a path leads to %s", have)
	}
	testA2UI(t, c)
	testAction(t, c, events, elsewhere.URL)

	at = ""
	refused(t, c, "canvas.a2ui.reset", ``, unavailable, "A2UI_HOST_NOT_CONFIGURED: gateway did not advertise canvas host")
	refused(t, c, "canvas.navigate", `{"url":"/page"}`, unavailable, "UNAVAILABLE: the gateway serves no canvas")
	at = "http://127.0.0.1:1"
	refused(t, c, "canvas.a2ui.reset", ``, unavailable, "A2UI_HOST_UNAVAILABLE: A2UI host not reachable")

	// A browser that ends by itself is started again, and no profile stays behind.
	kill(t, c)
	invoke[any](t, c, "canvas.navigate", `{"url":"/"}`)
	c.Close()
	refused(t, c, "canvas.navigate", `{"url":"/"}`, unavailable, "UNAVAILABLE: node not ready")
	b.nothingLeft()
}

func testEval(t *testing.T, c *Computer) {
	t.Helper()
	for js, want := range map[string]string{
		`"a\"b"`: `a"b`, `undefined`: "", `null`: "", `true`: "true", `1.5`: "1.5", `({a:[1]})`: `{"a":[1]}`, `Promise.resolve("later")`: "later", `NaN`: "NaN",
		`location.href = "file:///etc/passwd"; "not loaded"`: "not loaded",
	} {
		if have := invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":`+quote(js)+`}`).Result; have != want {
			t.Errorf("%s: %q, want %q", js, have, want)
		}
	}
	if have := invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":"location.protocol"}`).Result; have != "http:" {
		t.Errorf("a script has left the web: %s", have)
	}
	refused(t, c, "canvas.eval", `{"javaScript":"no.such.thing"}`, unavailable, "UNAVAILABLE: JavaScript: ReferenceError: no is not defined")
	refused(t, c, "canvas.eval", `{"javaScript":" "}`, invalidRequest, "INVALID_REQUEST: javaScript required")
}

func testSnapshot(t *testing.T, c *Computer) {
	t.Helper()
	for params, want := range map[string]struct {
		format string
		width  int // 0: any
	}{``: {"jpeg", 0}, `{"format":"png","maxWidth":200}`: {"png", 200}, `{"format":"jpg","quality":7,"maxWidth":300}`: {"jpeg", 300}, `{"maxWidth":"wide"}`: {"jpeg", 0}} {
		s := invoke[Snapshot](t, c, "canvas.snapshot", params)
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil {
			t.Fatal(err)
		}
		m, format, err := image.Decode(bytes.NewReader(raw))
		if err != nil || s.Format != want.format || format != want.format || want.width != 0 && m.Bounds().Dx() != want.width {
			t.Errorf("%s: %s %s %v, %v", params, s.Format, format, m.Bounds(), err)
			continue
		}
		if r, g, _, _ := m.At(m.Bounds().Dx()-5, m.Bounds().Dy()-5).RGBA(); r>>8 < 240 || g>>8 > 16 {
			t.Errorf("%s: the page is red, the picture %d %d", params, r>>8, g>>8)
		}
	}
}

func testA2UI(t *testing.T, c *Computer) {
	t.Helper()
	type answer struct {
		OK       bool
		Surfaces []string
		Seen     int
		Error    string
	}
	two := `{"surfaceUpdate":{"surfaceId":"main"}}` + "\n\n" + `{"beginRendering":{"surfaceId":"main","root":"</script>"}}`
	if a := invoke[answer](t, c, "canvas.a2ui.pushJSONL", `{"jsonl":`+quote(two)+`}`); !a.OK || a.Seen != 2 || len(a.Surfaces) != 1 {
		t.Errorf("%+v", a)
	}
	if a := invoke[answer](t, c, "canvas.a2ui.push", `{"messages":[{"dataModelUpdate":{"surfaceId":"main"}}]}`); a.Seen != 3 {
		t.Errorf("the page was opened again: %+v", a)
	}
	if a := invoke[answer](t, c, "canvas.a2ui.push", `{"jsonl":"{\"deleteSurface\":{}}"}`); a.OK || a.Error != "no such surface" {
		t.Errorf("%+v", a)
	}
	if a := invoke[answer](t, c, "canvas.a2ui.reset", ``); !a.OK {
		t.Errorf("%+v", a)
	}
	for name, params := range map[string]string{
		"A2UI messages[1]: expected a JSON object": `{"messages":[{"beginRendering":{}},5]}`,
		"A2UI messages[0]: looks like A2UI v0.9":   `{"messages":[{"createSurface":{}}]}`,
		"A2UI messages[0]: expected exactly one of beginRendering, dataModelUpdate, deleteSurface, surfaceUpdate; found: a, b": `{"messages":[{"b":1,"a":2}]}`,
		"A2UI messages[0]: expected exactly one": `{"messages":[{"beginRendering":{},"surfaceUpdate":{}}]}`,
		"A2UI JSONL line 3: expected a JSON":     `{"jsonl":"{\"beginRendering\":{}}\n\nnull"}`,
	} {
		refused(t, c, "canvas.a2ui.push", params, unavailable, name)
	}
	refused(t, c, "canvas.a2ui.push", `{}`, invalidRequest, "INVALID_REQUEST: messages[] required")
	refused(t, c, "canvas.a2ui.pushJSONL", `{"jsonl":" \n"}`, invalidRequest, "INVALID_REQUEST: jsonl required")
}

// testAction: what somebody does in the gateway's page reaches the agent; any other page is not heard.
func testAction(t *testing.T, c *Computer, events chan AgentRequest, elsewhere string) {
	t.Helper()
	send := `clawdbotCanvasA2UIAction.postMessage({userAction:{id:"a1",name:"send form",surfaceId:"main",sourceComponentId:"ok button",context:{n:[1, 2]}}})`
	invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":`+quote(send)+`}`)
	want := AgentRequest{
		Message:    `CANVAS_A2UI action=send_form session=main surface=main component=ok_button host=My_Desk instance=linux-1 ctx={"n":[1,2]} default=update_canvas`,
		SessionKey: "main", Thinking: "low", Key: "a1",
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case have := <-events:
		if have != want {
			t.Errorf("%+v", have)
		}
	case <-ctx.Done():
		t.Fatal("the action does not reach the gateway")
	}
	var told []map[string]any
	waitFor(t, func() bool {
		_ = json.Unmarshal([]byte(invoke[EvalResult](t, c, "canvas.eval", `{"javaScript":"told"}`).Result), &told)
		return len(told) == 1
	})
	if told[0]["id"] != "a1" || told[0]["ok"] != true || told[0]["error"] != "" {
		t.Errorf("%v", told)
	}
	// The page has its own helper post a string; without a name nothing is sent.
	invoke[any](t, c, "canvas.navigate", `{"url":`+quote(elsewhere+"/page")+`}`)
	refused(t, c, "canvas.eval", `{"javaScript":`+quote(`__clawdbotNodeAction(JSON.stringify({name:"x"}))`)+`}`, unavailable, "UNAVAILABLE: JavaScript: ")
	if len(events) != 0 {
		t.Errorf("a page from elsewhere has spoken to the agent: %+v", <-events)
	}
}

// kill ends the browser's process from outside.
func kill(t *testing.T, c *Computer) {
	t.Helper()
	page := c.canvas.page
	if err := page.(*devtools.Page).Process().Kill(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return gone(page) })
}

// TestRequest: what a page says becomes one line of words.
func TestRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := &canvas{o: &b.o}
	for _, bad := range []string{``, `[]`, `5`, `{}`, `{"userAction":{"id":"x"}}`, `{"name":"  "}`} {
		if _, r, ok := v.request([]byte(bad)); ok {
			t.Errorf("%s: %+v", bad, r)
		}
	}
	id, r, ok := v.request([]byte(`{"action":" a\nb=c ","context":"no object"}`))
	if !ok || id == "" || r.Key != id || !strings.HasPrefix(r.Message, "CANVAS_A2UI action=a_b_c session=main surface=main component=- host=- instance=- default=") {
		t.Errorf("%v %+v", ok, r)
	}
}
