package calls

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// bench is a gateway of which the tools see the method table only. What they ask is held against the protocol's schema.
type bench struct {
	t        *testing.T
	answers  map[string]string
	asked    []string
	messages []Message
	restarts chan string
	surfaces []Surface
	tools    tools.Source
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, restarts: make(chan string, 2), answers: map[string]string{
		"sessions.list": `{"ts":1,"path":"","count":4,"defaults":{"model":null,"contextTokens":null},"sessions":[
			{"key":"main","kind":"direct","updatedAt":5,"totalTokens":7},{"key":"telegram:group:-1","kind":"group","updatedAt":4,"displayName":"telegram:crew","totalTokens":0},
			{"key":"cron:j1","kind":"direct","updatedAt":3,"totalTokens":0},{"key":"agent:sub:x","kind":"direct","updatedAt":2,"totalTokens":0}]}`,
		"chat.history": `{"sessionKey":"main","thinkingLevel":"off","messages":[
			{"role":"user","content":[{"type":"text","text":"hi"}],"timestamp":1},
			{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"toolCall","id":"1","name":"x","arguments":{}}],"timestamp":2},
			{"role":"toolResult","content":[{"type":"text","text":"` + strings.Repeat("y", 5000) + `"}],"timestamp":3,"toolName":"x"},
			{"role":"assistant","content":[{"type":"text","text":"hello"},{"type":"image","data":"AAAA","mimeType":"image/png"}],"timestamp":4,"runId":"run-1"}]}`,
		"agent.wait": `{"runId":"run-1","status":"ok"}`,
	}}
	b.tools = Tools(Options{
		Call: func(_ context.Context, method string, params any) (wire.Raw, error) {
			raw, err := wire.Marshal(params)
			if err != nil {
				return nil, err
			}
			if err := wire.Validate(method, raw); err != nil {
				return nil, err
			}
			b.asked = append(b.asked, method+" "+string(raw))
			answer, ok := b.answers[method]
			if strings.HasPrefix(answer, "!") {
				return nil, &wire.Error{Code: "INVALID_REQUEST", Message: "invalid config", Details: wire.ConfigIssues{Issues: []wire.ConfigIssue{{Path: "agent.model", Message: answer[1:]}}}}
			}
			if !ok {
				answer = `{"ok":true}`
			}
			return wire.Raw(answer), nil
		},
		Ask: func(_ context.Context, m Message) (string, error) {
			b.messages = append(b.messages, m)
			return "run-1", nil
		},
		Turn:      func(context.Context) string { return "turn" },
		Exchanges: func() int { return 2 },
		Status:    func(_ context.Context, key string) (string, error) { return "Session: " + key, nil },
		Restart:   func(reason string) { b.restarts <- reason },
		Save:      func(_, name string, _ []byte) (string, error) { return "/media/" + name, nil },
		Surfaces:  func() []Surface { return b.surfaces },
		Perform: func(_ context.Context, surface string, args wire.Raw) (wire.Raw, error) {
			return wire.Raw(fmt.Sprintf(`{"surface":%q,"args":%s}`, surface, args)), nil
		},
	})
	return b
}

func (b *bench) find(name string) tools.Tool {
	b.t.Helper()
	for _, tool := range b.tools() {
		if tool.Name == name {
			return tool
		}
	}
	b.t.Fatalf("there is no tool %s", name)
	return tools.Tool{}
}

func (b *bench) run(name, args string) (string, error) {
	b.t.Helper()
	raw, err := b.find(name).Run(b.t.Context(), tools.Caller{RunID: "turn", SessionKey: "main", Operator: true}, wire.Raw(args))
	return string(raw), err
}

