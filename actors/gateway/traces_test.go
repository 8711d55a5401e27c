package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/traces"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// busy is a model API that calls a tool, and one that there is not, fails once, and then answers.
type busy struct{ asked *atomic.Int64 }

func (b busy) Stream(_ context.Context, _ model.Request, emit func(model.Event)) (model.Reply, error) {
	reply := model.Reply{Message: model.Message{Role: model.Assistant}, Stop: model.Ended, Usage: model.Usage{Input: 30, Output: 10, CacheRead: 10}}
	switch b.asked.Add(1) {
	case 1:
		reply.Stop = model.Tools
		reply.Message.Parts = []model.Part{
			model.Call{ID: "c1", Name: "models_list", Args: json.RawMessage(`{}`)},
		}
	case 2:
		reply.Stop = model.Tools
		reply.Message.Parts = []model.Part{
			model.Call{ID: "c2", Name: "CANARY-tool", Args: json.RawMessage(`{"text":"CANARY-argument"}`)},
		}
	case 3:
		return model.Reply{}, &model.Error{Kind: model.Overloaded, Message: "CANARY-vendor"}
	default:
		emit(model.Delta("CANARY-answer"))
		reply.Message.Parts = []model.Part{model.Text{Text: "CANARY-answer"}}
	}
	return reply, nil
}

func (busy) Models(context.Context) ([]model.Info, error) { return nil, nil }

// tracedOn is a gateway with that model that sends its traces to c.
func tracedOn(fake *telegramfake.Server, c *collector) setup {
	s := telegramOn(fake, `allowFrom: ["*", "4915112345678"]`)
	s.config = strings.TrimSuffix(s.config, "}") + `, agent: {model: "acme/m"}, ` + c.section() + `,
		models: {mode: "replace", providers: {acme: {baseUrl: "http://127.0.0.1:1", apiKey: "CANARY-key", api: "busy", models: [{id: "m", cost: {input: 1000, output: 1000}}]}}}}`
	inner := s.options
	s.options = func(o *gateway.Options) {
		inner(o)
		asked := &atomic.Int64{}
		o.Models = []model.Factory{{Format: "busy", New: func(model.Endpoint) model.API { return busy{asked} }}}
	}
	return s
}

// delivered waits until the answer to a message is out, and all is counted that belongs to it.
func delivered(t *testing.T, g *gateway.Gateway) {
	t.Helper()
	soon(t, "a message is answered", func() bool {
		e := scrape(t, g)
		return e.value("clawdbot_runs_total", "kind", "inbound", "state", "done") == 1 &&
			e.value("clawdbot_deliveries_total", "surface", "telegram", "outcome", "sent") >= 1
	})
}

// TestTraces_wholeWay: a message, what was done for it and where its answer went are one trace; what was said, who said it and every
// credential are in none.
func TestTraces_wholeWay(t *testing.T) {
	t.Parallel()
	fake, c := telegramfake.Start(t, telegramfake.Options{}), collect(t, "")
	g, err := tracedOn(fake, c).new(t)
	if err != nil {
		t.Fatal(err)
	}
	fake.Push(telegramfake.Direct(4915112345678, "CANARY-question"))
	delivered(t, g)
	if s := summary(t, g).Traces; s == nil || s.Queued+s.Sent < 9 || s.Dropped != 0 || s.Problem != "" {
		t.Errorf("status: %+v", s)
	}
	stop(t, g) // sends what waits

	tr := c.trace("message")
	const want = `message
  queue
  run
    model acme
    tool models_list
    model acme
    tool other !error
    model acme !overloaded
    model acme
  deliver telegram
`
	if got := tr.tree(); got != want {
		t.Errorf("the trace:\n%s", got)
	}
	for _, w := range []struct {
		span, key string
		value     any
	}{
		{"message", "clawdbot.surface", "telegram"}, {"message", "clawdbot.account", "telegram"}, {"message", "clawdbot.chat.kind", "direct"},
		{"run", "clawdbot.run.kind", "inbound"}, {"run", "clawdbot.run.state", "done"}, {"run", "clawdbot.run.stop", "stop"},
		{"run", "gen_ai.provider.name", "acme"}, {"run", "gen_ai.request.model", "m"}, {"run", "gen_ai.usage.input_tokens", int64(120)},
		{"run", "gen_ai.usage.output_tokens", int64(30)}, {"run", "gen_ai.usage.cache_read.input_tokens", int64(30)}, {"run", "clawdbot.cost.complete", true},
		{"model acme", "gen_ai.usage.input_tokens", int64(40)}, {"model acme", "clawdbot.stop", "toolUse"},
		{"tool models_list", "clawdbot.tool.outcome", "ok"}, {"tool other", "error.type", "error"},
		{"deliver telegram", "clawdbot.delivery.outcome", "sent"}, {"deliver telegram", "clawdbot.delivery.attempt", int64(1)},
	} {
		if got := tr.attrs(w.span)[w.key]; got != w.value {
			t.Errorf("%s of %s is %v, want %v", w.key, w.span, got, w.value)
		}
	}
	if cost, _ := tr.attrs("run")["clawdbot.cost.usd"].(float64); cost < 0.1 || cost > 0.2 {
		t.Errorf("cost %v", cost)
	}
	c.noWord("CANARY", fake.Token(), "4915112345678")
	for _, h := range c.headers {
		if h.Get("Authorization") != "Bearer CANARY-otel" {
			t.Errorf("headers %v", h)
		}
	}
}

