package actors

// Ref is the address of one actor, for messages of type M. It is a comparable value: two are
// equal if they mean the same actor. A later actor of the same name has another Ref. The zero
// Ref means no actor.
type Ref[M any] struct {
	_ [0]*M
	address
}

// address is a Ref without its type, so that what it does is in the program once.
type address struct{ c *cell }

// Tell puts m into the actor's mailbox. It never blocks. The error is nil or an *Error that
// wraps ErrFull or ErrStopped; then the message was not taken, and its Reply, if it embeds one,
// is still the caller's to answer.
func (r Ref[M]) Tell(m M) error {
	if r.c == nil {
		return &Error{Err: ErrStopped}
	}
	return r.c.tell(m)
}

// Path is the actor's name under all its ancestors, "parent/name"; empty for the zero Ref.
func (a address) Path() string {
	if a.c == nil {
		return ""
	}
	return a.c.path
}

// IsZero reports whether it is the zero Ref, which means no actor.
func (a address) IsZero() bool { return a.c == nil }

// Stop ends the actor after the message it is handling. Queued messages are discarded and their
// Replies fail with ErrStopped. It does not wait; see Done.
func (a address) Stop() {
	if a.c != nil {
		a.c.stop(nil)
	}
}

// Drain refuses new messages and stops the actor when those it has are handled.
func (a address) Drain() {
	if a.c != nil {
		a.c.box.drain()
	}
}

// Done is closed when the actor has stopped for good, its children too, and its name is free.
func (a address) Done() <-chan struct{} {
	if a.c == nil {
		return closedChan()
	}
	return a.c.doneChan()
}

func closedChan() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}
