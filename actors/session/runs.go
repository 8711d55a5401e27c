package session

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// startRetry is the pause before a start that the store could not take is tried again.
const startRetry = time.Second

// onBegin gives a session's next run a place, or puts it in line for one.
func (s *sessions) onBegin(c *actors.Context[SessionsMessage], m begin) {
	if !s.ready {
		s.held = append(s.held, m)
		return
	}
	if sl := s.runs[m.run.ID]; sl != nil { // asked again; it is on its way
		sl.stopAgain()
		return
	}
	if s.draining != nil {
		return // stays accepted in the store and starts with the next process
	}
	sl := &slot{run: m.run}
	s.runs[m.run.ID] = sl
	s.queue = append(s.queue, sl)
	s.fill(c)
}

// fill starts waiting runs while there are places.
func (s *sessions) fill(c *actors.Context[SessionsMessage]) {
	set := s.o.settings()
	inUse := map[agent.Kind]int{}
	for _, sl := range s.runs {
		if sl.phase != waiting {
			inUse[agent.Kind(sl.run.Kind)]++
		}
	}
	for i := 0; s.busy < set.MaxConcurrent && i < len(s.queue); {
		sl := s.queue[i]
		kind := agent.Kind(sl.run.Kind)
		if most := set.PerKind[kind]; most > 0 && inUse[kind] >= most {
			i++
			continue
		}
		s.queue = slices.Delete(s.queue, i, i+1)
		s.busy++
		inUse[kind]++
		s.start(c, sl)
	}
}

// start marks the run as started and writes what the person said, in one commit.
func (s *sessions) start(c *actors.Context[SessionsMessage], sl *slot) {
	sl.phase = starting
	run := sl.run
	actors.Pipe(c, func(ctx context.Context) (started, error) {
		job, err := decodeJob(run)
		if err != nil {
			return started{}, err
		}
		if s.o.Await != nil {
			s.o.Await(ctx, run.SessionKey)
		}
		if err := s.o.Store.View(ctx, func(v *store.View) error { return s.load(v, &job) }); err != nil {
			return started{}, err
		}
		ok, accepted := false, job
		err = s.o.Store.Do(ctx, func(tx *store.Tx) (err error) {
			job = accepted // it may be tried again
			ok, err = markStarted(tx, run, &job)
			return err
		})
		return started{job: job, ok: ok}, err
	}, func(m started, err error) SessionsMessage {
		m.id, m.orig, m.err = run.ID, run, err
		return m
	})
}

// markStarted moves a run from accepted to running; ok is false when it had left accepted before, or is to stop.
func markStarted(tx *store.Tx, run store.Run, job *agent.Job) (ok bool, err error) {
	if ok, err = begun(tx, job, tx.StartRun); err != nil || !ok {
		return ok, err
	}
	if run.Mode != "" {
		if err := gather(tx, run, job); err != nil {
			return false, err
		}
	}
	notes, err := tx.TakeNotes(job.SessionKey)
	if err != nil {
		return false, err
	}
	for _, n := range notes {
		job.Notes = append(job.Notes, n.Text)
	}
	return true, appendUser(tx, *job)
}

// begun moves a run on with start, and sees to it that it has a session.
func begun(tx *store.Tx, job *agent.Job, start func(id, sessionID string, at int64) (bool, error)) (ok bool, err error) {
	job.StartedAt = time.Now().UnixMilli()
	if job.SessionID == "" {
		if job.SessionID, job.NewSession, err = touch(tx, job.SessionKey, *cmp.Or(job.Route, &providers.Route{}), job.StartedAt); err != nil {
			return false, err
		}
	}
	return start(job.ID, job.SessionID, job.StartedAt)
}

// appendUser writes what the person said.
func appendUser(tx *store.Tx, job agent.Job) error {
	return tx.AppendLine(store.Line{
		SessionID: job.SessionID, RunID: job.ID, Role: "user", Message: agent.UserLine(job, job.StartedAt), At: job.StartedAt,
	})
}

// load fills in what the runner is given of the past.
func (s *sessions) load(v *store.View, job *agent.Job) error {
	if err := s.o.Preview(v, job); err != nil {
		return err
	}
	if s.o.History == nil || s.o.History(job.Model) == 0 {
		return nil
	}
	lines, err := v.History(job.SessionID, s.o.History(job.Model))
	for _, l := range lines {
		job.History = append(job.History, wire.Raw(l.Message))
		job.HistoryIDs = append(job.HistoryIDs, l.ID)
	}
	return err
}

func (s *sessions) onStarted(c *actors.Context[SessionsMessage], m started) {
	sl := s.runs[m.id]
	if sl == nil || sl.phase != starting {
		return
	}
	switch {
	case m.err != nil:
		c.Log().Warn("run not started yet", "run", m.id, "err", m.err)
		c.After(startRetry, retryRun{m.id})
	case !m.ok: // started or ended before: find out and report
		sl.phase = ending
		s.settle(c, sl.run, nil)
	default:
		sl.job = m.job
		s.spawn(c, sl)
	}
}

