package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// generations numbers the incarnations of all actors of the process, so that no two are ever
// confused, not even those of an actor and its namesake.
var generations atomic.Uint64

// incarnation is one life of an actor, from Start to Stop, and what belongs to it alone: its
// context, timers, watches, and the replies it owes.
type incarnation struct {
	cell    *cell
	gen     uint64
	started time.Time

	mu      sync.Mutex // guards the following
	ended   bool
	ctx     context.Context // made on demand: most actors never need one
	cancel  context.CancelFunc
	owned   map[owned]struct{}
	replies *replyNode
}

// owned is a timer or a watch that ends with its incarnation.
type owned interface{ release() }

func newIncarnation(c *cell) *incarnation {
	return &incarnation{cell: c, gen: generations.Add(1), started: time.Now()}
}

func (in *incarnation) context() context.Context {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ctx == nil {
		in.ctx, in.cancel = context.WithCancel(context.Background())
		if in.ended {
			in.cancel()
		}
	}
	return in.ctx
}

func (in *incarnation) isEnded() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.ended
}

// own makes o end with in. It reports false if in has ended already.
func (in *incarnation) own(o owned) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		return false
	}
	if in.owned == nil {
		in.owned = map[owned]struct{}{}
	}
	in.owned[o] = struct{}{}
	return true
}

// disown takes o back. It reports false if that was done before or in has ended.
func (in *incarnation) disown(o owned) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	_, had := in.owned[o]
	delete(in.owned, o)
	return had
}

// end fails the open replies with err, cancels the context, and drops timers and watches. The replies come first: who
// asked must not be told of the cancellation instead. It reports false if it was called before.
func (in *incarnation) end(err error) bool {
	in.mu.Lock()
	if in.ended {
		in.mu.Unlock()
		return false
	}
	in.ended = true
	cancel, things := in.cancel, in.owned
	in.owned = nil
	var open []*replyNode
	for n := in.replies; n != nil; n = n.next {
		open = append(open, n)
	}
	in.mu.Unlock()
	in.cell.shieldEach("reply", len(open), func(i int) {
		if open[i].ownedBy(in) { // not told on to another actor meanwhile
			open[i].self.fail(&Error{in.cell.path, err})
		}
	})
	if cancel != nil {
		cancel()
	}
	for o := range things {
		o.release()
	}
	return true
}