// expect runs a tool and looks into what it answers, and what it has asked the gateway.
func (b *bench) expect(name, args, want, asked string) {
	b.t.Helper()
	before := len(b.asked)
	got, err := b.run(name, args)
	if err != nil || !strings.Contains(got, want) {
		b.t.Errorf("%s %s: %s, %v; want %q", name, args, got, err, want)
	}
	if all := strings.Join(b.asked[before:], "\n"); !strings.Contains(all, asked) {
		b.t.Errorf("%s %s asked\n%s\nwant %q", name, args, all, asked)
	}
}

func (b *bench) refuses(name, args, want string) {
	b.t.Helper()
	if got, err := b.run(name, args); err == nil || !strings.Contains(err.Error(), want) {
		b.t.Errorf("%s %s: %s, %v; want an error with %q", name, args, got, err, want)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.expect("sessions_list", `{}`, `{"count":4,"sessions":[{"key":"main","kind":"main","updatedAt":5,"totalTokens":7}`, `sessions.list {"includeGlobal":true}`)
	b.expect("sessions_list", `{"kinds":["sub","group"],"limit":1}`, `"count":1,"sessions":[{"key":"telegram:group:-1","kind":"group"`, "")
	b.expect("sessions_list", `{"kinds":["sub"],"messageLimit":1}`, `"messages":[{"role":"assistant","content":[{"text":"hello","type":"text"}`, `chat.history {"sessionKey":"agent:sub:x","limit":4}`)
	b.refuses("sessions_list", `{"kinds":["people"]}`, "there are main, group")
	b.expect("sessions_history", `{"sessionKey":"main"}`, `{"mimeType":"image/png","omitted":true,"type":"image"}`, `chat.history {"sessionKey":"main","limit":200}`)
	got, _ := b.run("sessions_history", `{"sessionKey":"main"}`)
	for _, gone := range []string{"toolCall", "toolResult", "thinking", "AAAA"} {
		if strings.Contains(got, gone) {
			t.Errorf("the history has %s: %s", gone, got)
		}
	}
	b.expect("sessions_history", `{"sessionKey":"main","includeTools":true,"limit":2}`, "yyy…(truncated)", `"limit":2}`)
	b.refuses("sessions_history", `{"sessionKey":"crew"}`, "there is no session \"crew\"; there are telegram:group:-1")
	b.refuses("sessions_history", `{"sessionKey":"zzz"}`, "sessions_list shows")
	b.expect("session_status", `{}`, `Session: main`, "")
	b.expect("session_status", `{"sessionKey":"cron:j1"}`, `Session: cron:j1`, "sessions.list")
	b.refuses("session_status", `{"sessionKey":"nope"}`, "there is no session")
}

func TestSend(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.refuses("sessions_send", `{"sessionKey":"main","message":"x"}`, "that is this conversation")
	b.refuses("sessions_send", `{"sessionKey":"nope","message":"x"}`, "there is no session")
	b.refuses("sessions_send", `{"sessionKey":"cron:j1"}`, "message is missing")
	b.expect("sessions_send", `{"sessionKey":"cron:j1","message":"how far?"}`, `"status":"ok","sessionKey":"cron:j1","reply":"hello"}`, `agent.wait {"runId":"run-1","timeoutMs":30000}`)
	if m := b.messages[0]; m.To != "cron:j1" || m.Text != "how far?" || m.Deliver || !strings.Contains(m.System, "session main") {
		t.Errorf("asked %+v", m)
	}
	b.expect("sessions_send", `{"sessionKey":"cron:j1","message":"x","timeoutSeconds":0,"deliver":true}`, `"status":"accepted"`, "sessions.list")
	b.refuses("sessions_send", `{"sessionKey":"cron:j1","message":"x"}`, "which is the limit")
	b.answers["agent.wait"] = `{"runId":"run-1","status":"error","error":"Error: no"}`
	b.expect("sessions_send", `{"sessionKey":"agent:sub:x","message":"x","timeoutSeconds":1}`, `"status":"error","sessionKey":"agent:sub:x","error":"Error: no"}`, `"timeoutMs":1000`)
	b.expect("send", `{"channel":"telegram","to":"42","message":"hi","idempotencyKey":"k"}`, "ok", `send {"to":"42","message":"hi","provider":"telegram","idempotencyKey":"k"}`)
	b.refuses("send", `{"to":"42","message":"hi"}`, "channel is missing")
}

func TestCron(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.expect("cron", `{"action":"list","includeDisabled":true}`, "ok", `cron.list {"includeDisabled":true}`)
	b.expect("cron", `{"action":"status"}`, "ok", `cron.status {}`)
	b.expect("cron", `{"action":"add","job":{"name":"tea","schedule":{"kind":"at","at":"2026-12-24T18:00:00+01:00"},"payload":{"kind":"systemEvent","text":"tea"}}}`, "ok",
		`cron.add {"name":"tea","schedule":{"kind":"at","atMs":1798131600000},"sessionTarget":"main","wakeMode":"next-heartbeat","payload":{"kind":"systemEvent","text":"tea"}}`)
	b.expect("cron", `{"action":"add","job":{"name":"n","schedule":{"kind":"cron","expr":"0 9 * * *"},"payload":{"kind":"agentTurn","message":"m"},"wakeMode":"now"}}`, "ok",
		`"sessionTarget":"isolated","wakeMode":"now"`)
	b.expect("cron", `{"action":"update","id":"j","patch":{"enabled":false}}`, "ok", `cron.update {"id":"j","patch":{"enabled":false}}`)
	b.expect("cron", `{"action":"remove","id":"j"}`, "ok", `cron.remove {"id":"j"}`)
	b.expect("cron", `{"action":"run","id":"j"}`, "ok", `cron.run {"id":"j","mode":"force"}`)
	b.expect("cron", `{"action":"runs","id":"j"}`, "ok", `cron.runs {"id":"j","limit":20}`)
	b.expect("cron", `{"action":"wake","text":"up","mode":"now"}`, "ok", `wake {"mode":"now","text":"up"}`)
	for args, want := range map[string]string{
		`{"action":"fly"}`:                          "it can be status, list, add",
		`{"action":"add"}`:                          "add needs job",
		`{"action":"update","id":"j"}`:              "update needs patch",
		`{"action":"remove"}`:                       "remove needs id",
		`{"action":"wake"}`:                         "wake needs text",
		`{"action":"wake","text":"x","mode":"due"}`: "mode of wake",
		`{"action":"run","id":"j","mode":"now"}`:    "mode of run",
		`{"action":"add","job":{"name":"x","schedule":{"kind":"at","at":"tomorrow"},"payload":{"kind":"systemEvent","text":"x"}}}`: "no time with its zone",
		`{"action":"add","job":{"name":"x","schedule":{"kind":"moon"},"payload":{"kind":"systemEvent","text":"x"}}}`:               "job.schedule.kind",
		`{"action":"add","job":{"name":"x","schedule":{"kind":"at"},"payload":{"kind":"systemEvent","text":"x"}}}`:                 "invalid cron.add params",
	} {
		b.refuses("cron", args, want)
	}
	of := b.find("cron").Of
	for args, want := range map[string]tools.Group{
		`{"action":"list"}`: tools.GroupRead, `{"action":"add"}`: tools.GroupGateway, `{"action":"wake"}`: tools.GroupGateway, `{`: tools.GroupGateway, `{"ACTION":"list"}`: tools.GroupGateway,
	} {
		if got := of(wire.Raw(args)); got != want {
			t.Errorf("%s is %s", args, got)
		}
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.answers["config.get"] = `{"path":"c.json","exists":true,"raw":"","parsed":{"agent":{"model":"a/b","workspace":"w"},"gateway":{"auth":{"token":"__REDACTED__"}}},"valid":true,"config":{},"issues":[],"legacyIssues":[]}`
	b.answers["config.set"] = `{"ok":true,"path":"c.json","config":{}}`
	b.expect("gateway", `{"action":"config.get"}`, `"config":{"agent":{"model":"a/b","workspace":"w"}`, "config.get {}")
	b.expect("gateway", `{"action":"config.patch","patch":{"agent":{"model":null,"thinkingDefault":"low"},"cron":{"enabled":false}}}`, `{"ok":true,"path":"c.json"}`,
		`config.set {"raw":"{\"agent\":{\"thinkingDefault\":\"low\",\"workspace\":\"w\"},\"cron\":{\"enabled\":false},\"gateway\":{\"auth\":{\"token\":\"__REDACTED__\"}}}"}`)
	b.expect("gateway", `{"action":"config.apply","config":{"agent":{}}}`, `"ok":true`, `config.set {"raw":"{\"agent\":{}}"}`)
	b.answers["config.set"] = "!must be a text"
	b.refuses("gateway", `{"action":"config.apply","config":{"agent":{"model":1}}}`, "agent.model: must be a text")
	b.refuses("gateway", `{"action":"config.patch"}`, "config.patch needs patch")
	b.refuses("gateway", `{"action":"config.apply"}`, "config.apply needs config")
	b.refuses("gateway", `{"action":"config.apply","config":"{}"}`, "config must be an object")
	b.refuses("gateway", `{"action":"stop"}`, "it can be status, config.get")
	if g := b.find("gateway").Group; g != tools.GroupGateway {
		t.Errorf("gateway is %s", g)
	}
}

func TestGateway_restart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.expect("gateway", `{"action":"restart","reason":"new key"}`, `{"ok":true,"restartInMs":2000}`, "")
		time.Sleep(1900 * time.Millisecond)
		synctest.Wait()
		if len(b.restarts) > 0 {
			t.Error("restarted at once")
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if len(b.restarts) != 1 {
			t.Fatalf("restarted %d times", len(b.restarts))
		}
		if reason := <-b.restarts; !strings.Contains(reason, "new key") {
			t.Errorf("reason %q", reason)
		}
	})
}

