package codetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const piSession = "/sessions/one.jsonl"

func (a *fake) pi(line []byte) {
	var c struct {
		ID, Type, Message, SessionPath, Level string
		Images                                []object
		Confirmed                             bool
	}
	if json.Unmarshal(line, &c) != nil {
		return
	}
	answer := func(data object) {
		a.say(object{"id": c.ID, "type": "response", "command": c.Type, "success": true, "data": data})
	}
	switch c.Type {
	case "switch_session":
		if c.SessionPath != piSession {
			a.say(object{"id": c.ID, "type": "response", "command": c.Type, "success": false, "error": "no such session"})
			return
		}
		a.loaded = true
		answer(object{"cancelled": false})
	case "get_state":
		answer(object{"sessionFile": piSession, "isStreaming": a.busy.Load(), "isCompacting": false, "pendingMessageCount": 0})
	case "set_thinking_level":
		a.say(object{"id": c.ID, "type": "response", "command": c.Type, "success": false, "error": "the model does not think"})
	case "extension_ui_response":
		a.answered(c.ID, json.RawMessage(fmt.Sprint(c.Confirmed)))
	case "abort":
		close(a.stop)
		answer(nil)
	case "prompt":
		a.busy.Store(true)
		a.stop = make(chan struct{})
		answer(nil)
		go a.turn(c.Message, len(c.Images))
	}
}

func (a *fake) turn(message string, images int) {
	a.before = ""
	if i := strings.LastIndex(message, "\n\n"); i >= 0 {
		a.before, message = message[:i], message[i+2:]
	}
	if images > 0 {
		message += " and a picture"
	}
	v := piVoice{a}
	a.say(object{"type": "agent_start"})
	if strings.HasPrefix(message, "retry") {
		v.end("error", "overloaded")
		a.say(object{"type": "agent_end", "willRetry": true})
		a.say(object{"type": "auto_retry_start", "attempt": 1})
		<-time.After(100 * time.Millisecond)
		a.say(object{"type": "agent_start"})
	}
	if message == "fail" {
		v.end("error", "the model is asleep")
	} else {
		a.say(object{"type": "extension_ui_request", "id": "n", "method": "notify", "message": "hello"})
		a.act(v, message)
		v.end("stop", "")
	}
	if strings.HasPrefix(message, "retry") {
		a.say(object{"type": "auto_retry_end", "success": true, "attempt": 1})
		<-time.After(100 * time.Millisecond)
	}
	a.busy.Store(false)
	a.say(object{"type": "agent_end", "messages": []any{}})
}

type piVoice struct{ a *fake }

func (v piVoice) end(stop, problem string) {
	v.a.say(object{"type": "message_end", "message": object{
		"role": "assistant", "content": []any{}, "stopReason": stop, "errorMessage": problem,
		"usage": object{"input": 100, "output": 20, "cacheRead": 30, "cacheWrite": 0, "cost": object{"total": 0.25}},
	}})
}

func (v piVoice) delta(kind, s string) {
	v.a.say(object{"type": "message_update", "message": object{"role": "assistant"}, "assistantMessageEvent": object{"type": kind, "delta": s}})
}

func (v piVoice) text(s string)    { v.delta("text_delta", s) }
func (v piVoice) thought(s string) { v.delta("thinking_delta", s) }
func (v piVoice) plan(...string)   {}

func (v piVoice) call(id, name string, args object) {
	v.a.say(object{"type": "tool_execution_start", "toolCallId": id, "toolName": name, "args": args})
}

func (v piVoice) progress(id, s string) {
	v.a.say(object{"type": "tool_execution_update", "toolCallId": id, "toolName": "x", "partialResult": object{"content": []object{{"type": "text", "text": s}}}})
}

func (v piVoice) result(id, s string, failed bool) {
	v.a.say(object{"type": "tool_execution_end", "toolCallId": id, "toolName": "x", "result": object{"content": []object{{"type": "text", "text": s}}}, "isError": failed})
}

func (v piVoice) allowed(command string) bool {
	c := make(chan json.RawMessage, 1)
	v.a.mu.Lock()
	v.a.answers["q"] = c
	v.a.mu.Unlock()
	v.a.say(object{"type": "extension_ui_request", "id": "q", "method": "confirm", "title": "Run it?", "message": command})
	return string(<-c) == "true"
}
