package traces

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/otlp"
)

const (
	minPause = time.Second
	maxPause = 30 * time.Second
	maxWait  = 5 * time.Minute // however long a collector says
)

// Options say what the actor does. State and Target are required.
type Options struct {
	State *State
	// Target is where spans go by the configuration in force; false = nowhere. Asked before each request.
	Target func() (otlp.Target, bool)
	// Transport is what otlp.NewSender takes.
	Transport http.RoundTripper
}

// Props describes the actor. Its name is "traces".
func Props(o Options) actors.Props[actors.WorkEnded] {
	return actors.Work("traces", func(ctx context.Context, log *slog.Logger) error {
		e := &exporter{o: o, log: log, sender: otlp.NewSender(o.Transport)}
		defer e.sender.Close()
		for ctx.Err() == nil {
			e.step(ctx)
		}
		return nil
	}, func(err error) { o.State.trouble(err.Error()) })
}

// exporter sends what waits, batch by batch.
type exporter struct {
	o      Options
	log    *slog.Logger
	sender *otlp.Sender

	failures  int // in a row
	notBefore time.Time
	told      *otlp.Error // what the log has, until it is over
	warned    bool        // the log has that some spans of those that were taken were not
}

// step waits until something is to be done, and does it.
func (e *exporter) step(ctx context.Context) {
	var timer <-chan time.Time // never, while nothing waits
	if at, ok := e.o.State.due(); ok {
		if e.notBefore.After(at) {
			at = e.notBefore
		}
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-e.o.State.changed:
	case <-timer:
		e.send(ctx)
	case f := <-e.o.State.flushes:
		for f.ctx.Err() == nil && e.send(f.ctx) {
		}
		close(f.done)
	}
}

// send makes one request with the first batch, and tells whether to go on with the next.
func (e *exporter) send(ctx context.Context) bool {
	to, wanted := e.o.Target()
	if !wanted {
		e.o.State.clear()
		e.told, e.failures, e.notBefore = nil, 0, time.Time{}
		return false
	}
	spans := e.o.State.take()
	if len(spans) == 0 {
		return false
	}
	answer, err := e.sender.Send(ctx, to, spans)
	bad, ok := errors.AsType[*otlp.Error](err)
	switch {
	case err == nil:
		e.o.State.land(taken, len(spans), answer.Rejected)
		e.taken(answer)
		return true
	case !ok: // ctx has ended
		e.o.State.land(again, len(spans), 0)
		return false
	case bad.Temporary:
		e.o.State.land(again, len(spans), 0)
	default:
		e.o.State.land(failed, len(spans), 0)
	}
	e.refused(bad)
	return !bad.Temporary
}

// taken notes that the collector has taken a batch.
func (e *exporter) taken(a otlp.Answer) {
	if e.told != nil {
		e.log.Info("traces: the collector takes the spans again")
	}
	e.told, e.failures, e.notBefore = nil, 0, time.Time{}
	e.o.State.trouble("")
	if (a.Rejected > 0 || a.Message != "") && !e.warned {
		e.warned = true
		e.log.Warn("traces: the collector has something to say of the spans that it took; this is logged once", "rejected", a.Rejected, "message", a.Message)
	}
}

// refused notes that it has not, says so once, and lets it rest. What is refused for good makes way, and the next one waits, too:
// most likely the reason is the same.
func (e *exporter) refused(bad *otlp.Error) {
	e.failures++
	pause := min(minPause<<min(e.failures-1, 10), maxPause)
	pause = pause/2 + rand.N(pause/2+1)
	e.notBefore = time.Now().Add(max(pause, min(bad.RetryAfter, maxWait)))
	e.o.State.trouble(bad.Text)
	if e.told == nil || e.told.Status != bad.Status {
		e.log.Warn("traces: the collector does not take the spans", "problem", bad.Text, "dropped", !bad.Temporary)
	}
	e.told = bad
}
