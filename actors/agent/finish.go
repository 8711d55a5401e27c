package agent

import (
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// onFinished decides how the run ended and stores it. The first outcome counts.
func (r *run) onFinished(c *actors.Context[Message], m finished) {
	if r.end != nil {
		return
	}
	e := &ending{answer: m.answer, state: Done, at: time.Now().UnixMilli()}
	if e.answer.Text == "" && r.out != nil {
		e.answer.Text = r.out.snapshot()
	}
	switch {
	case errors.Is(r.reason, ErrInterrupted):
		e.state, e.err = Failed, "Error: "+ErrInterrupted.Error()
	case r.reason != nil:
		e.state = Aborted
		if errors.Is(r.reason, ErrTimeout) {
			e.answer.cause = "its time limit was over (agent.timeoutSeconds, or the timeout that its call or job had)"
		}
	case m.err != nil:
		e.state, e.err = Failed, "Error: "+m.err.Error()
		e.answer.refusedBy(m.err, r.o.Job)
	}
	if e.state != Failed {
		r.assistant(e.answer.shown()) // the last text always comes before the end
	}
	if r.out != nil {
		lines, blocks := r.out.lines(), r.unsaid(e.state)
		e.answer.before = func(tx *store.Tx) error {
			if err := r.catchUp(tx, lines); err != nil {
				return err
			}
			if r.meter != nil {
				if err := r.meter.Flush(tx); err != nil {
					return err
				}
			}
			return r.repeat(tx, blocks)
		}
	}
	r.end = e
	if r.steering != nil {
		r.steering.close()
	}
	r.commit(c)
}

// commit stores the end. It may run twice for one end: storing is idempotent.
func (r *run) commit(c *actors.Context[Message]) {
	self, e := c.Self(), r.end
	r.o.Commit(r.endSteered(EndOp(r.o.Job, e.answer, e.state, e.err, e.at, r.o.Extra)), func(err error) {
		_ = self.Tell(committed{err})
	})
	c.After(commitRetry, retry{})
}

// onCommitted publishes the end. Nothing of it leaves before it is stored.
func (r *run) onCommitted(c *actors.Context[Message], err error) {
	if r.end == nil || r.end.stored {
		return
	}
	if err != nil {
		r.o.Log.Warn("the end of a run is not stored yet", "run", r.o.Job.ID, "err", err)
		return // the retry timer is running
	}
	r.end.stored = true
	if r.o.Published != nil {
		r.o.Published()
	}
	self := c.Self()
	PublishEnd(r.o.Stream, r.ended(), r.end.answer, func() { _ = self.Tell(published{}) })
}

// leave tells the session, and only then stops: whoever watches this actor must not take the end for a crash.
func (r *run) leave(c *actors.Context[Message]) {
	if r.end == nil || !r.end.stored {
		return
	}
	r.o.Ended(r.ended())
	c.StopSelf()
}

func (r *run) ended() Ended {
	a := r.end.answer
	e := Ended{Job: r.o.Job, State: r.end.state, Err: r.end.err, EndedAt: r.end.at, Details: a.Details, Model: modelOf(r.o.Job, a), Stop: a.Stop, Spent: a.Spent}
	if r.steering != nil && e.State == Done {
		e.Steered = r.steering.ours()
	}
	return e
}

// PublishEnd broadcasts the end of a run: the job event where runs of its kind have one, then the chat event. then
// is called when both are out.
func PublishEnd(s eventstream.Stream, e Ended, a Answer, then func()) {
	j := e.Job
	ev := eventstream.PublishRun{RunID: j.EventRunID, SessionKey: j.SessionKey}
	var data any
	if j.Kind.jobEvents() {
		ev.Stream, data = wire.StreamJob, jobEnd(e)
	}
	if j.SessionKey != "" {
		ev.Chat = &eventstream.Chat{RunID: chatRunID(e), SessionKey: j.SessionKey, State: wire.ChatFinal}
		if e.State == Failed {
			ev.Chat.State, ev.Chat.ErrorMessage = wire.ChatError, e.Err
		} else if text, _ := a.shown(); text != "" || len(a.Media) > 0 {
			ev.Chat.Message = chatMessage(text, a.Media, e.EndedAt)
		}
	}
	s.Run(ev, data, then)
}

func jobEnd(e Ended) any {
	j, took := e.Job, max(0, e.EndedAt-e.Job.StartedAt)
	if e.State == Failed {
		return wire.JobError{State: "error", StartedAt: j.StartedAt, EndedAt: e.EndedAt, To: orNull(j.Request.To),
			SessionID: j.SessionID, DurationMs: took, Error: e.Err, Details: e.Details}
	}
	return wire.JobDone{State: "done", StartedAt: j.StartedAt, EndedAt: e.EndedAt, To: orNull(j.Request.To),
		SessionID: j.SessionID, DurationMs: took, Aborted: e.State == Aborted}
}

// chatRunID: after an abort by a client the link to its run id is gone (protocol 4.2).
func chatRunID(e Ended) string {
	if e.State == Aborted && e.Job.Kind == KindChat {
		return e.Job.EventRunID
	}
	return e.Job.chatRunID()
}

func (j Job) chatRunID() string {
	if j.ChatRunID != "" {
		return j.ChatRunID
	}
	return j.EventRunID
}

func (r *run) delta(text string) *eventstream.Chat {
	j := r.o.Job
	if j.SessionKey == "" {
		return nil
	}
	id := j.chatRunID()
	if r.reason != nil {
		id = j.EventRunID
	}
	return &eventstream.Chat{
		RunID: id, SessionKey: j.SessionKey, State: wire.ChatDelta,
		Message: chatMessage(text, nil, time.Now().UnixMilli()),
	}
}

func (r *run) jobEvent(data any) {
	if !r.o.Job.Kind.jobEvents() {
		return
	}
	r.o.Stream.Run(eventstream.PublishRun{
		RunID: r.o.Job.EventRunID, SessionKey: r.o.Job.SessionKey, Stream: wire.StreamJob,
	}, data, nil)
}
