package otlp

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// sent is what a server on loopback was sent, which answers with answer.
func sent(t *testing.T, to Target, answer http.HandlerFunc, spans ...Span) (*collectorpb.ExportTraceServiceRequest, *http.Request, Answer, error) {
	t.Helper()
	var mu sync.Mutex
	var got *http.Request // guarded by mu
	var m collectorpb.ExportTraceServiceRequest
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = r
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		raw, err := io.ReadAll(z)
		if err := errors.Join(err, proto.Unmarshal(raw, &m)); err != nil {
			t.Error(err)
		}
		if answer != nil {
			answer(w, r)
		}
	}))
	defer server.Close()
	s := NewSender(nil)
	defer s.Close()
	to.URL = server.URL + "/v1/traces?key=hunter2"
	var all []Encoded
	for _, span := range spans {
		all = append(all, Encode(span))
	}
	a, err := s.Send(t.Context(), to, all)
	mu.Lock()
	defer mu.Unlock()
	return &m, got, a, err
}

// TestSend: every part of a span is in its place.
func TestSend(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 5)
	m, r, a, err := sent(t, Target{Service: "s", Version: "1.2", Headers: map[string]string{"X-Key": "k", "Content-Type": "text/plain"}}, nil, Span{
		Trace: TraceID{1}, ID: SpanID{2}, Parent: SpanID{3}, Name: "n", Kind: Consumer, Start: at, End: at.Add(time.Second), Error: "lost",
		Attrs: []Attr{String("a", "\xff"+strings.Repeat("é", 200)), Int("b", -1), Float("c", 0.5), Bool("d", true)},
		Links: []Link{{Trace: TraceID{4}, Span: SpanID{5}, Attrs: []Attr{String("why", "so")}}},
	}, Span{Trace: TraceID{1}, ID: SpanID{3}, Name: "backwards", Start: at, End: at.Add(-time.Hour)})
	if err != nil || a != (Answer{}) {
		t.Fatal(a, err)
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != protobuf || r.Header.Get("X-Key") != "k" || r.UserAgent() != "clawdbot/1.2" {
		t.Errorf("%s %v", r.Method, r.Header)
	}
	rs := m.ResourceSpans[0]
	if res := rs.Resource.Attributes; len(res) != 2 || res[0].Key != "service.name" || res[0].Value.GetStringValue() != "s" || res[1].Value.GetStringValue() != "1.2" {
		t.Errorf("resource %v", res)
	}
	all := rs.ScopeSpans[0].Spans
	s := all[0]
	if string(s.TraceId[:1]) != "\x01" || len(s.TraceId) != 16 || len(s.SpanId) != 8 || s.ParentSpanId[0] != 3 || s.Kind != tracepb.Span_SPAN_KIND_CONSUMER ||
		s.StartTimeUnixNano != 1_800_000_000_000_000_005 || s.EndTimeUnixNano-s.StartTimeUnixNano != 1e9 {
		t.Errorf("%v", s)
	}
	if s.Status.Code != tracepb.Status_STATUS_CODE_ERROR || s.Status.Message != "lost" || s.Attributes[4].Key != "error.type" {
		t.Errorf("status %v, %v", s.Status, s.Attributes)
	}
	if v := s.Attributes[0].Value.GetStringValue(); len(v) > maxText || !utf8.ValidString(v) || !strings.HasSuffix(v, "é…") {
		t.Errorf("long text: %q", v)
	}
	if s.Attributes[1].Value.GetIntValue() != -1 || s.Attributes[2].Value.GetDoubleValue() != 0.5 || !s.Attributes[3].Value.GetBoolValue() {
		t.Errorf("%v", s.Attributes)
	}
	if l := s.Links[0]; l.TraceId[0] != 4 || l.SpanId[0] != 5 || l.Attributes[0].Value.GetStringValue() != "so" {
		t.Errorf("%v", l)
	}
	if all[1].EndTimeUnixNano != all[1].StartTimeUnixNano || all[1].ParentSpanId != nil || all[1].Status != nil {
		t.Errorf("%v", all[1])
	}
}

