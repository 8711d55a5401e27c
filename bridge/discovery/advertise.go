package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/mdns/v2"
)

// State is how the announcement stands.
type State struct {
	Announced  bool
	Interfaces []string // on which; in order of the system
	Reason     string   // why not, or what is wrong although it is
}

// Options say what to announce, and where.
type Options struct {
	Service Service
	Listen  netip.Addr // where the bridge listens; an unspecified address = on all interfaces
	// Interfaces limits the announcement to those named, and allows them whatever they are. Empty = those of the local
	// network.
	Interfaces []string
	Report     func(State) // called with each new state, from the goroutine of Run; nil = nobody wants to know
	Log        *slog.Logger
	Watch      time.Duration // how often to look whether the interfaces are still the same; 0 = a minute

	list func() ([]iface, error) // nil = those of this machine
}

const (
	watchEvery    = time.Minute
	conflictCheck = 3 * time.Second // how long others may take to say that they have the same name
)

// pauses are those between the announcements: three in all.
var pauses = []time.Duration{time.Second, 2 * time.Second}

// Run announces the service until ctx ends, says goodbye and returns nil. Where nothing can be announced it waits for
// an interface and reports why. The error is one of what to announce.
func Run(ctx context.Context, o Options) error {
	if o.Watch == 0 {
		o.Watch = watchEvery
	}
	if o.list == nil {
		o.list = interfaces
	}
	if _, err := o.Service.announcement(nil, false); err != nil {
		return fmt.Errorf("announcement: %w", err)
	}
	a := &advertiser{Options: o}
	defer a.leave()
	tick := time.NewTicker(o.Watch)
	defer tick.Stop()
	a.look(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.look(ctx)
		}
	}
}

type advertiser struct {
	Options
	now   *sockets // nil = not announced
	quit  context.CancelFunc
	done  chan struct{} // closed when nothing is sent on now any more
	state State         // last reported
	said  bool
}

// look compares the interfaces with those in use and starts anew if they differ, or if the sockets are lost.
func (a *advertiser) look(ctx context.Context) {
	all, err := a.list()
	var on choice
	if err == nil {
		on, err = choose(all, a.Listen, a.Interfaces)
	}
	if err == nil && a.now != nil && a.now.on.print() == on.print() && a.alive() {
		return
	}
	a.leave()
	if err == nil {
		err = a.enter(ctx, on)
	}
	if err != nil {
		a.report(State{Reason: err.Error()})
	}
}

// alive asks the library, which tells only in passing.
func (a *advertiser) alive() bool {
	return a.now.conn.UpdateTXT(a.Service.Instance, Type, a.Service.entries()) == nil
}

func (a *advertiser) enter(ctx context.Context, on choice) error {
	s, err := open(on, a.Service.Host, a.Log)
	if err != nil {
		return err
	}
	err = s.conn.Register(mdns.ServiceInstance{
		Instance: a.Service.Instance, Service: Type, Host: a.Service.Host + ".local.", Port: uint16(a.Service.Port),
		Text: a.Service.entries(),
	})
	if err != nil {
		s.close()
		return fmt.Errorf("announcement: %w", err)
	}
	if err := a.say(s, false); err != nil {
		s.close()
		return fmt.Errorf("multicast does not work here: %w", err)
	}
	a.now, a.done = s, make(chan struct{})
	ctx, a.quit = context.WithCancel(ctx)
	a.report(State{Announced: true, Interfaces: on.names()})
	conflict := make(chan string, 1)
	a.watchConflicts(s, conflict)
	go a.repeat(ctx, s, a.done, conflict)
	return nil
}

// watchConflicts asks, for a moment, who else has our name.
func (a *advertiser) watchConflicts(s *sockets, conflict chan<- string) {
	s.conn.OnServiceDiscovered(func(e mdns.ServiceEvent) {
		i := e.Instance
		if i.Instance != a.Service.Instance || i.Host == a.Service.Host+".local." && int(i.Port) == a.Service.Port {
			return
		}
		select {
		case conflict <- fmt.Sprintf("%s:%d is announced as %q too", i.Host, i.Port, i.Instance):
		default: // one is enough
		}
	})
}

// repeat sends the announcement again, so that a lost packet costs little, and logs who has the same name.
func (a *advertiser) repeat(ctx context.Context, s *sockets, done chan<- struct{}, conflict <-chan string) {
	defer close(done)
	asking, stop := context.WithTimeout(ctx, conflictCheck)
	defer stop()
	_ = s.conn.Browse(asking, Type)
	left := pauses
	next := time.NewTimer(left[0])
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case who := <-conflict:
			a.Log.Warn("discovery: two gateways have one name: apps see one of them; give this machine another name", "other", who)
			conflict = nil
		case <-next.C:
			_ = a.say(s, false)
			if left = left[1:]; len(left) == 0 {
				return
			}
			next.Reset(left[0])
		}
	}
}

// say sends the announcement, or the goodbye, on every interface. It is an error if none of them took it.
func (a *advertiser) say(s *sockets, goodbye bool) error {
	var errs []error
	for _, i := range s.on.ifaces {
		message, err := a.Service.announcement(s.on.tell(i), goodbye)
		if err == nil {
			err = s.send(i, message)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", i.Name, err))
		}
	}
	if len(errs) < len(s.on.ifaces) {
		return nil
	}
	return errors.Join(errs...)
}

// tell is the address of an interface that others are told of each family.
func (c choice) tell(i iface) []netip.Addr {
	if c.addr.IsValid() {
		return []netip.Addr{c.addr}
	}
	var told []netip.Addr
	has4, has6 := !c.v4, !c.v6
	for _, a := range i.addrs {
		switch {
		case a.Is4() && !has4:
			told, has4 = append(told, a), true
		case a.Is6() && !has6:
			told, has6 = append(told, a), true
		}
	}
	return told
}

// leave says goodbye.
func (a *advertiser) leave() {
	if a.now == nil {
		return
	}
	a.quit()
	<-a.done
	_ = a.say(a.now, true)
	a.now.close()
	a.now = nil
}

func (a *advertiser) report(s State) {
	if a.Report == nil || a.said && a.state.Reason == s.Reason && slices.Equal(a.state.Interfaces, s.Interfaces) {
		return
	}
	a.state, a.said = s, true
	a.Report(s)
}

func (s Service) entries() []mdns.TXTEntry {
	all := make([]mdns.TXTEntry, 0, len(s.Text))
	for _, t := range s.Text {
		all = append(all, mdns.NewTXTString(t.Key, t.Value))
	}
	return all
}
