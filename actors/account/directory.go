package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// Phase is the state of an account.
type Phase string

// Phases of an account.
const (
	Starting Phase = "starting"
	Up       Phase = "up"
	Degraded Phase = "degraded" // connected after a fashion; Reason says what is wrong
	Backoff  Phase = "backoff"  // waiting until NextAt to try again
	Stuck    Phase = "stuck"    // the old connection does not close; nothing starts before it does
	Terminal Phase = "terminal" // stays down until its configuration changes or somebody restarts it
	Disabled Phase = "disabled" // not wanted; Reason says why
)

// State is what is known of one account. Times are ms since the epoch, 0 = never.
type State struct {
	Account      string
	Surface      string
	Phase        Phase
	Reason       string // why it is not up; empty when up
	Mode         string // "polling", "webhook"
	Self         string // who the account is on the platform
	NextAt       int64  // next try, in Backoff
	Failures     int    // in a row
	LastStart    int64
	LastStop     int64
	LastInbound  int64
	LastSeen     int64 // last proof of traffic from the platform, also an empty poll
	LastOutbound int64
	LastError    string // of the last Run; empty again once it is up
	InFlight     int    // sends being carried out
	Inbound      uint64 // messages taken in since the process began; one that came twice counts once
	Ups          uint64 // how often it has come up since then
	Capabilities providers.Capabilities
	// Deaf says why the account, though it calls itself up, seems to hear nothing; "" = it hears.
	Deaf      string
	Probe     any   // result of the last live probe, nil = none
	LastProbe int64 // when that was
	Detail    any   // what only this surface has to say, ready for JSON
	// Holder is the process that holds the account's identity on this host; nil = nobody, or the surface has no such thing.
	Holder *providers.Holder
}

// Running says whether a connection is open or being opened.
func (s State) Running() bool { return s.Phase == Starting || s.Phase == Up || s.Phase == Degraded }

// Directory is what the accounts leave behind when an actor of theirs crashes. It is made once, by the root, which may
// read it from any goroutine.
type Directory struct {
	mu    sync.Mutex
	slots map[string]*slot
}

// What an account may bring in: a flood is held back at its platform, where it belongs, instead of growing in our store.
// Each message is a turn of the agent and half a dozen commits, and those of the other accounts stand in line with them.
const (
	inflowRate  = 100 // messages a second, for long
	inflowBurst = 50
)

// NewDirectory makes an empty one.
func NewDirectory() *Directory { return &Directory{slots: map[string]*slot{}} }

// States lists all accounts by name.
func (d *Directory) States() []State {
	var all []State
	for _, s := range d.all() {
		all = append(all, s.snapshot())
	}
	return all
}

// Account finds an account by its name.
func (d *Directory) Account(name string) (State, bool) {
	if s := d.slot(name); s != nil {
		return s.snapshot(), true
	}
	return State{}, false
}

// Surface finds an account by its name, or the account of a surface: where there are several, the first one by name that
// is not disabled. It may be disabled where all are.
func (d *Directory) Surface(name string) (found State, ok bool) {
	if s, ok := d.Account(name); ok && s.Phase != Disabled {
		return s, true
	}
	for _, s := range d.States() {
		if s.Account != name && s.Surface != name || ok && s.Phase == Disabled {
			continue
		}
		if found, ok = s, true; s.Phase != Disabled {
			break
		}
	}
	return found, ok
}

func (d *Directory) all() []*slot {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*slot, 0, len(d.slots))
	for _, s := range d.slots {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *slot) int { return strings.Compare(a.account, b.account) })
	return all
}

func (d *Directory) slot(account string) *slot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slots[account]
}

// Want stores what an account is to be, making its slot if need be. Start does it too; the root calls it first, so that
// whoever asks while an account is on its way finds that it is.
func (d *Directory) Want(spec Start) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.slots[spec.Account]
	if s == nil {
		s = &slot{account: spec.Account, inflow: rate.NewLimiter(inflowRate, inflowBurst), state: State{Account: spec.Account, Phase: Starting}}
		if spec.Disabled != "" {
			s.state.Phase, s.state.Reason, s.state.LastError = Disabled, spec.Disabled, spec.Disabled
		}
		d.slots[spec.Account] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spec = spec
	s.orders++
	s.state.Surface = spec.Factory.Surface
}

// slot is the part of an account that outlives its incarnations.
type slot struct {
	account string
	inflow  *rate.Limiter // of inbound messages
	inbound atomic.Uint64 // how many were taken in

	mu       sync.Mutex // guards the following fields
	spec     Start
	orders   int // how often spec was set
	state    State
	link     *link              // whose callbacks count; nil = none
	provider providers.Provider // of the link; nil = none, or not yet
	rhythm   rhythm
	echoes   []string        // ids of the account's own messages that its platform has shown it, the last ones
	listens  bool            // the rhythm has what was learned before this process
	news     bool            // the store does not know all of the rhythm
	done     <-chan struct{} // closed when the last Run has returned; nil = there was none
	changed  chan struct{}   // closed by wake; nil = nobody waits
}

func (s *slot) snapshot() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.Inbound = s.inbound.Load()
	if s.link != nil {
		st.LastInbound = max(st.LastInbound, s.link.inbound.Load())
		st.LastSeen = max(st.LastSeen, s.link.seen.Load())
		if d := s.link.detail.Load(); d != nil {
			st.Detail = *d
		}
		st.Holder = s.link.holder.Load()
	}
	return st
}

func (s *slot) wanted() Start {
	spec, _ := s.ordered()
	return spec
}

// ordered is wanted, with the number of the order.
func (s *slot) ordered() (Start, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spec, s.orders
}

// change edits the state and reports the result, and whether something changed that others should hear of.
func (s *slot) change(f func(*State)) (State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.state
	f(&s.state)
	if s.state.Phase == Up && old.Phase != Up {
		s.state.Ups++
	}
	s.wake()
	n := s.state
	return n, n.Phase != old.Phase || n.Reason != old.Reason || n.NextAt != old.NextAt || n.Self != old.Self || n.Deaf != old.Deaf
}

// retire makes the present link stale and ends its Run. What it knew stays in the state.
func (s *slot) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return
	}
	s.state.LastInbound = max(s.state.LastInbound, s.link.inbound.Load())
	s.state.LastSeen = max(s.state.LastSeen, s.link.seen.Load())
	if d := s.link.detail.Load(); d != nil {
		s.state.Detail = *d
	}
	s.link.retire()
	s.link, s.provider = nil, nil
}

// install makes l the link whose callbacks count.
func (s *slot) install(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = l
}

// running notes that a Run has begun which closes done when it returns.
func (s *slot) running(done <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = done
}

// busy returns the channel of a Run that has not returned, or nil.
func (s *slot) busy() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil || actors.Closed(s.done) {
		return nil
	}
	return s.done
}

// Wait blocks until no connection is open, which ends them by no means: stop the accounts first. The error is ctx's.
func (d *Directory) Wait(ctx context.Context) error {
	for _, s := range d.all() {
		done := s.busy()
		if done == nil {
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return fmt.Errorf("account %s: wait for its connection to close: %w", s.account, ctx.Err())
		}
	}
	return nil
}
