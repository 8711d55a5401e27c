package store

import "fmt"

// Inbound is one message a platform gave us. (Account, Chat, MsgID) is its identity.
type Inbound struct {
	Seq                           int64 // order of arrival; set by the store
	Account, Surface, Chat, MsgID string
	Payload                       []byte // JSON
	ReceivedAt                    int64
	State                         string // set by the store: pending, then what FinishInbound says
	Note                          string
}

// States of an inbound message.
const (
	InboundPending = "pending"
	InboundRouted  = "routed"  // became a run, or a command that was carried out
	InboundDropped = "dropped" // not for us; the note says why
	InboundPaired  = "paired"  // answered with a pairing code
)

const (
	sqlAcceptInbound = `INSERT INTO inbox (account, surface, chat, msg_id, payload, received_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`

	sqlPendingInbound = `SELECT seq, account, surface, chat, msg_id, payload, received_at, state, note FROM inbox
		WHERE state = 'pending' AND seq > ? ORDER BY seq LIMIT ?`

	sqlFinishInbound = `UPDATE inbox SET state = ?, note = ?, finished_at = ? WHERE seq = ? AND state = 'pending'`
)

func inboundFields(m *Inbound) []any {
	return []any{&m.Seq, &m.Account, &m.Surface, &m.Chat, &m.MsgID, &m.Payload, &m.ReceivedAt, &m.State, &m.Note}
}

// AcceptInbound stores a message unless the same one was accepted before, however long ago.
func (tx *Tx) AcceptInbound(m Inbound) (fresh bool, err error) {
	n, err := tx.h.change(sqlAcceptInbound, m.Account, m.Surface, m.Chat, m.MsgID, m.Payload, m.ReceivedAt)
	tx.grown += int(n)
	return n == 1, wrap("accept inbound message", err)
}

// PendingInbound lists messages that nobody has finished, with a Seq above after, oldest first.
func (v *View) PendingInbound(after int64, limit int) ([]Inbound, error) {
	ms, err := list(v.h, inboundFields, sqlPendingInbound, after, limit)
	return ms, wrap("list inbound messages", err)
}

// FinishInbound says what became of a message: routed, dropped or paired. It fails with ErrState when the message
// was finished before, so that what its Op does besides is not done twice.
func (tx *Tx) FinishInbound(seq int64, state, note string) error {
	switch state {
	case InboundRouted, InboundDropped, InboundPaired:
	default:
		return fmt.Errorf("finish inbound message: %q is not a final state", state)
	}
	n, err := tx.h.change(sqlFinishInbound, state, note, tx.nowMs(), seq)
	return step("finish inbound message", n, err)
}
