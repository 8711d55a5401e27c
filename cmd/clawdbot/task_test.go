package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

const tides = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Tides</title>
<style>body{font:16px system-ui;margin:2rem;color-scheme:light dark}td,th{padding:.3rem 1rem;text-align:left}</style>
<h1>Tides at Zandvoort</h1><table><tr><th>High<td>04:12<td>2.1 m<tr><th>Low<td>10:31<td>0.3 m<tr><th>High<td>16:40<td>2.0 m</table>`

// tidesTask is a model that does what it was asked: the page, the canvas, the message, one after another.
func tidesTask(t *testing.T, to string) func(s modeltest.Seen) modeltest.Step {
	call := func(n int, name string, args map[string]string) []model.Call {
		raw, err := json.Marshal(args)
		if err != nil {
			t.Error(err)
		}
		return []model.Call{{ID: fmt.Sprint("call_", n), Name: name, Args: raw}}
	}
	return func(s modeltest.Seen) modeltest.Step {
		results := 0
		for _, m := range s.Request.Messages {
			for _, p := range m.Parts {
				if r, ok := p.(model.Result); ok {
					if results++; r.IsError {
						return modeltest.Step{Text: []string{"That failed: ", r.Text}}
					}
				}
			}
		}
		switch results {
		case 0:
			return modeltest.Step{Text: []string{"I write ", "the page first."}, Calls: call(1, "write", map[string]string{"path": "canvas/tides.html", "content": tides})}
		case 1:
			return modeltest.Step{Text: []string{"Now it goes onto the canvas."}, Calls: call(2, "canvas", map[string]string{"action": "present", "url": "/tides.html"})}
		case 2:
			return modeltest.Step{Calls: call(3, "telegram", map[string]string{"action": "sendMessage", "to": to, "content": "The tides page is ready."})}
		}
		return modeltest.Step{Text: []string{"Done: the page is on the canvas, ", "and you have a message on Telegram."}}
	}
}

// TestTask is a task from its first word to its last, in the real page of the real program: files are written, the canvas shows
// them beside the chat, and the message arrives at the platform.
func TestTask(t *testing.T) {
	t.Parallel()
	browser := webtest.Start(t)
	peer := telegramfake.NewPeer(t)
	section, err := json.Marshal(peer.Config)
	if err != nil {
		t.Fatal(err)
	}
	srv, dir := modeltest.New(t, modeltest.Chat{}), t.TempDir()
	srv.Play(tidesTask(t, peer.Direct))
	text := fmt.Sprintf(`{logging: {file: %q}, bridge: {enabled: false}, telegram: %s, dev: {endpoints: {telegram: %q}},
		models: {mode: "replace", providers: {acme: {baseUrl: %q, apiKey: %q, models: [{id: "test-model", contextWindow: 200000, cost: {input: 3, output: 15}}]}}},
		agent: {model: "acme/test-model", workspace: %q}, canvasHost: {root: %q}}`,
		filepath.Join(dir, "log", "x.log"), section, peer.Endpoint, srv.URL(), modeltest.Key, filepath.Join(dir, "clawd"), filepath.Join(dir, "clawd", "canvas"))
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := launch(t, dir, "--port", freePort(t))
	p := browser.Page(t)
	p.OnNewDocument(`
		if (parent !== window) addEventListener('message', (e) => { if (e.data?.type === 'test:text') parent.postMessage({type: 'test:text', text: document.body.innerText}, '*'); });
		else {
			window.frameText = '';
			addEventListener('message', (e) => { if (e.data?.type === 'test:text') frameText = e.data.text; });
			window.shows = (text) => { document.querySelector('#canvas-frame')?.contentWindow.postMessage({type: 'test:text'}, '*'); return frameText.includes(text); };
		}`)
	p.Open(strings.Replace(d.url, "ws://", "http://", 1))
	p.WaitLive()
	p.Send("Create a page that shows the tides on the canvas, then message me on Telegram when it is done.")
	p.Wait(`shows('Tides at Zandvoort') && shows('16:40')`)
	p.WaitText("#messages", "you have a message on Telegram")
	p.WaitText(".tool .name", "write")
	p.WaitText("#usage", "tokens · $")
	if err := peer.WaitReplies(t.Context(), peer.Direct, 1); err != nil {
		t.Fatal(err)
	}
	if got := peer.Replies(peer.Direct); len(got) != 1 || got[0].Text != "The tides page is ready." {
		t.Errorf("on Telegram: %+v", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "clawd", "canvas", "tides.html")); err != nil || string(b) != tides {
		t.Errorf("the file: %q, %v", b, err)
	}
	if p.Count(`.tool .state[data-tone="bad"]`) > 0 {
		t.Error("a tool failed")
	}
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
	if shots := os.Getenv("WEB_SCREENSHOTS"); shots != "" {
		p.Wait(`document.querySelectorAll('.tool').length === 3`)
		p.Eval(`document.querySelectorAll('.tool summary')[0].click()`, nil)
		p.WaitStill()
		p.Screenshot(filepath.Join(shots, "task.png"))
		p.Dark(true)
		p.WaitStill()
		p.Screenshot(filepath.Join(shots, "task-dark.png"))
		p.Dark(false)
		p.Size(390, 844, true)
		p.Click("#canvas-close")
		p.WaitStill()
		p.Screenshot(filepath.Join(shots, "task-phone.png"))
	}
}
