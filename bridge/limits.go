package bridge

import (
	"net/netip"
	"sync"
	"time"
)

// Limits bound what one connection, one address, all strangers and all lines together can make the gateway hold. A
// stranger is a connection whose node is not authenticated. Zero fields take the value in brackets.
type Limits struct {
	StrangerLine int           // bytes of a stranger's line, and of any hello or pair-request [64 KiB]
	Line         int           // bytes of a line otherwise [160 MiB: a minute of recorded screen in base64]
	Memory       int64         // bytes of all long lines that are being received or handled [512 MiB]
	PerAddress   int           // strangers of one address; an IPv6 network of 64 bits counts as one [16]
	Strangers    int           // of all addresses [256]
	Waiting      int           // further connections, of all addresses, that wait for a place among the strangers [1024]
	Wait         time.Duration // how long they do before they are closed [3 s]
	Idle         time.Duration // without a line, after which a stranger is closed [15 min]

	InFlight int           // requests of one node that have no answer yet; more are refused [64]
	Answers  int           // bytes that wait for a node, above which its requests are refused [8 MiB]
	Events   int           // bytes of events that wait for a node, above which it is slow: droppable ones are dropped [1.5 MiB]
	Grace    time.Duration // how long a node may be slow before an event that must not be dropped closes it [30 s]
	Queue    int           // bytes of anything that wait for a node, above which it is closed [64 MiB]
	Stall    time.Duration // without a byte taken, after which it is closed; apps are deaf during a long command [5 min]
}

func (l Limits) withDefaults() Limits {
	def(&l.StrangerLine, 64<<10)
	def(&l.Line, 160<<20)
	def(&l.Memory, 512<<20)
	def(&l.PerAddress, 16)
	def(&l.Strangers, 256)
	def(&l.Waiting, 1024)
	def(&l.Wait, 3*time.Second)
	def(&l.Idle, 15*time.Minute)
	def(&l.InFlight, 64)
	def(&l.Answers, 8<<20)
	def(&l.Events, 3<<19)
	def(&l.Grace, 30*time.Second)
	def(&l.Queue, 64<<20)
	def(&l.Stall, 5*time.Minute)
	return l
}

func def[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// strangers counts the connections that are not authenticated. One that finds its address full waits for a moment: of
// many honest nodes at one address each is a stranger only for as long as its hello takes.
type strangers struct {
	limits  *Limits
	all     chan struct{} // a place in it is a stranger's
	mu      sync.Mutex
	byAddr  map[netip.Addr]*address // guarded by mu
	users   int                     // guarded by mu: who has a place, or waits for one
	stopped chan struct{}
}

type address struct {
	places chan struct{}
	users  int // guarded by strangers.mu
}

func newStrangers(l *Limits) *strangers {
	return &strangers{
		limits: l, all: make(chan struct{}, l.Strangers), byAddr: map[netip.Addr]*address{}, stopped: make(chan struct{}),
	}
}

// enter takes a place for a connection from addr, or says that there is none. release gives it back; calls after the
// first do nothing.
func (s *strangers) enter(addr netip.Addr) (release func(), ok bool) {
	addr = network(addr)
	s.mu.Lock()
	a := s.byAddr[addr]
	if a == nil {
		a = &address{places: make(chan struct{}, s.limits.PerAddress)}
		s.byAddr[addr] = a
	}
	a.users++
	s.users++
	full := a.users > s.limits.PerAddress+s.limits.Waiting || s.users > s.limits.Strangers+s.limits.Waiting
	s.mu.Unlock()
	if full {
		s.leave(addr, a)
		return nil, false
	}
	timer := time.NewTimer(s.limits.Wait)
	defer timer.Stop()
	if !s.place(a.places, timer.C) {
		s.leave(addr, a)
		return nil, false
	}
	if !s.place(s.all, timer.C) {
		<-a.places
		s.leave(addr, a)
		return nil, false
	}
	return sync.OnceFunc(func() {
		<-s.all
		<-a.places
		s.leave(addr, a)
	}), true
}

func (s *strangers) place(places chan struct{}, late <-chan time.Time) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-late:
	case <-s.stopped:
	}
	return false
}

func (s *strangers) leave(addr netip.Addr, a *address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if a.users--; a.users == 0 {
		delete(s.byAddr, addr)
	}
}

// network is what counts as one address.
func network(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
