package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// TestScreenshots makes the pictures that people look at, in the directory WEB_SCREENSHOTS names:
// light.png, dark.png, phone.png and a few states.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("WEB_SCREENSHOTS")
	if dir == "" {
		t.Skip("WEB_SCREENSHOTS names no directory")
	}
	g := newFake(t)
	gallery(g)
	choosing(g)
	hold := make(chan struct{})
	g.onSend = func(c *fakeCall) {
		c.begin()
		c.tool("start", "cron.add", object{"schedule": "0 7 * * 1-5", "sessionKey": "main"}, nil)
		c.delta("Adding it now. The job runs at 07:00 on weekdays and answers in this session, so you will see it here and on Tele")
		<-hold
		c.finish("Adding it now.")
	}
	p := open(t, g)
	p.Size(1280, 800, false)
	shot := func(name string) {
		p.WaitStill()
		p.Screenshot(filepath.Join(dir, name+".png"))
	}
	for _, scheme := range []string{"light", "dark"} {
		p.Dark(scheme == "dark")
		shot(scheme)
	}
	p.Dark(false)
	p.Eval(`document.querySelector('#scroller').scrollTop = 0`, nil)
	p.Wait(`document.querySelector('#scroller').scrollTop === 0`)
	shot("light-top")
	p.Size(390, 844, true)
	p.Eval(`document.querySelector('#scroller').scrollTop = 1e6`, nil)
	shot("phone")
	p.Click("#open-side")
	p.Wait(`getComputedStyle(document.querySelector('#side')).transform === 'none'`)
	shot("phone-drawer")
	p.Click("#close-side")
	p.Size(1280, 800, false)
	p.Send("Yes, add the job.")
	p.WaitText(".note", "Writing")
	shot("running")
	close(hold)
	p.WaitText(".note", "Done in")
	p.Dark(true)
	p.Click(`[data-key="webchat-notes"]`)
	p.Wait(`document.querySelector('.empty')`)
	shot("empty-dark")
	p.Dark(false)
	shot("empty")
	g.ask("r1", "Kitchen iPad")
	g.ask("r2", "Desk", "platform", "linux", "isRepair", true)
	p.Wait(`document.querySelectorAll('.device').length === 2`)
	shot("devices")
	p.Size(390, 844, true)
	p.Dark(true)
	shot("devices-phone")
	p.Dark(false)
	p.Size(1280, 800, false)
	p.Click(`[data-request=r1] .primary`)
	p.Click(`[data-request=r2] .primary`)
	p.Wait(`document.querySelector('#devices').hidden`)
	workbench(g, p, shot)
	fail := make(chan struct{})
	g.onSend = func(c *fakeCall) {
		c.begin()
		c.tool("start", "exec", object{"command": "systemctl restart backup"}, nil)
		c.tool("result", "exec", nil, object{"content": text("permission denied")})
		c.delta("I could not restart it")
		<-fail
		c.fail("UNAVAILABLE", "Error: model overloaded, try again later", object{"runId": c.Params.Key, "status": "error"})
	}
	p.Click(`[data-key="main"]`)
	p.Send("Restart the backup service, please.")
	p.WaitText(".note", "Writing")
	close(fail)
	p.WaitText(".note", "Failed")
	shot("failed")
	g.token = "secret"
	g.stop()
	p.WaitText("#status", "restarting")
	p.Type("#composer", "Written while the gateway is away\r")
	p.WaitText(".note", "waits for the connection")
	shot("offline")
	g.start()
	p.Wait(`document.querySelector('#token-dialog').open`)
	shot("token")
}

