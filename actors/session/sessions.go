package session

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

// Props describes the supervisor "sessions".
func Props(o Options) actors.Props[SessionsMessage] {
	o = o.withDefaults()
	return actors.Props[SessionsMessage]{
		Kind: "sessions",
		New: func() actors.Behavior[SessionsMessage] {
			return &sessions{o: &o, lanes: map[string]actors.Ref[Message]{}, runs: map[string]*slot{}}
		},
		Mailbox: actors.Mailbox{Count: 1 << 16, Bytes: 64 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: 5 * time.Second, Window: time.Minute, Limit: 20},
	}
}

type sessions struct {
	o        *Options
	lanes    map[string]actors.Ref[Message]
	runs     map[string]*slot // begun and not ended, by run id of the store
	queue    []*slot          // wait for one of MaxConcurrent places, first come first served
	busy     int              // places taken
	ready    bool             // recovery has been done
	held     []begin          // what sessions wanted begun before that
	waiters  map[*waiter]struct{}
	draining *Drain

	deletions map[*deletion]struct{}
}

// slot is one run in progress.
type slot struct {
	run       store.Run
	job       agent.Job
	phase     phase
	ref       actors.Ref[agent.Message]
	abort     error         // why it is to stop
	steer     []agent.Steer // came before it had an actor
	canceled  bool          // it never had an actor and gets none: its session does not count it
	announced bool          // its abort was
	crashed   bool          // its actor failed before it had published the end
	published atomic.Bool   // the events of its end are on their way
}

type phase int

const (
	waiting  phase = iota // for a place
	starting              // being marked as started in the store
	running               // has an actor
	ending                // its actor is gone; its end is being stored
	told                  // its end is being published; the callers come after that
)

// Start recovers: what had been running when the last incarnation or process ended cannot be running now.
func (s *sessions) Start(c *actors.Context[SessionsMessage]) error {
	s.recover(c)
	c.After(s.o.Sweep, sweep{})
	return nil
}

func (s *sessions) Receive(c *actors.Context[SessionsMessage], m SessionsMessage) error {
	switch m := m.(type) {
	case accepted:
		s.onAccepted(c, m)
	case Work:
		s.wake(c, m.Key)
	case begin:
		s.onBegin(c, m)
	case started:
		s.onStarted(c, m)
	case ended:
		s.onEnded(c, m)
	case runGone:
		s.onRunGone(c, m)
	case settled:
		s.onSettled(c, m)
	case resettle:
		s.onResettle(c, m.run)
	case currentOf:
		s.onCurrentOf(m)
	case inProgress:
		s.onInProgress(m)
	case sessionGone:
		if s.lanes[m.key] == m.ref { // not its successor's
			delete(s.lanes, m.key)
		}
	case recovered:
		s.onRecovered(c, m)
	case Wait:
		s.onWait(c, m)
	case found:
		s.onFound(c, m)
	case waitOver:
		s.onWaitOver(m)
	case AbortRun:
		s.onAbortRun(c, m)
	case abortFound:
		s.onAbortFound(c, m)
	case AbortRuns:
		s.onAbortRuns(c, m)
	case cancel:
		s.onCancel(c, m)
	case sweep:
		s.onSweep(c)
	case swept:
		s.onSwept(c, m)
	case steer:
		s.onSteer(m)
	case retryRun:
		s.onRetry(c, m)
	case outcomeFound:
		if m.outcome != nil {
			s.o.State.answer(m.id, *m.outcome)
		}
	case Read:
		actors.Pipe(c, func(ctx context.Context) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, readLimit)
			defer cancel()
			return m.f(ctx)
		}, func(v any, err error) SessionsMessage { return readDone{m.Reply, v, err} })
	case readDone:
		if m.err != nil {
			m.Fail(m.err)
		} else {
			m.Send(m.value)
		}
	case Active:
		m.Send(len(s.runs))
	case Drain:
		s.onDrain(c, m)
	case drainOver:
		s.interruptAll()
	case DeleteSession:
		s.onDelete(c, m)
	case deleteFound:
		s.onDeleteFound(c, m)
	case deleteRetry:
		s.onDeleteRetry(c, m)
	case deleteDone:
		s.onDeleteDone(c, m)
	case deleteOver:
		s.onDeleteOver(c, m.d)
	}
	s.goOnDeleting(c)
	return nil
}