func TestSurfaces(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.surfaces = []Surface{
		{Name: "telegram", Actions: []string{"react", "poll"}, Several: true, Params: struct {
			To      string   `json:"to" doc:"chat"`
			Answers []string `json:"answers"`
		}{}},
		{Name: "whatsapp"},
	}
	schema := string(b.find("telegram").Schema)
	if want := `"properties":{"action":{"type":"string","enum":["react","poll"]},"account":{"type":"string","description":"which account; the first unless said"},"to":{"type":"string","description":"chat"},"answers":{"type":"array","items":{"type":"string"}}},"required":["action"],"additionalProperties":false}`; !strings.Contains(schema, want) {
		t.Errorf("schema %s", schema)
	}
	b.expect("telegram", `{"action":"react","account":"work","to":"1"}`, `{"surface":"telegram","args":{"action":"react","account":"work","to":"1"}}`, "")
	b.refuses("telegram", `{"action":"kick"}`, "there are react, poll")
	b.refuses("telegram", `{}`, "action is missing")
	b.refuses("telegram", `{"action":"poll","answers":"a"}`, "answers must be a list")
	b.refuses("telegram", `{"action":"poll","question":"a"}`, `unknown argument "question"`)
	b.answers["web.login.start"] = `{"message":"scan","qrDataUrl":"data:image/png;base64,AAAA"}`
	b.expect("whatsapp_login", `{"action":"start","force":true}`, `{"content":[{"text":"scan\nMEDIA:/media/whatsapp-login.png","type":"text"},{"data":"AAAA","mimeType":"image/png","type":"image"}]}`, `web.login.start {"force":true}`)
	b.expect("whatsapp_login", `{"action":"wait","timeoutMs":5}`, `ok`, `web.login.wait {"timeoutMs":5}`)
	b.surfaces = nil
	for _, tool := range b.tools() {
		if tool.Name == "telegram" || tool.Name == "whatsapp_login" {
			t.Errorf("%s is there without an account", tool.Name)
		}
	}
}
