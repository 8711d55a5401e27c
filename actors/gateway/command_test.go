package gateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

// scribe is a runner that keeps its turns and answers with what the person wrote. "wait" takes until it is stopped.
type scribe struct{ turns chan agent.Turn }

func (s scribe) Run(ctx context.Context, t agent.Turn, _ agent.Output) (agent.Answer, error) {
	s.turns <- t
	if strings.HasPrefix(t.Plain, "wait ") {
		<-ctx.Done()
		return agent.Answer{}, context.Cause(ctx)
	}
	if t.Plain == "NO_REPLY" {
		return agent.Answer{Text: "NO_REPLY"}, nil
	}
	return agent.Answer{Text: "heard: " + t.Plain}, nil
}

// talk is a conversation with a gateway over the fake platform. Person 77 is known there, 88 is not.
type talk struct {
	*testing.T
	fake  *telegramfake.Server
	g     *gateway.Gateway
	setup setup
	turns chan agent.Turn
	heard int // answers that were looked at
}

const self = "@clawd_test_bot"

// newTalk starts a gateway whose config has more in it.
func newTalk(t *testing.T, more string) *talk {
	t.Helper()
	fake := telegramfake.Start(t, telegramfake.Options{Username: strings.TrimPrefix(self, "@")})
	k := &talk{T: t, fake: fake, turns: make(chan agent.Turn, 100)}
	k.setup = setup{
		dir:    t.TempDir(),
		config: fmt.Sprintf(`{telegram: {botToken: %q, allowFrom: [77]}, dev: {endpoints: {telegram: %q}}, %s}`, fake.Token(), fake.URL(), more),
		options: func(o *gateway.Options) {
			o.Providers = []providers.Factory{telegram.Factory()}
			o.Runner = scribe{k.turns}
		},
	}
	var err error
	if k.g, err = k.setup.new(t); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, k.g) })
	return k
}

// again is a gateway on the same state: a restart.
func (k *talk) again() {
	k.Helper()
	stop(k, k.g)
	g, err := k.setup.new(k)
	if err != nil {
		k.Fatal(err)
	}
	k.g = g
}

// hear waits for the next answer.
func (k *talk) hear() telegramfake.Sent {
	k.Helper()
	sent, err := k.fake.WaitSent(deadline(k), k.heard+1)
	if err != nil {
		k.Fatalf("no answer came: %v", err)
	}
	k.heard++
	return sent[k.heard-1]
}

// ask sends a message of the known person and returns the answer.
func (k *talk) ask(text string) string {
	k.Helper()
	k.fake.Push(telegramfake.Direct(77, text))
	s := k.hear()
	if s.Chat != "77" {
		k.Errorf("%q was answered in chat %s: %q", text, s.Chat, s.Text)
	}
	return s.Text
}

// want asks, and compares the answer.
func (k *talk) want(text, answer string) {
	k.Helper()
	if got := k.ask(text); got != answer {
		k.Errorf("%q: %q, want %q", text, got, answer)
	}
}

// turn is the agent's next turn.
func (k *talk) turn() agent.Turn {
	k.Helper()
	select {
	case t := <-k.turns:
		return t
	case <-deadline(k).Done():
		k.Fatal("no turn came")
	}
	return agent.Turn{}
}

// entry is what is kept of a session.
func (k *talk) entry(key string) (e wire.SessionEntry) {
	k.Helper()
	var r wire.SessionsPatchResult
	if err := k.g.Call(deadline(k), "sessions.patch", map[string]any{"key": key}, &r); err != nil {
		k.Fatal(err)
	}
	return r.Entry
}

