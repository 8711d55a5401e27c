package traces

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/transport/otlp"
)

// TestExport_batches: spans wait for each other, but not for long, and not when there are many.
func TestExport_batches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.add(0, 1)
		time.Sleep(delay - time.Second)
		r.add(1, 1)
		synctest.Wait()
		if n, _ := r.seen(); n != 0 {
			t.Error("sent too early")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n, names := r.seen(); n != 1 || names != "0 1" {
			t.Errorf("%d requests with %s", n, names)
		}
		r.add(2, 2*batch+1)
		synctest.Wait()
		if n, _ := r.seen(); n != 3 {
			t.Errorf("%d requests for two full batches", n-1)
		}
		if s := r.state.Status(); s.Queued != 1 || s.Sent != 2*batch+2 || s.Dropped != 0 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
	})
}

// TestExport_retries: what may be sent again is, later each time and not before the collector says; in one piece, in order.
func TestExport_retries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.set(status(503, http.Header{"Retry-After": {"40"}}, ""))
		r.add(0, 2)
		time.Sleep(delay)
		synctest.Wait()
		if s := r.state.Status(); s.Queued != 2 || !strings.Contains(s.Problem, "http://c.test/v1/traces answers 503 Service Unavailable") {
			t.Errorf("%+v", s)
		}
		r.set(func(int) (int, http.Header, []byte, error) { return 0, nil, nil, errors.New("connection refused") })
		time.Sleep(39 * time.Second)
		synctest.Wait()
		if n, _ := r.seen(); n != 1 {
			t.Error("asked again before the time that it said")
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		n, _ := r.seen()
		if n < 20 || n > 45 { // 15 to 30 s, after the first few
			t.Errorf("%d requests in ten minutes", n)
		}
		r.set(nil)
		r.add(2, 1)
		time.Sleep(maxPause)
		synctest.Wait()
		if _, names := r.seen(); names != "0 1 2" {
			t.Errorf("sent %s", names)
		}
		if s := r.state.Status(); s.Sent != 3 || s.Dropped != 0 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
		if said := strings.Count(r.log.String(), "does not take"); said != 2 { // 503, then no answer
			t.Errorf("said %d times:\n%s", said, r.log)
		}
		if !strings.Contains(r.log.String(), "takes the spans again") {
			t.Error("the log does not say that it is over")
		}
	})
}

// TestExport_refused: what is refused for good is given up and counted, and the log says once what to do.
func TestExport_refused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer func(int) (int, http.Header, []byte, error)
		says   string
	}{
		{status(400, nil, "no"), "does not take traces as OTLP"},
		{status(401, nil, "hunter2"), "diagnostics.otel.headers"},
		{status(404, nil, ""), "port 4318"},
		{status(500, nil, ""), "collector's own log"},
		{status(302, http.Header{"Location": {"https://else.test/x?key=hunter2"}}, ""), "lead to https://else.test/x:"},
		{status(200, http.Header{"Content-Type": {"text/html"}}, "<h1>Hello</h1>"), "no collector"},
		{status(200, http.Header{"Content-Type": {"application/x-protobuf"}}, "\xff\xff"), "no collector"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t)
			r.set(c.answer)
			for i := range 3 {
				r.add(i, 1)
				time.Sleep(time.Minute)
				synctest.Wait()
			}
			if s := r.state.Status(); s.Dropped != 3 || s.Queued != 0 || s.Sent != 0 || !strings.Contains(s.Problem, c.says) {
				t.Errorf("%+v, want %q", s, c.says)
			}
			if strings.Count(r.log.String(), "does not take the spans") != 1 {
				t.Errorf("the log:\n%s", r.log)
			}
		})
	}
}

// TestExport_partial: spans that were not taken out of a batch that was are counted, and the log says so once.
func TestExport_partial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		body, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "too\nold"}})
		if err != nil {
			t.Fatal(err)
		}
		r.set(status(200, http.Header{"Content-Type": {"application/x-protobuf"}}, string(body)))
		for i := range 2 {
			r.add(2*i, 2)
			time.Sleep(delay)
			synctest.Wait()
		}
		if s := r.state.Status(); s.Sent != 2 || s.Rejected != 2 || s.Dropped != 0 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
		if strings.Count(r.log.String(), `rejected=1 message="too old"`) != 1 {
			t.Errorf("the log:\n%s", r.log)
		}
	})
}

