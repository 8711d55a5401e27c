package otlp

import (
	"strings"
	"time"
)

// maxText is the longest value of an attribute, in bytes.
const maxText = 256

// TraceID and SpanID are the ids of W3C Trace Context. Zero is none.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Kind is the part that the gateway has in what a span is about.
type Kind uint64

// Kinds of spans, by OTLP's numbers.
const (
	Internal = Kind(1) // work of its own
	Server   = Kind(2) // it was called
	Client   = Kind(3) // it calls
	Producer = Kind(4) // it sends a message
	Consumer = Kind(5) // it was sent one
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
type Attr struct{ keyValue message }

// The fields of KeyValue, and of AnyValue, which it holds.
const (
	attrKey, attrValue                                   = 1, 2
	valueString, valueBool, valueInt, valueDouble uint64 = 1, 2, 3, 4
)

func attr(key string, value message) Attr {
	return Attr{message(nil).text(attrKey, key).bytes(attrValue, value)}
}

// String is an attribute that is a text. A long one is cut.
func String(key, value string) Attr {
	if len(value) > maxText {
		value = value[:maxText-len("…")] + "…"
	}
	return attr(key, message(nil).text(valueString, strings.ToValidUTF8(value, "")))
}

// Int is an attribute that is a whole number.
func Int(key string, value int64) Attr {
	return attr(key, message(nil).varint(valueInt, uint64(value)))
}

// Float is an attribute that is a number.
func Float(key string, value float64) Attr {
	return attr(key, message(nil).double(valueDouble, value))
}

// Bool is an attribute that is true or false.
func Bool(key string, value bool) Attr {
	var n uint64
	if value {
		n = 1
	}
	return attr(key, message(nil).varint(valueBool, n))
}

// Encoded is a span in the form in which it is sent.
type Encoded struct{ span message }

// Size is how many bytes it takes, uncompressed.
func (e Encoded) Size() int { return len(e.span) }

// The fields of Span, of its Links and of its Status.
const (
	spanTrace, spanID, spanParent, spanName, spanKind                  = 1, 2, 4, 5, 6
	spanStart, spanEnd, spanAttributes, spanLinks, spanStatus          = 7, 8, 9, 13, 15
	linkTrace, linkSpan, linkAttributes, statusText, statusCode        = 1, 2, 4, 2, 3
	statusError                                                 uint64 = 2
)

// Encode puts a span into the form in which it is sent.
func Encode(s Span) Encoded {
	m := message(nil).bytes(spanTrace, s.Trace[:]).bytes(spanID, s.ID[:])
	if s.Parent != (SpanID{}) {
		m = m.bytes(spanParent, s.Parent[:])
	}
	m = m.text(spanName, strings.ToValidUTF8(s.Name, "")).varint(spanKind, uint64(s.Kind)).
		fixed64(spanStart, nanos(s.Start)).fixed64(spanEnd, max(nanos(s.Start), nanos(s.End))).attributes(spanAttributes, s.Attrs)
	for _, l := range s.Links {
		m = m.bytes(spanLinks, message(nil).bytes(linkTrace, l.Trace[:]).bytes(linkSpan, l.Span[:]).attributes(linkAttributes, l.Attrs))
	}
	if s.Error != "" {
		m = m.bytes(spanAttributes, String("error.type", s.Error).keyValue).
			bytes(spanStatus, message(nil).text(statusText, strings.ToValidUTF8(s.Error, "")).varint(statusCode, statusError))
	}
	return Encoded{m}
}

func (m message) attributes(field uint64, all []Attr) message {
	for _, a := range all {
		m = m.bytes(field, a.keyValue)
	}
	return m
}

func nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }
