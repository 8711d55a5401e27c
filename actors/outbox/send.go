package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	sendScope  = "send"  // of the idempotency keys
	sendPrefix = "send:" // of the keys of the rows
	sendLimit  = 60 * time.Second
)

// join is everybody who waits for the outcome of one idempotency key.
type join struct {
	id      uint64
	waiters actors.Replies[store.Outcome]
	holds   []func() // of those who have not been told that it may take its time
	stored  bool
}

// add has somebody wait.
func (j *join) add(m Send) {
	j.waiters = append(j.waiters, m.Reply)
	if m.Hold != nil {
		j.holds = append(j.holds, m.Hold)
	}
}

// hold tells those who wait that the answer may take its time.
func (j *join) hold() {
	for _, tell := range j.holds {
		tell()
	}
	j.holds = nil
}

func (o *outbox) onSend(c *actors.Context[Message], m Send) {
	p := m.Params
	p.To, p.Message = strings.TrimSpace(p.To), strings.TrimSpace(p.Message)
	switch {
	case p.To == "":
		m.Fail(wire.InvalidRequest("invalid send params: to is blank"))
		return
	case p.MediaURL != "" && o.o.Load == nil:
		m.Fail(wire.InvalidRequest("invalid send params: mediaUrl is not supported; send the text alone"))
		return
	case p.Message == "" && p.MediaURL == "":
		m.Fail(wire.InvalidRequest("invalid send params: message is blank"))
		return
	}
	key := p.IdempotencyKey
	if j := o.joins[key]; j != nil {
		j.add(m)
		if j.stored {
			j.hold()
		}
		return
	}
	o.joinSeq++
	id := o.joinSeq
	j := &join{id: id}
	j.add(m)
	o.joins[key] = j
	opts := o.o
	actors.Pipe(c, func(ctx context.Context) (*store.Outcome, error) { return claim(ctx, opts, p) },
		func(out *store.Outcome, err error) Message { return claimed{key, id, out, err} })
}

// claim takes the key and queues the message in one operation. Nil means that the outcome comes later: the message is on
// its way, or was already.
func claim(ctx context.Context, o *Options, p wire.SendParams) (*store.Outcome, error) {
	t, refused := resolve(o.Directory, p.Provider, p.To)
	var rows []store.OutItem
	if refused == nil {
		files, prev, err := files(ctx, o, p)
		if err != nil || prev != nil {
			return prev, err
		}
		route := providers.Route{Account: t.account, Surface: t.surface, Chat: t.chat}
		rows, err = Rows(Text{
			Key: sendPrefix + p.IdempotencyKey, RunID: p.IdempotencyKey, Route: route, Text: p.Message, Media: files, Max: t.max,
		}, o.Chunk)
		if err != nil {
			return nil, err
		}
	}
	var outcome *store.Outcome
	err := o.Store.Do(ctx, func(tx *store.Tx) error {
		prev, done, fresh, err := tx.Claim(sendScope, p.IdempotencyKey)
		outcome = prev
		if err != nil || done || !fresh {
			return err
		}
		if refused != nil {
			no := refusal(refused.Error())
			outcome = &no
			return tx.Settle(sendScope, p.IdempotencyKey, no)
		}
		for _, row := range rows {
			if _, _, err := tx.Enqueue(row); err != nil {
				return err
			}
		}
		return nil
	})
	return outcome, err
}

// files copies what a send names, unless its key has an outcome already. A file that cannot be had is no outcome: nothing was
// sent, and the same call may be made again.
func files(ctx context.Context, o *Options, p wire.SendParams) (all []providers.Media, prev *store.Outcome, err error) {
	if p.MediaURL == "" {
		return nil, nil, nil
	}
	var known bool
	err = o.Store.View(ctx, func(v *store.View) (err error) {
		prev, _, known, err = v.Lookup(sendScope, p.IdempotencyKey)
		return err
	})
	if err != nil || known {
		return nil, prev, err
	}
	m, err := o.Load(ctx, p.MediaURL)
	if err != nil {
		return nil, nil, wire.Unavailable("Error: %v", err)
	}
	return []providers.Media{m}, nil, nil
}

func (o *outbox) onClaimed(c *actors.Context[Message], m claimed) {
	j := o.joins[m.key]
	if j == nil || j.id != m.join {
		return // the outcome was faster
	}
	switch {
	case m.err != nil:
		delete(o.joins, m.key)
		j.waiters.Fail(unavailable(m.err))
	case m.outcome != nil:
		delete(o.joins, m.key)
		j.waiters.Send(*m.outcome)
	default:
		j.stored = true
		j.hold()
		c.After(sendLimit, limit{m.key, m.join})
		o.refresh(c)
	}
}

func (o *outbox) onSettled(m settled) {
	if j := o.joins[m.key]; j != nil {
		delete(o.joins, m.key)
		j.waiters.Send(m.outcome)
	}
}

