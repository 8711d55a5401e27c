package session

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

// recover reads what was accepted and has not ended.
func (s *sessions) recover(c *actors.Context[SessionsMessage]) {
	actors.Pipe(c, func(ctx context.Context) (runs []store.Run, err error) {
		err = s.o.Store.View(ctx, func(v *store.View) error {
			runs, err = v.OpenRuns()
			return err
		})
		return runs, err
	}, func(runs []store.Run, err error) SessionsMessage { return recovered{runs, err} })
}

// onRecovered ends what was running with an error, once, and wakes the sessions whose runs had not started.
func (s *sessions) onRecovered(c *actors.Context[SessionsMessage], m recovered) {
	if s.ready {
		return
	}
	if m.err != nil {
		c.Log().Error("cannot read the runs in progress; trying again", "err", m.err)
		s.recover(c)
		return
	}
	s.ready = true
	keys := map[string]bool{}
	before := s.o.State.begun
	s.o.State.begun = s.runs
	open := map[string]bool{}
	for _, r := range m.runs {
		open[r.ID] = true
		keys[r.SessionKey] = true
		if r.State == "running" {
			s.reopen(c, r, before[r.ID])
		}
		delete(before, r.ID)
	}
	maps.DeleteFunc(s.o.State.aborts, func(id string, _ owedAbort) bool { return !open[id] && before[id] == nil })
	for _, sl := range before { // ended meanwhile, and the last incarnation did not live to say so
		s.reopen(c, sl.run, sl)
	}
	for _, b := range s.held {
		keys[b.run.SessionKey] = true
		s.onBegin(c, b)
	}
	s.held = nil
	for key := range keys {
		s.wake(c, key)
		s.onCurrentOf(currentOf{key})
	}
}

// reopen finds out how a run ended whose actor cannot be there any more. sl is what the last incarnation knew, nil when
// that was in another process.
func (s *sessions) reopen(c *actors.Context[SessionsMessage], r store.Run, sl *slot) {
	if s.runs[r.ID] != nil {
		return
	}
	again := &slot{run: r, phase: ending}
	if sl != nil {
		again.crashed = !sl.published.Load()
		again.published.Store(!again.crashed) // this incarnation may die, too, before it knows more
	}
	s.runs[r.ID] = again
	s.busy++
	s.settle(c, r, agent.ErrInterrupted)
}

// errCrashed is what the client of a run is told when its actor failed.
var errCrashed = errors.New("the run crashed")

// settle finds out how a run ended whose actor did not say, ends it as failed if it had not, and publishes that end.
func (s *sessions) settle(c *actors.Context[SessionsMessage], run store.Run, reason error) {
	if !errors.Is(reason, agent.ErrInterrupted) {
		reason = errCrashed
	}
	actors.Pipe(c, func(ctx context.Context) (settled, error) {
		job, err := decodeJob(run)
		if err != nil {
			job = agent.Job{ID: run.ID, SessionKey: run.SessionKey, SessionID: run.SessionID, Kind: agent.Kind(run.Kind)}
		}
		e, fresh := agent.Ended{Job: job}, false
		err = s.o.Store.Do(ctx, func(tx *store.Tx) (err error) {
			e, fresh, err = s.endOpen(tx, job, "Error: "+reason.Error())
			return err
		})
		return settled{end: e, fresh: fresh}, err
	}, func(m settled, err error) SessionsMessage {
		m.id, m.err = run.ID, err
		return m
	})
}

// onResettle tries again what the store did not take.
func (s *sessions) onResettle(c *actors.Context[SessionsMessage], run store.Run) {
	if sl := s.runs[run.ID]; sl != nil && sl.canceled {
		s.storeCancel(c, run)
	} else {
		s.settle(c, run, nil)
	}
}

// endOpen ends a run that is open, as failed unless it was to stop, and says how it has ended, now or before.
func (s *sessions) endOpen(tx *store.Tx, job agent.Job, errText string) (e agent.Ended, fresh bool, err error) {
	e = agent.Ended{Job: job, State: agent.Failed, Err: errText, EndedAt: time.Now().UnixMilli()}
	row, err := tx.Run(job.ID)
	if err != nil || row == nil {
		return e, false, err
	}
	if row.Stop {
		e.State, e.Err = agent.Aborted, ""
	}
	e.Job.StartedAt, e.Job.SessionID = row.StartedAt, row.SessionID
	switch {
	case row.State == store.RunAccepted && row.Stop:
		return e, true, s.endUnstarted(tx, &e.Job, e.EndedAt)
	case row.State == store.RunAccepted, row.State == store.RunRunning:
		return e, true, agent.EndOp(e.Job, agent.Answer{}, e.State, e.Err, e.EndedAt, s.extra)(tx)
	}
	e.State, e.Err, e.EndedAt, e.Model = agent.State(row.State), row.Error, row.EndedAt, row.Model
	return e, false, nil
}

func (s *sessions) onSettled(c *actors.Context[SessionsMessage], m settled) {
	sl := s.runs[m.id]
	if sl == nil || sl.phase != ending {
		return
	}
	if errors.Is(m.err, errBegun) {
		s.settle(c, sl.run, nil)
		return
	}
	if m.err != nil {
		c.Log().Warn("the end of a run is not stored yet", "run", m.id, "err", m.err)
		c.After(startRetry, resettle{sl.run})
		return
	}
	s.payAbort(m.end)
	if !m.fresh && !sl.crashed { // a crash may have come between the commit and the event
		s.finish(c, sl, m.end)
		return
	}
	sl.phase = told
	sl.published.Store(true)
	self := c.Self()
	agent.PublishEnd(s.o.Stream, m.end, agent.Answer{}, func() { _ = self.Tell(ended{m.end}) })
	c.After(startRetry, ended{m.end}) // should the word be lost
}
