package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/otlp"
)

// collector stands in for the network: it decodes what comes and answers as it is told.
type collector struct {
	mu     sync.Mutex
	answer func(try int) (status int, header http.Header, body []byte, err error) // nil = takes everything
	hang   bool
	tries  int
	at     []time.Time
	names  []string // of the spans that were taken
}

func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	var m collectorpb.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.tries++
	c.at = append(c.at, time.Now())
	hang, status, header, body := c.hang, http.StatusOK, http.Header{}, []byte(nil)
	if c.answer != nil {
		status, header, body, err = c.answer(c.tries)
	}
	if err == nil && status == http.StatusOK && !hang {
		for _, s := range m.ResourceSpans[0].ScopeSpans[0].Spans {
			c.names = append(c.names, s.Name)
		}
	}
	c.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

func (c *collector) set(answer func(int) (int, http.Header, []byte, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// hold has requests hang.
func (c *collector) hold(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hang = on
}

func (c *collector) seen() (tries int, names string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries, strings.Join(c.names, " ")
}

func status(code int, header http.Header, body string) func(int) (int, http.Header, []byte, error) {
	return func(int) (int, http.Header, []byte, error) { return code, header, []byte(body), nil }
}

// rig is an actor with its collector, in a bubble of time.
type rig struct {
	*collector
	state *State
	log   *bytes.Buffer
	sys   *actors.System
	off   atomic.Bool
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{collector: &collector{}, state: NewState(), log: &bytes.Buffer{}}
	r.sys = actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.NewTextHandler(r.log, nil))})
	_, err := actors.Spawn(r.sys, "traces", Props(Options{
		State: r.state, Transport: r.collector,
		Target: func() (otlp.Target, bool) {
			return otlp.Target{URL: "http://c.test/v1/traces?key=hunter2", Service: "s", Headers: map[string]string{"Key": "hunter2"}}, !r.off.Load()
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if strings.Contains(r.log.String()+r.state.Status().Problem, "hunter2") {
			t.Error("a credential is in what people are told")
		}
	})
	synctest.Wait()
	return r
}

func span(name string) otlp.Span {
	return otlp.Span{Trace: TraceOf(name), ID: SpanOf(name), Name: name, Start: time.Now(), End: time.Now()}
}

func (r *rig) add(from, n int) {
	for i := range n {
		r.state.Add(span(fmt.Sprint(from + i)))
	}
}
