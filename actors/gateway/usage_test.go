package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// meek is a model API that answers everything with one word, for 50 tokens; "look" has it call a tool again and again, "fall" fails.
type meek struct{ asked *atomic.Int64 }

func (m meek) Stream(_ context.Context, r model.Request, emit func(model.Event)) (model.Reply, error) {
	m.asked.Add(1)
	said, err := json.Marshal(r.Messages)
	if err != nil {
		return model.Reply{}, err
	}
	reply := model.Reply{Message: model.Message{Role: model.Assistant}, Stop: model.Ended, Usage: model.Usage{Input: 40, Output: 10}}
	switch {
	case strings.Contains(string(said), "fall"):
		return model.Reply{}, &model.Error{Kind: model.Unreachable, Message: "nobody is there"}
	case strings.Contains(string(said), "look"):
		reply.Stop = model.Tools
		reply.Message.Parts = []model.Part{model.Call{ID: fmt.Sprint("c", m.asked.Load()), Name: "models_list", Args: json.RawMessage(`{}`)}}
	default:
		emit(model.Delta("yes"))
		reply.Message.Parts = []model.Part{model.Text{Text: "yes"}}
	}
	return reply, nil
}

func (meek) Models(context.Context) ([]model.Info, error) { return nil, nil }

// meekOn is a gateway with that model; more goes into the section agent.
func meekOn(fake *telegramfake.Server, more string) (setup, *atomic.Int64) {
	asked := &atomic.Int64{}
	s := telegramOn(fake, `allowFrom: ["77"]`)
	s.config = strings.TrimSuffix(s.config, "}") + `, agent: {model: "acme/m", ` + more + `},
		models: {mode: "replace", providers: {acme: {baseUrl: "http://127.0.0.1:1", api: "meek", models: [{id: "m", cost: {input: 1000, output: 1000}}]}}}}`
	inner := s.options
	s.options = func(o *gateway.Options) {
		inner(o)
		o.Clock = func() time.Time { return time.Date(2026, 11, 29, 20, 30, 0, 0, time.UTC) }
		o.Models = []model.Factory{{Format: "meek", New: func(model.Endpoint) model.API { return meek{asked} }}}
	}
	return s, asked
}

// TestUsage_day: a day's limit refuses the next turns before a model is asked, says so to everybody who should know, and holds after
// a restart.
func TestUsage_day(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	s, asked := meekOn(fake, "limits: {chat: {dayTokens: 100, dayCostUsd: 50}}")
	s.dir = t.TempDir()
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	for _, key := range []string{"one", "two"} {
		c.ok("chat.send", chatSend("main", "hello", key), nil)
	}
	stop(t, g)
	c = dial(t, s.start(t).URL())

	e := c.refused("chat.send", chatSend("main", "hello", "three"))
	const want = "Error: the limit of tokens for chat is used up for today: 100 tokens of 100 (agent.limits.chat.dayTokens). It ends at 00:00 UTC, in 3 h 30 min"
	details, err := json.Marshal(e.Details)
	if err != nil || e.Code != wire.CodeUnavailable || !strings.HasPrefix(e.Message, want) ||
		!strings.HasPrefix(string(details), `{"limit":{"endsAt":`) || !strings.Contains(string(details), `"limit":100,"scope":"day","setting":"agent.limits.chat.dayTokens","trigger":"chat","unit":"tokens","used":100`) {
		t.Errorf("%+v, %s, %v", e, details, err)
	}
	_, job := c.wait("the error of the job", 0, func(f frame) bool { return strings.Contains(f.raw, `"state":"error","startedAt"`) })
	if !strings.Contains(job.raw, "agent.limits.chat.dayTokens") || !strings.Contains(job.raw, `"details":{"limit":{`) {
		t.Errorf("job event: %s", job.raw)
	}
	c.wait("the error of the chat", 0, func(f frame) bool {
		return f.Event == "chat" && strings.Contains(f.raw, `"errorMessage":"`+want)
	})
	if asked.Load() != 2 {
		t.Errorf("the model was asked %d times", asked.Load())
	}
	var why wire.WhyResult
	c.ok("why", wire.WhyParams{ID: "chat:three"}, &why)
	if len(why.Runs) != 1 || !strings.Contains(why.Runs[0].Error, "agent.limits.chat.dayTokens") {
		t.Errorf("why: %+v", why)
	}

	fake.Push(telegramfake.Direct(77, "and me?"))
	sent, err := fake.WaitSent(deadline(t), 1)
	if err != nil || !strings.HasPrefix(sent[0].Text, "⚠️ I had to stop: the limit of tokens for chat is used up for today") {
		t.Errorf("%+v, %v", sent, err)
	}
	var u wire.UsageStatusResult
	c.ok("usage.status", nil, &u)
	chat := u.Triggers[0]
	if u.Total.Tokens != 100 || u.Total.Runs != 2 || chat.Trigger != "chat" || chat.DayTokens != 100 || chat.Reached == nil || chat.Reached.Unit != "tokens" ||
		len(u.Models) != 1 || u.Models[0].Model != "acme/m" || u.Total.CostUSD < 0.09 || len(u.Warnings) != 0 {
		t.Errorf("%+v", u)
	}
}

