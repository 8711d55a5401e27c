package web_test

import (
	"encoding/json"
	"fmt"
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
	{"cron", ".agenda-day", "Morning brief"},
	{"config", ".config-field", "model"},
	{"log", ".log-line", "no route to host"},
	{"nodes", ".row", "Kitchen iPad"},
	{"sessions", ".row", "Family"},
	{"skills", ".row", "weather"},
	{"models", ".bars li", "Family"},
	{"setup", ".setup", "This asks"},
}

// answer makes methods of the gateway that always say the same.
func (g *fakeGateway) answer(all object) {
	for method, payload := range all {
		g.on[method] = func(c *fakeCall) { c.ok(payload) }
	}
}

// controls is a gateway with something of everything in it, and its texts are written by name.
func controls(g *fakeGateway, name func(string) string) {
	wizards(g, name)
	now := time.Now()
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for i, title := range []string{"Family", "Mira", "#engineering-on-call"} {
		g.sessions = append(g.sessions, object{"key": fmt.Sprintf("telegram:group:-1004%d", i), "kind": "group", "displayName": name(title), "surface": "telegram", "updatedAt": ago(time.Duration(i+1) * time.Hour), "totalTokens": 52_000 * (i + 1), "contextTokens": 200_000,
			"spent": object{"input": 41_200 / (i + 1), "output": 1300, "cacheRead": 9000, "cacheWrite": 0, "costUsd": 1.2 / float64(i+1), "unpriced": i == 2}})
	}
	g.pending = []object{{"requestId": "r1", "nodeId": "phone-2", "displayName": name("Pixel"), "platform": "android", "remoteIp": "192.168.1.31", "isRepair": false, "ts": ago(time.Minute)}}
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
		"cron.status": object{"enabled": true, "storePath": "/x", "jobs": 3, "nextWakeAtMs": now.Add(time.Hour).UnixMilli()},
		"cron.list": object{"jobs": []object{
			{"id": "j1", "name": name("Morning brief"), "description": name("what is on today"), "enabled": true, "createdAtMs": ago(90 * time.Hour), "updatedAtMs": ago(90 * time.Hour), "schedule": object{"kind": "cron", "expr": "0 7 * * 1-5", "tz": "Europe/Amsterdam"},
				"sessionTarget": "isolated", "wakeMode": "next-heartbeat", "payload": object{"kind": "agentTurn", "message": name("Tell me what is on today."), "deliver": true, "channel": "last"}, "state": object{"nextRunAtMs": ago(-20 * time.Hour), "lastRunAtMs": ago(4 * time.Hour), "lastStatus": "ok", "lastDurationMs": 8123}},
			{"id": "j2", "name": "Backup check", "enabled": true, "createdAtMs": ago(90 * time.Hour), "updatedAtMs": ago(90 * time.Hour), "schedule": object{"kind": "every", "everyMs": 21_600_000}, "sessionTarget": "isolated", "wakeMode": "now",
				"payload": object{"kind": "agentTurn", "message": "Is the backup complete?"}, "state": object{"nextRunAtMs": ago(-2 * time.Hour), "lastRunAtMs": ago(4 * time.Hour), "lastStatus": "error", "lastError": name("model overloaded, try again later"), "lastDurationMs": 31_000}},
			{"id": "j3", "name": "Water the plants", "enabled": false, "createdAtMs": ago(90 * time.Hour), "updatedAtMs": ago(90 * time.Hour), "schedule": object{"kind": "at", "atMs": ago(-90 * time.Hour)}, "sessionTarget": "main", "wakeMode": "now", "payload": object{"kind": "systemEvent", "text": "water"}, "state": object{}},
		}},
		"cron.preview": object{"runs": []object{{"jobId": "j2", "atMs": ago(-2 * time.Hour)}, {"jobId": "j2", "atMs": ago(-8 * time.Hour)}, {"jobId": "j1", "atMs": ago(-20 * time.Hour)}, {"jobId": "j2", "atMs": ago(-26 * time.Hour)}, {"jobId": "j1", "atMs": ago(-44 * time.Hour)}}},
		"cron.runs": object{"entries": []object{{"ts": ago(28 * time.Hour), "jobId": "j1", "action": "finished", "status": "ok", "summary": name("Two things today."), "runAtMs": ago(28 * time.Hour), "durationMs": 7000},
			{"ts": ago(4 * time.Hour), "jobId": "j1", "action": "finished", "status": "error", "error": name("model overloaded"), "runAtMs": ago(4 * time.Hour), "durationMs": 8123}}},
		"cron.add": object{}, "cron.update": object{}, "cron.remove": object{"ok": true, "removed": true}, "cron.run": object{"ok": true, "ran": true},
		"config.get": object{"path": name("~/.clawdbot/clawdbot.json"), "exists": true, "valid": true, "hash": "h1", "issues": []object{}, "legacyIssues": []object{}, "raw": name("{agent:{model:'anthropic/claude-opus-4-5'},telegram:{botToken:'__REDACTED__',enabled:true}}"),
			"parsed": object{"agent": object{"model": name("anthropic/claude-opus-4-5")}, "telegram": object{"botToken": "__REDACTED__", "enabled": true, "allowFrom": []any{42, "@ada"}}}},
		"config.schema": object{"version": "1", "generatedAt": "2026-01-05T09:00:00.000Z", "schema": configSchema, "uiHints": object{
			"agent": object{"label": name("Agent"), "order": 10}, "telegram": object{"label": "Telegram", "order": 140}, "gateway": object{"label": "Gateway", "order": 30},
			"agent.model": object{"help": name("provider/model. Empty: the built-in runner, which repeats what it is told.")}, "telegram.botToken": object{"sensitive": true}, "gateway.reload.debounceMs": object{"advanced": true}}},
		"config.history": object{"generations": []object{{"generation": 2, "at": ago(time.Hour), "bytes": 812, "current": true}, {"generation": 1, "at": ago(80 * time.Hour), "bytes": 640, "current": false}}},
		"config.set":     object{"ok": true, "path": "x", "config": object{}}, "config.rollback": object{"ok": true, "path": "x", "config": object{}},
		"config.check": object{"hash": "h1", "issues": []object{}, "changes": []object{{"path": "agent.model", "effect": "none"}, {"path": "telegram.botToken", "effect": "hot", "part": "telegram"}, {"path": "gateway.port", "effect": "restart"}}, "restart": true},
		"logs.tail": object{"file": name("~/.clawdbot/logs/clawdbot-2026-01-05.log"), "cursor": "c1", "lines": []string{
			`{"time":"2026-01-05T09:00:00.000Z","level":"info","message":"listening","addr":"ws://127.0.0.1:18789"}`,
			quoted(object{"time": "2026-01-05T09:00:03.120Z", "level": "warn", "message": name("account reconnects"), "account": "telegram", "err": name("dial tcp: no route to host")}), name("a line of a child process"),
			`{"time":"2026-01-05T09:00:07.500Z","level":"error","message":"message not delivered","account":"telegram","chat":"-100421","reason":"Bad Request: chat not found"}`}},
		"node.list": object{"ts": ago(0), "nodes": []object{
			{"nodeId": "ipad-1", "displayName": name("Kitchen iPad"), "platform": "ipados", "version": "2026.1.5", "remoteIp": "192.168.1.20", "caps": []string{"canvas", "camera"}, "commands": []string{"canvas.present", "camera.snap", name("x")}, "permissions": object{"camera": true, name("screen"): false}, "paired": true, "connected": true},
			{"nodeId": "desk", "displayName": "Desk", "platform": "linux", "caps": []string{}, "commands": []string{"system.run"}, "paired": true, "connected": false}}},
		"node.invoke":      object{"ok": true, "nodeId": "ipad-1", "command": "camera.snap", "payload": object{"format": "png", "base64": strings.TrimPrefix(picture(8), "data:image/png;base64,")}, "payloadJSON": nil},
		"node.pair.revoke": object{"nodeId": "desk"}, "node.rename": object{"nodeId": "desk", "displayName": "x"},
		"skills.status": object{"workspaceDir": name("~/clawd/skills"), "managedSkillsDir": "~/.clawdbot/skills", "problems": []object{{"filePath": name("~/clawd/skills/tides/SKILL.md"), "problem": name("line 3: a tab in the header")}}, "skills": []object{
			skill(name("weather"), name("What the weather will be."), true, nil), skill("spotify", "Plays music.", false, object{"bins": []string{name("spogo")}, "env": []string{"SPOTIFY_TOKEN"}, "config": []string{}, "os": []string{}}, "primaryEnv", "SPOTIFY_TOKEN", "install", []object{{"id": "b", "kind": "brew", "label": name("Install spogo (brew)"), "bins": []string{"spogo"}}}),
			skill("notes", "Apple Notes.", false, object{"bins": []string{}, "env": []string{}, "config": []string{}, "os": []string{"darwin"}}, "disabled", true)}},
		"skills.update": object{"ok": true, "skillKey": "x", "config": object{}}, "skills.install": object{"ok": true, "message": "Installed", "stdout": "", "stderr": "", "code": 0},
		"models.status": object{"ts": ago(0), "chosen": []object{{"use": "agent", "model": name("anthropic/claude-opus-4-5")}, {"use": "fallback 1", "model": "ollama/qwen3", "error": name("connection refused")}},
			"providers": []object{{"provider": "anthropic", "api": "anthropic-messages", "baseUrl": "https://api.anthropic.com", "source": "env ANTHROPIC_API_KEY", "models": 9}, {"provider": "ollama", "api": "openai-completions", "baseUrl": name("http://127.0.0.1:11434/v1"), "source": "none needed", "problem": name("connection refused"), "models": 0}}},
		"models.scan": object{"providers": []object{{"provider": "anthropic", "ok": true, "latencyMs": 12, "models": []object{}}}}, "models.probe": object{"model": "x", "ok": true, "latencyMs": 812, "tools": "yes"},
		"sessions.compact": object{"ok": true}, "sessions.reset": object{"ok": true}, "sessions.delete": object{"ok": true},
		"usage.status":        usage(name),
		"exec.approvals.list": object{"ts": ago(0), "pending": []object{}, "allowed": []object{}},
		"outbox.list": object{"items": []object{
			{"id": 7, "key": "run:r7#0", "account": "telegram", "surface": "telegram", "chat": name("-100421"), "runId": "r7", "state": "failed", "attempts": 3, "reason": name("Bad Request: chat not found"), "createdAt": ago(time.Hour), "updatedAt": ago(50 * time.Minute)},
			{"id": 8, "account": "whatsapp", "surface": "whatsapp", "chat": "+31600000000", "state": "ambiguous", "attempts": 1, "reason": "connection reset while the answer was awaited", "createdAt": ago(9 * time.Minute), "updatedAt": ago(9 * time.Minute)},
			{"id": 9, "account": "telegram", "surface": "telegram", "chat": "-100421", "state": "queued", "attempts": 2, "nextAt": now.Add(20 * time.Second).UnixMilli(), "createdAt": ago(time.Minute), "updatedAt": ago(time.Minute)},
			{"id": 6, "account": "slack", "surface": "slack", "chat": "C0ENG", "state": "sent", "attempts": 1, "createdAt": ago(3 * time.Hour), "updatedAt": ago(3 * time.Hour), "receipt": object{"messageId": "1736.0001"}},
		}},
		"outbox.show":  object{"item": object{"id": 7, "key": "run:r7#0", "account": "telegram", "surface": "telegram", "chat": "-100421", "state": "failed", "attempts": 3, "createdAt": ago(time.Hour), "updatedAt": ago(time.Hour), "preview": name("The backup ended at 02:14.")}},
		"outbox.retry": object{}, "outbox.drop": object{}, "providers.restart": object{}, "providers.stop": object{}, "providers.start": object{}, "pairing.approve": object{"ok": true},
		"why": object{"summary": name("Ada's message was answered; the answer failed: chat not found."), "candidates": []object{{"ref": "in:3", "what": "message", "preview": name("hi"), "at": ago(time.Hour)}},
			"inbound": []object{{"ref": "in:3", "account": "telegram", "surface": "telegram", "chat": name("-100421"), "messageId": name("311"), "senderName": name("Ada"), "preview": name("Is the backup complete?"), "receivedAt": ago(time.Hour), "state": "routed", "explanation": "It was let in: the sender is paired."}},
			"runs":    []object{{"id": "r7", "trigger": "inbound", "sessionKey": name("telegram:group:-100421"), "state": "done", "explanation": "It ended with an answer.", "acceptedAt": ago(time.Hour), "endedAt": ago(time.Hour), "model": name("claude-opus-4-5")}},
			"outbox":  []object{{"id": 7, "account": "telegram", "surface": "telegram", "chat": "-100421", "state": "failed", "attempts": 3, "reason": name("Bad Request: chat not found"), "createdAt": ago(time.Hour), "updatedAt": ago(50 * time.Minute)}}},
	})
}

