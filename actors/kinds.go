package actors

import (
	"sort"
	"time"
)

// KindInfo is what the actors of one kind come to at one moment.
type KindInfo struct {
	Kind      string
	Count     int           // actors that exist
	Depth     int           // the longest queue of one of them, in messages
	Oldest    time.Duration // the age of the oldest message that waits for one of them
	Busy      time.Duration // the longest that one of them has handled the message in hand
	Suspended int           // those that have failed and wait for their restart

	// These count since the System was made, those of actors that are no more included.
	Handled  uint64 // messages
	Restarts uint64
	Dropped  uint64 // messages lost to DropNewest
}

// tally is what an actor has counted.
type tally struct{ handled, restarts, dropped uint64 }

func (t tally) plus(o tally) tally {
	return tally{t.handled + o.handled, t.restarts + o.restarts, t.dropped + o.dropped}
}

// Kinds sums the actors up by their kind, sorted by it. It never waits for an actor.
func (s *System) Kinds() []KindInfo {
	kinds := map[string]*KindInfo{}
	of := func(kind string) *KindInfo {
		if kinds[kind] == nil {
			kinds[kind] = &KindInfo{Kind: kind}
		}
		return kinds[kind]
	}
	s.mu.Lock()
	cells := make([]*cell, 0, len(s.cells))
	for _, c := range s.cells {
		cells = append(cells, c)
	}
	for kind, t := range s.gone {
		of(kind).count(t)
	}
	s.mu.Unlock()
	for _, c := range cells {
		k := of(c.kind)
		k.count(c.tally())
		k.Count++
		c.box.sumUp(k)
	}
	all := make([]KindInfo, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, *k)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Kind < all[j].Kind })
	return all
}

func (k *KindInfo) count(t tally) {
	k.Handled += t.handled
	k.Restarts += t.restarts
	k.Dropped += t.dropped
}

func (c *cell) tally() tally {
	c.mu.Lock()
	restarts := uint64(c.restarts)
	c.mu.Unlock()
	c.box.mu.Lock()
	defer c.box.mu.Unlock()
	return tally{c.box.handled, restarts, c.box.dropped}
}

func (b *box) sumUp(k *KindInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cell.sys.now()
	k.Depth = max(k.Depth, b.queue.n)
	if b.queue.n > 0 {
		k.Oldest = max(k.Oldest, now-b.queue.at(b.queue.head).at)
	}
	if b.current != nil {
		k.Busy = max(k.Busy, now-b.since)
	}
	if b.suspended && !b.closed {
		k.Suspended++
	}
}
