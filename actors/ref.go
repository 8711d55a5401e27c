package actors

// Ref is the address of one actor, for messages of type M. It is a comparable value: two are
// equal if they mean the same actor. A later actor of the same name has another Ref. The zero
// Ref means no actor.
type Ref[M any] struct {
	_ [0]*M
	c *cell
}

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
func (r Ref[M]) Path() string {
	if r.c == nil {
		return ""
	}
	return r.c.path
}

// IsZero reports whether r means no actor.
func (r Ref[M]) IsZero() bool { return r.c == nil }

// Stop ends the actor after the message it is handling. Queued messages are discarded and their
// Replies fail with ErrStopped. It does not wait; see Done.
func (r Ref[M]) Stop() {
	if r.c != nil {
		r.c.stop(nil)
	}
}

// Drain refuses new messages and stops the actor when those it has are handled.
func (r Ref[M]) Drain() {
	if r.c != nil {
		r.c.box.drain()
	}
}

// Done is closed when the actor has stopped for good, its children too, and its name is free.
func (r Ref[M]) Done() <-chan struct{} {
	if r.c == nil {
		return closedChan()
	}
	return r.c.doneChan()
}

func closedChan() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}
