package gateway_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

// sendParams makes the params of send by Telegram.
func sendParams(to, message, key string) map[string]any {
	return map[string]any{"to": to, "message": message, "provider": "Telegram", "idempotencyKey": key}
}

// TestSend: the answer is the platform's receipt, and a repeat of the key gets the same one without a second message.
func TestSend(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, "").start(t)
	c := dial(t, g.URL())
	first := c.ok("send", sendParams("telegram:4711", " hello there ", "key-1"), nil)
	sent := fake.Sent()
	if len(sent) != 1 || sent[0].Chat != "4711" || sent[0].Text != "hello there" {
		t.Fatalf("sent %+v", sent)
	}
	var r map[string]any
	if err := json.Unmarshal(first.Payload, &r); err != nil {
		t.Fatal(err)
	}
	if len(r) != 4 || r["runId"] != "key-1" || r["provider"] != "telegram" || r["messageId"] != fmt.Sprint(sent[0].MessageID) || r["chatId"] != "4711" {
		t.Errorf("result %s", first.raw)
	}
	for _, c := range []*socket{c, dial(t, g.URL())} {
		if f := c.ok("send", sendParams("telegram:4711", "hello there", "key-1"), nil); string(f.Payload) != string(first.Payload) {
			t.Errorf("repeat %s", f.raw)
		}
	}
	if n := len(fake.Sent()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// TestSend_slowPlatform: a message that is on disk is not given up because the platform takes its time.
func TestSend_slowPlatform(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	gate := make(chan struct{})
	fake.Script("sendMessage", telegramfake.Fault{Gate: gate})
	s := telegramOn(fake, "")
	inner := s.options
	s.options = func(o *gateway.Options) {
		inner(o)
		o.AnswerLimit = 500 * time.Millisecond
		o.Methods = wire.Table{wire.Loose("test.silent", func(*wire.Call) {})}
	}
	c := dial(t, s.start(t).URL())
	c.send("slow", "send", sendParams("telegram:4711", "hello", "key"))
	if err := fake.WaitCalls(deadline(t), "sendMessage", 1); err != nil {
		t.Fatal(err)
	}
	if e := c.refused("test.silent", nil); !strings.Contains(e.Message, "no answer in time") { // later than send
		t.Errorf("%+v", e)
	}
	close(gate)
	if _, f := c.wait("the receipt", 0, response("slow")); !f.OK {
		t.Errorf("%s", f.raw)
	}
}

// TestSend_concurrentRepeat: repeats that come while the message is on its way wait for its outcome.
func TestSend_concurrentRepeat(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	gate := make(chan struct{})
	fake.Script("sendMessage", telegramfake.Fault{Gate: gate})
	g := telegramOn(fake, "").start(t)
	var clients []*socket
	for range 3 {
		c := dial(t, g.URL())
		clients = append(clients, c)
		for i := range 3 {
			c.send(fmt.Sprint("s", i), "send", sendParams("4711", "once", "same"))
		}
	}
	if err := fake.WaitCalls(deadline(t), "sendMessage", 1); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		c.ok("health", nil, nil) // nobody waits for it but its callers
	}
	close(gate)
	answers := map[string]bool{}
	for _, c := range clients {
		for i := range 3 {
			_, f := c.wait("an answer", 0, response(fmt.Sprint("s", i)))
			answers[string(f.Payload)] = f.OK
		}
	}
	if len(answers) != 1 || len(fake.Sent()) != 1 {
		t.Errorf("answers %v, sent %+v", answers, fake.Sent())
	}
}

