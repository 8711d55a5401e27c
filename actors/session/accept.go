package session

import (
	"cmp"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// runKey is the primary key of a run that a client's idempotency key names.
func runKey(kind agent.Kind, key string) string { return string(kind) + ":" + key }

// proposal is a call before the store has said whether it is new.
type proposal struct {
	kind    agent.Kind
	idemKey string
	key     string // session key; empty = resolve finds it
	resolve func(v *store.View) (key, sessionID string, err error)
	request agent.Request
	route   func(e wire.SessionEntry) *providers.Route
	entry   func(e *wire.SessionEntry) // changes what is kept of the session
	check   func(tx *store.Tx) error   // refuses what is new; nil = nothing
	steer   bool                       // into a run that is going on, if there is one
}

// acceptance is what the store said.
type acceptance struct {
	run     store.Run
	fresh   bool
	outcome *store.Outcome // of a repeat that has ended
	err     error
	at      time.Time
	handled bool // the supervisor has dealt with it; a doubled message changes nothing
}

var errBlocked = wire.InvalidRequest("send blocked by session policy")

// accept makes the call durable, or finds the run that its key stands for already. A refusal leaves no trace.
func accept(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p proposal) {
	a := &acceptance{at: time.Now()}
	o.Store.Commit(func(tx *store.Tx) error { return p.store(tx, o, a) }, func(err error) {
		a.err = err
		if err := ref.Tell(accepted{call, a}); err != nil {
			call.Fail(err) // accepted all the same if it was new: the sweep starts it, and a repeat finds it
		}
	})
}

func (p proposal) store(tx *store.Tx, o *Options, a *acceptance) error {
	id := runKey(p.kind, p.idemKey)
	prev, done, fresh, err := tx.Claim(string(p.kind), p.idemKey)
	if err != nil {
		return err
	}
	a.fresh, a.outcome = fresh, nil
	if !fresh {
		if done {
			a.outcome = prev
			return nil
		}
		run, err := tx.Run(id)
		if err == nil && run == nil {
			err = errors.New("its run is gone; use another idempotency key")
		}
		if run != nil {
			a.run = *run
		}
		return err
	}
	if p.check != nil {
		if err := p.check(tx); err != nil {
			return err
		}
	}
	now := a.at.UnixMilli()
	key, sessionID := p.key, ""
	if key == "" {
		if key, sessionID, err = p.resolve(&tx.View); err != nil {
			return err
		}
	}
	e, isNew, err := open(&tx.View, key, now)
	if err != nil {
		return err
	}
	o.forget(&e)
	if o.settings().Policy.Denies(key, e) {
		return errBlocked
	}
	if isNew && sessionID != "" {
		e.SessionID = sessionID
	}
	if p.entry != nil {
		p.entry(&e)
	}
	if err := tx.PutEntry(key, e); err != nil {
		return err
	}
	p.request.NewSession = isNew
	a.run = store.Run{ID: id, Kind: string(p.kind), SessionKey: key, SessionID: e.SessionID, AcceptedAt: now,
		IdemScope: string(p.kind), IdemKey: p.idemKey}
	if p.steer {
		busy, err := tx.Queued(key)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			a.run.Mode = Steer
		}
	}
	r := p.route(e)
	if problem := o.undeliverable(r); problem != "" {
		if !p.request.BestEffort {
			p.request.Problem = cmp.Or(p.request.Problem, problem)
		}
		r = nil
	}
	if a.run.Request, err = wire.Marshal(p.request); err != nil {
		return err
	}
	if r != nil {
		if a.run.Route, err = wire.Marshal(r); err != nil {
			return err
		}
	}
	_, err = tx.AcceptRun(a.run)
	return err
}

// onAccepted answers or acknowledges the call, and sets its run going.
func (s *sessions) onAccepted(c *actors.Context[SessionsMessage], m accepted) {
	if m.handled {
		return
	}
	m.handled = true
	switch {
	case m.err != nil:
		m.call.Fail(m.err)
		return
	case m.outcome != nil:
		m.call.Respond(result(*m.outcome))
		return
	}
	if m.call.Hold != nil {
		m.call.Hold()
	}
	if kind := agent.Kind(m.run.Kind); kind == agent.KindAgent || kind == agent.KindSub {
		at := m.run.AcceptedAt
		m.call.Respond(wire.Result{More: true,
			Payload: wire.RunResult{RunID: m.run.IdemKey, Status: wire.RunAccepted, AcceptedAt: &at}})
	}
	id := m.run.ID
	s.o.State.claim(id, func(o store.Outcome) { m.call.Respond(result(o)) })
	if s.runs[id] == nil && (!m.fresh || time.Since(m.at) > time.Second) {
		// It may have ended between the commit and now, with nobody listed as waiting.
		s.checkEnded(c, m.run)
	}
	s.wake(c, m.run.SessionKey)
}

// result is the answer that a stored outcome stands for.
func result(o store.Outcome) wire.Result {
	r := wire.Result{Payload: wire.Raw(o.Payload)}
	if !o.OK {
		e := &wire.Error{}
		if err := wire.Unmarshal(o.Error, e); err != nil {
			e = wire.Unavailable("Error: the outcome cannot be read")
		}
		r.Err = e
	}
	return r
}

// decodeJob reads a stored run.
func decodeJob(r store.Run) (agent.Job, error) {
	j := agent.Job{
		ID: r.ID, Kind: agent.Kind(r.Kind), SessionKey: r.SessionKey, SessionID: r.SessionID,
		IdemScope: r.IdemScope, IdemKey: r.IdemKey, AcceptedAt: r.AcceptedAt, StartedAt: r.StartedAt,
	}
	if err := wire.Unmarshal(r.Request, &j.Request); err != nil {
		return j, err
	}
	j.NewSession = j.Request.NewSession
	if len(r.Route) > 0 {
		j.Route = &providers.Route{}
		if err := wire.Unmarshal(r.Route, j.Route); err != nil {
			return j, err
		}
	}
	j.EventRunID, j.ChatRunID = eventIDs(j)
	return j, nil
}