// TestTraces_goOn: a run that a kill broke off ends in the trace that it began in.
func TestTraces_goOn(t *testing.T) {
	t.Parallel()
	c, id := collect(t, ""), "0b1c9d9e-6b0f-4a55-8f5c-1f0a35d6c111"
	s := setup{config: "{" + c.section() + "}", seed: func(tx *store.Tx) error {
		if err := session(tx, "main", wire.SessionEntry{SessionID: "s"}); err != nil {
			return err
		}
		run := store.Run{ID: id, Kind: "inbound", SessionKey: "main", SessionID: "s", AcceptedAt: 1_800_000_000_000, Request: []byte(`{"message":"x","receivedAt":1799999999000}`)}
		if _, err := tx.AcceptRun(run); err != nil {
			return err
		}
		_, err := tx.StartRun(id, "s", 1_800_000_001_000)
		return err
	}}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "the run has ended", func() bool {
		return scrape(t, g).value("clawdbot_runs_total", "kind", "inbound", "state", "error") == 1
	})
	stop(t, g)
	tr := c.trace("message")
	if tr.id() != traces.TraceOf(id) || tr.tree() != "message !interrupted\n  queue\n  run !interrupted\n" {
		t.Errorf("trace %x:\n%s", tr.id(), tr.tree())
	}
	if got := tr.attrs("message")["clawdbot.run.id"]; got != id {
		t.Errorf("run %v", got)
	}
	if root := tr.spans[0]; root.StartTimeUnixNano != 1_799_999_999_000_000_000 {
		t.Errorf("it began at %d", root.StartTimeUnixNano)
	}
}

// TestTraces_badCollector: a collector that is busy, hangs, or is none keeps no message waiting and no stop for long; status and
// the figures show it.
func TestTraces_badCollector(t *testing.T) {
	t.Parallel()
	for mode, problem := range map[string]string{"busy": "answers 503", "hang": "", "garbage": "no collector of OTLP"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			fake, c := telegramfake.Start(t, telegramfake.Options{}), collect(t, mode)
			g, err := tracedOn(fake, c).new(t)
			if err != nil {
				t.Fatal(err)
			}
			fake.Push(telegramfake.Direct(5, "hello"))
			delivered(t, g)
			soon(t, "the collector was asked", func() bool { return c.requests() > 0 })
			if mode != "hang" {
				soon(t, "status says so", func() bool {
					s := summary(t, g).Traces
					return s != nil && strings.Contains(s.Problem, problem) && !strings.Contains(s.Problem, "CANARY")
				})
			}
			if e := scrape(t, g); mode != "garbage" && e.value("clawdbot_trace_spans_waiting") < 1 || mode == "garbage" && e.value("clawdbot_trace_spans_total", "outcome", "dropped") < 1 {
				t.Errorf("figures:\n%s", e.text)
			}
			if mode == "busy" {
				c.become("")
				soon(t, "it takes the spans", func() bool {
					return scrape(t, g).value("clawdbot_trace_spans_total", "outcome", "sent") >= 9 && summary(t, g).Traces.Problem == ""
				})
				c.trace("message")
			}
			stop(t, g)
		})
	}
}

