package mcp

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/mcp"
)

// maxCalls is how many calls of a server may be under way.
const maxCalls = 32

// Directory is what is known of the servers. It outlives the actors, and may be read from any goroutine.
type Directory struct {
	mu    sync.Mutex
	slots map[string]*slot // guarded by mu
	table []tools.Tool     // guarded by mu; nil = to be made anew
}

// NewDirectory makes one.
func NewDirectory() *Directory { return &Directory{slots: map[string]*slot{}} }

// slot is one server. Its fields are guarded by the directory's mu.
type slot struct {
	dir  *Directory
	name string

	spec    Spec
	orders  int // counts what was wanted
	turns   uint64
	last    chan struct{} // closed when the last turn has ended
	session mcp.Session   // nil = it is not connected
	holder  uint64        // whose turn the session is of
	offered []mcp.Tool
	state   State
}

// want notes what is wanted of a server, and says whether that is something else than before.
func (d *Directory) want(name string, spec Spec) (news bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.slots[name]
	if s != nil && reflect.DeepEqual(comparable(s.spec), comparable(spec)) {
		return false
	}
	if s == nil {
		none := make(chan struct{})
		close(none)
		s = &slot{dir: d, name: name, last: none, state: State{Name: name, Phase: Starting, Since: time.Now().UnixMilli()}}
		d.slots[name] = s
	}
	s.spec, s.offered, s.state.Problems = spec, nil, nil
	s.state.HTTP = spec.Server.URL != ""
	s.orders++
	d.table = nil
	return true
}

// comparable leaves out what is the same for all: a function equals nothing.
func comparable(s Spec) Spec {
	s.Server.Keep = nil
	return s
}

func (d *Directory) drop(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.slots[name]; s != nil {
		s.spec.Disabled = "it is not in the configuration any more"
		delete(d.slots, name)
		d.table = nil
	}
}

func (d *Directory) slot(name string) *slot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slots[name]
}

func (d *Directory) names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.slots))
}

// States are those of all servers, by name.
func (d *Directory) States() []State {
	named := d.calls()
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []State{}
	for _, name := range slices.Sorted(maps.Keys(d.slots)) {
		s := d.slots[name]
		st := s.state
		st.Problems = slices.Clone(st.Problems)
		st.Tools = named[name]
		if s.session != nil {
			st.About = s.session.About()
		}
		all = append(all, st)
	}
	return all
}

// change edits the state. A phase that changes has begun now.
func (s *slot) change(f func(*State)) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	s.edit(f)
}

// edit is change for who holds mu.
func (s *slot) edit(f func(*State)) {
	before := s.state.Phase
	f(&s.state)
	if s.state.Phase != before {
		s.state.Since = time.Now().UnixMilli()
	}
}

func (s *slot) wanted() Spec {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	return s.spec
}

// order counts a wish to begin anew; ordered is how many there were.
func (s *slot) order() {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	s.orders++
}

func (s *slot) ordered() int {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	return s.orders
}

// enlist gives the next turn: before is closed when the one before it has ended, leave ends it. Of the turns only the last
// one counts from now on.
func (s *slot) enlist() (before <-chan struct{}, leave func(), turn uint64) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	before, mine := s.last, make(chan struct{})
	s.last = mine
	s.turns++
	return before, sync.OnceFunc(func() { close(mine) }), s.turns
}

// idle tells whether the connection of this turn has ended though it should be there.
func (s *slot) idle(turn uint64) bool {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	return s.turns == turn && actors.Closed(s.last) && s.spec.Disabled == ""
}

// open makes a session the one to be called.
func (s *slot) open(turn uint64, session mcp.Session) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	if s.turns != turn {
		return
	}
	s.session, s.holder = session, turn
	s.edit(func(st *State) { st.Phase, st.Reason, st.NextAt, st.Failures = Up, "", 0, 0 })
}

// leave takes the session of a turn away.
func (s *slot) leave(turn uint64, why string) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	if s.session == nil || s.holder != turn {
		return
	}
	s.session = nil
	s.edit(func(st *State) {
		if st.Phase == Up {
			st.Phase, st.Reason = Starting, why
		}
	})
}

// offer takes over the tools of a server, and says whether there are other problems with them than before.
func (s *slot) offer(turn uint64, all []mcp.Tool, problems []string) (news bool) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	if s.turns != turn {
		return false
	}
	news = !slices.Equal(problems, s.state.Problems)
	s.offered, s.state.Problems = all, problems
	s.dir.table = nil
	return news
}

// enter is the session for one call, which ends with done.
func (s *slot) enter() (session mcp.Session, spec Spec, done func(), err error) {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	st := s.state
	switch {
	case s.session == nil && st.Phase == Backoff:
		next := max(0, time.Until(time.UnixMilli(st.NextAt))).Round(time.Second)
		err = fmt.Errorf("server %q is not there: %s. It is tried again in %s", s.name, st.Reason, next)
	case s.session == nil && st.Reason != "":
		err = fmt.Errorf("server %q is not there: %s", s.name, st.Reason)
	case s.session == nil:
		err = fmt.Errorf("server %q is being started; try again in a moment", s.name)
	case st.Calls >= maxCalls:
		err = fmt.Errorf("server %q is busy: %d calls are under way", s.name, st.Calls)
	}
	if err != nil {
		return nil, Spec{}, nil, err
	}
	s.state.Calls++
	return s.session, s.spec, func() {
		s.dir.mu.Lock()
		defer s.dir.mu.Unlock()
		s.state.Calls--
	}, nil
}
