package store

import (
	"database/sql"
	"fmt"
	"sort"
)

// Inbound is one message a platform gave us. (Account, Chat, MsgID) is its identity.
type Inbound struct {
	Seq                           int64 // order of arrival; set by the store
	Account, Surface, Chat, MsgID string
	Payload                       []byte // JSON
	ReceivedAt                    int64
	State                         string // set by the store: pending, then what FinishInbound says
	Note                          string
	FinishedAt                    int64 // set by FinishInbound; 0 = pending
	Repeats, RepeatedAt           int64 // how often it came again, and when the last time; set by AcceptInbound
}

// States of an inbound message.
const (
	InboundPending = "pending"
	InboundRouted  = "routed"  // became a run, or a command that was carried out
	InboundDropped = "dropped" // not for us; the note says why
	InboundPaired  = "paired"  // answered with a pairing code
)

const (
	inboundColumns = `seq, account, surface, chat, msg_id, payload, received_at, state, note, finished_at, repeats, repeated_at`

	sqlAcceptInbound = `INSERT INTO inbox (account, surface, chat, msg_id, payload, received_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`
	sqlRepeatInbound = `UPDATE inbox SET repeats = repeats + 1, repeated_at = ? WHERE account = ? AND chat = ? AND msg_id = ?`

	sqlPendingAccount = `SELECT min(account) FROM inbox WHERE state = 'pending' AND account > ?`

	sqlPendingInbound = `SELECT ` + inboundColumns + ` FROM inbox
		WHERE state = 'pending' AND account = ? ORDER BY seq LIMIT ?`

	sqlUnaddressed = `SELECT ` + inboundColumns + ` FROM inbox
		WHERE note = 'not addressed' AND account = ? AND chat = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?`

	sqlFinishInbound = `UPDATE inbox SET state = ?, note = ?, finished_at = ? WHERE seq = ? AND state = 'pending'`
)

func inboundFields(m *Inbound) []any {
	return []any{&m.Seq, &m.Account, &m.Surface, &m.Chat, &m.MsgID, &m.Payload, &m.ReceivedAt, &m.State, &m.Note, &m.FinishedAt, &m.Repeats, &m.RepeatedAt}
}

// AcceptInbound stores a message unless the same one was accepted before, however long ago: then it is noted that it came again.
func (tx *Tx) AcceptInbound(m Inbound) (fresh bool, err error) {
	n, err := tx.h.change(sqlAcceptInbound, m.Account, m.Surface, m.Chat, m.MsgID, m.Payload, m.ReceivedAt)
	if err != nil || n == 1 {
		tx.grown += int(n)
		return err == nil, wrap("accept inbound message", err)
	}
	_, err = tx.h.change(sqlRepeatInbound, m.ReceivedAt, m.Account, m.Chat, m.MsgID)
	return false, wrap("note a repeated inbound message", err)
}

// PendingInbound lists up to limit messages that nobody has finished, oldest first: of each account that has some the same
// share, so that one that is flooded does not keep the others waiting. One of each account there is at least.
func (v *View) PendingInbound(limit int) ([]Inbound, error) {
	accounts, err := v.pendingAccounts()
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	var all []Inbound
	for i, account := range accounts {
		share := max(1, (limit-len(all))/(len(accounts)-i)) // what one does not need the ones after it get
		ms, err := list(v.h, inboundFields, sqlPendingInbound, account, share)
		if err != nil {
			return nil, wrap("list inbound messages", err)
		}
		all = append(all, ms...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Seq < all[j].Seq })
	return all, nil
}

// pendingAccounts steps from account to account through the index.
func (v *View) pendingAccounts() (all []string, err error) {
	for last := ""; ; {
		next, err := list(v.h, func(s *sql.NullString) []any { return []any{s} }, sqlPendingAccount, last)
		if err != nil {
			return nil, wrap("list accounts with inbound messages", err)
		}
		if len(next) == 0 || !next[0].Valid {
			return all, nil
		}
		last = next[0].String
		all = append(all, last)
	}
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

// NotAddressed is the note of a group message that was not for us. It is what Unaddressed looks for.
const NotAddressed = "not addressed"

// Unaddressed lists the messages of a chat that were not for us, with a Seq between after and before, the newest first.
func (v *View) Unaddressed(account, chat string, after, before int64, limit int) ([]Inbound, error) {
	ms, err := list(v.h, inboundFields, sqlUnaddressed, account, chat, after, before, limit)
	return ms, wrap("list unaddressed messages", err)
}