// TestExport_hangs: a collector that does not answer holds up nobody who adds; what is too much goes from the front of the line, and
// every span is counted once.
func TestExport_hangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.hold(true)
		r.add(0, batch) // on their way now
		synctest.Wait()
		r.add(batch, maxSpans)
		if s := r.state.Status(); s.Queued != maxSpans || s.Dropped != 0 {
			t.Errorf("while they are on their way: %+v", s)
		}
		r.add(batch+maxSpans, 10)
		time.Sleep(11 * time.Second) // the request is over
		synctest.Wait()
		if s := r.state.Status(); s.Queued != maxSpans || s.Dropped != batch+10 || !strings.Contains(s.Problem, "no answer from http://c.test/v1/traces") {
			t.Errorf("after the request: %+v", s)
		}
		r.hold(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		s := r.state.Status()
		if s.Queued != 0 || s.Sent != maxSpans || s.Dropped != batch+10 {
			t.Errorf("in the end: %+v", s)
		}
		if _, names := r.seen(); !strings.HasPrefix(names, fmt.Sprint(batch+10, " ")) {
			t.Errorf("the oldest that was kept is %.20s", names)
		}
	})
}

// TestState_bytes: the line is bounded in bytes, too.
func TestState_bytes(t *testing.T) {
	t.Parallel()
	s, big := NewState(), span("big")
	for range 200 {
		big.Attrs = append(big.Attrs, otlp.String("k", strings.Repeat("x", 250)))
	}
	for range maxSpans / 2 {
		s.Add(big)
	}
	now := s.Status()
	if size := otlp.Encode(big).Size(); now.Queued != maxBytes/size || now.Queued+int(now.Dropped) != maxSpans/2 {
		t.Errorf("%+v of %d bytes each", now, size)
	}
}

// TestFlush: at the end everything goes out at once, in however bad a moment, and nobody waits longer than they want to.
func TestFlush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.set(status(503, http.Header{"Retry-After": {"200"}}, ""))
		r.add(0, batch+1)
		synctest.Wait() // it rests
		r.set(nil)
		if err := r.state.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		if s := r.state.Status(); s.Sent != batch+1 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
		r.hold(true)
		r.add(0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := r.state.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		synctest.Wait()
		if s := r.state.Status(); s.Queued != 1 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestExport_crash: what was on its way when the actor failed is sent by the next one.
func TestExport_crash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.set(func(try int) (int, http.Header, []byte, error) {
			if try == 1 {
				defer r.mu.Unlock() // RoundTrip will not
				panic("broken")
			}
			return 200, nil, nil, nil
		})
		r.add(0, 3)
		time.Sleep(delay)
		synctest.Wait()
		if s := r.state.Status(); s.Queued != 3 || !strings.Contains(s.Problem, "broken") {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := r.state.Status(); s.Sent != 3 || s.Queued+int(s.Dropped) != 0 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
		if _, names := r.seen(); names != "0 1 2" {
			t.Errorf("sent %s", names)
		}
	})
}

// TestExport_off: while nobody wants traces, nothing is asked, nothing is kept, and nothing is wrong.
func TestExport_off(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.set(status(503, nil, ""))
		r.add(0, 1)
		time.Sleep(delay)
		synctest.Wait()
		r.off.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := r.state.Status(); s.Queued != 0 || s.Problem != "" {
			t.Errorf("%+v", s)
		}
		if n, _ := r.seen(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestIDs: the same for the same run, and another for another; the share of traces that is sent is the one that is asked for.
func TestIDs(t *testing.T) {
	t.Parallel()
	if a := TraceOf("a"); a != TraceOf("a") || a == TraceOf("b") || SpanOf("a", "x", "y") == SpanOf("a", "xy") || SpanOf("a") == SpanOf("b") {
		t.Error("ids")
	}
	kept := 0
	for i := range 10_000 {
		id := TraceOf(fmt.Sprint(i))
		if Sampled(id, 0.25) {
			kept++
			if !Sampled(id, 0.3) {
				t.Fatal("a larger share leaves out what a smaller one has")
			}
		}
		if Sampled(id, 0) || !Sampled(id, 1) {
			t.Fatal("none and all")
		}
	}
	if kept < 2300 || kept > 2700 {
		t.Errorf("%d of 10000 for a quarter", kept)
	}
}