// TestUsage_run: a run is stopped between two requests, and what was said before stays.
func TestUsage_run(t *testing.T) {
	t.Parallel()
	s, asked := meekOn(telegramfake.Start(t, telegramfake.Options{}), "limits: {chat: {runTokens: 120}}")
	c := dial(t, s.start(t).URL())
	e := c.refused("chat.send", chatSend("main", "look around", "one"))
	if !strings.Contains(e.Message, "the turn was stopped: it has taken 150 tokens, and a turn of chat may take 120 (agent.limits.chat.runTokens)") || asked.Load() != 3 {
		t.Errorf("%+v after %d requests", e, asked.Load())
	}
	if f := c.ok("chat.history", map[string]any{"sessionKey": "main"}, nil); strings.Count(f.raw, `"role":"toolResult"`) != 3 {
		t.Errorf("%s", f.raw)
	}
	c.ok("chat.send", chatSend("other", "hello", "two"), nil)
}

// TestUsage_loop: a turn that goes round in circles ends.
func TestUsage_loop(t *testing.T) {
	t.Parallel()
	s, asked := meekOn(telegramfake.Start(t, telegramfake.Options{}), "limits: {repeats: 2}")
	c := dial(t, s.start(t).URL())
	e := c.refused("chat.send", chatSend("main", "look around", "one"))
	if !strings.Contains(e.Message, "went on calling models_list with the same arguments") || !strings.Contains(e.Message, "(agent.limits.repeats)") || asked.Load() != 4 {
		t.Errorf("%+v after %d requests", e, asked.Load())
	}
}

// TestModels_down: a provider that fails again and again is shown in models.status and in the health snapshot, and the next turn is
// told when to come again.
func TestModels_down(t *testing.T) {
	t.Parallel()
	s, asked := meekOn(telegramfake.Start(t, telegramfake.Options{}), "")
	c := dial(t, s.start(t).URL())
	for _, key := range []string{"one", "two"} {
		c.refused("chat.send", chatSend("main", "fall", key))
	}
	before := asked.Load()
	e := c.refused("chat.send", chatSend("main", "fall", "three"))
	details, err := json.Marshal(e.Details)
	if err != nil || !strings.Contains(e.Message, "acme is down: 5 requests in a row have failed") || !strings.HasPrefix(string(details), `{"models":["acme/m"],"providers":["acme"],"retryAt":`) || asked.Load() != before {
		t.Errorf("%+v, %s, %v", e, details, err)
	}
	c.wait("the health event", 0, func(f frame) bool {
		return f.Event == "health" && strings.Contains(f.raw, `"modelsDown":["acme: 5 requests in a row have failed (unreachable: nobody is there)`)
	})
	var st wire.ModelsStatusResult
	c.ok("models.status", nil, &st)
	for _, p := range st.Providers {
		if (p.Circuit != nil) != (p.Provider == "acme") {
			t.Errorf("%+v", p)
		}
	}
}
