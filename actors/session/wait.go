package session

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
)

// waiter is one agent.wait that has not been answered.
type waiter struct {
	wait   Wait
	cancel func()
}

// remember keeps the end for agent.wait and answers who waits for it.
func (s *sessions) remember(e agent.Ended) {
	r := WaitResult{RunID: e.Job.EventRunID, Status: "ok", StartedAt: e.Job.StartedAt, EndedAt: e.EndedAt}
	if e.State == agent.Failed {
		r.Status, r.Error = "error", e.Err
	}
	s.o.State.finished.put(r, time.Now())
	for w := range s.waiters {
		if w.wait.RunID == r.RunID && matches(w.wait, r) {
			s.release(w, r)
		}
	}
}

// matches applies the afterMs filter (protocol 3.7).
func matches(w Wait, r WaitResult) bool {
	switch {
	case w.AfterMs == nil:
		return true
	case r.StartedAt > 0:
		return r.StartedAt >= *w.AfterMs
	default:
		return r.EndedAt > 0 && r.EndedAt >= *w.AfterMs
	}
}

func (s *sessions) onWait(c *actors.Context[SessionsMessage], m Wait) {
	if r, ok := s.o.State.finished.get(m.RunID, time.Now()); ok && matches(m, r) {
		m.Send(r)
		return
	}
	if m.Timeout > 0 {
		w := &waiter{wait: m}
		if s.waiters == nil {
			s.waiters = map[*waiter]struct{}{}
		}
		s.waiters[w] = struct{}{}
		w.cancel = c.After(m.Timeout, waitOver{w})
	}
	actors.Pipe(c, func(ctx context.Context) (*WaitResult, error) { // it may have ended before a restart
		return s.lookup(ctx, m.RunID)
	}, func(r *WaitResult, _ error) SessionsMessage { return found{m, r} })
}

// lookup finds an agent run that ended, by its id on the wire.
func (s *sessions) lookup(ctx context.Context, runID string) (*WaitResult, error) {
	var run *store.Run
	err := s.o.Store.View(ctx, func(v *store.View) (err error) {
		run, err = v.Run(runKey(agent.KindAgent, runID))
		return err
	})
	if err != nil || run == nil || run.EndedAt == 0 || time.Now().UnixMilli()-run.EndedAt > finishedFor.Milliseconds() {
		return nil, err
	}
	r := &WaitResult{RunID: runID, Status: "ok", StartedAt: run.StartedAt, EndedAt: run.EndedAt}
	if run.State == string(agent.Failed) {
		r.Status, r.Error = "error", run.Error
	}
	return r, nil
}

func (s *sessions) onFound(c *actors.Context[SessionsMessage], m found) {
	if m.res != nil && matches(m.wait, *m.res) {
		m.wait.Send(*m.res)
	} else if m.wait.Timeout <= 0 {
		m.wait.Send(timedOut(m.wait))
	}
}

func (s *sessions) onWaitOver(m waitOver) {
	if _, ok := s.waiters[m.w]; ok {
		s.release(m.w, timedOut(m.w.wait))
	}
}

func (s *sessions) release(w *waiter, r WaitResult) {
	delete(s.waiters, w)
	w.cancel()
	w.wait.Send(r)
}

func timedOut(w Wait) WaitResult { return WaitResult{RunID: w.RunID, Status: "timeout"} }
