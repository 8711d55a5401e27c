package session

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// onAbortRun stops one chat.send, whether it runs or waits. It is marked in the store first: a crash between the answer and
// the end of the run must not have it begin anew. The writer keeps the order, so that one which is still being accepted is
// found, too.
func (s *sessions) onAbortRun(c *actors.Context[SessionsMessage], m AbortRun) {
	id := runKey(agent.KindChat, m.RunID)
	if sl := s.runs[id]; sl == nil || !sl.announced {
		s.o.State.aborts[id] = owedAbort{m.Key, m.RunID}
	}
	actors.Pipe(c, func(ctx context.Context) (run *store.Run, err error) {
		err = s.o.Store.Do(ctx, func(tx *store.Tx) error {
			if run, err = tx.Run(id); err != nil || run == nil || run.SessionKey != m.Key {
				return err
			}
			return tx.StopRuns([]string{id}, "a client stopped it (chat.abort)")
		})
		return run, err
	}, func(run *store.Run, err error) SessionsMessage { return abortFound{m, id, run, err} })
}

// onAbortFound goes on with an abort that is in the store. The event comes before the answer, once for each run as far as
// this incarnation knows. Others may have found the mark meanwhile and have stopped the run.
func (s *sessions) onAbortFound(c *actors.Context[SessionsMessage], m abortFound) {
	delete(s.o.State.aborts, m.id)
	sl, run := s.runs[m.id], m.run
	switch {
	case m.err != nil && sl != nil && sl.run.SessionKey == m.abort.Key: // stopped for as long as this process lives
		s.announce(m.abort, sl.run.SessionID)
		s.stop(c, sl, agent.ErrAborted)
	case m.err != nil:
		m.abort.Fail(m.err)
	case run == nil || run.State != store.RunAccepted && run.State != store.RunRunning:
		m.abort.Send(false)
	case run.SessionKey != m.abort.Key:
		m.abort.Fail(errMismatch())
	case sl != nil && sl.announced:
		m.abort.Send(true)
	default:
		s.announce(m.abort, run.SessionID) // first: a run that is told to stop may tell of its end before this function goes on
		if sl != nil {
			s.stop(c, sl, agent.ErrAborted)
		} else if run.State == store.RunAccepted {
			s.cancelQueued(c, *run)
		}
		if sl = s.runs[m.id]; sl != nil {
			sl.announced = true
		}
	}
}

func errMismatch() error { return wire.InvalidRequest("runId does not match sessionKey") }

// announce broadcasts the abort, then answers.
func (s *sessions) announce(m AbortRun, sessionID string) {
	s.publishAbort(owedAbort{m.Key, m.RunID}, sessionID, func() { m.Send(true) })
}

func (s *sessions) publishAbort(a owedAbort, sessionID string, then func()) {
	s.o.Stream.Run(eventstream.PublishRun{
		RunID: sessionID, SessionKey: a.key,
		Chat: &eventstream.Chat{RunID: a.runID, SessionKey: a.key, State: wire.ChatAborted},
	}, nil, then)
}

// owedAbort is the event of an abort: of which session and which of the client's runs.
type owedAbort struct{ key, runID string }

// payAbort announces the abort of a run that has ended, where nobody has: an incarnation may die, or a message be lost, between the
// mark in the store and the event.
func (s *sessions) payAbort(e agent.Ended) {
	a, owed := s.o.State.aborts[e.Job.ID]
	delete(s.o.State.aborts, e.Job.ID)
	if owed && e.State == agent.Aborted {
		s.publishAbort(a, e.Job.EventRunID, nil)
	}
}

// stop ends a run in whatever phase it is.
func (s *sessions) stop(c *actors.Context[SessionsMessage], sl *slot, reason error) {
	switch sl.phase {
	case waiting:
		s.unqueue(sl)
		delete(s.runs, sl.run.ID)
		s.cancelQueued(c, sl.run)
	case starting, running:
		sl.abort = reason
		sl.stopAgain()
	}
}

