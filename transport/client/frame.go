package client

import (
	"errors"
	"fmt"

	"github.com/clawdbot/gateway/transport/wire"
)

// Event is one broadcast of the gateway.
type Event struct {
	Name         string
	Payload      wire.Raw
	Seq          int64 // 0 when it has none
	StateVersion *wire.StateVersion
}

// Decode reads the payload into v.
func (e Event) Decode(v any) error { return wire.Unmarshal(e.Payload, v) }

// response is one answer to a call.
type response struct {
	id      string
	payload wire.Raw
	err     *wire.Error // nil when ok
}

// accepted recognises the first of two answers.
func (r response) accepted() bool {
	var p struct {
		Status string `json:"status"`
	}
	return r.err == nil && wire.Unmarshal(r.payload, &p) == nil && p.Status == "accepted"
}

// frame is a checked message of the gateway: exactly one of its fields is set.
type frame struct {
	event    *Event
	response *response
}

// keys that each kind of frame may have.
var frameKeys = map[string]map[string]bool{
	"res":   {"type": true, "id": true, "ok": true, "payload": true, "error": true},
	"event": {"type": true, "event": true, "payload": true, "seq": true, "stateVersion": true},
}

// parseFrame checks a message as strictly as the clients of protocol 2 do (1.2). What fails is ignored.
func parseFrame(b []byte) (frame, error) {
	var raw map[string]wire.Raw
	if err := wire.Unmarshal(b, &raw); err != nil {
		return frame{}, err
	}
	var typ string
	if err := wire.Unmarshal(raw["type"], &typ); err != nil {
		return frame{}, errors.New("no type")
	}
	allowed := frameKeys[typ]
	if allowed == nil {
		return frame{}, fmt.Errorf("unknown type %q", typ)
	}
	for k, v := range raw {
		if !allowed[k] {
			return frame{}, fmt.Errorf("unknown key %q", k)
		}
		if string(v) == "null" && k != "payload" {
			return frame{}, fmt.Errorf("%s is null", k)
		}
	}
	if typ == "res" {
		r, err := parseResponse(raw)
		return frame{response: r}, err
	}
	e, err := parseEvent(raw)
	return frame{event: e}, err
}

func parseResponse(raw map[string]wire.Raw) (*response, error) {
	r := &response{payload: raw["payload"]}
	var ok bool
	if err := field(raw, "id", &r.id); err != nil || r.id == "" {
		return nil, errors.New("response without an id")
	}
	if err := field(raw, "ok", &ok); err != nil {
		return nil, err
	}
	var e *wire.Error
	if raw["error"] != nil {
		e = &wire.Error{}
		if err := field(raw, "error", e); err != nil {
			return nil, err
		}
		if e.Code == "" || e.Message == "" {
			return nil, errors.New("error without code or message")
		}
	}
	if !ok {
		if e == nil {
			e = wire.Unavailable("the gateway gave no reason")
		}
		r.err = e
	}
	return r, nil
}

func parseEvent(raw map[string]wire.Raw) (*Event, error) {
	e := &Event{Payload: raw["payload"]}
	if err := field(raw, "event", &e.Name); err != nil || e.Name == "" {
		return nil, errors.New("event without a name")
	}
	if raw["seq"] != nil {
		if err := field(raw, "seq", &e.Seq); err != nil || e.Seq < 0 {
			return nil, errors.New("seq is no count")
		}
	}
	if raw["stateVersion"] != nil {
		e.StateVersion = &wire.StateVersion{}
		if err := field(raw, "stateVersion", e.StateVersion); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func field(raw map[string]wire.Raw, key string, v any) error {
	if err := wire.Unmarshal(raw[key], v); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
