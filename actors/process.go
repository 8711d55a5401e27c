package actors

import (
	"runtime"
	"runtime/debug"

	"github.com/asynkron/protoactor-go/actor"
)

// yieldAfter is how many messages an actor handles before it lets other goroutines run.
const yieldAfter = 300

// process runs the box until there is nothing to do.
func (b *box) process() {
	for !b.run() {
	}
}

// run reports true when there is nothing to do, and false after a panic. If a handler ends its
// goroutine, run goes on in another one.
func (b *box) run() (idle bool) {
	returned := false
	defer func() {
		if returned {
			return
		}
		b.failure = nil // the handler may have failed before an interceptor crashed it
		if r := recover(); r != nil {
			b.cell.fail(&PanicError{r, string(debug.Stack())})
			return
		}
		b.cell.fail(errGoexit)
		go b.process()
	}()
	for i := 1; ; i++ {
		if i%yieldAfter == 0 {
			runtime.Gosched()
		}
		system, ok := b.next()
		switch {
		case !ok:
			returned = true
			return true
		case system != nil:
			b.invoker.InvokeSystemMessage(system)
		case b.resolve():
			b.invoker.InvokeUserMessage(userMark)
		}
		if err := b.failure; err != nil {
			b.failure = nil
			b.cell.fail(err)
		}
	}
}

// next returns the next system message, or puts the next message in b.item, or reports that there
// is neither and the box is no longer running.
func (b *box) next() (system any, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = nil
	b.item = item{}
	for {
		if len(b.system) > 0 {
			m := b.system[0]
			b.system[0] = nil
			b.system = b.system[1:]
			switch m.(type) {
			case *actor.SuspendMailbox:
				b.suspended = true
			case *actor.ResumeMailbox:
				b.suspended = false
			case *actor.Restart:
				if !b.closed { // else protoactor would revive an actor that is stopping
					return m, true
				}
			default:
				return m, true
			}
			continue
		}
		if b.suspended || !b.hasWork() {
			b.running = false
			if b.queue.n == 0 {
				b.queue.shrink()
			}
			b.system = nil
			return nil, false
		}
		if b.queue.n == 0 { // drained
			b.closed = true
			b.system = append(b.system, stopMessage)
			continue
		}
		b.item = b.queue.pop()
		b.current, b.since = b.item.msg, b.cell.sys.now()
		if b.item.lazy != nil {
			b.current = b.item.lazy
		}
		b.handled++
		return nil, true
	}
}

// resolve makes the message in hand if it is a lazy one. It reports false if nobody wants it any
// more.
func (b *box) resolve() bool {
	it := &b.item
	if it.in != nil && it.in != b.in { // only this goroutine writes b.in
		it.discard(b.cell.path)
		return false
	}
	if it.lazy == nil {
		return true
	}
	m, ok := it.lazy.make()
	if ok {
		b.mu.Lock()
		it.msg, b.current = m, m
		b.mu.Unlock()
	}
	return ok
}
