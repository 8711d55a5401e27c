package web_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// session answers sessions.patch and changes the one session that there is.
func (g *fakeGateway) session(change func(row object)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	row := object{}
	for k, v := range g.sessions[0] {
		row[k] = v
	}
	change(row)
	g.sessions = []object{row}
}

// choosing is a gateway with three models, of which a session may choose.
func choosing(g *fakeGateway) {
	g.sessions[0]["spent"] = object{"input": 41200, "output": 1300, "cacheRead": 9000, "cacheWrite": 0, "costUsd": 0.1234}
	g.sessions[0]["totalTokens"], g.sessions[0]["contextTokens"] = 52000, 200000
	g.on = map[string]func(c *fakeCall){
		"models.list": func(c *fakeCall) {
			c.ok(object{"models": []object{
				{"id": "claude-opus-4-5", "name": "Claude Opus 4.5", "provider": "anthropic", "contextWindow": 200000, "reasoning": true},
				{"id": "<img src=x onerror=alert(1)>", "name": "hostile", "provider": "evil"},
				{"id": "qwen3", "name": "qwen3", "provider": "ollama", "contextWindow": 32768},
			}})
		},
		"sessions.patch": func(c *fakeCall) {
			var p map[string]any
			_ = json.Unmarshal(c.Raw, &p) // the test looks at what arrives
			if p["model"] == "nobody/x" {
				c.fail("INVALID_REQUEST", "model not allowed: nobody/x", nil)
				return
			}
			g.session(func(row object) {
				for from, to := range map[string]string{"model": "modelOverride", "thinkingLevel": "thinkingLevel"} {
					if v, ok := p[from]; ok {
						delete(row, to)
						if v != nil {
							row[to] = v
						}
					}
				}
			})
			c.ok(object{"ok": true})
		},
	}
}

// TestModels: the model and the thinking of a session are chosen with the keyboard alone; what it has taken is shown, and a
// cost that nobody knows is never 0.
func TestModels(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	choosing(g)
	p := open(t, g)
	p.WaitText("#usage", "52k tokens · $0.1234")
	p.Eval(`document.querySelector('#model').focus()`, nil)
	p.Keys(kb.Enter)
	p.WaitText(".model-item .model-name", "ollama/qwen3")
	p.WaitText(".model-item .model-name", "evil/<img src=x onerror=alert(1)>")
	p.WaitText("#model-figures", "52,000 of 200,000 (26 %)")
	p.Keys("qwen")
	p.Wait(`document.querySelectorAll('.model-item').length === 1`)
	p.Keys(kb.ArrowDown)
	p.Keys(kb.Enter)
	if c := g.wait("sessions.patch", 1); string(c.Raw) != `{"key":"main","model":"ollama/qwen3"}` {
		t.Errorf("patch %s", c.Raw)
	}
	p.WaitText("#model", "ollama/qwen3")
	p.WaitText("#model-words", "Changed")
	p.Eval(`document.querySelector('#model-levels input[value=high]').click()`, nil)
	if c := g.wait("sessions.patch", 2); string(c.Raw) != `{"key":"main","thinkingLevel":"high"}` {
		t.Errorf("patch %s", c.Raw)
	}
	p.Eval(`document.querySelector('#model-find').select()`, nil)
	p.Type("#model-find", "nobody/x"+kb.Enter)
	p.WaitText("#model-words", "Not changed: model not allowed: nobody/x")
	g.session(func(row object) { row["spent"] = object{"input": 10, "output": 5, "costUsd": 0, "unpriced": true} })
	p.Keys(kb.Escape)
	p.Wait(`!document.querySelector('#model-dialog').open`)
	p.Send("hello")
	p.WaitText("#usage", "15 tokens · cost unknown")
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// TestSteer: what is written while a run goes on is offered to it, and the page says whether it was taken.
func TestSteer(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	taken, finish := make(chan string, 1), make(chan struct{})
	g.onSend = func(c *fakeCall) {
		if c.Params.Message == "the blue one instead" {
			taken <- c.Params.Key
			<-finish
			c.done()
			return
		}
		c.begin()
		c.delta("Painting")
		<-finish
		c.finish("Painted it blue.")
	}
	p := open(t, g)
	p.Send("paint the red one")
	p.WaitText(".note", "Writing")
	p.Send("the blue one instead")
	key := <-taken
	if c := g.wait("chat.send", 2); !strings.Contains(string(c.Raw), `"steer":true`) {
		t.Errorf("params %s", c.Raw)
	}
	p.WaitText(".note", "Offered to the answer in progress")
	g.emit("agent", object{"runId": sessionID, "sessionKey": "main", "seq": 3, "stream": "steer", "ts": 1, "data": object{"runId": key}})
	p.WaitText(".note", "Taken into the answer in progress")
	close(finish)
	p.WaitText("#messages", "Painted it blue.")
}

// TestTools: a card is closed until somebody opens it; what is long is cut until somebody wants it all; text stays text.
func TestTools(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	long := strings.Repeat("all work and no play\n", 1000) + "THE END"
	result, finish := make(chan struct{}), make(chan struct{})
	g.onSend = func(c *fakeCall) {
		c.begin()
		c.tool("start", "bash", object{"command": "<script>alert(1)</script>"}, nil)
		<-result
		c.tool("result", "bash", nil, object{"content": append(text(long), object{"type": "image", "mimeType": "image/png", "omitted": true, "bytes": 2000})})
		<-finish
		c.finish("Done.")
	}
	p := open(t, g)
	p.Send("go")
	p.WaitText(".tool .gist", "<script>alert(1)</script>")
	p.Wait(`!document.querySelector('.tool').open`)
	p.Click(".tool summary")
	p.WaitText(".tool .part", "No result yet")
	close(result)
	p.WaitText(".tool .part", "Image, 2 KB, not kept")
	if strings.Contains(p.Text(".tool"), "THE END") {
		t.Error("a long result is shown whole at once")
	}
	p.Click(".tool .cut button")
	p.WaitText(".tool", "THE END")
	close(finish)
	p.WaitText(".note", "Done in")
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// TestApprovals: a command that waits is shown exactly, with where and who asked, and is answered with a click.
func TestApprovals(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	waits(g)
	p := open(t, g)
	p.WaitText("[data-approval=a1] .approval-command", "PATH=/tmp\nrm -rf ./build && echo \"<b>done</b>\"")
	p.WaitText("[data-approval=a1]", "/home/me/clawd")
	p.WaitText("[data-approval=a1]", "telegram Mira")
	p.Click("[data-approval=a1] .primary")
	if c := g.wait("exec.approval.resolve", 1); string(c.Raw) != `{"id":"a1","decision":"allow-once"}` {
		t.Errorf("resolve %s", c.Raw)
	}
	p.Wait(`document.querySelector('#approvals').hidden`)
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// waits has one command wait.
func waits(g *fakeGateway) {
	g.methods = []string{"exec.approvals.list"}
	pending := []object{{"id": "a1", "command": "rm -rf ./build && echo \"<b>done</b>\"", "env": []string{"PATH=/tmp"}, "cwd": "/home/me/clawd", "sessionKey": "main", "surface": "telegram",
		"sender": "Mira", "trigger": "chat", "createdAt": time.Now().UnixMilli()}}
	g.on["exec.approvals.list"] = func(c *fakeCall) {
		g.mu.Lock()
		all := append([]object{}, pending...)
		g.mu.Unlock()
		c.ok(object{"pending": all})
	}
	g.on["exec.approval.resolve"] = func(c *fakeCall) {
		g.mu.Lock()
		pending = nil
		g.mu.Unlock()
		c.ok(object{"ok": true})
	}
}
