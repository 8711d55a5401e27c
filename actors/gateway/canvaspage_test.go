package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/canvas"
	"github.com/clawdbot/gateway/transport/web/webtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// deepText is the text of the canvas's frame with all its shadow roots, "" while it is not there. Pages of the canvas have no
// origin, so it is asked of the frame itself: it answers a question of the page around it.
const reporter = `
	if (parent !== window) {
		const all = (n) => [...n.childNodes].map((c) => c.nodeType === 3 ? c.data : ['STYLE', 'SCRIPT'].includes(c.nodeName) ? '' : (c.shadowRoot ? all(c.shadowRoot) : '') + all(c)).join(' ');
		const find = (n, sel) => n.querySelector(sel) ?? [...n.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot, sel)).find(Boolean);
		addEventListener('message', (e) => {
			if (e.data?.type === 'test:text') parent.postMessage({type: 'test:text', text: all(document.body)}, '*');
			if (e.data?.type === 'test:click') find(document, e.data.sel)?.shadowRoot.querySelector('button').click();
		});
	} else {
		window.frameText = '';
		addEventListener('message', (e) => { if (e.data?.type === 'test:text') frameText = e.data.text; });
		window.ask = (m) => { document.querySelector('#canvas-frame')?.contentWindow.postMessage(m, '*'); return true; };
		window.shows = (text) => ask({type: 'test:text'}) && frameText.includes(text);
	}`

// TestPage_canvas: what the agent draws appears beside the chat, files and A2UI, and a press of a button there becomes a run.
func TestPage_canvas(t *testing.T) {
	if !canvas.HasA2UI() && os.Getenv("CLAWDBOT_REQUIRE_A2UI") != "1" {
		t.Skip("built without the A2UI renderer (make a2ui builds it)")
	}
	browser := webtest.Start(t)
	s := setup{dir: t.TempDir()}
	g := s.start(t)
	p := browser.Page(t)
	p.OnNewDocument(reporter)
	p.Open("http://" + g.Addr() + "/#session=main") // a chat, not the setup
	p.WaitLive()
	p.Wait(`!document.querySelector('#canvas-toggle').hidden && document.querySelector('#canvas').hidden`)
	p.Send(`!tool canvas {"action":"present"}`)
	p.Wait(`shows('Interactive test page')`)
	file := filepath.Join(s.dir, "clawd", "canvas", "index.html")
	if err := os.WriteFile(file, []byte("<h1>drawn anew</h1>"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Wait(`shows('drawn anew')`)

	form, err := os.ReadFile("../../canvas/testdata/form.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	args, err := wire.Marshal(map[string]string{"action": "a2ui_push", "jsonl": string(form)})
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	c.ok("chat.send", wire.ChatSendParams{SessionKey: "main", Message: "!tool canvas " + string(args), IdempotencyKey: "push"}, nil)
	p.Wait(`shows('Book it') && shows('Keizersgracht')`)
	if dir := os.Getenv("WEB_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, "canvas.png"))
		p.Dark(true)
		p.Screenshot(filepath.Join(dir, "canvas-dark.png"))
		p.Dark(false)
		p.Size(390, 844, true)
		p.Wait(`document.getAnimations().every((a) => a.playState !== 'running')`)
		p.Screenshot(filepath.Join(dir, "canvas-phone.png"))
		p.Size(1280, 800, false)
	}
	p.Eval(`ask({type: 'test:click', sel: 'a2ui-button[primary]'})`, nil)
	p.WaitText("#messages [data-role=user] .canvas-action b", "book")
	p.Wait(`[...document.querySelectorAll('.canvas-action dt, .canvas-action dd')].map((e) => e.textContent).join() === 'name,Mira,table,4,express,yes'`)
	p.WaitText("#messages [data-role=assistant]", `You did on the canvas: book {"name":"Mira","table":4,"express":true}`)
	p.Wait(`!document.querySelector('#messages').textContent.includes('CANVAS_A2UI')`)
	if dir := os.Getenv("WEB_SCREENSHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, "canvas-action.png"))
	}

	// Away with it and back, by keyboard: the surfaces are still there.
	p.Eval(`document.querySelector('#canvas-close').focus()`, nil)
	p.Keys("\x1b")
	p.Wait(`document.querySelector('#canvas').hidden && document.activeElement.id === 'canvas-toggle'`)
	p.Eval(`frameText = ''`, nil)
	p.Keys("\r")
	p.Wait(`shows('Book it')`)
	c.ok("canvas.invoke", wire.CanvasInvokeParams{Command: "canvas.a2ui.reset"}, nil)
	p.Wait(`shows('Nothing here yet')`)
	c.ok("canvas.invoke", wire.CanvasInvokeParams{Command: "canvas.hide"}, nil)
	p.Wait(`document.querySelector('#canvas').hidden`)
	for _, e := range p.Errors() {
		if !strings.Contains(e, "media") { // the form's film is empty
			t.Errorf("error in the page: %s", e)
		}
	}
}

// TestTool_canvas: the tools for the built-in runner, without a device: what goes to the page, and what is said otherwise.
func TestTool_canvas(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	for _, tc := range []struct{ tool, want string }{
		{`canvas {"action":"present"}`, `{"ok":true,"node":"webchat","command":"canvas.present"}`},
		{`canvas {"action":"hide","node":"webchat"}`, `"command":"canvas.hide"`},
		{`canvas {"action":"navigate","url":"x.html"}`, `"command":"canvas.navigate"`},
		{`canvas {"action":"a2ui_push","messages":[{"deleteSurface":{"surfaceId":"s"}}]}`, `"payload":{"ok":true,"surfaces":[]}`},
		{`canvas {"action":"a2ui.reset"}`, `"command":"canvas.a2ui.reset"`},
		{`canvas {"action":"a2ui_push"}`, `jsonl or jsonlPath required`},
		{`canvas {"action":"a2ui_push","jsonl":"{}"}`, `expected exactly one action key`},
		{`canvas {"action":"a2ui_push","jsonlPath":"../../etc/passwd"}`, `no file of the workspace`},
		{`canvas {"action":"eval","javaScript":"1"}`, `Show it on a device node`},
		{`canvas {"action":"snapshot","node":"webchat"}`, `the web page does not take canvas.snapshot`},
		{`canvas {"action":"dance"}`, `unknown action`},
		{`canvas {"action":"present","node":"Desk"}`, `unknown node: Desk (known: none)`},
		{`nodes {"action":"status"}`, `"nodes":[]`},
		{`nodes {"action":"run","node":"Desk","command":["ls"]}`, `unknown node: Desk`},
		{`nodes {"action":"notify"}`, `notify needs title or body`},
		{`nodes {"action":"camera_snap"}`, `node required`},
		{`nodes {"action":"dance"}`, `unknown action`},
		{`canvas.url {"ttlSeconds":60}`, `/__clawdbot__/cap/`},
		{`list {}`, `"nodes"`},
	} {
		var r wire.RunResult
		c.ok("chat.send", wire.ChatSendParams{SessionKey: "main", Message: "!tool " + tc.tool, IdempotencyKey: tc.tool}, &r)
		var h wire.ChatHistoryResult
		c.ok("chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &h)
		last := string(h.Messages[len(h.Messages)-1])
		if got := strings.ReplaceAll(last, `\"`, `"`); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %.300s, want %s", tc.tool, got, tc.want)
		}
	}
}