// TestCommand_direct goes through directives and commands in a direct chat, with restarts between: what was set stays.
func TestCommand_direct(t *testing.T) {
	t.Parallel()
	k := newTalk(t, `agent: {thinkingDefault: "low", elevated: {allowFrom: {telegram: [77]}}}`)

	k.want("hello", "heard: hello")
	if turn := k.turn(); turn.Thinking != "low" || !strings.HasSuffix(turn.Message, "] hello\n[message_id: 1]") || len(turn.Notes) != 0 {
		t.Errorf("the first turn: %+v", turn)
	}
	k.want("/think high", "Thinking level set to high.")
	k.want("/v on", "Verbose set to on.")
	k.want("/elevated off", "Elevated set to off.")
	k.want("/model opus", "Model set to anthropic/claude-opus-4-5.")
	k.want("/queue followup cap:3", "Queue: followup, debounce 1000 ms, cap 3, drop summarize.")
	k.again()
	for _, part := range []string{"Agent: anthropic/claude-opus-4-5, thinking high\n", "verbose on, elevated off, queue followup\n", "Session: main, scope per sender", "telegram: "} {
		if got := k.ask("status"); !strings.Contains(got, part) {
			t.Errorf("status lacks %q:\n%s", part, got)
		}
	}
	e := k.entry("main")
	if e.ThinkingLevel != "high" || e.VerboseLevel != "on" || e.ElevatedLevel != "off" || e.ModelOverride != "claude-opus-4-5" ||
		e.ProviderOverride != "anthropic" || e.QueueMode != "followup" || *e.QueueCap != 3 {
		t.Errorf("entry %+v", e)
	}
	if len(k.turns) > 0 {
		t.Errorf("a command reached the agent: %+v", <-k.turns)
	}

	k.want("what /think minimal now?", "heard: what now?")
	turn := k.turn()
	if turn.Thinking != "minimal" || turn.Model != "anthropic/claude-opus-4-5" || !slices.Equal(turn.Notes, []string{"Model switched to anthropic/claude-opus-4-5."}) {
		t.Errorf("a turn with a directive: %+v", turn)
	}
	k.want("and later", "heard: and later")
	if turn := k.turn(); turn.Thinking != "minimal" || len(turn.Notes) != 0 {
		t.Errorf("the turn after it: %+v", turn)
	}
	k.want("/think off", "Thinking level is no longer set for this session; the configuration says low.")
	k.want("/think nonsense", `There is no thinking level "nonsense". Levels: off, minimal, low, medium, high.`)
	k.want("/queue reset", "Queue: collect, debounce 1000 ms, cap 20, drop summarize.")
	if e := k.entry("main"); e.ThinkingLevel != "" || e.QueueMode != "" || e.QueueCap != nil {
		t.Errorf("entry %+v", e)
	}
	k.want("/activation always", "Activation is a setting of groups.")
}

