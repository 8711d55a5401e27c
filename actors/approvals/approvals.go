package approvals

import (
	"context"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	bucket  = "approvals"
	key     = "allowed"
	maxHeld = 512
	// retry is the pause before the list is read or written again.
	retry = 2 * time.Second
)

// Props describes the actor. Its name is "approvals".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	return actors.Props[Message]{
		Kind:    "approvals",
		New:     func() actors.Behavior[Message] { return &actor{o: &o, s: o.State} },
		Mailbox: actors.Mailbox{Count: 512, Bytes: 8 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type actor struct {
	o       *Options
	s       *State
	reading bool      // the list is being read
	writing bool      // or written
	due     time.Time // when the next tick should have come; zero = none is on its way
	held    []Message // until the list is there
	acks    []ack
}

// ack is an answer that waits until a version of the list is on disk.
type ack struct {
	version int
	send    func()
}

// Start reads the list, and finds what the last incarnation has not written.
func (a *actor) Start(c *actors.Context[Message]) error {
	if !a.s.loaded {
		a.load(c)
	}
	a.save(c)
	a.tick(c)
	return nil
}

func (a *actor) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case loaded:
		a.onLoaded(c, m)
	case saved:
		a.onSaved(c, m)
	case tick:
		a.due = time.Time{}
		a.reading, a.writing = false, false // an answer may be lost; to do it twice is harmless
		a.sweep()
		if !a.s.loaded {
			a.load(c)
		}
		a.save(c)
	case Withdraw:
		if q := a.s.find(m.ID); q != nil {
			a.end(q, Deny, "the run has ended", "")
		}
	default:
		if !a.s.loaded {
			if a.held = append(a.held, m); len(a.held) > maxHeld { // who asked first has asked again, or given up
				a.held = slices.Delete(a.held, 0, 1)
			}
			a.load(c)
		} else {
			a.decide(c, m)
		}
	}
	a.tick(c)
	return nil
}

// decide handles what needs the list.
func (a *actor) decide(c *actors.Context[Message], m Message) {
	switch m := m.(type) {
	case Ask:
		a.onAsk(m)
	case Resolve:
		a.onResolve(c, m)
	case List:
		m.Send(a.list())
	case Forget:
		a.onForget(c, m)
	}
}

// tick looks after questions whose time is up, and after the store.
func (a *actor) tick(c *actors.Context[Message]) {
	now := a.o.Now()
	if now.After(a.due.Add(retry)) && (len(a.s.pending) > 0 || !a.s.loaded || a.s.stored != a.s.version) {
		a.due = now.Add(retry)
		c.After(retry, tick{})
	}
}

func (a *actor) load(c *actors.Context[Message]) {
	if a.reading {
		return
	}
	a.reading = true
	actors.Pipe(c, func(ctx context.Context) (all []wire.ExecAllowed, err error) {
		err = a.o.Store.View(ctx, func(v *store.View) error {
			raw, found, err := v.Get(bucket, key)
			if err != nil || !found {
				return err
			}
			return wire.Unmarshal(raw, &all)
		})
		return all, err
	}, func(all []wire.ExecAllowed, err error) Message { return loaded{all, err} })
}

func (a *actor) onLoaded(c *actors.Context[Message], m loaded) {
	a.reading = false
	if a.s.loaded {
		return
	}
	if m.err != nil {
		c.Log().Error("the list of allowed commands cannot be read", "err", m.err)
		return // tick tries again
	}
	a.s.allowed, a.s.loaded = m.allowed, true
	held := a.held
	a.held = nil
	for _, m := range held {
		a.decide(c, m)
	}
}

// save writes the list if it has changed.
func (a *actor) save(c *actors.Context[Message]) {
	if a.writing || a.s.stored == a.s.version {
		return
	}
	a.writing = true
	version, all := a.s.version, slices.Clone(a.s.allowed)
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		raw, err := wire.Marshal(all)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, a.o.Store.Do(ctx, func(tx *store.Tx) error { return tx.Put(bucket, key, raw) })
	}, func(_ struct{}, err error) Message { return saved{version, err} })
}

func (a *actor) onSaved(c *actors.Context[Message], m saved) {
	a.writing = false
	if m.err != nil {
		c.Log().Error("the list of allowed commands is not stored yet", "err", m.err)
		return
	}
	a.s.stored = max(a.s.stored, m.version)
	a.acks = slices.DeleteFunc(a.acks, func(w ack) bool {
		if w.version > a.s.stored {
			return false
		}
		w.send()
		return true
	})
	a.save(c)
}

