package session

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
)

const (
	pullBatch  = 32
	checkLimit = 3 * time.Second  // a run is asked after when nothing was heard of it for this long
	idleAfter  = 10 * time.Minute // an idle session stops; it comes back on demand
)

// lane is the actor of one session key: its runs, one after another, in the order in which they were accepted.
type lane struct {
	key    string
	o      *Options
	parent actors.Ref[SessionsMessage]

	queue   []store.Run // accepted, not begun
	cursor  int64       // the highest Seq ever put into the queue
	current string      // id of the run that was begun; "" = none
	begun   store.Run
	known   bool // the supervisor has said what was running
	pulling bool
	again   bool // a wake-up came while pulling
	more    bool // the last pull was full

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
			l.kick()
		}
	case runDone:
		if m.id == l.current {
			l.current = ""
			if len(l.queue) == 0 && l.more {
				l.pull(c)
			}
			l.kick()
		}
	case check:
		l.onCheck(c)
	case idle:
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
	if l.known && l.current == "" && !l.pulling {
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
	cursor := l.cursor
	actors.Pipe(c, func(ctx context.Context) (runs []store.Run, err error) {
		err = l.o.Store.View(ctx, func(v *store.View) error {
			runs, err = v.PendingRuns(l.key, cursor, pullBatch)
			return err
		})
		return runs, err
	}, func(runs []store.Run, err error) Message { return pulled{runs, err} })
}

func (l *lane) onPulled(c *actors.Context[Message], m pulled) {
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
	l.kick()
}

// kick begins the next run when none is in progress.
func (l *lane) kick() {
	if !l.known || l.current != "" || len(l.queue) == 0 {
		return
	}
	l.begun = l.queue[0]
	l.queue = l.queue[1:]
	l.current = l.begun.ID
	_ = l.parent.Tell(begin{l.begun})
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
	if l.pulling {
		l.pulling = false // its answer is lost or very late; pulling twice is harmless
		l.pull(c)
	}
}
