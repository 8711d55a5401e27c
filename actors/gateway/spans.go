package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/traces"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/otlp"
)

// Spans of a run's trace that have children or links; each is there once.
const (
	spanRoot = "root" // what began it
	spanRun  = "run"
)

// beginnings are what a trace begins with, by the kind of its run.
var beginnings = map[agent.Kind]struct {
	name string
	kind otlp.Kind
}{
	agent.KindInbound: {"message", otlp.Consumer}, agent.KindChat: {"chat.send", otlp.Server}, agent.KindAgent: {"agent", otlp.Server},
	agent.KindNode: {"node request", otlp.Server}, agent.KindSub: {"sub-agent", otlp.Internal}, agent.KindReport: {"sub-agent report", otlp.Internal},
	cron.KindCron: {"cron", otlp.Internal}, cron.KindHeartbeat: {"heartbeat", otlp.Internal}, cron.KindHook: {"hook", otlp.Server},
}

// traced tells whether the trace of a name is wanted.
func (g *Gateway) traced(name string) bool {
	to := g.tracesTo()
	return to.target.URL != "" && traces.Sampled(traces.TraceOf(name), to.share)
}

// spanIn is a span in the trace of a run, under its run.
func spanIn(run, name string, kind otlp.Kind, began, ended time.Time) otlp.Span {
	return otlp.Span{
		Trace: traces.TraceOf(run), ID: traces.NewSpan(), Parent: traces.SpanOf(run, spanRun), Name: name, Kind: kind, Start: began, End: ended,
	}
}

// ended tells of a run that has ended, and counts it: in this order, so that who sees the count finds the trace.
func (g *Gateway) ended(e agent.Ended) {
	defer g.figures.ended(e)
	if g.traced(e.Job.ID) {
		g.traces.Add(runSpans(e)...)
	}
	for _, j := range slices.Concat(e.Job.Merged, e.Steered) {
		if g.traced(j.ID) {
			g.traces.Add(mergedSpan(j, e))
		}
	}
}

// runSpans are what began a run, its wait, and itself.
func runSpans(e agent.Ended) []otlp.Span {
	j := e.Job
	root := beginning(j, e)
	failed := failureOf(e)
	root.Error = failed
	wait := spanIn(j.ID, "queue", otlp.Internal, time.UnixMilli(j.AcceptedAt), time.UnixMilli(cmp.Or(j.StartedAt, e.EndedAt)))
	wait.ID, wait.Parent = traces.SpanOf(j.ID, "queue"), root.ID
	all := []otlp.Span{root, wait}
	if j.StartedAt == 0 { // it was called off before
		return all
	}
	run := spanIn(j.ID, "run", otlp.Internal, time.UnixMilli(j.StartedAt), time.UnixMilli(e.EndedAt))
	run.ID, run.Parent, run.Error = traces.SpanOf(j.ID, spanRun), root.ID, failed
	run.Attrs = runAttrs(e)
	return append(all, run)
}

// runAttrs are who answered, how it ended, and what it took.
func runAttrs(e agent.Ended) []otlp.Attr {
	all := append([]otlp.Attr{
		otlp.String("clawdbot.run.kind", string(e.Job.Kind)), otlp.String("clawdbot.run.state", string(e.State)), otlp.String("gen_ai.operation.name", "invoke_agent"),
	}, usageAttrs(e.Spent.Usage)...)
	provider, name, ok := strings.Cut(e.Model, "/")
	if ok {
		all = append(all, otlp.String("gen_ai.provider.name", provider))
	}
	if e.Model != "" {
		all = append(all, otlp.String("gen_ai.request.model", cmp.Or(name, provider)))
	}
	if e.Stop != "" || e.State == agent.Done {
		all = append(all, otlp.String("clawdbot.run.stop", cmp.Or(e.Stop, "stop")))
	}
	if e.Spent.Usage != (agent.Usage{}) {
		all = append(all, otlp.Float("clawdbot.cost.usd", e.Spent.Cost), otlp.Bool("clawdbot.cost.complete", !e.Spent.Unpriced))
	}
	return all
}

// beginning is the span that the trace of a run begins with: what came in, until it was dealt with. Neither what was said nor who
// said it is in it.
func beginning(j agent.Job, e agent.Ended) otlp.Span {
	b, ok := beginnings[j.Kind]
	if !ok {
		b.name, b.kind = "run of another kind", otlp.Internal
	}
	s := otlp.Span{
		Trace: traces.TraceOf(j.ID), ID: traces.SpanOf(j.ID, spanRoot), Name: b.name, Kind: b.kind,
		Start: time.UnixMilli(cmp.Or(j.Request.ReceivedAt, j.AcceptedAt)), End: time.UnixMilli(e.EndedAt),
		Attrs: []otlp.Attr{otlp.String("clawdbot.run.id", shownID(j.ID))},
	}
	if r := j.Route; r != nil && j.Kind == agent.KindInbound {
		s.Attrs = append(s.Attrs, otlp.String("clawdbot.surface", r.Surface), otlp.String("clawdbot.account", r.Account), otlp.String("clawdbot.chat.kind", string(r.Kind)))
	}
	if b := j.Request.Behalf; b != nil && b.Run != "" {
		s.Links = append(s.Links, linkTo(b.Run, "asked by"))
	}
	return s
}