// gallery fills a session with what a busy day looks like.
func gallery(g *fakeGateway) {
	now := time.Now().Truncate(24 * time.Hour).Add(9 * time.Hour)
	ms := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	g.sessions = []object{
		{"key": "main", "kind": "direct", "updatedAt": time.Now().UnixMilli()},
		{"key": "telegram:group:-10042", "kind": "group", "displayName": "Family", "surface": "telegram", "updatedAt": time.Now().Add(-7 * time.Minute).UnixMilli()},
		{"key": "whatsapp:+31600000000", "kind": "direct", "displayName": "Mira", "surface": "whatsapp", "updatedAt": time.Now().Add(-50 * time.Minute).UnixMilli()},
		{"key": "slack:channel:C0ENG", "kind": "group", "displayName": "#engineering-on-call", "surface": "slack", "updatedAt": time.Now().Add(-3 * time.Hour).UnixMilli()},
		{"key": "cron:morning", "kind": "direct", "updatedAt": time.Now().Add(-9 * time.Hour).UnixMilli()},
		{"key": "webchat-notes", "kind": "direct", "updatedAt": time.Now().Add(-26 * time.Hour).UnixMilli()},
	}
	say := func(role string, at time.Duration, content any, more ...any) {
		g.add(role, content, append(more, "timestamp", ms(at))...)
	}
	say("user", -15*time.Hour, text("Is the backup from last night complete?"))
	say("assistant", -15*time.Hour+4*time.Second, []object{
		{"type": "thinking", "thinking": "The backup log is on the nas; look at the last line and the size."},
		{"type": "toolCall", "id": "t1", "name": "exec", "arguments": object{"command": "tail -n 3 /var/log/backup.log"}},
	})
	say("toolResult", -15*time.Hour+5*time.Second, text("2026-01-05 02:14 done: 48.2 GiB, 0 errors"), "toolCallId", "t1", "toolName", "exec")
	say("assistant", -15*time.Hour+8*time.Second, text("Yes. It ended at **02:14** with 48.2 GiB and no errors."))
	say("user", 0, text("What is on today? And can you remind me about the standup every weekday at seven?"))
	say("assistant", 6*time.Second, []object{{"type": "toolCall", "id": "t2", "name": "calendar.list", "arguments": object{"day": "today", "limit": 10}}})
	say("toolResult", 7*time.Second, text(`[{"at":"10:30","title":"Design review"},{"at":"14:00","title":"Dentist"}]`), "toolCallId", "t2", "toolName", "calendar.list")
	say("assistant", 11*time.Second, text(strings.Join([]string{
		"Two things today:", "",
		"| Time | What | Where |", "| --- | --- | --- |", "| 10:30 | Design review | Room 4, or [the call](https://meet.example.org/abc) |", "| 14:00 | Dentist | Keizersgracht 12 |", "",
		"The reminder would be one cron job:", "",
		"```json5", "{", `  schedule: "0 7 * * 1-5",`, `  sessionKey: "main",`, `  text: "Standup in five minutes"`, "}", "```", "",
		"1. It runs on this gateway, also when no client is connected.", "2. The answer comes here **and** on Telegram, because that is where you wrote last.", "",
		"Shall I add it?",
	}, "\n")))
}

// tool sends an agent event of stream "tool".
func (c *fakeCall) tool(phase, name string, args, result any) {
	data := object{"phase": phase, "name": name, "toolCallId": "live-" + name}
	if args != nil {
		data["args"] = args
	}
	if result != nil {
		data["result"] = result
	}
	c.gw.emit("agent", object{"runId": sessionID, "sessionKey": c.Params.SessionKey, "seq": 2, "stream": "tool", "ts": 1, "data": data})
}

// workbench shows a run at work: tools, a command that waits, a message that was taken, and the choice of a model.
func workbench(g *fakeGateway, p *webtest.Page, shot func(name string)) {
	taken, finish := make(chan string, 1), make(chan struct{})
	g.onSend = func(c *fakeCall) {
		if strings.HasPrefix(c.Params.Message, "And") {
			taken <- c.Params.Key
			<-finish
			c.done()
			return
		}
		c.begin()
		c.delta("I build it first, then I look at what the tests say.")
		c.tool("start", "write", object{"path": "index.html", "content": "<!doctype html>\n<title>Tides</title>\n<h1>Tides at Zandvoort</h1>\n"}, nil)
		c.tool("result", "write", nil, object{"content": text("index.html: 63 bytes")})
		c.tool("start", "bash", object{"command": "make test", "cwd": "~/clawd/tides"}, nil)
		<-finish
		c.finish("All green.")
	}
	p.Click(`[data-key="main"]`)
	p.Send("Build the tides page and run its tests.")
	p.WaitText(".note", "Calling bash")
	p.Send("And tell me how long they take.")
	g.emit("agent", object{"runId": sessionID, "sessionKey": "main", "seq": 3, "stream": "steer", "ts": 1, "data": object{"runId": <-taken}})
	p.WaitText(".note", "Taken into")
	p.Eval(`[...document.querySelectorAll('.tool summary')].at(-2).click()`, nil)
	p.WaitText(".tool .part", "63 bytes")
	shot("work")
	waits(g)
	p.Reload()
	p.WaitText("[data-approval=a1]", "rm -rf")
	for _, c := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"approval", 1280, 800, false}, {"approval-dark", 1280, 800, true}, {"approval-phone", 390, 844, false}} {
		p.Size(c.width, c.height, c.width < 600)
		p.Dark(c.dark)
		shot(c.name)
	}
	p.Click("[data-approval=a1] .primary")
	p.Wait(`document.querySelector('#approvals').hidden`)
	p.Click("#model")
	p.WaitText(".model-item", "qwen3")
	shot("models-phone")
	p.Size(1280, 800, false)
	shot("models")
	p.Dark(true)
	shot("models-dark")
	p.Dark(false)
	p.Click("#model-close")
	close(finish)
}
