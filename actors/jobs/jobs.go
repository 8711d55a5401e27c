package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/process"
)

// Options for the actor. All are required.
type Options struct {
	State  *State
	Keeper *process.Keeper
	// Kept is how long a job is known after its end. Any goroutine; must not block.
	Kept func() time.Duration
	Log  *slog.Logger
}

// Props describes the actor. Its name is "jobs".
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "jobs",
		New:     func() actors.Behavior[Message] { return &jobs{o: &o} },
		Mailbox: actors.Mailbox{Count: 256},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// jobs is one incarnation.
type jobs struct {
	o        *Options
	ready    bool
	waiting  []Start // until what the last gateway left is gone
	starting map[string]int
	cancel   func() // the next sweep
	drains   []actors.Reply[struct{}]
}

// errStops is for those who come too late.
var errStops = errors.New("the gateway stops: no commands are started any more")

// Start ends what nobody was told of, because the last incarnation failed meanwhile.
func (b *jobs) Start(c *actors.Context[Message]) error {
	b.starting = map[string]int{}
	for _, j := range b.o.State.running() {
		j.mu.Lock()
		told := j.told
		j.mu.Unlock()
		if !told {
			j.Kill(Aborted)
		}
	}
	b.sweep(c)
	if b.o.State.wasReaped() {
		b.ready = true
		return nil
	}
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		_, err := b.o.Keeper.Reap(ctx)
		return struct{}{}, err
	}, func(_ struct{}, err error) Message { return reaped{err} })
	return nil
}

// wasReaped says whether it was looked for before, and that it is from now on.
func (s *State) wasReaped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.reaped
	s.reaped = true
	return was
}

func (b *jobs) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Start:
		b.onStart(c, m)
	case started:
		b.onStarted(m)
	case reaped:
		b.onReaped(c, m)
	case ended:
		b.sweep(c)
		b.drained()
	case sweep:
		b.sweep(c)
	case Drain:
		b.onDrain(m)
	}
	return nil
}

func (b *jobs) onReaped(c *actors.Context[Message], m reaped) {
	if m.err != nil {
		b.o.Log.Warn("it could not be seen whether the last gateway has left commands running", "err", m.err)
	}
	b.ready = true
	for _, w := range b.waiting {
		b.onStart(c, w)
	}
	b.waiting = nil
}

func (b *jobs) onStart(c *actors.Context[Message], m Start) {
	if !b.ready {
		if len(b.waiting) >= MaxRunning {
			m.Fail(tooMany(len(b.waiting), "or wait"))
			return
		}
		b.waiting = append(b.waiting, m)
		return
	}
	if !b.o.State.claim(m.Spec.ID) {
		return // the first of them is answered
	}
	if err := b.admit(m.Spec.Session); err != nil {
		m.Fail(err)
		return
	}
	self, key := c.Self(), m.Spec.Session
	b.starting[key]++
	actors.PipeOwned(c, func(ctx context.Context) (*Job, error) {
		return b.o.State.start(ctx, b.o.Keeper, m.Spec, func() { _ = self.Tell(ended{}) })
	}, func(j *Job, err error) Message {
		if b.starting[key]--; b.starting[key] <= 0 {
			delete(b.starting, key)
		}
		return started{m.Reply, j, err}
	}, func(j *Job) { j.Kill(Aborted) })
}

// admit keeps the number of jobs that run at a time within its limits.
func (b *jobs) admit(session string) error {
	own, all := b.starting[session], 0
	for _, n := range b.starting {
		all += n
	}
	for _, j := range b.o.State.running() {
		all++
		if j.Spec.Session == session {
			own++
		}
	}
	switch {
	case b.o.State.isClosed():
		return errStops
	case all >= MaxRunning:
		return tooMany(all, "in all sessions")
	case own >= b.o.State.limit:
		return tooMany(own, "in this session")
	}
	return nil
}

func (b *jobs) onStarted(m started) {
	if m.err != nil {
		m.reply.Fail(m.err)
		return
	}
	m.job.mu.Lock()
	m.job.told = true
	m.job.mu.Unlock()
	m.reply.Send(m.job)
}

// sweep forgets old jobs, and comes back for the next.
func (b *jobs) sweep(c *actors.Context[Message]) {
	if b.cancel != nil {
		b.cancel()
		b.cancel = nil
	}
	if next, more := b.o.State.sweep(b.o.Kept(), time.Now()); more {
		b.cancel = c.After(max(next, time.Second), sweep{})
	}
}

func (b *jobs) onDrain(m Drain) {
	b.o.State.close()
	for _, w := range b.waiting {
		w.Fail(errStops)
	}
	b.waiting = nil
	for _, j := range b.o.State.running() {
		j.Kill(Stopped)
	}
	b.drains = append(b.drains, m.Reply)
	b.drained()
}

// drained answers those who wait until nothing runs.
func (b *jobs) drained() {
	if len(b.drains) == 0 || len(b.starting) > 0 || len(b.o.State.running()) > 0 {
		return
	}
	for _, r := range b.drains {
		r.Send(struct{}{})
	}
	b.drains = nil
}

func (s *State) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

func (s *State) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
