package client

import "github.com/clawdbot/gateway/transport/wire"

// Event is one broadcast of the gateway.
type Event struct {
	Name         string
	Payload      wire.Raw
	Seq          int64 // 0 when it has none
	StateVersion *wire.StateVersion
}

// Decode reads the payload into v.
func (e Event) Decode(v any) error { return wire.Unmarshal(e.Payload, v) }

func eventOf(f *wire.EventFrame) Event {
	e := Event{Name: f.Event, Payload: f.Payload, StateVersion: f.StateVersion}
	if f.Seq != nil {
		e.Seq = *f.Seq
	}
	return e
}

// refusal is the error of a response, nil when it is ok.
func refusal(r *wire.ResponseFrame) *wire.Error {
	switch {
	case r.OK:
		return nil
	case r.Error == nil:
		return wire.Unavailable("the gateway gave no reason")
	}
	return r.Error
}

// accepted recognises the first of two answers.
func accepted(r *wire.ResponseFrame) bool {
	var p struct {
		Status string `json:"status"`
	}
	return r.OK && wire.Unmarshal(r.Payload, &p) == nil && p.Status == "accepted"
}
