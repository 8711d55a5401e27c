package outbox

import (
	"context"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/why"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	droppedReason = "given up by an operator"
	againReason   = "sent again by an operator"
)

func (o *outbox) onShow(c *actors.Context[Message], m Show) {
	st := o.o.Store
	actors.Answer(c, m.Reply, func(ctx context.Context) (r wire.OutboxItemResult, err error) {
		var item *store.OutItem
		err = st.View(ctx, func(v *store.View) (err error) {
			item, err = v.OutByID(m.ID)
			return err
		})
		switch {
		case err != nil:
			return r, err
		case item == nil:
			return r, wire.InvalidRequest("no outgoing message %d: see outbox.list", m.ID)
		}
		r.Item = why.Shown(*item)
		return r, nil
	}, Message(answered{}))
}

// onWhy answers what became of a message, whoever it belongs to: all of it is in the tables.
func (o *outbox) onWhy(c *actors.Context[Message], m Why) {
	st := o.o.Store
	actors.Answer(c, m.Reply, func(ctx context.Context) (r wire.WhyResult, err error) {
		err = st.View(ctx, func(v *store.View) (err error) {
			r, err = why.Explain(v, m.Params)
			return err
		})
		return r, err
	}, Message(answered{}))
}

// onChange carries out a person's decision. What is being sent at the moment can be neither sent again nor given up.
func (o *outbox) onChange(c *actors.Context[Message], m Change) {
	st, self := o.o.Store, c.Self()
	actors.Answer(c, m.Reply, func(ctx context.Context) (r wire.OutboxItemResult, err error) {
		var outcome *store.Outcome // of the send that it belongs to
		var rowKey string
		err = st.Do(ctx, func(tx *store.Tx) error {
			item, err := tx.OutByID(m.ID)
			if err != nil {
				return err
			}
			if err := changeable(item, m); err != nil {
				return err
			}
			if m.Drop {
				outcome, err = drop(tx, *item)
				rowKey = item.Key
			} else {
				err = tx.OutAgain(m.ID, againReason)
			}
			if err != nil {
				return err
			}
			if item, err = tx.OutByID(m.ID); err == nil {
				r.Item = why.Listed(*item)
			}
			return err
		})
		if err == nil { // a lost word costs a look at the table
			_ = self.Tell(Wake{})
			if key, is := sendKey(rowKey); is && outcome != nil {
				_ = self.Tell(settled{key, *outcome})
			}
		}
		return r, err
	}, Message(answered{}))
}

// drop gives an item up. One that has failed by itself keeps its reason, and counts no longer among what did not arrive.
func drop(tx *store.Tx, item store.OutItem) (*store.Outcome, error) {
	first, err := tx.OutSeen(item.ID)
	switch {
	case err != nil:
		return nil, err
	case item.State != store.OutFailed:
		if err := tx.OutFailed(item.ID, droppedReason); err != nil {
			return nil, err
		}
		return settle(tx, item.Key)
	case !first:
		return nil, wire.InvalidRequest("message %d has been given up already", item.ID)
	}
	return nil, nil
}

// changeable says what is wrong with a decision, nil if nothing is.
func changeable(item *store.OutItem, m Change) error {
	if item == nil {
		return wire.InvalidRequest("no outgoing message %d: see outbox.list", m.ID)
	}
	switch item.State {
	case store.OutFailed, store.OutAmbiguous:
		return nil
	case store.OutQueued:
		if m.Drop {
			return nil
		}
	}
	return wire.InvalidRequest("message %d is %s: nothing to do", m.ID, item.State)
}