// TestCommand_thinkingOfRuns: a session's level reaches every kind of run, unless the call names another.
func TestCommand_thinkingOfRuns(t *testing.T) {
	t.Parallel()
	k := newTalk(t, "")
	k.want("/think medium", "Thinking level set to medium.")
	for name, tt := range map[string]struct {
		method string
		params map[string]any
		want   string
	}{
		"agent":            {"agent", map[string]any{"message": "a", "sessionKey": "main", "idempotencyKey": "1"}, "medium"},
		"agent, own":       {"agent", map[string]any{"message": "a", "sessionKey": "main", "idempotencyKey": "2", "thinking": "max"}, "high"},
		"agent, off":       {"agent", map[string]any{"message": "a", "sessionKey": "main", "idempotencyKey": "3", "thinking": "off"}, "off"},
		"chat.send":        {"chat.send", map[string]any{"message": "a", "sessionKey": "main", "idempotencyKey": "4"}, "medium"},
		"another session":  {"agent", map[string]any{"message": "a", "sessionKey": "other", "idempotencyKey": "5"}, "off"},
		"session of a job": {"agent", map[string]any{"message": "a", "sessionKey": "cron:x", "idempotencyKey": "6"}, "off"},
	} {
		if err := k.g.Call(deadline(k), tt.method, tt.params, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if turn := k.turn(); turn.Thinking != tt.want {
			t.Errorf("%s: thinking %q, want %q", name, turn.Thinking, tt.want)
		}
	}
	var job wire.CronJob
	if err := k.g.Call(deadline(k), "cron.add", map[string]any{
		"name": "n", "schedule": map[string]any{"kind": "every", "everyMs": 3600000}, "sessionTarget": "isolated", "wakeMode": "now",
		"payload": map[string]any{"kind": "agentTurn", "message": "a"},
	}, &job); err != nil {
		t.Fatal(err)
	}
	if err := k.g.Call(deadline(k), "sessions.patch", map[string]any{"key": "cron:" + job.ID, "thinkingLevel": "minimal"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := k.g.Call(deadline(k), "cron.run", map[string]any{"id": job.ID, "mode": "force"}, nil); err != nil {
		t.Fatal(err)
	}
	if turn := k.turn(); turn.Thinking != "minimal" {
		t.Errorf("job: thinking %q", turn.Thinking)
	}
}

// TestCommand_reset: a reset trigger begins a new session under the same key, and the old transcript stays.
func TestCommand_reset(t *testing.T) {
	t.Parallel()
	k := newTalk(t, `session: {resetTriggers: ["/new", "fresh start"]}`)
	k.want("/think high one", "heard: one")
	first := k.turn()
	k.want("/new two", "heard: two")
	second := k.turn()
	k.again()
	k.want("Fresh Start", "heard: Fresh Start")
	third := k.turn()
	k.want("/reset", "heard: /reset") // is no trigger here
	fourth := k.turn()

	if first.SessionID == second.SessionID || second.SessionID == third.SessionID || third.SessionID != fourth.SessionID {
		t.Errorf("session ids %s, %s, %s, %s", first.SessionID, second.SessionID, third.SessionID, fourth.SessionID)
	}
	if second.Thinking != "high" || len(second.History) != 0 || !strings.Contains(third.Message, "Greet") || len(fourth.History) != 2 {
		t.Errorf("turns %+v\n%+v\n%+v", second, third, fourth)
	}
	stop(t, k.g)
	fill(t, k.setup.dir, func(tx *store.Tx) error {
		for _, id := range []string{first.SessionID, second.SessionID} {
			if lines, err := tx.History(id, 10); err != nil || len(lines) != 2 {
				t.Errorf("transcript of %s: %d lines, %v", id, len(lines), err)
			}
		}
		return nil
	})
}

// TestCommand_group: a group has a session of its own, whose activation decides who is listened to.
func TestCommand_group(t *testing.T) {
	t.Parallel()
	const chat, key = -500, "telegram:group:-500"
	k := newTalk(t, "")
	in := func(from int64, text, answer string) {
		t.Helper()
		k.fake.Push(telegramfake.Group(chat, from, text))
		if answer == "" {
			return // what follows is answered before anything that this could bring
		}
		if s := k.hear(); s.Text != answer || s.Chat != fmt.Sprint(chat) {
			t.Errorf("%q: %q in %s, want %q", text, s.Text, s.Chat, answer)
		}
	}
	in(77, "nobody in particular", "")
	in(77, self+" hello", "heard: "+self+" hello")
	if turn := k.turn(); turn.SessionKey != key || !strings.Contains(turn.System, "only when somebody addresses you") {
		t.Errorf("the first turn of a group: %+v", turn)
	}
	in(77, "/think high", "Thinking level set to high.") // a command needs no mention
	in(88, "/think low", "")                             // except from a stranger
	in(88, self+" /think low", "heard: "+self+" /think low")
	if turn := k.turn(); turn.Thinking != "high" || turn.System != "" {
		t.Errorf("a stranger's turn: %+v", turn)
	}
	in(88, "/activation always", "")
	in(77, "/activation"+self+" always", "Group activation set to always.")
	k.again()
	in(88, "anybody", "heard: anybody")
	if turn := k.turn(); !strings.Contains(turn.System, "NO_REPLY") {
		t.Errorf("the first turn of an active group: %+v", turn)
	}
	in(77, "NO_REPLY", "")
	k.turn()
	in(77, "activation", "Group activation: always. Use /activation mention or /activation always.")
	before := k.entry(key)
	in(77, "/activation mention", "Group activation set to mention.")
	in(77, "still there?", "")
	in(77, self+" /new", "heard: "+self+" /new")
	if turn := k.turn(); turn.SessionID == before.SessionID || turn.System == "" || turn.Thinking != "high" {
		t.Errorf("a new turn: %+v", turn)
	}
	if e := k.entry(key); before.GroupActivation != "always" || e.ChatType != "group" || e.Surface != "telegram" || e.Subject == "" {
		t.Errorf("entry %+v, before %+v", e, before)
	}
	if e := k.entry("main"); e.ThinkingLevel != "" {
		t.Errorf("the direct chat's entry %+v", e)
	}
}

// TestCommand_strangers: who is not known cannot give commands, and is not told what they would do.
func TestCommand_strangers(t *testing.T) {
	t.Parallel()
	k := newTalk(t, "")
	k.fake.Push(telegramfake.Direct(88, "/think high"), telegramfake.Direct(88, "/new"), telegramfake.Direct(88, "stop"), telegramfake.Direct(88, "/restart"))
	k.want("/think", "Thinking level: off. Levels: off, minimal, low, medium, high.")
	k.fake.Push(telegramfake.Group(-5, 88, self+" /elevated on /new"))
	if s := k.hear(); s.Text != "heard: "+self+" /elevated on /new" {
		t.Errorf("answer %q", s.Text)
	}
	select {
	case why := <-k.g.Restarts():
		t.Errorf("a stranger restarts the gateway: %s", why)
	default:
	}
}

// TestCommand_model: with a list of allowed models, only those can be chosen.
func TestCommand_model(t *testing.T) {
	t.Parallel()
	k := newTalk(t, `models: {mode: "replace", providers: {local: {baseUrl: "http://127.0.0.1:1/v1", models: [{id: "small"}, {id: "big"}]}}},
		agent: {allowedModels: ["local/small"], modelAliases: {S: "local/small"}}`)
	k.want("/model", "Model: builtin. Models that may be chosen with /model:\n• builtin (default)\n• local/small")
	k.want("/model local/big", "model not allowed: local/big. /model lists what may be chosen.")
	k.want("hello /model local/big", "model not allowed: local/big. /model lists what may be chosen.")
	k.want("which /model are you", "heard: which /model are you")
	if turn := k.turn(); turn.Model != "builtin" || len(turn.Notes) != 0 {
		t.Errorf("turn %+v", turn)
	}
	k.want("/model s", "Model set to local/small.")
	k.again()
	k.want("hello", "heard: hello")
	if turn := k.turn(); turn.Model != "local/small" || !slices.Equal(turn.Notes, []string{"Model switched to local/small."}) {
		t.Errorf("turn %+v", turn)
	}
	k.setup.config = strings.Replace(k.setup.config, `["local/small"]`, `["local/big"]`, 1)
	k.again()
	k.want("hello", "heard: hello") // with a model that is not allowed any more
	if turn := k.turn(); turn.Model != "builtin" {
		t.Errorf("turn %+v", turn)
	}
	if e := k.entry("main"); e.ModelOverride != "" || e.ProviderOverride != "" {
		t.Errorf("entry %+v", e)
	}
	k.want("/model local/big", "Model set to local/big.")
	k.want("/model builtin hello", "heard: hello")
	if turn := k.turn(); turn.Model != "builtin" {
		t.Errorf("turn %+v", turn)
	}
	if e := k.entry("main"); e.ModelOverride != "" || e.ProviderOverride != "" {
		t.Errorf("entry %+v", e)
	}
}

// TestCommand_elevated: a known person who is not on the list of those who may.
func TestCommand_elevated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ config, answer string }{
		"nobody":       {"", "Elevated mode is not available to you here."},
		"switched off": {`agent: {elevated: {enabled: false, allowFrom: {telegram: ["*"]}}}`, "Elevated mode is not available to you here."},
		"another":      {`agent: {elevated: {allowFrom: {telegram: ["78"], slack: ["*"]}}}`, "Elevated mode is not available to you here."},
		"listed":       {`agent: {elevated: {allowFrom: {telegram: ["telegram:77"]}}}`, "Elevated set to on."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newTalk(t, tt.config).want("/elevated on", tt.answer)
		})
	}
}

