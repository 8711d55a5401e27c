package actors

import (
	"errors"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// errDropped is push's answer for a message that DropNewest took the place from.
var errDropped = errors.New("message dropped")

// protoactor's own messages, shared as it shares them.
var (
	stopMessage    any = &actor.Stop{}
	restartMessage any = &actor.Restart{}
)

// userMessage stands in protoactor's hands for the message in box.current. Ours never pass
// through it: it gives a meaning of its own to some types, and hides others in envelopes.
type userMessage struct{}

var userMark any = &userMessage{}

// box is the mailbox of one actor: a bounded queue of messages and the unbounded queue of
// protoactor's system messages, which goes first. At most one goroutine runs it, and none while
// there is nothing to do.
type box struct {
	cell    *cell
	limit   Mailbox
	invoker actor.MessageInvoker
	item    item  // in hand; this and failure are the running goroutine's
	failure error // of the handler that just returned

	mu        sync.Mutex // guards the following
	queue     ring
	system    []any
	started   bool // protoactor has set the invoker
	running   bool
	suspended bool // failed, waits for its restart
	draining  bool
	closed    bool // stop was asked for: no more messages
	dead      bool // stopped: no more system messages either
	in        *incarnation
	current   any // the message being handled
	since     time.Duration
	handled   uint64
	dropped   uint64
}

var _ actor.Mailbox = (*box)(nil)

// push queues it, or says why not: ErrStopped, ErrFull, errDropped. A forced one comes from the
// actor itself and has no limit.
func (b *box) push(it item, forced bool) error {
	reply := replyOf(it.msg)
	b.mu.Lock()
	if b.closed || b.draining && !forced {
		b.mu.Unlock()
		return ErrStopped
	}
	var replaced any
	if old := b.queue.find(it.key); old != nil {
		replaced = old.msg
		b.queue.replace(old, it)
	} else {
		if !forced && it.key == "" && b.isFull(it.size) {
			defer b.mu.Unlock()
			if b.limit.Overflow == DropNewest {
				b.dropped++
				return errDropped
			}
			return ErrFull
		}
		it.at = b.cell.sys.now()
		b.queue.push(it)
	}
	if reply != nil {
		reply.link().moveTo(nil) // before anyone can take the message out again
	}
	wake := b.wake()
	b.mu.Unlock()
	if wake {
		go b.process()
	}
	if r := replyOf(replaced); r != nil && r != reply {
		r.fail(&Error{b.cell.path, ErrReplaced})
	}
	return nil
}

func (b *box) isFull(size int64) bool {
	return b.queue.n >= b.limit.Count || b.queue.n > 0 && b.queue.bytes+size > b.limit.Bytes
}

// wake reports whether the caller must start a goroutine that runs the box. b.mu is held.
func (b *box) wake() bool {
	if b.running || !b.started || !b.hasWork() {
		return false
	}
	b.running = true
	return true
}

func (b *box) hasWork() bool {
	return len(b.system) > 0 || !b.suspended && (b.queue.n > 0 || b.draining && !b.closed)
}

// close refuses messages from now on. It reports false if that was done before.
func (b *box) close() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.closed = true
	return true
}

// drain refuses messages from outside and stops the actor when the queue is empty.
func (b *box) drain() {
	b.mu.Lock()
	b.draining = true
	wake := b.wake()
	b.mu.Unlock()
	if wake {
		go b.process()
	}
}

// kill refuses system messages too.
func (b *box) kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.dead, b.system = true, true, nil
}

// discardAll empties the queue and fails the replies in it.
func (b *box) discardAll() {
	b.mu.Lock()
	items := b.queue.takeAll()
	b.mu.Unlock()
	b.cell.shieldEach("reply", len(items), func(i int) { items[i].discard(b.cell.path) })
}

func (b *box) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// setCurrent shows the inspector what is being handled.
func (b *box) setCurrent(m any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current, b.since = m, b.cell.sys.now()
}

// begin makes in the incarnation that messages are handled for; nil between two.
func (b *box) begin(in *incarnation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in = in
}

// PostSystemMessage is part of protoactor's Mailbox. A child's failure is decided at once, on the
// child's goroutine, so that a parent stuck in a handler cannot hold up its children's restart.
func (b *box) PostSystemMessage(m any) {
	if f, ok := m.(*actor.Failure); ok {
		b.cell.sys.strategy.HandleFailure(nil, nil, f.Who, f.RestartStats, f.Reason, f.Message)
		return
	}
	b.mu.Lock()
	if b.dead {
		b.mu.Unlock()
		return
	}
	b.system = append(b.system, m)
	wake := b.wake()
	b.mu.Unlock()
	if wake {
		go b.process()
	}
}

// PostUserMessage is part of protoactor's Mailbox. Ours come through push.
func (b *box) PostUserMessage(m any) {
	b.cell.sys.log.Warn("message past the runtime discarded", "actor", b.cell.path)
}

// RegisterHandlers is part of protoactor's Mailbox.
func (b *box) RegisterHandlers(i actor.MessageInvoker, _ actor.Dispatcher) { b.invoker = i }

// Start is part of protoactor's Mailbox.
func (b *box) Start() {
	b.mu.Lock()
	b.started = true
	wake := b.wake()
	b.mu.Unlock()
	if wake {
		go b.process()
	}
}

// UserMessageCount is part of protoactor's Mailbox.
func (b *box) UserMessageCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.n
}
