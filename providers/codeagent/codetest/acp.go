package codetest

import (
	"encoding/json"
	"fmt"
	"strings"
)

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
	Params struct {
		SessionID string `json:"sessionId"`
		Cwd       string `json:"cwd"`
		Prompt    []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"prompt"`
	} `json:"params"`
}

const session = "sess-1"

func (a *fake) acp(line []byte) {
	var r request
	if json.Unmarshal(line, &r) != nil {
		return
	}
	answer := func(v any) { a.say(object{"jsonrpc": "2.0", "id": r.ID, "result": v}) }
	switch r.Method {
	case "":
		a.answered(string(r.ID), r.Result)
	case "initialize":
		answer(object{
			"protocolVersion": 1, "agentInfo": object{"name": "fake", "version": "1"}, "authMethods": []any{object{"strange": true}},
			"agentCapabilities": object{"loadSession": true, "promptCapabilities": object{"image": true}},
		})
	case "session/new":
		answer(object{"sessionId": session, "modes": object{"currentModeId": "ask"}})
	case "session/load":
		if r.Params.SessionID != session {
			a.say(object{"jsonrpc": "2.0", "id": r.ID, "error": object{"code": -32603, "message": "no such session"}})
			return
		}
		for range 1500 { // the conversation before, all at once
			acpVoice{a}.text("of long ago ")
		}
		a.loaded = true
		answer(nil)
	case "session/prompt":
		a.stop = make(chan struct{})
		go a.prompt(r, answer)
	case "session/cancel":
		close(a.stop)
	default:
		a.say(object{"jsonrpc": "2.0", "id": r.ID, "error": object{"code": -32601, "message": "no such method"}})
	}
}

func (a *fake) prompt(r request, answer func(any)) {
	var texts []string
	for _, p := range r.Params.Prompt {
		if p.Type == "image" {
			p.Text = "a picture"
		}
		texts = append(texts, p.Text)
	}
	last := len(texts) - 1
	a.before = strings.Join(texts[:last], "|")
	v := acpVoice{a}
	v.update(object{"sessionUpdate": "news_of_tomorrow", "content": 7}) // what nobody knows yet
	a.say(object{"jsonrpc": "2.0", "method": "_ext/hello", "params": object{}})
	a.say(object{"jsonrpc": 2, "method": "session/update", "params": object{}}) // a mistake
	switch words := strings.Fields(texts[last]); {
	case len(words) > 1 && words[0] == "read":
		v.text(v.ask("fs/read_text_file", object{"sessionId": session, "path": words[1]}))
	case len(words) > 2 && words[0] == "write":
		v.text(v.ask("fs/write_text_file", object{"sessionId": session, "path": words[1], "content": words[2]}))
	case len(words) > 0 && (words[0] == "refusal" || words[0] == "cancelled" || words[0] == "max_tokens"):
		answer(object{"stopReason": words[0]})
		return
	case len(words) > 0 && words[0] == "terminal":
		v.text(v.ask("terminal/create", object{"sessionId": session, "command": "sh"}))
	default:
		a.act(v, texts[last])
	}
	v.update(object{"sessionUpdate": "usage_update", "used": 1234, "size": 200000, "cost": object{"amount": 0.25, "currency": "USD"}})
	select {
	case <-a.stop:
		answer(object{"stopReason": "cancelled"})
	default:
		answer(object{"stopReason": "end_turn", "usage": object{"inputTokens": 100, "outputTokens": 20, "cachedReadTokens": 30, "totalTokens": 150}})
	}
}

func (a *fake) answered(id string, result json.RawMessage) {
	a.mu.Lock()
	c := a.answers[id]
	delete(a.answers, id)
	a.mu.Unlock()
	if c != nil {
		c <- result
	}
}

type acpVoice struct{ a *fake }

func (v acpVoice) update(u object) {
	v.a.say(object{"jsonrpc": "2.0", "method": "session/update", "params": object{"sessionId": session, "update": u}})
}

func (v acpVoice) chunk(kind, s string) {
	v.update(object{"sessionUpdate": kind, "content": object{"type": "text", "text": s}})
}

func (v acpVoice) text(s string)    { v.chunk("agent_message_chunk", s) }
func (v acpVoice) thought(s string) { v.chunk("agent_thought_chunk", s) }

func (v acpVoice) call(id, kind string, args object) {
	// As some agents do: first that there is one, then what it is.
	v.update(object{"sessionUpdate": "tool_call", "toolCallId": id, "title": kind, "kind": kind, "status": "pending", "rawInput": object{}})
	v.update(object{"sessionUpdate": "tool_call_update", "toolCallId": id, "title": "to " + kind, "status": "in_progress", "rawInput": args})
}

func (v acpVoice) progress(id, s string) {
	v.update(object{"sessionUpdate": "tool_call_update", "toolCallId": id, "content": []object{{"type": "content", "content": object{"type": "text", "text": s}}}})
}

func (v acpVoice) result(id, s string, failed bool) {
	status := "completed"
	if failed {
		status = "failed"
	}
	v.update(object{"sessionUpdate": "tool_call_update", "toolCallId": id, "status": status, "rawOutput": s})
}

func (v acpVoice) plan(steps ...string) {
	var all []object
	for i, s := range steps {
		all = append(all, object{"content": s, "priority": "high", "status": map[bool]string{true: "in_progress", false: "pending"}[i == 0]})
	}
	v.update(object{"sessionUpdate": "plan", "entries": all})
}

// ask asks the client and returns its answer as it is.
func (v acpVoice) ask(method string, params object) string {
	c := make(chan json.RawMessage, 1)
	v.a.mu.Lock()
	v.a.asked++
	id := v.a.asked
	v.a.answers[fmt.Sprint(id)] = c
	v.a.mu.Unlock()
	v.a.say(object{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	select {
	case raw := <-c:
		if raw == nil {
			return "refused"
		}
		return string(raw)
	case <-v.a.stop:
		return "cancelled"
	}
}

func (v acpVoice) allowed(command string) bool {
	for range 3 {
		v.thought("may I?")
	}
	v.update(object{"sessionUpdate": "tool_call", "toolCallId": "ask", "title": "`" + command + "`", "kind": "execute", "status": "pending", "rawInput": object{"command": command}})
	got := v.ask("session/request_permission", object{
		"sessionId": session, "toolCall": object{"toolCallId": "ask"},
		"options": []object{
			{"optionId": "always", "name": "Always", "kind": "allow_always"}, {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
			{"optionId": "no", "name": "No", "kind": "reject_once"},
		},
	})
	yes := strings.Contains(got, `"optionId":"yes"`)
	v.result("ask", "it was asked", !yes)
	return yes
}
