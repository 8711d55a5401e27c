package actors

import "sync"

// Interceptor injects faults in tests. It is called from many goroutines. Results of Pipe and
// timers pass only Receive; what Watch promised passes neither.
type Interceptor interface {
	// Send runs on the sender's goroutine in place of the queueing, which is deliver. It may call
	// deliver never (then Delivery.Discard), once or more often, now or later, on any goroutine.
	Send(d Delivery, deliver func())
	// Receive runs on the actor's goroutine in place of the handler, which is handle. It may panic:
	// that is a crash of the actor. Start passes here too, as a Starting.
	Receive(d Delivery, handle func())
}

// Delivery is one message on its way.
type Delivery struct {
	Path, Kind string // of the receiver
	Message    any
}

// Starting is the Delivery.Message of an actor's Start.
type Starting struct{}

// Discard answers for a message that will never be delivered: its Reply fails with ErrFull, as
// that of any message the runtime drops.
func (d Delivery) Discard() { discard(d.Message, d.Path, ErrFull) }

func (c *cell) tellIntercepted(m any) error {
	var (
		mu       sync.Mutex
		late     bool // Send has returned: the sender has had its answer
		accepted bool
		refused  error
	)
	deliver := func() {
		err := c.enqueue(m)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			accepted = true
		case late:
			if r := replyOf(m); r != nil {
				r.fail(err)
			}
		default:
			refused = err
		}
	}
	c.sys.intercept.Send(Delivery{c.path, c.kind, m}, deliver)
	mu.Lock()
	defer mu.Unlock()
	late = true
	if accepted {
		return nil
	}
	return refused
}
