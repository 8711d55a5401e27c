package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// batch is how many messages share one pass, and most often one sync of the disk.
const batch = 64

// pass deals with the next messages of the inbox, in their order. It returns how many. An error ends it early; the
// messages it did not finish are in the inbox still.
func pass(ctx context.Context, o *Options, log *slog.Logger) (int, error) {
	var rows []store.Inbound
	err := o.Store.View(ctx, func(v *store.View) (err error) {
		rows, err = v.PendingInbound(batch)
		return err
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	routes := make([]*route, len(rows))
	results := make(chan error, len(rows))
	applied := 0 // on the writer's goroutine only: what follows a failure keeps its place behind it
	for i, row := range rows {
		rt := prepare(o, row)
		routes[i] = rt
		o.Store.Commit(func(tx *store.Tx) error {
			if applied != i {
				return errors.New("a message before it failed")
			}
			err := rt.apply(tx)
			if err == nil || errors.Is(err, store.ErrState) {
				applied++
			}
			return err
		}, func(err error) { rt.err = err; results <- err })
	}
	for range rows {
		<-results // each comes: the store answers every operation
	}
	return finish(o, routes, log)
}

// finish does what follows from the commits.
func finish(o *Options, routes []*route, log *slog.Logger) (int, error) {
	passed, work := 0, map[string]bool{}
	var failed error
	for _, rt := range routes {
		if errors.Is(rt.err, store.ErrState) { // an earlier incarnation has dealt with it after all
			passed++
			continue
		}
		if rt.err != nil {
			failed = errors.Join(failed, rt.err)
			continue
		}
		passed++
		log.Debug("inbound", slog.String("account", rt.row.Account), slog.Int64("seq", rt.row.Seq),
			slog.String("state", rt.state), slog.String("note", rt.note))
		if len(rt.stopped) > 0 {
			o.Abort(rt.decision.session, rt.stopped)
		}
		if rt.restart {
			o.Restart()
		}
		if rt.decision.action == run && !work[rt.decision.session] {
			work[rt.decision.session] = true
			o.Work(rt.decision.session)
		}
		if rt.replied {
			o.Sent()
		}
	}
	return passed, failed
}

// route is one message on its way through.
type route struct {
	o       *Options
	row     store.Inbound
	in      providers.Incoming
	invalid error // the row cannot be read
	policy  Policy
	to      providers.Route
	runID   string
	code    string
	now     time.Time

	// the outcome; set on the writer's goroutine before the operation is done
	decision decision
	history  []entry // what was said in the group since the last turn
	state    string
	note     string
	replied  bool
	restart  bool     // the sender wants the gateway to start anew
	stopped  []string // runs that a stop word, or this message, ends
	err      error
}

// prepare does what needs no transaction.
func prepare(o *Options, row store.Inbound) *route {
	r := &route{o: o, row: row, now: o.Now(), runID: uuid.NewString(), code: pairing.NewCode()}
	if r.invalid = wire.Unmarshal(row.Payload, &r.in); r.invalid != nil {
		return r
	}
	r.policy = o.Policy(row.Account, row.Surface)
	r.to = providers.Route{
		Account: row.Account, Surface: row.Surface, Chat: r.in.Chat, Thread: r.in.Thread, ReplyTo: r.in.ID, Kind: r.in.Kind,
	}
	return r
}

// apply decides and writes the outcome, all of it or nothing.
func (r *route) apply(tx *store.Tx) error {
	r.state, r.note, r.replied, r.stopped, r.restart = store.InboundRouted, "", false, nil, false
	if r.invalid != nil {
		r.decision = decision{note: "unreadable: " + r.invalid.Error()}
		return r.end(tx, store.InboundDropped, r.decision.note)
	}
	paired, err := tx.IsAllowed(r.row.Account, r.in.Sender.ID)
	if err != nil {
		return err
	}
	f := facts{
		surface: r.row.Surface, policy: r.policy, paired: paired && r.in.Sender.ID != "", received: time.UnixMilli(r.row.ReceivedAt),
	}
	if r.in.Kind != providers.Direct {
		e, _, err := tx.Entry(f.session(r.in, r.policy.rule(r.in)))
		if err != nil {
			return err
		}
		f.activation = e.GroupActivation
	}
	r.decision = decide(r.in, f)
	switch r.decision.action {
	case run:
		return r.applyMessage(tx)
	case empty:
		return r.answer(tx, noText, "empty")
	case abort:
		return r.applyAbort(tx)
	case pair:
		return r.applyPair(tx)
	case tell:
		return r.applyNote(tx)
	default:
		return r.end(tx, store.InboundDropped, r.decision.note)
	}
}

// applyRun accepts the turn of a message. It returns what its session is to be.
func (r *route) applyRun(tx *store.Tx, o *orders, isNew bool) (wire.SessionEntry, error) {
	before, e := *o.entry, *o.entry
	to, err := wire.Marshal(r.to)
	if err != nil {
		return before, fmt.Errorf("encode route: %w", err)
	}
	if r.history, err = r.unanswered(tx); err != nil {
		return before, err
	}
	t := r.turn(o.text, o.renewed && o.text == "" && len(r.in.Media) == 0, &e)
	t.NewSession, t.Thinking = isNew || o.renewed, o.thinking
	accepted, err := r.o.Accept(tx, store.Run{
		ID: r.runID, Kind: "inbound", SessionKey: r.decision.session, SessionID: e.SessionID, Request: r.o.BuildRequest(t), Route: to,
		AcceptedAt: r.now.UnixMilli(),
	}, o.queue.Over(r.o.Queue(e, r.row.Surface)))
	if err != nil {
		return before, err
	}
	if accepted.Refused { // what its turn would have been told, the next one is
		return before, r.end(tx, store.InboundDropped, "queue cap")
	}
	r.stopped = accepted.Stopped
	if err := r.answered(tx); err != nil {
		return before, err
	}
	return e, r.end(tx, store.InboundRouted, r.runID)
}

// applyAbort stops the runs that are open now; a message behind the stop word is not stopped with them.
func (r *route) applyAbort(tx *store.Tx) (err error) {
	if r.stopped, err = r.o.Stop(tx, r.decision.session); err != nil {
		return err
	}
	if err := r.interrupted(tx); err != nil {
		return err
	}
	return r.answer(tx, "Stopped.", "stop word")
}

func (r *route) applyPair(tx *store.Tx) error {
	issued, err := pairing.Issue(tx, pairing.Request{
		Account: r.row.Account, Surface: r.row.Surface, SenderID: r.in.Sender.ID, SenderName: senderName(r.in.Sender), Chat: r.in.Chat,
		Code: r.code, Now: r.now,
	})
	switch {
	case err != nil:
		return err
	case issued.Code == "":
		return r.end(tx, store.InboundDropped, "too many pairing codes pending")
	case !issued.Send:
		return r.end(tx, store.InboundPaired, "code sent less than a minute ago")
	}
	if err := r.reply(tx, pairing.Text(issued.Code)); err != nil {
		return err
	}
	return r.end(tx, store.InboundPaired, "")
}

func senderName(s providers.Sender) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Username
}

func (r *route) reply(tx *store.Tx, text string) error {
	r.replied = true
	return r.o.Reply(tx, fmt.Sprintf("inbound:%d", r.row.Seq), r.to, text)
}

// answer says something and is done with the message.
func (r *route) answer(tx *store.Tx, text, note string) error {
	if err := r.reply(tx, text); err != nil {
		return err
	}
	return r.end(tx, store.InboundRouted, note)
}

func (r *route) end(tx *store.Tx, state, note string) error {
	r.state, r.note = state, note
	return tx.FinishInbound(r.row.Seq, state, note)
}
