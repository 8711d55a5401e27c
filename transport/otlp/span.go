package otlp

import (
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxText is the longest value of an attribute, in bytes.
const maxText = 256

// TraceID and SpanID are the ids of W3C Trace Context. Zero is none.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Kind is the part that the gateway has in what a span is about.
type Kind int32

// Kinds of spans.
const (
	Internal = Kind(tracepb.Span_SPAN_KIND_INTERNAL) // work of its own
	Server   = Kind(tracepb.Span_SPAN_KIND_SERVER)   // it was called
	Client   = Kind(tracepb.Span_SPAN_KIND_CLIENT)   // it calls
	Producer = Kind(tracepb.Span_SPAN_KIND_PRODUCER) // it sends a message
	Consumer = Kind(tracepb.Span_SPAN_KIND_CONSUMER) // it was sent one
)

// Span is something that took its time.
type Span struct {
	Trace  TraceID
	ID     SpanID
	Parent SpanID // zero: the trace begins with it
	Name   string
	Kind   Kind
	Start  time.Time
	End    time.Time
	Attrs  []Attr
	Links  []Link // to what it has to do with in other traces
	Error  string // what failed, in a word of the program; "" = nothing did
}

// Link leads to a span of another trace.
type Link struct {
	Trace TraceID
	Span  SpanID
	Attrs []Attr
}

// Attr is one thing that is known of a span.
type Attr struct{ kv *commonpb.KeyValue }

// String is an attribute that is a text. A long one is cut.
func String(key, value string) Attr {
	return Attr{text(key, value)}
}

// Int is an attribute that is a whole number.
func Int(key string, value int64) Attr {
	return Attr{&commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}}
}

// Float is an attribute that is a number.
func Float(key string, value float64) Attr {
	return Attr{&commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}}}}
}

// Bool is an attribute that is true or false.
func Bool(key string, value bool) Attr {
	return Attr{&commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: value}}}}
}

func text(key, value string) *commonpb.KeyValue {
	if len(value) > maxText {
		value = value[:maxText-len("…")] + "…"
	}
	value = strings.ToValidUTF8(value, "")
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// Encoded is a span in the form in which it is sent.
type Encoded struct{ span *tracepb.Span }

// Size is how many bytes it takes, uncompressed.
func (e Encoded) Size() int { return proto.Size(e.span) }

// Encode puts a span into the form in which it is sent.
func Encode(s Span) Encoded {
	e := &tracepb.Span{
		TraceId: s.Trace[:], SpanId: s.ID[:], Name: strings.ToValidUTF8(s.Name, ""), Kind: tracepb.Span_SpanKind(s.Kind),
		StartTimeUnixNano: nanos(s.Start), EndTimeUnixNano: max(nanos(s.Start), nanos(s.End)), Attributes: attributes(s.Attrs),
	}
	if s.Parent != (SpanID{}) {
		e.ParentSpanId = s.Parent[:]
	}
	for _, l := range s.Links {
		e.Links = append(e.Links, &tracepb.Span_Link{TraceId: l.Trace[:], SpanId: l.Span[:], Attributes: attributes(l.Attrs)})
	}
	if s.Error != "" {
		e.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: s.Error}
		e.Attributes = append(e.Attributes, text("error.type", s.Error))
	}
	return Encoded{e}
}

func attributes(all []Attr) (kvs []*commonpb.KeyValue) {
	for _, a := range all {
		kvs = append(kvs, a.kv)
	}
	return kvs
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }
