package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// asked is the real program beside a fake Bot API, and the questions that are put to it.
type asked struct {
	t   *testing.T
	ctx context.Context
	bot *telegramfake.Server
	d   *daemon
	// vars is the environment of commands.
	vars map[string]string
}

func newAsked(t *testing.T) *asked { return newAskedWith(t, nil) }

// newAskedWith is newAsked with more in the configuration.
func newAskedWith(t *testing.T, more map[string]any) *asked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	a := &asked{t: t, ctx: ctx, bot: telegramfake.Start(t, telegramfake.Options{Username: "fakebot"})}
	dir := t.TempDir()
	config := map[string]any{
		"telegram": map[string]any{
			"botToken": a.bot.Token(), "allowFrom": []any{"777"}, "groups": map[string]any{"-100500": map[string]any{"requireMention": true}},
		},
		"dev":     map[string]any{"endpoints": map[string]any{"telegram": a.bot.URL()}},
		"logging": map[string]any{"file": filepath.Join(dir, "log", "x.log")},
		"bridge":  map[string]any{"enabled": false}, "canvasHost": map[string]any{"enabled": false},
	}
	maps.Copy(config, more)
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	a.d = launch(t, dir, "--port", freePort(t))
	a.vars = map[string]string{"HOME": dir, "CLAWDBOT_CONFIG_PATH": filepath.Join(dir, "config.json5")}
	return a
}

// says has a person write; id is that of the message.
func (a *asked) says(u telegramfake.Update, id int) { a.bot.Push(u.With("message_id", id)) }

// why asks until the answer is as it should be in the end: the tables may be behind the platform.
func (a *asked) why(done func(wire.WhyResult) bool, args ...string) wire.WhyResult {
	a.t.Helper()
	for {
		r := invoke(a.vars, append([]string{"why", "--json", "--url", a.d.url}, args...)...) // many are asked: no process for each
		var w wire.WhyResult
		if r.code == 0 {
			if err := wire.Unmarshal([]byte(r.out), &w); err != nil {
				a.t.Fatal(err)
			}
			if done(w) {
				return w
			}
		}
		if a.ctx.Err() != nil {
			a.t.Fatalf("why %q: %+v", args, r)
		}
	}
}

// text is what a person reads.
func (a *asked) text(want []string, args ...string) {
	a.t.Helper()
	r := a.d.client(a.t, args...)
	for _, w := range want {
		if r.code != 0 || !strings.Contains(r.out, w) {
			a.t.Errorf("%q lacks %q: %+v", args, w, r)
		}
	}
	if strings.Contains(r.out+r.err, a.bot.Token()) {
		a.t.Errorf("%q shows the token", args)
	}
}

func inState(state string) func(wire.WhyResult) bool {
	return func(w wire.WhyResult) bool { return len(w.Outbox) == 1 && w.Outbox[0].State == state }
}

func decidedAs(state string) func(wire.WhyResult) bool {
	return func(w wire.WhyResult) bool { return len(w.Inbound) == 1 && w.Inbound[0].State == state }
}

// TestWhy: what became of a message is found by any id that it has, and says why there was no answer.
func TestWhy(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	a.answered()
	a.refused()
	a.deadLetter()
	a.ambiguous()
	a.calls()
}

func (a *asked) answered() {
	a.says(telegramfake.Direct(777, "good morning"), 501)
	w := a.why(inState("sent"), "501")
	if len(w.Inbound) != 1 || len(w.Runs) != 1 || !strings.HasPrefix(w.Summary, "Delivered: 1 message to telegram chat 777") {
		a.t.Fatalf("why 501: %+v", w)
	}
	in, run, out := w.Inbound[0], w.Runs[0], w.Outbox[0]
	if in.MessageID != "501" || in.Chat != "777" || in.SenderID != "777" || in.State != "routed" || in.RunID != run.ID || in.Preview != "good morning" {
		a.t.Errorf("inbound: %+v", in)
	}
	if run.Trigger != "inbound" || run.SessionKey != "main" || run.State != "done" || run.Model != "builtin" || run.EndedAt < run.StartedAt || run.StartedAt < run.AcceptedAt {
		a.t.Errorf("run: %+v", run)
	}
	sent, err := a.bot.WaitSent(a.ctx, 1)
	if err != nil {
		a.t.Fatal(err)
	}
	receipt := strconv.FormatInt(sent[0].MessageID, 10)
	if out.Receipt == nil || out.Receipt.MessageID != receipt || out.Attempts != 1 || !strings.Contains(out.Preview, "good morning") {
		a.t.Errorf("outbox: %+v", out)
	}
	for _, id := range []string{receipt, run.ID, "run:" + run.ID, in.Ref, "out:" + strconv.FormatInt(out.ID, 10), out.Key} {
		same := a.why(inState("sent"), id)
		if len(same.Inbound) != 1 || same.Inbound[0].Ref != in.Ref || len(same.Runs) != 1 || same.Runs[0].ID != run.ID {
			a.t.Errorf("why %s: %+v", id, same)
		}
	}
	a.text([]string{"Delivered: 1 message", "received", "message 501", "admitted", run.ID, "session main", "model builtin", "sent", "message " + receipt}, "why", "501")
	a.text([]string{"good morning", "message " + receipt, "sent"}, "outbox", "show", strconv.FormatInt(out.ID, 10))
}

