package outbox

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	flightLimit = 90 * time.Second // longer than any send may take
	askPause    = 5 * time.Second
	storePause  = time.Second
	idleLimit   = 10 * time.Minute
)

// phase is what a lane is doing.
type phase int

const (
	resting phase = iota
	pulling
	waiting   // for a time to come
	flying    // an attempt, or a question about one, is in progress
	recording // its outcome is on its way to the disk
)

// lane sends the items of one chat in order.
type lane struct {
	o       *Options
	key     store.Lane
	berth   *berth
	settled func(key string, o store.Outcome)

	phase     phase
	step      uint64 // counts pulls and waits: answers to older ones are ignored
	dirty     bool   // a wake came while pulling
	up        bool   // the account came up: what waited for that goes out
	down      int    // attempts in a row that did not happen
	finishing bool
	verdict   verdict // being recorded
	cancel    func()  // of the timer of this phase
	planned   turn    // whose time is waited for
	ripe      turn    // whose time has come, whatever the clock says: it may have been set back meanwhile
}

// turn is one attempt of one item.
type turn struct {
	key      string
	attempts int
}

// timer sets the one timer of a phase in place of the last.
func (l *lane) timer(c *actors.Context[laneMessage], d time.Duration, m laneMessage) {
	if l.cancel != nil {
		l.cancel()
	}
	l.cancel = c.After(d, m)
}

// Start takes over the attempt that a predecessor left, if there is one.
func (l *lane) Start(c *actors.Context[laneMessage]) error {
	f := l.berth.take(c.Self())
	if f == nil {
		l.pull(c)
		return nil
	}
	l.phase = flying
	l.timer(c, flightLimit, overdue{f, f.isAsking()})
	l.onLook(c, f)
	return nil
}

func (l *lane) Receive(c *actors.Context[laneMessage], m laneMessage) error {
	switch m := m.(type) {
	case wake:
		l.onWake(c, m)
	case finish:
		l.onFinish(c)
	case pulled:
		if m.step == l.step && l.phase == pulling {
			l.onPulled(c, m)
		}
	case due:
		if m.step == l.step && l.phase == waiting {
			l.ripe = l.planned
			l.pull(c)
		}
	case idle:
		if m.step == l.step && l.phase == resting {
			c.StopSelf()
		}
	case landed:
		l.onLanded(c, m.flight)
	case look:
		l.onLook(c, m.flight)
	case overdue:
		l.onOverdue(c, m)
	case ask:
		if l.flies(m.flight) {
			l.ask(c, m.flight)
		}
	case recorded:
		l.onRecorded(c, m)
	case reconsider:
		if m.flight == l.berth.current() && l.phase == recording {
			l.phase = flying
			l.onLanded(c, m.flight)
		}
	}
	return nil
}

// onWake: a lane that waits for a time is not hurried by new items behind the one that waits.
func (l *lane) onWake(c *actors.Context[laneMessage], m wake) {
	l.up = l.up || m.accountUp
	switch {
	case l.phase == resting, l.phase == waiting && m.accountUp:
		l.pull(c)
	default:
		l.dirty = true
	}
}

func (l *lane) onFinish(c *actors.Context[laneMessage]) {
	l.finishing = true
	if l.berth.current() == nil {
		c.StopSelf()
	}
}

func (l *lane) pull(c *actors.Context[laneMessage]) {
	if l.finishing {
		c.StopSelf()
		return
	}
	l.phase, l.dirty = pulling, false
	l.step++
	step, st, key := l.step, l.o.Store, l.key
	actors.Pipe(c, func(ctx context.Context) (items []store.OutItem, err error) {
		err = st.View(ctx, func(v *store.View) (err error) {
			items, err = v.OutNext(key.Account, key.Chat, 1)
			return err
		})
		return items, err
	}, func(items []store.OutItem, err error) laneMessage { return pulled{step, items, err} })
}

func (l *lane) wait(c *actors.Context[laneMessage], d time.Duration) {
	l.phase = waiting
	l.step++
	l.timer(c, d, due{l.step})
}

