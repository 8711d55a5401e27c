package actors

import (
	"fmt"
	"sort"
	"time"
)

// Info is the state of one actor at one moment.
type Info struct {
	Path       string        // "parent/name"
	Parent     string        // path; empty for a top-level actor
	Kind       string        // of Props
	State      string        // "idle", "busy", "backoff" (failed, waits for its restart), "draining" or "stopping"
	Depth      int           // queued messages
	Bytes      int64         // their size
	Oldest     time.Duration // age of the first queued message
	Current    string        // type of the message being handled; empty if none
	CurrentFor time.Duration // how long it has been handled
	Handled    uint64        // messages, by all incarnations
	Restarts   int
	Dropped    uint64    // messages lost to DropNewest
	LastPanic  string    // last failure; with the stack if it was a panic
	Generation uint64    // of the incarnation; 0 between two
	Started    time.Time // of the incarnation; zero between two
}

// Inspect describes all actors, sorted by path. It never waits for an actor.
func (s *System) Inspect() []Info {
	s.mu.Lock()
	cells := make([]*cell, 0, len(s.cells))
	for _, c := range s.cells {
		cells = append(cells, c)
	}
	s.mu.Unlock()
	infos := make([]Info, len(cells))
	for i, c := range cells {
		infos[i] = c.inspect()
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].Path < infos[j].Path })
	return infos
}

func (c *cell) inspect() Info {
	info := Info{Path: c.path, Kind: c.kind}
	if c.up != nil {
		info.Parent = c.up.path
	}
	c.mu.Lock()
	info.Restarts, info.LastPanic = c.restarts, c.lastPanic
	c.mu.Unlock()
	c.box.inspect(&info)
	return info
}

func (b *box) inspect(info *Info) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cell.sys.now()
	info.State = b.state()
	info.Depth, info.Bytes = b.queue.n, b.queue.bytes
	if b.queue.n > 0 {
		info.Oldest = now - b.queue.at(b.queue.head).at
	}
	if b.current != nil {
		info.Current, info.CurrentFor = fmt.Sprintf("%T", b.current), now-b.since
	}
	info.Handled, info.Dropped = b.handled, b.dropped
	if b.in != nil {
		info.Generation, info.Started = b.in.gen, b.in.started
	}
}

func (b *box) state() string {
	switch {
	case b.closed:
		return "stopping"
	case b.suspended:
		return "backoff"
	case b.draining:
		return "draining"
	case b.current != nil:
		return "busy"
	}
	return "idle"
}
