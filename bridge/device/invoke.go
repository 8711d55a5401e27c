package device

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/clawdbot/gateway/bridge"
)

// codeUnavailable is the code of an error that has none of its own.
const codeUnavailable = "UNAVAILABLE"

// maxPayload is how long a result may be in a line, in bytes of JSON text.
const maxPayload = maxLine - 1<<20

// take starts an invoke, and answers it on the connection it came on when it has ended.
func (d *Device) take(ctx context.Context, s *session, f bridge.Invoke) {
	if !d.seen.first(f.ID) {
		d.o.Log.Warn("an invoke came twice and is not carried out again", "id", f.ID, "command", f.Command)
		return
	}
	select {
	case d.places <- struct{}{}:
	default:
		d.invokes.Go(func() {
			s.answer(f, nil, fmt.Errorf("UNAVAILABLE: this device carries out %d commands already", maxInvokes))
		})
		return
	}
	d.invokes.Go(func() {
		defer func() { <-d.places }()
		result, err := d.carryOut(ctx, f)
		s.answer(f, result, err)
	})
}

// carryOut runs the command. One that panics has failed, and only it.
func (d *Device) carryOut(ctx context.Context, f bridge.Invoke) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.o.Log.Error("a command panicked", "command", f.Command, "panic", p, "stack", string(debug.Stack()))
			result, err = nil, fmt.Errorf("UNAVAILABLE: %s failed inside; the device's log has more", f.Command)
		}
	}()
	return d.o.Invoke(ctx, f.Command, bytesOf(f.ParamsJSON))
}

func (s *session) answer(f bridge.Invoke, result any, err error) {
	r := bridge.InvokeRes{ID: f.ID, OK: true}
	if err == nil {
		r.PayloadJSON, err = textOf(result)
	}
	if err == nil && r.PayloadJSON != nil && len(*r.PayloadJSON) > s.d.largest {
		err = fmt.Errorf("UNAVAILABLE: the answer has %d bytes, more than %d", len(*r.PayloadJSON), s.d.largest)
	}
	if err != nil {
		code := codeUnavailable
		if coded, has := err.(interface{ NodeCode() string }); has {
			code = coded.NodeCode()
		}
		r = bridge.InvokeRes{ID: f.ID, Err: &bridge.InvokeError{Code: code, Message: err.Error()}}
	}
	if err := s.write(r); err != nil {
		s.d.o.Log.Warn("the answer to an invoke could not be sent; the gateway says that its outcome is unknown", "command", f.Command, "err", err)
	}
}

// seen remembers the ids that came last.
type seen struct {
	mu   sync.Mutex
	ids  map[string]bool
	ring []string
	next int
}

const remembered = 4096

// first tells whether an id is new, and remembers it.
func (s *seen) first(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids, s.ring = map[string]bool{}, make([]string, remembered)
	}
	if s.ids[id] {
		return false
	}
	delete(s.ids, s.ring[s.next])
	s.ids[id], s.ring[s.next] = true, id
	s.next = (s.next + 1) % remembered
	return true
}