// TestTraces_reload: traces begin and end with the configuration, while the gateway runs; without it nobody is asked and nothing kept.
func TestTraces_reload(t *testing.T) {
	t.Parallel()
	c := collect(t, "")
	p, url := setup{config: "{gateway: {reload: {debounceMs: 1}}}"}.run(t)
	s := dial(t, url)
	status := func() *wire.TracesInfo {
		var st wire.StatusSummary
		s.ok("status", nil, &st)
		return st.Traces
	}
	run := func(n int, text string) {
		t.Helper()
		s.ok("agent", runAgent("main", text, fmt.Sprint(n)), nil)
		soon(t, "the run has ended", func() bool {
			return strings.Contains(get(t, "http"+strings.TrimPrefix(url, "ws")+"/metrics"), fmt.Sprintf(`clawdbot_runs_total{kind="agent",state="done"} %d`, n))
		})
	}
	run(1, "before")
	if status() != nil {
		t.Error("traces are on")
	}
	p.write("{gateway: {reload: {debounceMs: 1}}, " + c.section() + "}")
	soon(t, "they are on", func() bool { return status() != nil })
	run(2, "!tool status {}")
	soon(t, "they are sent", func() bool { return status().Sent > 0 && status().Queued == 0 })
	if got := c.trace("agent").tree(); got != "agent\n  queue\n  run\n    tool status\n" {
		t.Errorf("the trace:\n%s", got)
	}
	p.write("{gateway: {reload: {debounceMs: 1}}}")
	soon(t, "they are off", func() bool { return status() == nil })
	before := c.requests()
	run(3, "after")
	p.write("{gateway: {reload: {debounceMs: 1}}, " + c.section() + "}")
	soon(t, "they are on again", func() bool { return status() != nil })
	if s := status(); s.Queued != 0 || c.requests() != before {
		t.Errorf("something was kept or sent while they were off: %+v", s)
	}
}

// TestTraces_answeredTogether: each message is a trace of its own, also one that has no turn: that leads to the run that answered it.
func TestTraces_answeredTogether(t *testing.T) {
	t.Parallel()
	for name, steers := range map[string]bool{"collected": false, "steered": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, mode := collect(t, ""), "collect"
			if steers {
				mode = "steer"
			}
			o := newOffice(t, `mode: "`+mode+`", debounceMs: 30`, steers, nil)
			text := strings.TrimSuffix(o.setup.config, "}") + ", " + c.section() + "}"
			if err := os.WriteFile(filepath.Join(o.dir, "clawdbot.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			soon(t, "traces are on", func() bool { return summary(t, o.g).Traces != nil })
			o.say("7: one")
			first := o.next("one")
			o.say("7: two", "7: three")
			if steers {
				for range 2 {
					<-first.took
				}
				o.answer(first, "7", "all")
			} else {
				o.answer(first, "7", "first")
				o.answer(o.next(merged("two", "three")), "7", "rest")
			}
			o.closed()

			runs, lone := map[string]bool{}, []*tracepb.Span{}
			all := c.traces("message")
			for _, tr := range all {
				for _, s := range tr.spans {
					if s.Name == "run" {
						runs[string(s.TraceId)+string(s.SpanId)] = true
					}
				}
				if len(tr.spans) == 1 {
					lone = append(lone, tr.spans[0])
				}
			}
			if len(all) != 3 || len(runs)+len(lone) != 3 || len(lone) == 0 {
				t.Fatalf("%d traces, %d with a run, %d of a message alone", len(all), len(runs), len(lone))
			}
			for _, s := range lone {
				if len(s.Links) != 1 || !runs[string(s.Links[0].TraceId)+string(s.Links[0].SpanId)] || attrsOf(s.Links[0].Attributes)["clawdbot.link"] != "answered by" {
					t.Errorf("links of a message without a run: %v", s.Links)
				}
			}
		})
	}
}
