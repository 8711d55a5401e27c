package wire

import (
	"bytes"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// QuoteID encodes a request id for AppendResponse.
func QuoteID(id string) Raw {
	return appendString(make([]byte, 0, len(id)+2), id)
}

// AppendEvent appends an event frame. The payload is encoded already; an empty one is left out. An event
// that is not broadcast has seq 0, which leaves the key out; sv is nil but for presence and health.
func AppendEvent(dst []byte, name string, payload Raw, seq int64, sv *StateVersion) []byte {
	dst = append(dst, `{"type":"event","event":`...)
	dst = appendString(dst, name)
	if len(payload) > 0 {
		dst = append(dst, `,"payload":`...)
		dst = append(dst, payload...)
	}
	if seq > 0 {
		dst = append(dst, `,"seq":`...)
		dst = strconv.AppendInt(dst, seq, 10)
	}
	if sv != nil {
		dst = append(dst, `,"stateVersion":{"presence":`...)
		dst = strconv.AppendInt(dst, sv.Presence, 10)
		dst = append(dst, `,"health":`...)
		dst = strconv.AppendInt(dst, sv.Health, 10)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// AppendResponse appends a response frame to the request whose encoded id is id. Without an error and a
// payload the frame has neither key; Raw("null") is a payload. On an encoding error dst comes back as it
// was given.
func AppendResponse(dst []byte, id Raw, r Result) ([]byte, error) {
	out := append(dst, `{"type":"res","id":`...)
	out = append(out, id...)
	if r.Err == nil {
		out = append(out, `,"ok":true`...)
	} else {
		out = append(out, `,"ok":false`...)
	}
	var err error
	if r.Payload != nil {
		out = append(out, `,"payload":`...)
		if out, err = AppendPayload(out, r.Payload); err != nil {
			return dst, err
		}
	}
	if r.Err != nil {
		out = append(out, `,"error":`...)
		if out, err = AppendPayload(out, r.Err); err != nil {
			return dst, err
		}
	}
	return append(out, '}'), nil
}

var encodeBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKeptBuffer keeps one huge payload from staying in memory for good.
const maxKeptBuffer = 256 << 10

// AppendPayload appends the encoding of v; a Raw goes out verbatim, an empty one as null.
func AppendPayload(dst []byte, v any) ([]byte, error) {
	if raw, ok := v.(Raw); ok {
		if len(raw) == 0 {
			return append(dst, "null"...), nil
		}
		return append(dst, raw...), nil
	}
	buf := encodeBuffers.Get().(*bytes.Buffer)
	buf.Reset()
	err := json.MarshalWrite(buf, v, encodeOptions)
	if err == nil {
		dst = append(dst, buf.Bytes()...)
	}
	if buf.Cap() <= maxKeptBuffer {
		encodeBuffers.Put(buf)
	}
	return dst, err
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // an error means broken UTF-8, which is U+FFFD now
	return dst
}