func (a *actor) onAsk(m Ask) {
	if o := a.s.ended(m.ID); o != nil {
		m.Send(o.Verdict)
		return
	}
	now := a.o.Now()
	if q := a.s.find(m.ID); q != nil {
		q.reply, q.seen = m.Reply, now
		return
	}
	s, k := a.o.Settings(), keyOf(m.Request)
	listed := a.s.lists(k) || tools.Listed(s.Allow, m.Request)
	switch {
	case s.Security == "deny":
		m.Send(Verdict{Reason: denied})
	case s.Ask == "always", (s.Ask == "on-miss" || m.Must && s.Security != "allowlist") && !listed:
		a.ask(m, s, k, now)
	case s.Security == "allowlist" && !listed:
		m.Send(Verdict{Reason: "the command is not on the list (agent.tools.exec.allow)"})
	default:
		m.Send(Verdict{Allowed: true})
	}
}

// ask puts the question to clients.
func (a *actor) ask(m Ask, s Settings, k string, now time.Time) {
	if len(a.s.pending) >= maxPending {
		m.Send(Verdict{Reason: "too many commands wait for approval"})
		return
	}
	c := m.Caller
	q := &question{key: k, seen: now, reply: m.Reply, ExecApproval: wire.ExecApproval{
		ID: m.ID, RunID: c.RunID, SessionKey: c.SessionKey, Command: m.Request.Command, Argv: m.Request.Argv, Env: m.Request.Env, Cwd: m.Request.Cwd,
		Trigger: c.Trigger, Surface: c.Surface, Sender: c.Sender, CreatedAt: now.UnixMilli(), ExpiresAt: now.Add(s.Timeout).UnixMilli(),
	}}
	a.s.pending = append(a.s.pending, q)
	a.o.Stream.Publish(wire.Event{Name: wire.EventExecApprovalRequested, Payload: q.ExecApproval})
}

// sweep ends the questions whose time is up, or whose run is gone.
func (a *actor) sweep() {
	now := a.o.Now()
	for _, q := range slices.Clone(a.s.pending) {
		switch {
		case now.UnixMilli() >= q.ExpiresAt:
			a.end(q, Deny, "nobody has answered in time", "")
		case now.Sub(q.seen) > gone:
			a.end(q, Deny, "the run has ended", "")
		}
	}
}

// end settles a question and tells everybody.
func (a *actor) end(q *question, decision, reason, by string) outcome {
	o := outcome{
		wire.ExecApprovalResolved{ID: q.ID, SessionKey: q.SessionKey, RunID: q.RunID, Decision: decision, Reason: reason, By: by, TS: a.o.Now().UnixMilli()},
		Verdict{Allowed: decision != Deny, Reason: reason},
	}
	if decision == Deny && reason == "" {
		o.Verdict.Reason = "the person who was asked said no"
	}
	a.s.end(q, o)
	q.reply.Send(o.Verdict)
	a.o.Stream.Publish(wire.Event{Name: wire.EventExecApprovalResolved, Payload: o.ExecApprovalResolved})
	return o
}

func (a *actor) onResolve(c *actors.Context[Message], m Resolve) {
	if o := a.s.ended(m.ID); o != nil {
		if o.Decision == m.Decision && o.ExecApprovalResolved.Reason == "" {
			again := o.ExecApprovalResolved // perhaps before the first time is on disk
			a.whenStored(c, func() { m.Send(again) })
			return
		}
		m.Fail(wire.InvalidRequest("approval %s is decided already: %s", m.ID, o.Decision))
		return
	}
	q := a.s.find(m.ID)
	if q == nil {
		m.Fail(wire.InvalidRequest("there is no approval %.80q that waits; see exec.approvals.list", m.ID))
		return
	}
	if m.Decision == AllowAlways {
		a.s.allow(wire.ExecAllowed{ID: q.key, Command: q.Command, Argv: q.Argv, Env: q.Env, AddedAt: a.o.Now().UnixMilli(), By: m.By})
	}
	o := a.end(q, m.Decision, "", m.By).ExecApprovalResolved
	a.whenStored(c, func() { m.Send(o) })
}

func (a *actor) onForget(c *actors.Context[Message], m Forget) {
	i := slices.IndexFunc(a.s.allowed, func(e wire.ExecAllowed) bool { return e.ID == m.ID })
	if i < 0 {
		m.Fail(wire.InvalidRequest("no command %.80q is allowed for good; see exec.approvals.list", m.ID))
		return
	}
	e := a.s.allowed[i]
	a.s.allowed = slices.Delete(a.s.allowed, i, i+1)
	a.s.version++
	a.whenStored(c, func() { m.Send(e) })
}

// whenStored answers once the list is on disk as it is now.
func (a *actor) whenStored(c *actors.Context[Message], send func()) {
	if a.s.stored == a.s.version {
		send()
		return
	}
	a.acks = append(a.acks, ack{a.s.version, send})
	a.save(c)
}

func (a *actor) list() wire.ExecApprovalsListResult {
	r := wire.ExecApprovalsListResult{TS: a.o.Now().UnixMilli(), Pending: []wire.ExecApproval{}, Allowed: slices.Clone(a.s.allowed)}
	for _, q := range a.s.pending {
		r.Pending = append(r.Pending, q.ExecApproval)
	}
	if r.Allowed == nil {
		r.Allowed = []wire.ExecAllowed{}
	}
	return r
}
