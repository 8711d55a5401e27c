package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// ServerFrame is a frame from the gateway; exactly one member is set.
type ServerFrame struct {
	Response *ResponseFrame
	Event    *EventFrame
}

// ParseServerFrame reads a frame on the client's side, as strictly as clients of protocol 2 do: a frame
// with an extra key or a wrong type is an error, and clients ignore it. The payload does not alias b.
func ParseServerFrame(b []byte) (*ServerFrame, error) {
	if compiled().event.accepts(b) {
		f := new(EventFrame)
		if err := Unmarshal(b, f); err != nil {
			return nil, fmt.Errorf("event frame: %w", err)
		}
		return &ServerFrame{Event: f}, nil
	}
	if compiled().response.accepts(b) {
		f := new(ResponseFrame)
		if err := Unmarshal(b, f); err != nil {
			return nil, fmt.Errorf("response frame: %w", err)
		}
		return &ServerFrame{Response: f}, nil
	}
	return nil, serverFrameFault(b)
}

func serverFrameFault(b []byte) error {
	t, err := parseTree(b)
	if err != nil {
		return fmt.Errorf("server frame: %w", err)
	}
	n := compiled().response
	if kind := t.member("type"); kind != nil && bytes.Equal(kind.raw, []byte(`"event"`)) {
		n = compiled().event
	}
	return errors.New("server frame: " + describe(n, t))
}
