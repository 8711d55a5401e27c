package actors

import (
	"context"
	"fmt"
	"sync"
)

// Reply is the way back to the sender of a message. A request embeds one:
//
//	type Lookup struct {
//		actors.Reply[Entry]
//		Key string
//	}
//
// The first Send or Fail wins and later ones are ignored, from any goroutine. The zero Reply
// is for senders that want no answer: sending to it does nothing. Embedded in a message, the
// reply follows it: the actor that took the message last owes the answer, and telling the
// message on to another actor hands the debt over. A message embeds at most one Reply.
type Reply[T any] struct{ s *replyState[T] }

// ReplyTo makes a Reply that calls f exactly once, with the value or with the error, on the
// goroutine that answers. f must not block: a Tell, or a send to a buffered channel.
func ReplyTo[T any](f func(T, error)) Reply[T] {
	s := &replyState[T]{f: f}
	s.node.self = s
	return Reply[T]{s}
}

// Send answers with v.
func (r Reply[T]) Send(v T) {
	if r.s != nil && r.s.node.settle() {
		r.s.f(v, nil)
	}
}

// Fail answers with an error, which must not be nil.
func (r Reply[T]) Fail(err error) {
	if r.s != nil {
		r.s.fail(err)
	}
}

// Replies are those who wait for one and the same answer.
type Replies[T any] []Reply[T]

// Send answers all of them with v.
func (r Replies[T]) Send(v T) {
	for _, one := range r {
		one.Send(v)
	}
}

// Fail answers all of them with an error, which must not be nil.
func (r Replies[T]) Fail(err error) {
	for _, one := range r {
		one.Fail(err)
	}
}

func (r Reply[T]) pendingReply() pendingReply {
	if r.s == nil {
		return nil
	}
	return r.s
}

type replyState[T any] struct {
	node replyNode
	f    func(T, error)
}

func (s *replyState[T]) fail(err error) {
	if s.node.settle() {
		var zero T
		s.f(zero, err)
	}
}

func (s *replyState[T]) link() *replyNode { return &s.node }

// pendingReply is a replyState of any type.
type pendingReply interface {
	link() *replyNode
	fail(error)
}

func replyOf(m any) pendingReply {
	if c, ok := m.(interface{ pendingReply() pendingReply }); ok {
		return c.pendingReply()
	}
	return nil
}

// discard answers for a message that will not be handled.
func discard(m any, path string, err error) {
	if p := replyOf(m); p != nil {
		p.fail(&Error{path, err})
	}
}

// replyNode places a reply in the list of the incarnation that owes it. owner is nil while the
// message is in no actor's hands or in a queue. Locks: the node's before the incarnation's.
type replyNode struct {
	self pendingReply

	mu         sync.Mutex // guards the following
	done       bool
	owner      *incarnation
	prev, next *replyNode // guarded by owner.mu
}

// settle claims the right to answer.
func (n *replyNode) settle() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.done {
		return false
	}
	n.done = true
	n.unlink()
	return true
}

// moveTo makes in owe the answer; nil if the message goes into a queue.
func (n *replyNode) moveTo(in *incarnation) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.done || n.owner == in {
		return
	}
	n.unlink()
	if in != nil {
		in.mu.Lock()
		n.owner, n.next = in, in.replies
		if n.next != nil {
			n.next.prev = n
		}
		in.replies = n
		in.mu.Unlock()
	}
}

// unlink takes n out of its owner's list. n.mu is held.
func (n *replyNode) unlink() {
	in := n.owner
	if in == nil {
		return
	}
	in.mu.Lock()
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		in.replies = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	}
	in.mu.Unlock()
	n.owner, n.prev, n.next = nil, nil, nil
}

// ownedBy reports whether in owes the answer.
func (n *replyNode) ownedBy(in *incarnation) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.done && n.owner == in
}

// Ask tells to the message made by build and waits for the answer or the end of ctx. It is for
// goroutines that may block; never call it in an actor's handler.
func Ask[T, M any](ctx context.Context, to Ref[M], build func(Reply[T]) M) (T, error) {
	type answer struct {
		v   T
		err error
	}
	ch := make(chan answer, 1)
	if err := to.Tell(build(ReplyTo(func(v T, err error) { ch <- answer{v, err} }))); err != nil {
		var zero T
		return zero, err
	}
	select {
	case a := <-ch:
		return a.v, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-ch: // both happened: an answer is worth more
		return a.v, a.err
	default:
		var zero T
		return zero, fmt.Errorf("ask %s: %w", to.Path(), context.Cause(ctx))
	}
}