// TestAnswer_read: an answer that is cut anywhere, or has fields that are not known, is no trouble, or an error.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	whole := message(nil).varint(9, 1).fixed64(8, 1).bytes(responsePartial, message(nil).varint(partialRejected, 3).text(partialMessage, "why").double(7, 1))
	whole = append(whole.tag(6, wireFixed32), 1, 2, 3, 4)
	var a Answer
	if err := a.read(whole); err != nil || a != (Answer{3, "why"}) {
		t.Fatal(a, err)
	}
	fields := 0
	for n := range len(whole) {
		if err := new(Answer).read(whole[:n:n]); err == nil {
			fields++
		}
	}
	if fields != 4 { // nothing, and where a field ends
		t.Errorf("%d beginnings are read", fields)
	}
	for _, bad := range []message{{0}, {0x0b}, {0x0f}, {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, {0x08, 0x80}} {
		if err := new(Answer).read(bad); err == nil {
			t.Errorf("% x is read", []byte(bad))
		}
	}
}

// TestSend_answers: what each answer means, what to do about it, and that no secret is in the words for it.
func TestSend_answers(t *testing.T) {
	t.Parallel()
	say := func(status int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	partial, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "why\nnot"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		answer    http.HandlerFunc
		temporary bool
		after     time.Duration
		says      string // part of the error; "" = there is none
		a         Answer
	}{
		{"taken", say(200, "Content-Type", protobuf, ""), false, 0, "", Answer{}},
		{"taken, in JSON", say(200, "Content-Type", "application/json; charset=utf-8", "{}"), false, 0, "", Answer{}},
		{"not all", say(200, "Content-Type", protobuf, string(partial)), false, 0, "", Answer{3, "why not"}},
		{"too many", say(429, "Retry-After", "7", ""), true, 7 * time.Second, "429 Too Many Requests", Answer{}},
		{"busy", say(503, "Retry-After", "-7", "hunter2"), true, 0, "503", Answer{}},
		{"busy, odd header", say(503, "Retry-After", "soon", ""), true, 0, "503", Answer{}},
		{"gateway", say(502, "", "", ""), true, 0, "502", Answer{}},
		{"timeout", say(504, "", "", ""), true, 0, "504", Answer{}},
		{"broken", say(500, "", "", ""), false, 0, "collector's own log", Answer{}},
		{"bad", say(400, "", "", "hunter2"), false, 0, "does not take traces as OTLP", Answer{}},
		{"forbidden", say(403, "", "", ""), false, 0, "diagnostics.otel.headers", Answer{}},
		{"nothing there", say(404, "", "", ""), false, 0, "/v1/traces is added", Answer{}},
		{"elsewhere", say(307, "Location", "https://u:hunter2@evil.test/x?hunter2", ""), false, 0, "lead to https://evil.test/x", Answer{}},
		{"a page", say(200, "Content-Type", "text/html", "<html>"), false, 0, "no collector of OTLP", Answer{}},
		{"garbage", say(200, "Content-Type", protobuf, "\xff\xff\xff"), false, 0, "no collector of OTLP", Answer{}},
		{"without end", say(200, "Content-Type", protobuf, strings.Repeat("x", maxAnswer+9)), false, 0, "no collector of OTLP", Answer{}},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, 0, "no answer from http://127.0.0.1", Answer{}},
	} {
		_, _, a, err := sent(t, Target{Headers: map[string]string{"Authorization": "hunter2"}}, c.answer, Span{Name: "n"})
		if c.says == "" {
			if err != nil || a != c.a {
				t.Errorf("%s: %+v, %v", c.name, a, err)
			}
			continue
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Temporary != c.temporary || e.RetryAfter != c.after || !strings.Contains(e.Text, c.says) || strings.Contains(e.Text, "hunter2") {
			t.Errorf("%s: %+v", c.name, err)
		}
	}
}

// TestSend_nobody: a port that nobody listens on is a passing trouble; whoever has no time gets back their own reason.
func TestSend_nobody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := NewSender(nil)
	defer s.Close()
	_, err := s.Send(t.Context(), Target{URL: server.URL + "/?hunter2"}, nil)
	e, ok := errors.AsType[*Error](err)
	if !ok || !e.Temporary || e.Status != 0 || !strings.Contains(e.Text, "connection refused") || strings.Contains(e.Text, "hunter2") {
		t.Error(err)
	}
	why := errors.New("no time")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := s.Send(ctx, Target{URL: server.URL}, nil); !errors.Is(err, why) {
		t.Error(err)
	}
	if _, err := s.Send(t.Context(), Target{URL: "http://[hunter2"}, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