// configSchema has a setting of each kind.
var configSchema = object{"type": "object", "properties": object{
	"agent": object{"type": "object", "properties": object{"model": object{"type": "string"}, "modelFallbacks": object{"type": "array", "items": object{"type": "string"}}, "maxConcurrent": object{"type": "integer", "minimum": 1, "default": 16}}},
	"telegram": object{"type": "object", "properties": object{"enabled": object{"type": "boolean", "default": true}, "botToken": object{"type": "string", "writeOnly": true}, "allowFrom": object{"type": "array", "items": object{"type": []string{"string", "integer"}}},
		"replyToMode": object{"type": "string", "enum": []string{"off", "first", "all"}, "default": "off"}, "groups": object{"type": "object", "additionalProperties": object{"type": "object"}}}},
	"gateway": object{"type": "object", "properties": object{"port": object{"type": "integer", "minimum": 1, "maximum": 65535, "default": 18789}, "reload": object{"type": "object", "properties": object{"debounceMs": object{"type": "integer", "default": 300}}}}},
}}

// usage is what models have taken in the last weeks.
func usage(name func(string) string) object {
	used := func(n int, usd float64) object {
		return object{"runs": n, "requests": 3 * n, "tokens": 9000 * n, "input": 8000 * n, "output": 1000 * n, "cacheRead": 4000 * n, "cacheWrite": 0, "costUsd": usd, "unpricedTokens": 0}
	}
	days := []object{}
	for i, n := range []int{7, 3, 0, 12, 9, 4, 2, 8, 11, 5} {
		days = append(days, object{"day": time.Date(2026, 1, 4-i, 12, 0, 0, 0, time.UTC).Format(time.DateOnly), "used": used(n, float64(n)*0.21)})
	}
	trigger := func(which string, n int, more object) object {
		o := object{"trigger": which, "used": used(n, float64(n)*0.2), "runTokens": 0, "runCostUsd": 0, "dayTokens": 0, "dayCostUsd": 0}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	return object{"ts": 1, "day": "2026-01-05", "endsAt": time.Now().Add(9 * time.Hour).UnixMilli(), "total": used(6, 1.24), "days": days, "warnings": []string{name("agent.limits.hook.dayCostUsd does not hold: a model has no price")}, "models": []object{{"model": name("anthropic/claude-opus-4-5"), "used": used(6, 1.24)}},
		"triggers": []object{trigger("chat", 4, object{"dayCostUsd": 5}), trigger("cron", 2, object{"dayTokens": 18_000, "reached": object{"trigger": "cron", "scope": "day", "unit": "tokens", "used": 18_000, "limit": 18_000, "setting": name("agent.limits.cron.dayTokens"), "endsAt": time.Now().Add(9 * time.Hour).UnixMilli()}})}}
}

func skill(name, description string, eligible bool, missing object, more ...any) object {
	none := object{"bins": []string{}, "env": []string{}, "config": []string{}, "os": []string{}}
	if missing == nil {
		missing = none
	}
	s := object{"name": name, "description": description, "source": "bundled", "filePath": "~/skills/" + name + "/SKILL.md", "baseDir": "~/skills/" + name, "skillKey": name, "always": false, "disabled": false, "blockedByAllowlist": false,
		"eligible": eligible, "requirements": none, "missing": missing, "configChecks": []object{}, "install": []object{}}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return s
}

func quoted(v any) string {
	b, _ := json.Marshal(v) // plain data
	return string(b)
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
	view, _, _ := strings.Cut(name, "/")
	p.Wait(`document.querySelector('.view-body')?.dataset.view === '` + view + `'`)
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
	p.Wait(`document.querySelector('#composer').getBoundingClientRect().height > 30`)
	p.Send("g o is text here")
	p.WaitText("[data-role=assistant]", "g o is text here")
	// The chat is where it was, also when that is not its end.
	for i := range 60 {
		g.add("assistant", text(fmt.Sprintf("message %d", i)))
	}
	p.Reload()
	p.WaitLive()
	p.WaitText(".msg", "message 59")
	for _, at := range []string{"scrollHeight - s.clientHeight", "clientHeight"} {
		p.Eval(`(() => { const s = document.querySelector('#scroller'); s.scrollTop = Math.floor(s.`+at+`); window.was = s.scrollTop; })()`, nil)
		p.Wait(`document.querySelector('#scroller').scrollTop > 0`)
		p.Click(`#rail [data-view=skills]`)
		p.WaitText("#view .row", "weather")
		p.Click(`#rail [data-view=chat]`)
		p.Wait(`document.querySelector('#composer').checkVisibility() && Math.abs(document.querySelector('#scroller').scrollTop - window.was) < 4`)
	}
	// A chat that was loaded behind a view is at its end, like any other.
	visit(p, "skills", ".row", "weather")
	p.Reload()
	p.WaitLive()
	p.WaitText(".msg", "message 59")
	p.Click(`#rail [data-view=chat]`)
	p.Wait(`(({scrollTop, clientHeight, scrollHeight}) => scrollTop > 0 && scrollHeight - scrollTop - clientHeight < 4)(document.querySelector('#scroller'))`)
	p.Eval(`location.hash = '#/nothing/of/the/kind'`, nil)
	p.Wait(`document.querySelector('#composer').checkVisibility()`)
	// After a gap the view reads again; by itself this one would in half a minute.
	visit(p, "skills", ".row", "weather")
	before := g.count("skills.status")
	g.emit("tick", object{"ts": 1}) // a page counts from the first that it sees
	g.skip(3)
	g.emit("tick", object{"ts": 1})
	g.wait("skills.status", before+1)
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
	p.Eval(`location.hash = '#/cron/j1'`, nil)
	p.WaitText("#view td", "window.pwned")
	p.Eval(`location.hash = '#/outbox/why/' + encodeURIComponent('<img src=x onerror="window.pwned=1">')`, nil)
	p.WaitText(".step", "window.pwned")
	checkNothingRan(t, p)
}
