package session

import (
	"context"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

const (
	pullBatch  = 32
	checkLimit = 3 * time.Second  // a run is asked after when nothing was heard of it for this long
	idleAfter  = 10 * time.Minute // an idle session stops; it comes back on demand
)

// lane is the actor of one session key: its runs, one after another, in the order in which they were accepted. Messages
// that found the session busy wait as their queue mode says.
type lane struct {
	key    string
	o      *Options
	parent actors.Ref[SessionsMessage]

	queue   []store.Run // accepted, not begun
	cursor  int64       // the highest Seq ever put into the queue
	current string      // id of the run that was begun; "" = none
	begun   store.Run
	known   bool // the supervisor has said what was running
	epoch   int  // of the queue; an answer to a pull of an earlier one does not count
	pulling bool
	again   bool // a wake-up came while pulling
	more    bool // the last pull was full

	calming func() // cancels the timer of a pause before the next run

	watching bool   // a check is due
	idling   func() // cancels the timer that ends an idle session
}

func laneProps(key string, o *Options, parent actors.Ref[SessionsMessage]) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "session",
		New:     func() actors.Behavior[Message] { return &lane{key: key, o: o, parent: parent} },
		Mailbox: actors.Mailbox{Count: 256, Bytes: 8 << 20},
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: 5 * time.Second, Window: time.Minute, Limit: 20},
	}
}

// Start finds out what is going on: what runs (from the supervisor) and what waits (from the store).
func (l *lane) Start(c *actors.Context[Message]) error {
	_ = l.parent.Tell(currentOf{l.key})
	l.pull(c)
	l.arm(c)
	return nil
}

func (l *lane) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case wake:
		l.pull(c)
	case pulled:
		l.onPulled(c, m)
	case current:
		if !l.known {
			l.known, l.current = true, m.id
			l.queue = slices.DeleteFunc(l.queue, func(r store.Run) bool { return r.ID == m.id }) // pulled before it had begun
			l.kick(c)
			l.steer()
		}
	case runDone:
		if m.id == l.current {
			l.onRunDone(c)
		}
	case calm:
		l.calming = nil
		l.refresh(c)
	case check:
		l.onCheck(c)
	case idle:
		l.idling = nil
		if l.known && l.current == "" && len(l.queue) == 0 && !l.pulling {
			c.StopSelf()
		}
	}
	l.arm(c)
	return nil
}

// arm keeps one timer: while something is in progress a check, so that a lost message costs seconds and not a stuck
// session, and otherwise the end of an idle session.
func (l *lane) arm(c *actors.Context[Message]) {
	if l.known && l.current == "" && !l.pulling && len(l.queue) == 0 {
		if l.idling == nil {
			l.idling = c.After(idleAfter, idle{})
		}
		return
	}
	if l.idling != nil {
		l.idling()
		l.idling = nil
	}
	if !l.watching {
		l.watching = true
		c.After(min(l.o.Sweep, checkLimit), check{})
	}
}

func (l *lane) pull(c *actors.Context[Message]) {
	if l.pulling {
		l.again = true
		return
	}
	l.pulling = true
	epoch, cursor := l.epoch, l.cursor
	actors.Pipe(c, func(ctx context.Context) (runs []store.Run, err error) {
		err = l.o.Store.View(ctx, func(v *store.View) error {
			runs, err = v.PendingRuns(l.key, cursor, pullBatch)
			return err
		})
		return runs, err
	}, func(runs []store.Run, err error) Message { return pulled{epoch, runs, err} })
}

func (l *lane) onPulled(c *actors.Context[Message], m pulled) {
	if m.epoch != l.epoch {
		return
	}
	l.pulling = false
	for _, r := range m.runs {
		if r.Seq > l.cursor && r.ID != l.current {
			l.queue, l.cursor = append(l.queue, r), r.Seq
		}
	}
	l.more = len(m.runs) == pullBatch
	if l.again || m.err == nil && l.more && len(l.queue) == 0 {
		l.again = false
		l.pull(c)
	}
	l.kick(c)
	l.steer()
}

// refresh begins the queue anew: what waits with a mode may have been dropped, merged or taken meanwhile.
func (l *lane) refresh(c *actors.Context[Message]) {
	l.queue, l.cursor = nil, 0
	l.pullAnew(c)
}

// pullAnew is pull in the place of one that may be under way.
func (l *lane) pullAnew(c *actors.Context[Message]) {
	l.pulling, l.again = false, false
	l.epoch++
	l.pull(c)
}

func (l *lane) onRunDone(c *actors.Context[Message]) {
	l.current = ""
	switch {
	case l.begun.Mode != "" || slices.ContainsFunc(l.queue, func(r store.Run) bool { return r.Mode != "" }):
		l.refresh(c)
	case l.pulling: // what comes may be from before the run had begun
		l.pullAnew(c)
	case len(l.queue) == 0 && l.more:
		l.pull(c)
	}
	l.kick(c)
}

// kick begins the next run when none is in progress and the pause before it is over.
func (l *lane) kick(c *actors.Context[Message]) {
	if l.calming != nil {
		l.calming()
		l.calming = nil
	}
	if !l.known || l.current != "" || len(l.queue) == 0 {
		return
	}
	if wait := quiet(l.queue, time.Now()); wait > 0 {
		l.calming = c.After(wait, calm{})
		return
	}
	i := carrier(l.queue)
	l.begun = l.queue[i]
	l.queue = slices.Delete(l.queue, i, i+1) // those collected with it are found gone when it has ended
	l.current = l.begun.ID
	_ = l.parent.Tell(begin{l.begun})
}

// steer offers the messages that are meant for the run in progress to it. It knows those that it was offered before.
func (l *lane) steer() {
	if l.current == "" {
		return
	}
	for _, r := range l.queue {
		if r.Mode != Steer && r.Mode != SteerBacklog || r.Stop {
			continue
		}
		if job, err := decodeJob(r); err == nil && len(job.Request.Audio) == 0 { // speech is written down before a turn
			_ = l.parent.Tell(steer{l.current, agent.Steer{Job: job, Keep: r.Mode == SteerBacklog}})
		}
	}
}

// onCheck asks again for whatever may have been lost on the way.
func (l *lane) onCheck(c *actors.Context[Message]) {
	l.watching = false
	switch {
	case !l.known:
		_ = l.parent.Tell(currentOf{l.key})
	case l.current != "" && l.begun.ID == l.current:
		_ = l.parent.Tell(begin{l.begun}) // begun already: the supervisor answers only if it is over
	case l.current != "":
		_ = l.parent.Tell(inProgress{l.key, l.current}) // begun by the last incarnation
	}
	switch {
	case l.pulling:
		l.pulling = false // its answer is lost or very late; pulling twice is harmless
		l.pull(c)
	case l.known && l.current == "": // its pause is over, or the word of that is lost
		l.refresh(c)
	}
	l.steer()
}