func (s *sessions) onRetry(c *actors.Context[SessionsMessage], m retryRun) {
	if sl := s.runs[m.id]; sl != nil && sl.phase == starting {
		s.start(c, sl)
	}
}

func (s *sessions) spawn(c *actors.Context[SessionsMessage], sl *slot) {
	self, set := c.Self(), s.o.settings()
	ref, err := actors.Spawn(c, "run/"+sl.run.ID, agent.Props(agent.Options{
		Runner: s.o.Runner, Job: sl.job, Timeout: set.Timeout, Stream: s.o.Stream, Log: c.Log(), Tool: s.o.Tool, SaveMedia: s.o.SaveMedia, Attach: s.o.Attach,
		Tools: s.o.Tools, Meter: s.o.Meter, Compact: s.o.sumUp,
		Blocks: s.o.Blocks, Say: s.o.Say, Verbose: s.o.verbose, Typing: s.o.Typing, TypingEvery: set.TypingEvery,
		Commit: s.o.Store.Commit, Extra: s.extra,
		Published: func() { sl.published.Store(true) }, Said: s.o.Said,
		Ended: func(e agent.Ended) { _ = self.Tell(ended{e}) },
	}))
	if err != nil {
		sl.phase = ending
		s.settle(c, sl.run, err)
		return
	}
	sl.ref, sl.phase = ref, running
	id := sl.run.ID
	actors.Watch(c, ref, func(reason error) SessionsMessage { return runGone{id, reason} })
	sl.stopAgain()
	for _, m := range sl.steer {
		_ = ref.Tell(m)
	}
	sl.steer = nil
}

// onEnded is the ordinary end: stored and published. The callers get their answer.
func (s *sessions) onEnded(c *actors.Context[SessionsMessage], m ended) {
	if sl := s.runs[m.Job.ID]; sl != nil {
		s.finish(c, sl, m.Ended)
	}
}

// onRunGone is the end that cannot be missed: the run's actor has stopped. If nothing was heard of the end, the
// store knows it, or it is made now.
func (s *sessions) onRunGone(c *actors.Context[SessionsMessage], m runGone) {
	sl := s.runs[m.id]
	if sl == nil || sl.phase != running {
		return
	}
	sl.phase, sl.crashed = ending, m.reason != nil && !sl.published.Load()
	s.settle(c, sl.run, m.reason)
}

// finish frees the run's place and tells everyone who waits for it.
func (s *sessions) finish(c *actors.Context[SessionsMessage], sl *slot, e agent.Ended) {
	delete(s.runs, sl.run.ID)
	if sl.phase != waiting {
		s.busy--
	}
	if sl.run.IdemKey != "" {
		s.o.State.answer(sl.run.ID, agent.Outcome(e.Job, e.State, e.Err, e.Details))
	}
	for _, j := range e.Steered {
		if j.IdemKey != "" {
			s.o.State.answer(j.ID, agent.Outcome(j, e.State, "", nil))
		}
	}
	s.payAbort(e)
	s.remember(e)
	s.o.Delivered()
	if s.o.Ended != nil && sl.published.Load() { // else somebody else has ended it, and told
		s.o.Ended(e)
	}
	if b := e.Job.Request.Behalf; b != nil && sl.run.Kind == string(agent.KindSub) {
		s.wake(c, b.Session) // which hears of it
	}
	s.tellLane(sl.run.SessionKey, runDone{sl.run.ID})
	s.fill(c)
	s.drained()
}

// Preview fills in what the next run of a session would be given, but for its history.
func (o *Options) Preview(v *store.View, job *agent.Job) error {
	e, _, err := v.Entry(job.SessionKey)
	if err != nil {
		return err
	}
	job.SessionID = cmp.Or(job.SessionID, e.SessionID)
	job.Request.Thinking = cmp.Or(job.Request.Thinking, o.Thinking(e))
	o.chooseModels(e, job)
	job.Session = agent.SessionRights{Elevated: e.ElevatedLevel}
	if e.Tools != nil {
		job.Session.Allow, job.Session.Deny = e.Tools.Allow, e.Tools.Deny
	}
	return nil
}

// verbose tells whether a session shows what tools do, as it is set now.
func (o *Options) verbose(ctx context.Context, j agent.Job) (on bool, err error) {
	err = o.Store.View(ctx, func(v *store.View) error {
		e, _, err := v.Entry(j.SessionKey)
		on = e.VerboseLevel == "on" || e.VerboseLevel == "" && o.settings().Verbose
		return err
	})
	return on, err
}
