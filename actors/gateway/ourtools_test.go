package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/transport/wire"
)

// use has the built-in runner call a tool, in a session, and gives what the chat then says.
func (s *socket) use(session, tool, args string) string {
	s.t.Helper()
	key := uuid.NewString()
	s.mu.Lock()
	from := len(s.frames)
	s.mu.Unlock()
	s.send(key, "chat.send", wire.ChatSendParams{SessionKey: session, Message: "!tool " + tool + " " + args, IdempotencyKey: key})
	_, f := s.wait("the end of !tool "+tool, from, chatEnd(session, key))
	return f.raw
}

// chatEnd matches the chat event that ends a run; run "" = any of the session.
func chatEnd(session, run string) func(frame) bool {
	return func(f frame) bool {
		var e wire.ChatEvent
		return f.Event == wire.EventChat && wire.Unmarshal(f.Payload, &e) == nil && e.SessionKey == session && (run == "" || e.RunID == run) &&
			(e.State == wire.ChatFinal || e.State == wire.ChatError)
	}
}

// reported finds the end of the turn that was told of a sub-agent.
func (s *socket) reported(session, text string) frame {
	s.t.Helper()
	_, f := s.wait("the report "+text, 0, func(f frame) bool { return chatEnd(session, "")(f) && strings.Contains(f.raw, "[Sub-agent "+text) })
	return f
}

// lines are the messages of a session that contain a text.
func (s *socket) lines(session, text string) (n int) {
	s.t.Helper()
	var h wire.ChatHistoryResult
	s.ok("chat.history", wire.ChatHistoryParams{SessionKey: session}, &h)
	for _, m := range h.Messages {
		if strings.Contains(string(m), `"role":"user"`) && strings.Contains(string(m), text) {
			n++
		}
	}
	return n
}

func has(t *testing.T, what, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("%s: %s\nwant %q in it", what, cut(got), want)
	}
}

// TestSpawn: a sub-agent works in a session of its own with the caller's rights, its end is told once, and it has none itself.
func TestSpawn(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	c := dial(t, s.start(t).URL())
	has(t, "spawn", c.use("main", "sessions_spawn", `{"task":"!tool health {}","label":"doctor"}`), `\"status\":\"accepted\"`)
	has(t, "the report", c.reported("main", "doctor has done its task]").raw, `heartbeatSeconds`)
	if n := c.lines("main", "[Sub-agent doctor has done its task]"); n != 1 {
		t.Errorf("told %d times", n)
	}
	has(t, "the list", c.ok("sessions.list", nil, nil).raw, `"key":"agent:sub:`)

	c.use("main", "sessions_spawn", `{"task":"!tool sessions_spawn {\"task\":\"x\"}","label":"boss"}`)
	has(t, "a sub-agent of a sub-agent", c.reported("main", "boss has done its task]").raw, "a sub-agent has no sub-agents")
	has(t, "a bad model", c.use("main", "sessions_spawn", `{"task":"x","model":"a/"}`), "model")
	has(t, "bad arguments", c.use("main", "sessions_spawn", `{"job":"x"}`), `task is missing; unknown argument`)
}

// TestSpawn_bounds: there are at most eight at work, and each can be stopped by the session that asked, and by no other.
func TestSpawn_bounds(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{}.start(t).URL())
	for i := range 8 {
		has(t, "spawn", c.use("main", "sessions_spawn", fmt.Sprintf(`{"task":"!sleep 1h","label":"n%d"}`, i)), "accepted")
	}
	has(t, "the ninth", c.use("main", "sessions_spawn", `{"task":"!sleep 1h"}`), "8 sub-agents are at work")
	f := c.use("main", "subagents", `{"action":"list"}`)
	has(t, "the list", f, `\"label\":\"n7\"`)
	_, rest, _ := strings.Cut(f, `\"id\":\"`)
	id, _, _ := strings.Cut(rest, `\"`)
	has(t, "stop by another", c.use("other", "subagents", `{"action":"stop","id":"`+id+`"}`), "no sub-agent of this conversation")
	has(t, "stop", c.use("main", "subagents", `{"action":"stop","id":"`+id+`"}`), `\"ok\":true`)
	c.reported("main", "n0 was stopped before its end]")
	has(t, "again", c.use("main", "subagents", `{"action":"stop","id":"`+id+`"}`), "no sub-agent of this conversation")
}

// TestSpawn_stop: what a stop of the gateway interrupts is told after the next start, once.
func TestSpawn_stop(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	c.use("main", "sessions_spawn", `{"task":"!sleep 1h","label":"slow"}`)
	stop(t, g)
	for range 2 {
		g, err := s.new(t)
		if err != nil {
			t.Fatal(err)
		}
		c := dial(t, g.URL())
		c.use("main", "session_status", "{}") // it comes behind the report
		if n := c.lines("main", "[Sub-agent slow has failed (Error: the gateway stopped"); n != 1 {
			t.Errorf("told %d times", n)
		}
		stop(t, g)
	}
}

// TestSessionsSend: another session's agent answers, also one that would have to wait for itself.
func TestSessionsSend(t *testing.T) {
	t.Parallel()
	s := setup{config: `{session: {agentToAgent: {maxPingPongTurns: 1}}}`}
	c := dial(t, s.start(t).URL())
	c.use("other", "session_status", "{}") // so that it is there
	has(t, "an answer", c.use("main", "sessions_send", `{"sessionKey":"other","message":"!say 1"}`), `\"status\":\"ok\",\"sessionKey\":\"other\",\"reply\":\"`)
	has(t, "no wait", c.use("main", "sessions_send", `{"sessionKey":"other","message":"hi","timeoutSeconds":0}`), `\"status\":\"accepted\"`)
	back := `!tool sessions_send {\"sessionKey\":\"main\",\"message\":\"and you?\"}`
	has(t, "one that waits", c.use("main", "sessions_send", `{"sessionKey":"other","message":"`+back+`"}`), "main waits for your answer")
	chain := `!tool sessions_send {\"sessionKey\":\"third\",\"message\":\"!tool sessions_send {\\\"sessionKey\\\":\\\"fourth\\\",\\\"message\\\":\\\"x\\\"}\"}`
	c.use("third", "session_status", "{}")
	c.use("fourth", "session_status", "{}")
	has(t, "a chain", c.use("main", "sessions_send", `{"sessionKey":"other","message":"`+chain+`"}`), "has come through 2 sessions already")
	has(t, "no chat", c.use("main", "sessions_send", `{"sessionKey":"other","message":"x","deliver":true}`), "no chat is known")
	has(t, "status", c.use("main", "session_status", "{}"), `Session: main, id `)
	has(t, "a reminder", c.use("main", "cron", `{"action":"add","job":{"name":"tea","schedule":{"kind":"at","at":"2099-01-01T00:00:00Z"},"payload":{"kind":"systemEvent","text":"tea"}}}`), `\"name\":\"tea\"`)
	has(t, "settings", c.use("main", "gateway", `{"action":"config.patch","patch":{"agent":{"thinkingDefault":"high"}}}`), `\"ok\":true`)
	c.until("config.get", `"thinkingDefault":"high"`)
}