// TestSend_failures: a refusal of the platform, a lost answer and a surface that is not there are answers like any
// other: final, and the same for a repeat.
func TestSend_failures(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, "").start(t)
	c := dial(t, g.URL())
	for _, tc := range []struct {
		name   string
		fault  telegramfake.Fault
		change func(p map[string]any)
		text   string
	}{
		{"refused", telegramfake.Fault{Code: 400, Description: "Bad Request: chat not found"}, nil, "chat not found"},
		{"lost", telegramfake.DropAfter(), nil, "may or may not have arrived"},
		{"no surface", telegramfake.Fault{}, func(p map[string]any) { p["provider"] = "discord" }, "Discord is not configured"},
		{"whatsapp by default", telegramfake.Fault{}, func(p map[string]any) { delete(p, "provider") }, "WhatsApp"},
		{"whatsapp for what is unknown", telegramfake.Fault{}, func(p map[string]any) { p["provider"] = "pigeon" }, "WhatsApp"},
	} {
		p := sendParams("4711", "words", tc.name)
		if tc.change != nil {
			tc.change(p)
		} else {
			fake.Script("sendMessage", tc.fault)
		}
		calls := fake.Calls()["sendMessage"]
		f := c.call("send", p)
		if f.OK || len(f.Payload) != 0 || f.Error.Code != wire.CodeUnavailable || !strings.HasPrefix(f.Error.Message, "Error: ") || !strings.Contains(f.Error.Message, tc.text) {
			t.Errorf("%s: %s", tc.name, f.raw)
		}
		if tc.change == nil {
			calls++
		}
		if again := c.call("send", p); again.OK || again.Error.Message != f.Error.Message {
			t.Errorf("%s: repeat %s", tc.name, again.raw)
		}
		if n := fake.Calls()["sendMessage"]; n != calls {
			t.Errorf("%s: %d calls, want %d", tc.name, n, calls)
		}
	}
	for name, p := range map[string]map[string]any{
		"no key": {"to": "1", "message": "m"}, "empty to": {"to": "", "message": "m", "idempotencyKey": "k"},
		"unknown key": {"to": "1", "message": "m", "idempotencyKey": "k", "when": "now"},
	} {
		if err := c.refused("send", p); !strings.HasPrefix(err.Message, "invalid send params: data") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProvidersStatus are the rows of protocol 13 about Telegram, without and with a bot.
func TestProvidersStatus(t *testing.T) {
	t.Parallel()
	bare := setup{env: map[string]string{"TELEGRAM_BOT_TOKEN": ""}, options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{telegram.Factory()}
	}}
	f := dial(t, bare.start(t).URL()).ok("providers.status", nil, nil)
	want := `"telegram":{"configured":false,"tokenSource":"none","mode":null,"running":false,"lastStartAt":null,"lastStopAt":null,"lastError":"not configured","lastProbeAt":null}`
	if !strings.Contains(f.raw, want) {
		t.Errorf("without a token: %s", f.raw)
	}
	for _, name := range []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage"} {
		if !strings.Contains(f.raw, fmt.Sprintf("%q:{\"configured\":false", name)) {
			t.Errorf("no %s in %s", name, f.raw)
		}
	}

	fake := telegramfake.Start(t, telegramfake.Options{})
	c := dial(t, telegramOn(fake, "").start(t).URL())
	if err := fake.WaitPolling(deadline(t)); err != nil {
		t.Fatal(err)
	}
	// The fake sees the first poll before the account says that it is up.
	f = c.until("providers.status", `"account":"telegram","provider":"telegram","state":"up"`)
	if !strings.Contains(f.raw, `"telegram":{"configured":true,"tokenSource":"config","mode":"polling","running":true`) || strings.Contains(f.raw, `"probe":`) {
		t.Errorf("with a token: %s", f.raw)
	}
	f = c.ok("providers.status", map[string]any{"probe": true, "timeoutMs": 2000}, nil)
	if !strings.Contains(f.raw, `"probe":{"ok":true`) || !strings.Contains(f.raw, `"username":"fake_bot"`) || strings.Contains(f.raw, `"lastProbeAt":null,"probe"`) {
		t.Errorf("probed: %s", f.raw)
	}
}

// TestInbound: a message on Telegram is answered where it came from, once, and shows in the session's events and history;
// a stranger gets a pairing code instead, and an answer once that is approved.
func TestInbound(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, "").start(t)
	c := dial(t, g.URL())
	fake.Push(telegramfake.Direct(77, "let me in"))
	sent, err := fake.WaitSent(deadline(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sent[0].Text, "You said") || sent[0].Chat != "77" {
		t.Fatalf("a stranger was answered: %+v", sent)
	}
	var codes struct{ Pending []struct{ Code string } }
	f := c.ok("pairing.list", nil, nil)
	if err := json.Unmarshal(f.Payload, &codes); err != nil || len(codes.Pending) != 1 || !strings.Contains(sent[0].Text, codes.Pending[0].Code) {
		t.Fatalf("codes %s, sent %q", f.raw, sent[0].Text)
	}
	c.ok("pairing.approve", map[string]any{"code": codes.Pending[0].Code}, nil)
	if sent, err = fake.WaitSent(deadline(t), 2); err != nil { // that he is in
		t.Fatal(err)
	}
	if err := c.refused("pairing.approve", map[string]any{"code": codes.Pending[0].Code}); err == nil {
		t.Error("a code was good twice")
	}
	from := c.mark()
	fake.Push(telegramfake.Direct(77, "good morning"))
	if sent, err = fake.WaitSent(deadline(t), len(sent)+1); err != nil {
		t.Fatal(err)
	}
	last := sent[len(sent)-1]
	if last.Text != "You said: good morning" || last.Chat != "77" {
		t.Errorf("sent %+v", last)
	}
	c.wait("its final", from, containing("chat", `"state":"final"`, "You said: good morning", `"sessionKey":"main"`))
	var list wire.SessionsListResult
	c.ok("sessions.list", nil, &list)
	if len(list.Sessions) != 1 || list.Sessions[0].LastChannel != "telegram" || list.Sessions[0].LastTo != "77" {
		t.Errorf("sessions %+v", list.Sessions)
	}
	if h := history(t, c, "main"); len(h) != 2 || !strings.Contains(h[0], "good morning") {
		t.Errorf("history %q", h)
	}
	fake.Push(telegramfake.Direct(77, "!say 3")) // commands of the built-in runner are for operators
	if sent, err = fake.WaitSent(deadline(t), len(sent)+1); err != nil {
		t.Fatal(err)
	}
	if last := sent[len(sent)-1]; last.Text != "You said: !say 3" {
		t.Errorf("a stranger's command: %+v", last)
	}
}