func (a *asked) refused() {
	a.says(telegramfake.Direct(999, "let me in"), 502)
	w := a.why(decidedAs("dropped"), "502")
	if w.Inbound[0].Reason != "sender not allowed" || len(w.Runs)+len(w.Outbox) != 0 || !strings.HasPrefix(w.Summary, "Not answered: the sender is not on the list") {
		a.t.Errorf("a stranger: %+v", w)
	}
	a.says(telegramfake.Group(-100500, 777, "who has the key?"), 503)
	w = a.why(decidedAs("dropped"), "503")
	if w.Inbound[0].Reason != "not addressed" || !strings.Contains(w.Summary, "requireMention") {
		a.t.Errorf("a group message that is not for the bot: %+v", w)
	}
	a.says(telegramfake.Direct(777, "stop"), 504)
	if w = a.why(inState("sent"), "504"); w.Inbound[0].Reason != "stop word" || len(w.Runs) != 0 {
		a.t.Errorf("a stop word: %+v", w)
	}
	a.text([]string{"Not answered:", "dropped", "message 502"}, "why", "502")
	if r := a.d.client(a.t, "why", "987654"); r.code != 1 || r.out != "" || !strings.Contains(r.err, `nothing is known of "987654"`) || !strings.Contains(r.err, "idempotency key") {
		a.t.Errorf("an unknown id: %+v", r)
	}
}

// deadLetter: what did not arrive is told once, before the main session's next turn and with the health.
func (a *asked) deadLetter() {
	a.bot.Script("sendMessage", telegramfake.Status(403))
	a.says(telegramfake.Direct(777, "are you there?"), 505)
	w := a.why(inState("failed"), "505")
	id := strconv.FormatInt(w.Outbox[0].ID, 10)
	if !strings.HasPrefix(w.Summary, "Not delivered to telegram chat 777: ") || !strings.Contains(w.Summary, "outbox retry "+id) {
		a.t.Errorf("a dead letter: %+v", w)
	}
	a.text([]string{"A message to telegram chat 777 was not delivered", "outbox show " + id}, "status", "--verbose")
	a.text([]string{"failed", "are you there?", "permanent"}, "outbox", "show", id)
	for {
		var h wire.HealthSummary
		r := a.d.client(a.t, "health", "--json")
		if r.code == 0 && wire.Unmarshal([]byte(r.out), &h) == nil && h.Undelivered != nil && h.Undelivered.Failed == 1 {
			break
		}
		if a.ctx.Err() != nil {
			a.t.Fatalf("the health snapshot has no word of it: %+v", r)
		}
	}
	a.text([]string{"1 given up, 0 in doubt"}, "health")
}

// ambiguous: one number in two chats.
func (a *asked) ambiguous() {
	a.says(telegramfake.Group(-100500, 777, "@fakebot and here?"), 501)
	w := a.why(func(w wire.WhyResult) bool { return len(w.Candidates) == 2 }, "501")
	for _, c := range w.Candidates {
		if c.What != "inbound" || c.Account != "telegram" {
			a.t.Errorf("candidate: %+v", c)
		}
		if one := a.why(inState("sent"), c.Ref); len(one.Inbound) != 1 || one.Inbound[0].Chat != c.Chat || one.Inbound[0].Ref != c.Ref {
			a.t.Errorf("why %s: %+v", c.Ref, one)
		}
	}
	a.text([]string{"REF", "in:", "-100500", "777"}, "why", "501")
	if one := a.why(inState("sent"), "501", "--chat", "777"); one.Inbound[0].Chat != "777" {
		a.t.Errorf("why 501 --chat 777: %+v", one)
	}
}

func (a *asked) calls() {
	if r := a.d.client(a.t, "send", "--provider", "telegram", "--to", "777", "--message", "dinner", "--idempotency-key", "dinner-1"); r.code != 0 {
		a.t.Fatalf("send: %+v", r)
	}
	if w := a.why(inState("sent"), "dinner-1"); w.Call == nil || !w.Call.Done || w.Call.Error != "" || len(w.Runs) != 0 || w.Outbox[0].Preview != "dinner" {
		a.t.Errorf("a send: %+v", w)
	}
	if r := a.d.client(a.t, "send", "--provider", "discord", "--to", "1", "--message", "dinner", "--idempotency-key", "dinner-2"); r.code != 1 {
		a.t.Fatalf("a send to nowhere: %+v", r)
	}
	w := a.why(func(w wire.WhyResult) bool { return w.Call != nil && w.Call.Done }, "dinner-2")
	if !strings.HasPrefix(w.Summary, "Not sent: Discord is not configured") || len(w.Outbox) != 0 {
		a.t.Errorf("a send to nowhere: %+v", w)
	}
	if r := a.d.client(a.t, "agent", "--session-key", "main", "-m", "count", "--json"); r.code != 0 {
		a.t.Fatalf("agent: %+v", r)
	} else {
		var res wire.RunResult
		if err := wire.Unmarshal([]byte(r.out), &res); err != nil {
			a.t.Fatal(err)
		}
		w = a.why(func(w wire.WhyResult) bool { return len(w.Runs) == 1 && w.Runs[0].State == "done" }, res.RunID)
		if w.Runs[0].IdempotencyKey != res.RunID || w.Runs[0].Trigger != "agent" || len(w.Outbox) != 0 || !strings.Contains(w.Summary, "answered its caller") {
			a.t.Errorf("a call of agent: %+v", w)
		}
	}
}
