package client

import (
	"errors"
	"sync"

	"github.com/clawdbot/gateway/transport/wire"
)

// Subscription receives every event from the moment it was made.
type Subscription struct {
	// C delivers the events. It is closed when the client ends, on Close, and when its buffer was full.
	C <-chan Event

	client *Client
	c      chan Event

	mu  sync.Mutex
	err error
}

// Events subscribes with a buffer of n events. A subscriber that lets the buffer fill up is ended with
// ErrSlowSubscriber: it has missed events and has to ask for the state again.
func (c *Client) Events(n int) *Subscription {
	s := &Subscription{client: c, c: make(chan Event, max(n, 1))}
	s.C = s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.done:
		s.err = c.lost
		close(s.c)
	default:
		c.subs[s] = struct{}{}
	}
	return s
}

// Close ends the subscription.
func (s *Subscription) Close() { s.end(nil) }

// Err says why C was closed.
func (s *Subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *Subscription) end(err error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	s.endLocked(err)
}

// endLocked ends the subscription once. The caller holds the client's mu, under which alone C is used.
func (s *Subscription) endLocked(err error) {
	if _, ok := s.client.subs[s]; !ok {
		return
	}
	delete(s.client.subs, s)
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	close(s.c)
}

// dispatch hands an event to everybody who wants it, on the read goroutine.
func (c *Client) dispatch(l *link, e Event) {
	if e.Seq > 0 {
		if l.lastSeq > 0 && e.Seq > l.lastSeq+1 {
			c.o.Log.Info("events missed", "expected", l.lastSeq+1, "got", e.Seq)
			if c.o.OnGap != nil {
				c.o.OnGap(l.lastSeq+1, e.Seq)
			}
			c.refresh()
		}
		l.lastSeq = e.Seq
	}
	if c.o.OnEvent != nil {
		c.o.OnEvent(e)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.subs {
		select {
		case s.c <- e:
		default:
			s.endLocked(ErrSlowSubscriber)
		}
	}
}

// refresh asks for the state again, in the background. Requests that come meanwhile are served by one more
// round.
func (c *Client) refresh() {
	if c.o.OnRefresh == nil || c.ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refreshing {
		c.again = true
		return
	}
	c.refreshing = true
	c.tasks.Go(c.refreshLoop)
}

func (c *Client) refreshLoop() {
	for {
		c.refreshOnce()
		c.mu.Lock()
		if !c.again || c.ctx.Err() != nil {
			c.refreshing = false
			c.mu.Unlock()
			return
		}
		c.again = false
		c.mu.Unlock()
	}
}

func (c *Client) refreshOnce() {
	var r Refresh
	err := errors.Join(
		c.Call(c.ctx, "health", nil, &r.Health),
		c.Call(c.ctx, "system-presence", nil, &r.Presence),
	)
	if err != nil {
		// A lost socket is followed by a reconnect, and that by the next refresh.
		if _, refused := errors.AsType[*wire.Error](err); refused {
			c.o.Log.Warn("refresh failed", "err", err)
		}
		return
	}
	c.o.OnRefresh(c.ctx, r)
}
