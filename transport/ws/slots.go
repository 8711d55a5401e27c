package ws

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

var (
	errBusy     = errors.New("too many connections wait for their handshake")
	errStopping = errors.New("the gateway is stopping")
)

// slots bounds the connections that have not been accepted yet, per address and in all. An upgrade that
// finds its address full waits for one of its own to be decided, so a burst of honest clients from one
// address is served in turn; only when too many wait is it refused.
type slots struct {
	perAddress, total, maxWaiting int
	wait                          time.Duration

	mu       sync.Mutex
	byAddr   map[netip.Addr]*slot
	used     int
	waiting  int
	stopped  chan struct{}
	stopOnce sync.Once
}

type slot struct {
	used  int
	queue []chan struct{} // waiters, first come first served; each is closed when its slot is handed over
}

func newSlots(l Limits) *slots {
	return &slots{
		perAddress: l.PerAddress,
		total:      l.Strangers,
		maxWaiting: l.Waiting,
		wait:       l.HandshakeTimeout + 2*l.Close, // by then those that were first are gone
		byAddr:     make(map[netip.Addr]*slot),
		stopped:    make(chan struct{}),
	}
}

// acquire takes a slot for addr; release gives it back.
func (s *slots) acquire(ctx context.Context, addr netip.Addr) error {
	select {
	case <-s.stopped:
		return errStopping
	default:
	}
	mine, err := s.take(addr)
	if mine == nil {
		return err
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case <-mine:
		return nil
	case <-timer.C:
		err = errBusy
	case <-s.stopped:
		err = errStopping
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	a := s.byAddr[addr]
	i := -1
	if a != nil {
		i = slices.Index(a.queue, mine)
	}
	if i >= 0 {
		a.queue = slices.Delete(a.queue, i, i+1)
		s.waiting--
	}
	s.mu.Unlock()
	if i < 0 { // handed over in this moment
		s.release(addr)
	}
	return err
}

// take takes a free slot (nil, nil), joins the queue (a channel), or refuses (nil, an error).
func (s *slots) take(addr netip.Addr) (chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byAddr[addr]
	switch {
	case a == nil && s.used < s.total:
		a = &slot{}
		s.byAddr[addr] = a
		fallthrough
	case a != nil && a.used < s.perAddress && s.used < s.total:
		a.used++
		s.used++
		return nil, nil
	case a == nil || s.waiting >= s.maxWaiting:
		return nil, errBusy
	}
	mine := make(chan struct{})
	a.queue = append(a.queue, mine)
	s.waiting++
	return mine, nil
}

func (s *slots) release(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byAddr[addr]
	if len(a.queue) > 0 {
		close(a.queue[0])
		a.queue = slices.Delete(a.queue, 0, 1)
		s.waiting--
		return
	}
	a.used--
	s.used--
	if a.used == 0 {
		delete(s.byAddr, addr)
	}
}

// close sends all waiters away.
func (s *slots) close() { s.stopOnce.Do(func() { close(s.stopped) }) }
