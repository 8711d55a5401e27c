package cron

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	// minGap is the shortest time between two looks that a timer makes: it bounds a job that is due all the time.
	minGap  = 100 * time.Millisecond
	retryIn = 2 * time.Second
)

// Props describes the actor "cron".
func Props(o Options) actors.Props[Message] {
	o = o.withDefaults()
	return actors.Props[Message]{
		Kind: "cron",
		New: func() actors.Behavior[Message] {
			return &cron{o: &o, waiting: map[string][]actors.Reply[wire.CronRunResult]{}, started: map[string]bool{}, telling: map[string]bool{}}
		},
		Mailbox: actors.Mailbox{Count: 1 << 12, Bytes: 16 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: 5 * time.Second, Window: time.Minute, Limit: 20},
	}
}

type cron struct {
	o       *Options
	ready   bool // everybody is there
	tidied  bool
	looking bool
	again   bool // look once more
	replan  bool // the clock was set since the last look
	wanted  []Run
	timer   func() // cancels the next look
	open    int    // runs in progress when last looked

	waiting map[string][]actors.Reply[wire.CronRunResult] // by run id
	started map[string]bool                               // runs whose start was published
	telling map[string]bool                               // runs whose end is being told
}

// Start waits for the others; the first look is after that.
func (s *cron) Start(c *actors.Context[Message]) error {
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		select {
		case <-s.o.Ready:
		case <-ctx.Done():
		}
		return struct{}{}, nil
	}, func(struct{}, error) Message { return ready{} })
	return nil
}

func (s *cron) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Add:
		s.onAdd(c, m)
	case Update:
		s.onUpdate(c, m)
	case Remove:
		s.onRemove(c, m)
	case Run:
		s.wanted = append(s.wanted, m)
		s.look(c)
	case List:
		s.onList(c, m)
	case Status:
		s.onStatus(c, m)
	case Runs:
		s.onRuns(c, m)
	case Preview:
		s.onPreview(c, m)
	case Wake:
		s.onWake(c, m)
	case HookWake:
		s.onHookWake(c, m)
	case HookTurn:
		s.onHookTurn(c, m)
	case RunEnded:
		if !s.o.Heartbeat.IsZero() {
			_ = s.o.Heartbeat.Tell(check{})
		}
		if s.open > 0 || s.looking {
			s.look(c)
		}
	case Replan:
		s.replan = true
		s.look(c)
	case Reload, look:
		s.look(c)
	case ready:
		s.ready = true
		s.look(c)
	case stored:
		s.onStored(c, m)
	case looked:
		s.onLooked(c, m)
	case published:
		s.onPublished(c, m.run)
	case told:
		s.onTold(c, m)
	case read:
		m.answer()
	}
	return nil
}

// look finds out what there is to do. One look at a time.
func (s *cron) look(c *actors.Context[Message]) {
	if !s.ready {
		return
	}
	if s.looking {
		s.again = true
		return
	}
	s.looking, s.again = true, false
	wanted, as := s.wanted, occasion{first: !s.tidied, clockSet: s.replan}
	s.wanted, s.replan = nil, false
	enabled := s.o.Config().Enabled
	actors.Pipe(c, func(ctx context.Context) (round, error) {
		return s.o.lookAround(ctx, wanted, as, enabled)
	}, func(r round, err error) Message { return looked{r, wanted, as, err} })
}

func (s *cron) onLooked(c *actors.Context[Message], m looked) {
	s.looking = false
	if m.err != nil {
		c.Log().Warn("scheduled jobs not read, trying again", "err", m.err)
		for _, w := range m.wanted { // nothing was claimed, or nobody knows: no second try on their behalf
			w.Fail(m.err)
		}
		s.replan = s.replan || m.as.clockSet
		s.arm(c, retryIn)
		return
	}
	s.tidied = true
	for i, a := range m.answers {
		s.answer(m.wanted[i], a)
	}
	s.open = 0
	for _, run := range m.claimed {
		s.start(run)
		if run.Status == "" {
			s.o.Work(sessionKey(run.JobID))
		}
	}
	for _, run := range m.news {
		if run.Status == "" {
			s.open++
		} else {
			s.tell(c, run)
		}
	}
	if s.again {
		s.look(c)
		return
	}
	s.arm(c, s.untilNext(m))
}