// TestCommand_sendPolicy: a denied session is not answered, but takes commands.
func TestCommand_sendPolicy(t *testing.T) {
	t.Parallel()
	k := newTalk(t, "")
	k.want("/send off", "Send policy of this session set to off.")
	k.fake.Push(telegramfake.Direct(77, "hello?"))
	k.again()
	k.fake.Push(telegramfake.Direct(77, "still nothing?"))
	k.want("/send", "Send policy of this session: off. Use /send on, /send off or /send inherit.")
	k.want("/send inherit", "Send policy of this session set to inherit.")
	k.want("hello", "heard: hello")
	if first := k.turn(); first.Plain != "hello" {
		t.Errorf("a denied message had a turn: %+v", first)
	}

	k = newTalk(t, `session: {sendPolicy: {rules: [{action: "deny", match: {surface: "telegram", chatType: "direct"}}]}}`)
	k.fake.Push(telegramfake.Direct(77, "hello?"))
	k.fake.Push(telegramfake.Group(-5, 77, self+" and here?"))
	if s := k.hear(); s.Chat != "-5" {
		t.Errorf("answer in %s: %q", s.Chat, s.Text)
	}
	k.want("/send on", "Send policy of this session set to on.")
	k.want("hello", "heard: hello")
}

// TestCommand_stop: a stop word ends the run, and the next turn is told so, once.
func TestCommand_stop(t *testing.T) {
	t.Parallel()
	k := newTalk(t, "")
	k.fake.Push(telegramfake.Direct(77, "wait for me"))
	k.turn()
	k.want("stop", "Stopped.")
	if e := k.entry("main"); e.AbortedLastRun == nil || !*e.AbortedLastRun {
		t.Errorf("entry %+v", e)
	}
	k.again()
	k.want("go on", "heard: go on")
	if turn := k.turn(); !strings.HasPrefix(turn.Message, "Note: the person stopped your last run") {
		t.Errorf("the turn after it: %q", turn.Message)
	}
	k.want("and on", "heard: and on")
	if turn := k.turn(); !strings.HasPrefix(turn.Message, "[Telegram ") {
		t.Errorf("the second turn after it: %q", turn.Message)
	}
}

// TestCommand_restart: the gateway starts anew because somebody wrote so, and says so once.
func TestCommand_restart(t *testing.T) {
	t.Parallel()
	k := newTalk(t, "")
	k.fake.Push(telegramfake.Direct(77, "/restart"))
	select {
	case <-k.g.Restarts():
	case <-deadline(k).Done():
		t.Fatal("nothing asked for a restart")
	}
	g, err := k.g.Renew(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	k.g = g
	if s := k.hear(); s.Text != "Restarting. I am back in a moment." {
		t.Errorf("answer %q", s.Text)
	}
	k.want("hello", "heard: hello")
	select {
	case <-g.Restarts():
		t.Error("it is restarted again")
	default:
	}
}