// mergedSpan is the whole trace of a message that another one's run has dealt with.
func mergedSpan(j agent.Job, e agent.Ended) otlp.Span {
	s := beginning(j, e)
	s.Error = failureOf(e)
	s.Links = append(s.Links, linkTo(e.Job.ID, "answered by"))
	return s
}

// linkTo leads to another run.
func linkTo(run, why string) otlp.Link {
	return otlp.Link{Trace: traces.TraceOf(run), Span: traces.SpanOf(run, spanRun), Attrs: []otlp.Attr{otlp.String("clawdbot.link", why)}}
}

// shownID is a run's id where we have made it up; a client may write anything into its own.
func shownID(id string) string {
	if _, err := uuid.Parse(id[strings.LastIndexByte(id, ':')+1:]); err == nil && len(id) <= 64 {
		return id
	}
	return agent.WireID(id)
}

// failureOf is how a run failed, in a word; "" = it did not.
func failureOf(e agent.Ended) string {
	switch {
	case e.State != agent.Failed:
		return ""
	case strings.HasSuffix(e.Err, agent.ErrInterrupted.Error()):
		return "interrupted"
	}
	return "failed"
}

func usageAttrs(u agent.Usage) []otlp.Attr {
	if u == (agent.Usage{}) {
		return nil
	}
	return []otlp.Attr{
		otlp.Int("gen_ai.usage.input_tokens", u.Input+u.CacheRead+u.CacheWrite), otlp.Int("gen_ai.usage.output_tokens", u.Output),
		otlp.Int("gen_ai.usage.cache_read.input_tokens", u.CacheRead), otlp.Int("gen_ai.usage.cache_creation.input_tokens", u.CacheWrite),
	}
}

// asked tells of a request to a model.
func (g *Gateway) asked(ctx context.Context, a models.Asked) {
	run := agent.RunOf(ctx)
	if run == "" || !g.traced(run) { // a look whether it answers is no run's
		return
	}
	s := spanIn(run, "model "+a.Provider, otlp.Client, a.Began, a.Ended)
	s.Attrs = append([]otlp.Attr{
		otlp.String("gen_ai.operation.name", "chat"), otlp.String("gen_ai.provider.name", a.Provider), otlp.String("gen_ai.request.model", a.Model),
	}, usageAttrs(agent.Usage{Input: a.Usage.Input, Output: a.Usage.Output, CacheRead: a.Usage.CacheRead, CacheWrite: a.Usage.CacheWrite})...)
	if a.Stop != "" {
		s.Attrs = append(s.Attrs, otlp.String("clawdbot.stop", string(a.Stop)))
	}
	if a.Err != nil {
		s.Error = cmp.Or(string(model.KindOf(a.Err)), "failed")
		if ctx.Err() != nil {
			s.Error = "given up"
		}
	}
	g.traces.Add(s)
}

// called tells of a call of a tool.
func (g *Gateway) called(j agent.Job, name string, began time.Time, err error) {
	if !g.traced(j.ID) {
		return
	}
	if _, ok := g.tree.tools.Find(name); !ok { // a model may have made it up, or a person
		name = "other"
	}
	s := spanIn(j.ID, "tool "+name, otlp.Internal, began, time.Now())
	outcome := "ok"
	if _, refused := errors.AsType[*tools.Refused](err); refused {
		outcome = "refused"
	} else if err != nil {
		outcome = "error"
	}
	if err != nil {
		s.Error = outcome
	}
	s.Attrs = []otlp.Attr{otlp.String("gen_ai.operation.name", "execute_tool"), otlp.String("gen_ai.tool.name", name), otlp.String("clawdbot.tool.outcome", outcome)}
	g.traces.Add(s)
}

// attempted tells of an attempt to deliver something, and counts it. What no run has said is a trace of its own.
func (g *Gateway) attempted(a outbox.Attempt) {
	it := a.Item
	defer g.figures.deliveries.Add(it.Surface, a.Outcome)
	of, parent := a.Run, traces.SpanOf(a.Run, spanRoot)
	if of == "" {
		of, _, _ = strings.Cut(it.Key, "#") // of all parts
		parent = otlp.SpanID{}
	}
	if !g.traced(of) {
		return
	}
	s := spanIn(of, "deliver "+it.Surface, otlp.Producer, a.Began, a.Ended)
	s.ID, s.Parent = traces.SpanOf(of, "deliver", it.Key, strconv.Itoa(a.Number)), parent
	s.Attrs = []otlp.Attr{
		otlp.String("clawdbot.surface", it.Surface), otlp.String("clawdbot.account", it.Account), otlp.Int("clawdbot.delivery.attempt", int64(a.Number)),
		otlp.String("clawdbot.delivery.outcome", a.Outcome),
	}
	if a.Outcome != store.OutSent {
		s.Error = cmp.Or(string(a.Class), a.Outcome)
	}
	g.traces.Add(s)
}
