package outbox

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// record writes the outcome of an attempt; the message recorded says when it is on disk. Doing it twice does no harm.
func (l *lane) record(c *actors.Context[laneMessage], f *flight, r result, v verdict) {
	l.phase, l.verdict = recording, v
	l.timer(c, l.o.Sweep, reconsider{f}) // no word from the store: write again
	var outcome *store.Outcome
	l.o.Store.Commit(func(tx *store.Tx) (err error) {
		outcome, err = write(tx, f.item, r, v, l.o.Owner)
		return err
	}, func(err error) {
		f.berth.tell(recorded{f, outcome, err})
	})
}

// write puts the verdict into the table, and the outcome of the Send that the item belongs to, if this was its last part. The
// owner is told, in the same commit, of what did not arrive.
func write(tx *store.Tx, item store.OutItem, r result, v verdict, owner func() string) (*store.Outcome, error) {
	reason := ""
	if r.err != nil {
		reason = r.err.Error()
	}
	var err error
	switch v.action {
	case sent:
		var receipt []byte
		if receipt, err = wire.Marshal(r.receipt); err != nil {
			return nil, fmt.Errorf("encode receipt: %w", err)
		}
		err = tx.OutSent(item.ID, receipt, r.receipt.MessageID)
	case back:
		err = tx.OutRetry(item.ID, 0, reason)
	case again:
		err = tx.OutRetry(item.ID, v.at.UnixMilli(), reason)
	case failed:
		err = tx.OutFailed(item.ID, reason)
	case ambiguous:
		err = tx.OutAmbiguous(item.ID, reason)
	}
	// Not in the state for it: it was written before, by a predecessor; or, for back, the item was never marked.
	if err != nil && !errors.Is(err, store.ErrState) {
		return nil, err
	}
	if v.action == back || v.action == again {
		return nil, nil
	}
	if err == nil && v.action != sent && owner != nil {
		if err := notice(tx, owner(), item, v.action, reason); err != nil {
			return nil, err
		}
	}
	return settle(tx, item.Key)
}

func (l *lane) onRecorded(c *actors.Context[laneMessage], m recorded) {
	f := m.flight
	if f != l.berth.current() || l.phase != recording {
		return
	}
	if m.err != nil {
		c.Log().Warn("outcome of a send not recorded, trying again", slog.Int64("item", f.item.ID), slog.Any("err", m.err))
		l.timer(c, storePause, reconsider{f})
		return
	}
	l.berth.put(nil)
	if m.outcome != nil {
		key, _ := sendKey(f.item.Key)
		l.settled(key, *m.outcome)
	}
	if l.verdict.action == back {
		l.held(c)
		return
	}
	l.down = 0
	l.attempted(f)
	if l.verdict.action != again {
		l.report(c, f)
	}
	l.pull(c)
}

// outcomes are the words for what an attempt came to.
var outcomes = map[action]string{sent: store.OutSent, again: Retry, failed: store.OutFailed, ambiguous: store.OutAmbiguous}

// Retry is the outcome of an attempt that will be made again; the others are called like the final states of an item.
const Retry = "retry"

// attempted tells of an attempt that has its outcome.
func (l *lane) attempted(f *flight) {
	if l.o.Attempted == nil {
		return
	}
	a := Attempt{Item: f.item, Number: max(1, f.out.Attempt), Outcome: outcomes[l.verdict.action], Began: f.began, Ended: time.Now()}
	if f.item.State == store.OutSending { // a crash has left it so, with that attempt counted
		a.Number = max(1, f.item.Attempts)
	}
	if _, call := sendKey(f.item.Key); !call { // its RunID is the caller's word
		a.Run = f.item.RunID
	}
	if r, _ := f.ended(); r.err != nil {
		a.Class = r.err.Class
	}
	l.o.Attempted(a)
}

// report tells of an item that has reached its end.
func (l *lane) report(c *actors.Context[laneMessage], f *flight) {
	r, _ := f.ended()
	state := outcomes[l.verdict.action]
	if r.err != nil {
		c.Log().Warn("message not delivered", slog.String("account", l.key.Account), slog.Int64("item", f.item.ID),
			slog.String("state", state), slog.Any("err", r.err))
	}
	if l.o.Delivered != nil {
		item := f.item // the flight's own stays as it is: a write of a predecessor may still read it
		item.State = state
		l.o.Delivered(item)
	}
}
