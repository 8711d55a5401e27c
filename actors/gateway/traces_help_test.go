package gateway_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/clawdbot/gateway/transport/otlp"
)

// collector takes traces on loopback, as strictly as the format asks for, or answers as it is told.
type collector struct {
	t testing.TB
	*httptest.Server
	done chan struct{} // closed at the end of the test

	mu      sync.Mutex
	mode    string // guarded by mu, as what follows; "" = takes everything, busy, hang, garbage
	asked   int
	headers []http.Header
	raw     bytes.Buffer // all that came, uncompressed
	spans   []*tracepb.Span
}

func collect(t testing.TB, mode string) *collector {
	c := &collector{t: t, mode: mode, done: make(chan struct{})}
	c.Server = httptest.NewServer(c)
	t.Cleanup(func() {
		close(c.done)
		c.Close()
	})
	return c
}

// section is a configuration of traces that go there.
func (c *collector) section() string {
	return `diagnostics: {otel: {enabled: true, endpoint: "` + c.URL + `", serviceName: "test", headers: {Authorization: "Bearer CANARY-otel"}}}`
}

func (c *collector) become(mode string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode = mode
}

func (c *collector) requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(raw)); err == nil {
			raw, err = io.ReadAll(z)
		}
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "gzip" {
		c.t.Errorf("%s %s %v: %v", r.Method, r.URL, r.Header, err)
	}
	c.mu.Lock()
	mode := c.mode
	c.asked++
	c.mu.Unlock()
	switch mode {
	case "busy":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	case "hang":
		<-c.done
	case "garbage":
		_, _ = io.WriteString(w, "<html>It works!</html>")
	default:
		c.take(r.Header, raw)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

// take keeps what is a request of OTLP to the last field.
func (c *collector) take(h http.Header, raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var m collectorpb.ExportTraceServiceRequest
	if err := proto.Unmarshal(raw, &m); err != nil {
		c.t.Errorf("no request of OTLP: %v", err)
		return
	}
	c.known(m.ProtoReflect())
	c.headers = append(c.headers, h)
	c.raw.Write(raw)
	for _, rs := range m.ResourceSpans {
		if attrs := attrsOf(rs.Resource.Attributes); attrs["service.name"] != "test" {
			c.t.Errorf("resource %v", attrs)
		}
		for _, ss := range rs.ScopeSpans {
			c.spans = append(c.spans, ss.Spans...)
		}
	}
}

// known: no message in it has a field that the format does not.
func (c *collector) known(m protoreflect.Message) {
	if len(m.GetUnknown()) > 0 {
		c.t.Errorf("unknown fields in %s", m.Descriptor().Name())
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				c.known(v.List().Get(i).Message())
			}
		case f.Message() != nil && !f.IsMap():
			c.known(v.Message())
		}
		return true
	})
}

func attrsOf(kvs []*commonpb.KeyValue) map[string]any {
	all := map[string]any{}
	for _, kv := range kvs {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			all[kv.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			all[kv.Key] = v.IntValue
		case *commonpb.AnyValue_DoubleValue:
			all[kv.Key] = v.DoubleValue
		case *commonpb.AnyValue_BoolValue:
			all[kv.Key] = v.BoolValue
		}
	}
	return all
}

// trace are the spans of one.
type trace struct {
	t     testing.TB
	spans []*tracepb.Span
}

// trace finds the one trace that begins so.
func (c *collector) trace(root string) trace {
	c.t.Helper()
	all := c.traces(root)
	if len(all) != 1 {
		c.t.Fatalf("%d traces begin with %s", len(all), root)
	}
	return all[0]
}

// traces finds those that begin so.
func (c *collector) traces(root string) (all []trace) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Name == root && len(s.ParentSpanId) == 0 {
			all = append(all, c.whole(s.TraceId))
		}
	}
	return all
}

// whole is a trace, with what holds for every one checked. The caller holds mu.
func (c *collector) whole(id []byte) trace {
	c.t.Helper()
	tr, ids := trace{t: c.t}, map[string]bool{}
	for _, s := range c.spans {
		if bytes.Equal(s.TraceId, id) {
			tr.spans = append(tr.spans, s)
			ids[string(s.SpanId)] = true
		}
	}
	for _, s := range tr.spans {
		switch {
		case len(s.TraceId) != 16 || len(s.SpanId) != 8 || bytes.Equal(s.SpanId, make([]byte, 8)):
			c.t.Errorf("%s has the ids %x and %x", s.Name, s.TraceId, s.SpanId)
		case len(s.ParentSpanId) > 0 && !ids[string(s.ParentSpanId)]:
			c.t.Errorf("the parent of %s is missing", s.Name)
		case s.StartTimeUnixNano < 1e18 || s.EndTimeUnixNano < s.StartTimeUnixNano:
			c.t.Errorf("%s is from %d to %d", s.Name, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
	if len(ids) != len(tr.spans) {
		c.t.Errorf("%d spans have %d ids", len(tr.spans), len(ids))
	}
	return tr
}

// tree is a trace in lines, each span under its parent, in the order of their beginning.
func (tr trace) tree() string {
	var b strings.Builder
	var under func(parent []byte, indent string)
	under = func(parent []byte, indent string) {
		var all []*tracepb.Span
		for _, s := range tr.spans {
			if bytes.Equal(s.ParentSpanId, parent) {
				all = append(all, s)
			}
		}
		slices.SortStableFunc(all, func(a, b *tracepb.Span) int {
			return cmp.Or(cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano), cmp.Compare(a.EndTimeUnixNano, b.EndTimeUnixNano))
		})
		for _, s := range all {
			b.WriteString(indent + s.Name)
			if s.Status != nil {
				b.WriteString(" !" + s.Status.Message)
			}
			b.WriteString("\n")
			under(s.SpanId, indent+"  ")
		}
	}
	under(nil, "")
	return b.String()
}

// attrs are those of the first span of a name.
func (tr trace) attrs(name string) map[string]any {
	for _, s := range tr.spans {
		if s.Name == name {
			return attrsOf(s.Attributes)
		}
	}
	tr.t.Errorf("there is no span %s", name)
	return nil
}

// id is that of the trace.
func (tr trace) id() (id otlp.TraceID) {
	copy(id[:], tr.spans[0].TraceId)
	return id
}

// noWord: nothing that came has any of these words in it, nor an id in figures.
func (c *collector) noWord(words ...string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range words {
		if bytes.Contains(c.raw.Bytes(), []byte(w)) {
			c.t.Errorf("%q was sent:\n%s", w, hex.Dump(c.raw.Bytes()))
		}
	}
}