// lookAtJoins looks for outcomes whose word was lost.
func (o *outbox) lookAtJoins(c *actors.Context[Message]) {
	if len(o.joins) == 0 {
		return
	}
	keys, st := slices.Collect(maps.Keys(o.joins)), o.o.Store
	actors.Pipe(c, func(ctx context.Context) (map[string]store.Outcome, error) {
		outcomes := map[string]store.Outcome{}
		err := st.View(ctx, func(v *store.View) error {
			for _, key := range keys {
				out, done, _, err := v.Lookup(sendScope, key)
				if err != nil {
					return err
				}
				if done {
					outcomes[key] = *out
				}
			}
			return nil
		})
		return outcomes, err
	}, func(outcomes map[string]store.Outcome, _ error) Message { return found{outcomes} })
}

func (o *outbox) onFound(m found) {
	for key, out := range m.outcomes {
		o.onSettled(settled{key, out})
	}
}

// onLimit looks once more before it gives up waiting: the word of the outcome may have been lost with a lane.
func (o *outbox) onLimit(c *actors.Context[Message], m limit) {
	if j := o.joins[m.key]; j == nil || j.id != m.join {
		return
	}
	st := o.o.Store
	actors.Pipe(c, func(ctx context.Context) (out *store.Outcome, err error) {
		err = st.View(ctx, func(v *store.View) (err error) {
			out, _, _, err = v.Lookup(sendScope, m.key)
			return err
		})
		return out, err
	}, func(out *store.Outcome, err error) Message { return looked{m.key, m.join, out, err} })
}

func (o *outbox) onLooked(c *actors.Context[Message], m looked) {
	j := o.joins[m.key]
	if j == nil || j.id != m.join {
		return
	}
	delete(o.joins, m.key)
	if m.err != nil {
		c.Log().Warn("send outcome not read", slog.Any("err", m.err))
	}
	if m.outcome != nil {
		j.waiters.Send(*m.outcome)
		return
	}
	j.waiters.Fail(&wire.Error{
		Code: wire.CodeUnavailable, Message: "still queued: the message waits for its platform; repeat the call with the same key to wait on",
		Retryable: true,
	})
}

// unavailable: the store did not take it, or nobody knows; the same key finds out.
func unavailable(err error) error {
	if we, ok := errors.AsType[*wire.Error](err); ok {
		return we
	}
	return &wire.Error{Code: wire.CodeUnavailable, Message: "Error: " + err.Error(), Retryable: true}
}

// sendKey is the idempotency key that a row belongs to.
func sendKey(rowKey string) (string, bool) {
	key, ok := strings.CutPrefix(rowKey, sendPrefix)
	if i := strings.LastIndexByte(key, '#'); ok && i >= 0 {
		return key[:i], true
	}
	return "", false
}

// settle records the outcome of a send once all its rows are final. Nil: it is not one, or not yet.
func settle(tx *store.Tx, rowKey string) (*store.Outcome, error) {
	key, ok := sendKey(rowKey)
	if !ok {
		return nil, nil
	}
	var last *store.OutItem
	for part := 0; ; part++ {
		row, err := tx.OutByKey(partKey(sendPrefix+key, part))
		if err != nil {
			return nil, err
		}
		if row == nil {
			break
		}
		if row.State == store.OutQueued || row.State == store.OutSending {
			return nil, nil
		}
		if last == nil || last.State == store.OutSent {
			last = row // the first that did not arrive, else the last part
		}
	}
	if last == nil {
		return nil, nil
	}
	o, err := outcomeOf(key, *last)
	if err != nil {
		return nil, err
	}
	return &o, tx.Settle(sendScope, key, o)
}

// outcomeOf is the answer to the client (protocol 3.5).
func outcomeOf(key string, row store.OutItem) (store.Outcome, error) {
	switch row.State {
	case store.OutFailed:
		return refusal(strings.TrimPrefix(row.Reason, string(providers.Permanent)+": ")), nil
	case store.OutAmbiguous:
		return refusal("the message may or may not have arrived and is not sent again: " + row.Reason), nil
	}
	var receipt providers.Receipt
	if err := wire.Unmarshal(row.Receipt, &receipt); err != nil {
		return store.Outcome{}, fmt.Errorf("decode receipt: %w", err)
	}
	r := wire.SendResult{RunID: key, MessageID: receipt.MessageID, Provider: row.Surface}
	chat := receipt.ChatID
	if chat == "" {
		chat = row.Chat
	}
	switch row.Surface {
	case "telegram":
		r.ChatID = chat
	case "discord", "slack":
		r.ChannelID = chat
	case "whatsapp":
		r.ToJID = chat
	}
	payload, err := wire.Marshal(r)
	return store.Outcome{OK: true, Payload: payload}, err
}

func refusal(text string) store.Outcome {
	b, err := wire.Marshal(&wire.Error{Code: wire.CodeUnavailable, Message: "Error: " + text})
	if err != nil { // two strings always encode
		panic(err)
	}
	return store.Outcome{Error: b}
}