// stopAgain tells a run that is to stop so, also when it has been told before.
func (sl *slot) stopAgain() {
	if sl.abort != nil && sl.phase == running {
		_ = sl.ref.Tell(agent.Abort{Reason: sl.abort})
	}
}

func (s *sessions) unqueue(sl *slot) {
	for i, q := range s.queue {
		if q == sl {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return
		}
	}
}

// errBegun: a run that was to be canceled had begun, or ended.
var errBegun = errors.New("the run has begun")

// cancelQueued ends an accepted run that never started. What the person said stays in the transcript.
func (s *sessions) cancelQueued(c *actors.Context[SessionsMessage], run store.Run) {
	s.runs[run.ID] = &slot{run: run, phase: ending, abort: agent.ErrAborted, canceled: true}
	s.busy++ // ended runs give a place back
	s.storeCancel(c, run)
}

// storeCancel ends the run in the store, with what the person said.
func (s *sessions) storeCancel(c *actors.Context[SessionsMessage], run store.Run) {
	actors.Pipe(c, func(ctx context.Context) (settled, error) {
		job, err := decodeJob(run)
		if err != nil {
			return settled{}, err
		}
		accepted, now := job, time.Now().UnixMilli()
		err = s.o.Store.Do(ctx, func(tx *store.Tx) error {
			job = accepted
			return s.endUnstarted(tx, &job, now)
		})
		return settled{end: agent.Ended{Job: job, State: agent.Aborted, EndedAt: now}, fresh: true}, err
	}, func(m settled, err error) SessionsMessage {
		m.id, m.err = run.ID, err
		return m
	})
}

// endUnstarted ends an accepted run as aborted, or says that it has begun.
func (s *sessions) endUnstarted(tx *store.Tx, job *agent.Job, now int64) error {
	if ok, err := begun(tx, job, tx.StartStopped); err != nil || !ok {
		return cmp.Or(err, errBegun)
	}
	if err := appendUser(tx, *job); err != nil {
		return err
	}
	return agent.EndOp(*job, agent.Answer{}, agent.Aborted, "", now, s.extra)(tx)
}

// onAbortRuns stops these runs, in progress or waiting.
func (s *sessions) onAbortRuns(c *actors.Context[SessionsMessage], m AbortRuns) {
	for _, id := range m.Runs {
		if sl := s.runs[id]; sl != nil {
			s.stop(c, sl, agent.ErrAborted)
			continue
		}
		actors.Pipe(c, func(ctx context.Context) (run *store.Run, err error) {
			err = s.o.Store.View(ctx, func(v *store.View) error {
				run, err = v.Run(id)
				return err
			})
			return run, err
		}, func(run *store.Run, err error) SessionsMessage { return cancel{run, err} })
	}
}

// onCancel stops a run that was not in progress when it was looked for.
func (s *sessions) onCancel(c *actors.Context[SessionsMessage], m cancel) {
	switch {
	case m.run == nil:
	case s.runs[m.run.ID] != nil: // begun meanwhile
		s.stop(c, s.runs[m.run.ID], agent.ErrAborted)
	case m.run.State == "accepted":
		s.cancelQueued(c, *m.run)
	}
}

// onDrain lets what runs go on for a while, then ends it as interrupted. Nothing new starts.
func (s *sessions) onDrain(c *actors.Context[SessionsMessage], m Drain) {
	s.draining = &m
	for _, sl := range s.queue {
		delete(s.runs, sl.run.ID) // they stay accepted in the store
	}
	s.queue = nil
	c.After(m.Grace, drainOver{})
	s.drained()
}

func (s *sessions) interruptAll() {
	for _, sl := range s.runs {
		sl.abort = agent.ErrInterrupted
		sl.stopAgain()
	}
}

func (s *sessions) drained() {
	if s.draining != nil && len(s.runs) == 0 {
		s.draining.Send(struct{}{})
	}
}