// answer deals with a call of cron.run that a look has decided, or keeps it for the next one.
func (s *cron) answer(w Run, a answer) {
	switch {
	case a.err != nil:
		w.Fail(a.err)
	case a.notDue:
		w.Send(wire.CronRunResult{OK: true, Reason: "not-due"})
	case a.runID != "":
		s.waiting[a.runID] = append(s.waiting[a.runID], w.Reply)
	default:
		s.wanted = append(s.wanted, w)
	}
}

// untilNext is the pause before the next look. It is never long: clocks are set, and machines sleep.
func (s *cron) untilNext(m looked) time.Duration {
	d := s.o.Sweep
	if m.next > 0 && s.o.Config().Enabled {
		d = min(d, time.Until(time.UnixMilli(m.next)))
	}
	if len(m.claimed) > 0 {
		d = max(d, minGap)
	}
	return max(0, d)
}

func (s *cron) arm(c *actors.Context[Message], d time.Duration) {
	if s.timer != nil {
		s.timer()
	}
	s.timer = c.After(d, look{})
}

// start publishes that a run has begun.
func (s *cron) start(run store.CronRun) {
	s.started[run.ID] = true
	s.publish(wire.CronEvent{JobID: run.JobID, Action: "started", RunAtMs: &run.RunAt}, nil)
}

// tell publishes the end of a run; what follows from it comes after the event.
func (s *cron) tell(c *actors.Context[Message], run store.CronRun) {
	if s.telling[run.ID] {
		return
	}
	s.telling[run.ID] = true
	if run.JobID == hookJob { // the runs of hooks have no events
		s.onPublished(c, run)
		return
	}
	if !s.started[run.ID] { // it began before a restart
		s.start(run)
	}
	took := run.EndedAt - run.RunAt
	self := c.Self()
	s.publish(wire.CronEvent{
		JobID: run.JobID, Action: "finished", Status: run.Status, Error: run.Error, Summary: run.Summary, RunAtMs: &run.RunAt,
		DurationMs: &took, NextRunAtMs: orAbsent(run.NextAt),
	}, func() { _ = self.Tell(published{run}) })
}

func (s *cron) publish(ev wire.CronEvent, then func()) {
	s.o.Stream.PublishThen(wire.Event{Name: wire.EventCron, Payload: ev, Droppable: true}, then)
}

func (s *cron) onPublished(c *actors.Context[Message], run store.CronRun) {
	if !s.telling[run.ID] {
		return
	}
	for _, w := range s.waiting[run.ID] {
		w.Send(wire.CronRunResult{OK: true, Ran: true})
	}
	delete(s.waiting, run.ID)
	if d := detailOf(run); d.Wake {
		reason := "cron:" + run.JobID
		switch {
		case run.JobID == hookJob:
			reason = run.ID
		case d.Isolated:
			reason += ":post"
		}
		s.beat(reason)
	}
	s.file(c, run)
}

// file writes the line of a job's run to its log file, and makes an end of the news.
func (s *cron) file(c *actors.Context[Message], run store.CronRun) {
	log := c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		if run.JobID != hookJob {
			if err := appendLog(s.o.Dir, run); err != nil {
				log.Warn("log of a scheduled job not written", "job", run.JobID, "err", err)
			}
		}
		return struct{}{}, s.o.Store.Do(ctx, func(tx *store.Tx) error { return tx.ToldCronRun(run.ID) })
	}, func(_ struct{}, err error) Message { return told{run, err} })
}

func (s *cron) onTold(c *actors.Context[Message], m told) {
	if m.err != nil {
		c.After(retryIn, published{m.run})
		return
	}
	delete(s.telling, m.run.ID)
	delete(s.started, m.run.ID)
}

func (s *cron) beat(reason string) {
	if !s.o.Heartbeat.IsZero() {
		_ = s.o.Heartbeat.Tell(Beat{reason})
	}
}