// wake tells a session's actor that it may have work, and brings the actor back if it is not there.
func (s *sessions) wake(c *actors.Context[SessionsMessage], key string) {
	if ref, ok := s.lanes[key]; ok && ref.Tell(wake{}) == nil {
		return
	}
	ref, err := actors.Spawn(c, "session/"+key, laneProps(key, s.o, c.Self()))
	if err != nil { // the old one is on its way out; the sweep comes back to it
		c.Log().Debug("session not started yet", "session", key, "err", err)
		return
	}
	s.lanes[key] = ref
	actors.Watch(c, ref, func(error) SessionsMessage { return sessionGone{key, ref} })
}

func (s *sessions) tellLane(key string, m Message) {
	if ref, ok := s.lanes[key]; ok {
		_ = ref.Tell(m)
	}
}

func (s *sessions) onCurrentOf(m currentOf) {
	id := ""
	for _, sl := range s.runs {
		if sl.run.SessionKey == m.key && !sl.canceled {
			id = sl.run.ID
		}
	}
	if s.ready {
		s.tellLane(m.key, current{id})
	}
}

// onInProgress: the word of the end may have been lost, or that of an abort.
func (s *sessions) onInProgress(m inProgress) {
	switch sl := s.runs[m.id]; {
	case sl != nil:
		sl.stopAgain()
	case s.ready:
		s.tellLane(m.key, runDone{m.id})
	}
}

// onSweep looks for accepted runs that nobody is doing, and for runs that are to stop and were not told: a lost message
// must not strand them.
func (s *sessions) onSweep(c *actors.Context[SessionsMessage]) {
	c.After(s.o.Sweep, sweep{})
	actors.Pipe(c, func(ctx context.Context) (m swept, err error) {
		err = s.o.Store.View(ctx, func(v *store.View) error {
			if m.keys, err = v.SessionKeysWithPending(); err != nil {
				return err
			}
			if m.stopped, err = v.Stopped(); err != nil {
				return err
			}
			m.running, err = v.Running()
			return err
		})
		return m, err
	}, func(m swept, _ error) SessionsMessage { return m })
}

func (s *sessions) onSwept(c *actors.Context[SessionsMessage], m swept) {
	for _, key := range m.keys {
		s.wake(c, key)
	}
	if !s.ready {
		return
	}
	s.onAbortRuns(c, AbortRuns{m.stopped})
	for id := range s.o.State.callers { // of a run that another one has taken, should the word of that end be lost
		if kind, key, ok := strings.Cut(id, ":"); ok && s.runs[id] == nil {
			s.checkEnded(c, store.Run{ID: id, IdemScope: kind, IdemKey: key})
		}
	}
	for _, r := range m.running {
		if s.runs[r.ID] == nil { // a commit of the last incarnation that was late has started it; or it ended since it was read
			s.runs[r.ID] = &slot{run: r, phase: ending}
			s.busy++
			s.settle(c, r, nil)
		}
	}
}

// onSteer passes a message on to the run that it is meant for, or keeps it until that has an actor. What comes too late
// has a turn of its own.
func (s *sessions) onSteer(m steer) {
	sl := s.runs[m.into]
	if sl == nil || sl.phase > running || m.message.Job.SessionID != sl.run.SessionID { // of a session that was reset
		return
	}
	if !answersGo(sl.run, m.message.Job) { // the run's answer would tell it to others
		return
	}
	if sl.phase == running {
		_ = sl.ref.Tell(m.message)
		return
	}
	for _, have := range sl.steer {
		if have.Job.ID == m.message.Job.ID {
			return
		}
	}
	sl.steer = append(sl.steer, m.message)
}