func (l *lane) onPulled(c *actors.Context[laneMessage], m pulled) {
	switch {
	case m.err != nil:
		c.Log().Warn("lane pull failed", slog.Any("err", m.err))
		l.wait(c, storePause)
		return
	case len(m.items) == 0 && l.dirty:
		l.pull(c)
		return
	case len(m.items) == 0:
		l.phase, l.up = resting, false
		l.timer(c, idleLimit, idle{l.step})
		return
	}
	item := m.items[0]
	next := time.UnixMilli(item.NextAt)
	wait := min(next.Sub(l.o.Now()), next.Sub(time.UnixMilli(item.UpdatedAt))) // no longer than it was to, should the clock have been set back
	if l.up && strings.HasPrefix(item.Reason, string(providers.Unauthorized)) {
		wait = 0
	}
	l.up = false
	if this := (turn{item.Key, item.Attempts}); item.State == store.OutQueued && wait > 0 && l.ripe != this {
		l.planned = this
		l.wait(c, wait)
		return
	}
	l.planned, l.ripe = turn{}, turn{}
	l.fly(c, item)
}

// fly starts an attempt; for an item that a crash left in state sending, the question what became of it.
func (l *lane) fly(c *actors.Context[laneMessage], item store.OutItem) {
	f := &flight{berth: l.berth, store: l.o.Store, item: item, began: time.Now()}
	l.berth.put(f)
	l.phase = flying
	c.After(l.o.Sweep, look{f})
	if err := wire.Unmarshal(item.Payload, &f.out); err != nil {
		f.end(result{err: &providers.SendError{Class: providers.Permanent, Err: errors.New("unreadable: " + err.Error())}})
		return
	}
	f.out.Key, f.out.Attempt = item.Key, item.Attempts+1
	if item.State == store.OutSending {
		f.ask()
		l.ask(c, f)
		return
	}
	l.timer(c, flightLimit, overdue{f, false})
	err := l.o.Accounts.Tell(account.Deliver{
		Reply: actors.ReplyTo(f.landed), Account: item.Account, Outgoing: f.out, Begin: f.begin,
	})
	if err != nil {
		f.landed(providers.Receipt{}, err)
	}
}

// ask asks the account what became of the attempt.
func (l *lane) ask(c *actors.Context[laneMessage], f *flight) {
	l.timer(c, flightLimit, overdue{f, true})
	err := l.o.Accounts.Tell(account.Reconcile{Reply: actors.ReplyTo(f.told), Account: f.item.Account, Outgoing: f.out})
	if err != nil {
		f.told(account.Reconciled{}, err)
	}
}

func (l *lane) flies(f *flight) bool { return l.phase == flying && f == l.berth.current() }

func (l *lane) onOverdue(c *actors.Context[laneMessage], m overdue) {
	if !l.flies(m.flight) || m.flight.isAsking() != m.asking {
		return
	}
	m.flight.landed(providers.Receipt{}, context.DeadlineExceeded)
	l.onLanded(c, m.flight)
}

// onLook: the word of an attempt's end may have been lost.
func (l *lane) onLook(c *actors.Context[laneMessage], f *flight) {
	l.onLanded(c, f)
	if f == l.berth.current() {
		c.After(l.o.Sweep, look{f})
	}
}

// onLanded decides what the end of an attempt means.
func (l *lane) onLanded(c *actors.Context[laneMessage], f *flight) {
	if !l.flies(f) {
		return
	}
	r, over := f.ended()
	switch now := l.o.Now(); {
	case !over:
	case r.unknown:
		f.ask()
		l.timer(c, askPause, ask{f})
	case r.repeat:
		l.record(c, f, r, verdict{again, now.Add(backoff(f.item.Attempts))})
	case r.err == nil:
		l.record(c, f, r, verdict{action: sent})
	case errors.Is(r.err, account.ErrNotBegun):
		l.down++
		if f.touched() {
			l.record(c, f, r, verdict{action: back})
			return
		}
		l.berth.put(nil)
		l.held(c)
	case r.err.Class == providers.Ambiguous && !f.isAsking():
		f.ask()
		l.ask(c, f)
	default:
		created := time.UnixMilli(f.item.CreatedAt)
		l.record(c, f, r, next(r.err.Class, f.item.Attempts+1, r.err.RetryAfter, created, now))
	}
}

// held waits after an attempt that did not happen, because the account is down or busy.
func (l *lane) held(c *actors.Context[laneMessage]) {
	if l.up || l.finishing { // it came up meanwhile
		l.up = false
		l.pull(c)
		return
	}
	l.wait(c, min(askPause<<min(l.down-1, 4), maxBackoff))
}
