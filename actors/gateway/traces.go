package gateway

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/actors/traces"
	"github.com/clawdbot/gateway/transport/otlp"
	"github.com/clawdbot/gateway/transport/wire"
)

// flushLimit is how long a stop waits for the last spans to go out.
const flushLimit = time.Second

// tracing is what is told to a collector of traces.
type tracing struct {
	*traces.State
	to derived[destination]
}

// destination is where traces go, and the share of them that does.
type destination struct {
	target otlp.Target
	share  float64
}

// tracesTo is where traces go by the configuration in force; its target has no URL while they go nowhere.
func (g *Gateway) tracesTo() destination {
	doc := g.doc.Load()
	return g.traces.to.of(doc, func() destination {
		t, _ := config.ResolveTracing(doc.Config.Diagnostics.Otel, g.env.Otel) // no document with an issue comes into force
		to := destination{share: t.Share, target: otlp.Target{URL: t.URL, Headers: map[string]string{}, Service: t.Service, Version: g.o.Version}}
		for name, value := range t.Headers {
			to.target.Headers[name] = value.Reveal()
		}
		return to
	})
}

// growTraces begins to send traces. Nobody misses them but who looks at them: it is not vital.
func (g *Gateway) growTraces(c *actors.Context[rootMessage]) error {
	_, err := actors.Spawn(c, "traces", traces.Props(traces.Options{
		State: g.traces.State,
		Target: func() (otlp.Target, bool) {
			to := g.tracesTo()
			return to.target, to.target.URL != ""
		},
	}))
	return err
}

// flushTraces sends what waits, but does not hold up a stop for long.
func (g *Gateway) flushTraces(ctx context.Context) {
	if g.traces.Status().Queued == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	_ = g.traces.Flush(ctx)
	if n := g.traces.Status().Queued; n > 0 {
		g.log.Warn("traces: the last spans were not sent", "lost", n)
	}
}

// tracesInfo says how traces are sent; nil = nobody wants any.
func (g *Gateway) tracesInfo() *wire.TracesInfo {
	if g.tracesTo().target.URL == "" {
		return nil
	}
	s := g.traces.Status()
	i := &wire.TracesInfo{Queued: int64(s.Queued), Sent: int64(s.Sent), Dropped: int64(s.Dropped + s.Rejected), Problem: s.Problem}
	if !s.LastSent.IsZero() {
		i.LastSentAt = s.LastSent.UnixMilli()
	}
	return i
}

func (g *Gateway) writeTraces(t *metrics.Text) {
	s := g.traces.Status()
	t.One("clawdbot_trace_spans_waiting", metrics.Gauge, "Spans that wait to be sent to the collector.", float64(s.Queued))
	t.Family("clawdbot_trace_spans_total", metrics.Counter, "Spans that the collector has taken (sent), that it has not taken of what it took (rejected), and that did not leave (dropped).")
	t.Sample(float64(s.Sent), "outcome", "sent")
	t.Sample(float64(s.Rejected), "outcome", "rejected")
	t.Sample(float64(s.Dropped), "outcome", "dropped")
}
