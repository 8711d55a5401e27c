package store

import "fmt"

// OutItem is one message on its way to a platform.
type OutItem struct {
	ID                     int64  // order in its lane; set by the store
	Key                    string // unique: the same key is never queued twice
	Account, Surface, Chat string
	RunID                  string
	Payload                []byte // JSON of the outgoing message
	State                  string
	Attempts               int
	NextAt                 int64  // not before this time; 0 = at once
	Reason                 string // of the last failure, for a person
	Receipt                []byte // JSON, once sent
	CreatedAt, UpdatedAt   int64  // set by the store
}

// Lane is one chat of one account: its items go out one after the other.
type Lane struct{ Account, Chat string }

// States of an outbox item. Sent and failed are final.
const (
	OutQueued    = "queued"
	OutSending   = "sending" // handed to the platform; found after a crash it means: outcome unknown
	OutSent      = "sent"
	OutFailed    = "failed"
	OutAmbiguous = "ambiguous" // the platform may or may not have it: never sent again by itself
)

const (
	outColumns = `id, key, account, surface, chat, run_id, payload, state, attempts, next_at, reason, receipt, created_at, updated_at`

	sqlEnqueue = `INSERT INTO outbox (key, account, surface, chat, run_id, payload, next_at, created_at, updated_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) ON CONFLICT DO NOTHING`
	sqlOutID = `SELECT id FROM outbox WHERE key = ?`

	sqlOutSending = `UPDATE outbox SET state = 'sending', attempts = attempts + 1, updated_at = ? WHERE id = ? AND state = 'queued'`
	sqlOutSent    = `UPDATE outbox SET state = 'sent', receipt = ?, receipt_id = ?, reason = '', updated_at = ? WHERE id = ? AND state IN ('sending', 'ambiguous')`
	sqlOutRetry   = `UPDATE outbox SET state = 'queued', next_at = ?, reason = ?, updated_at = ? WHERE id = ? AND state IN ('sending', 'ambiguous')`
	sqlOutFailed  = `UPDATE outbox SET state = 'failed', reason = ?, updated_at = ? WHERE id = ? AND state IN ('queued', 'sending', 'ambiguous')`
	sqlOutUnsure  = `UPDATE outbox SET state = 'ambiguous', reason = ?, updated_at = ? WHERE id = ? AND state = 'sending'`

	sqlOutLanes  = `SELECT DISTINCT account, chat FROM outbox INDEXED BY outbox_lane WHERE state IN ('queued', 'sending')`
	sqlOutNext   = `SELECT ` + outColumns + ` FROM outbox WHERE account = ? AND chat = ? AND state IN ('queued', 'sending') ORDER BY id LIMIT ?`
	sqlOutCounts = `SELECT state, count(*) FROM outbox GROUP BY state`
	sqlOutList   = `SELECT ` + outColumns + ` FROM outbox WHERE state = ? ORDER BY updated_at DESC LIMIT ?`
	sqlOutAll    = `SELECT ` + outColumns + ` FROM outbox ORDER BY id DESC LIMIT ?`
	sqlOutByID   = `SELECT ` + outColumns + ` FROM outbox WHERE id = ?`
	sqlOutAgain  = `UPDATE outbox SET state = 'queued', next_at = 0, attempts = 0, reason = ?, created_at = ?, updated_at = ?, told = min(told, 1)
		WHERE id = ? AND state IN ('failed', 'ambiguous')`
	sqlOutByKey = `SELECT ` + outColumns + ` FROM outbox WHERE key = ?`
)

func outFields(o *OutItem) []any {
	return []any{&o.ID, &o.Key, &o.Account, &o.Surface, &o.Chat, &o.RunID, &o.Payload, &o.State, &o.Attempts, &o.NextAt,
		&o.Reason, &o.Receipt, &o.CreatedAt, &o.UpdatedAt}
}

// Enqueue adds an item in state queued, unless its key is known: then fresh is false and id is the one of before.
func (tx *Tx) Enqueue(o OutItem) (id int64, fresh bool, err error) {
	res, err := tx.h.exec(sqlEnqueue, o.Key, o.Account, o.Surface, o.Chat, o.RunID, o.Payload, o.NextAt, tx.nowMs())
	if err != nil {
		return 0, false, wrap("queue outgoing message", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		tx.grown++
		id, idErr := res.LastInsertId()
		return id, true, wrap("queue outgoing message", firstError(err, idErr))
	}
	_, err = tx.h.row(sqlOutID, []any{o.Key}, &id)
	return id, false, wrap("queue outgoing message", err)
}

// OutSending marks a queued item as handed to the platform and counts the attempt.
func (tx *Tx) OutSending(id int64) error {
	n, err := tx.h.change(sqlOutSending, tx.nowMs(), id)
	return step(fmt.Sprintf("mark outgoing message %d sending", id), n, err)
}

// OutSent ends an item (sending or ambiguous) with the platform's receipt. messageID is what the platform calls it: OutByReceipt
// finds it by that.
func (tx *Tx) OutSent(id int64, receipt []byte, messageID string) error {
	n, err := tx.h.change(sqlOutSent, receipt, messageID, tx.nowMs(), id)
	return step(fmt.Sprintf("mark outgoing message %d sent", id), n, err)
}

// OutRetry puts an item (sending or ambiguous) back in its place in the lane, to be sent not before nextAt. Only for
// what the platform certainly does not have.
func (tx *Tx) OutRetry(id, nextAt int64, reason string) error {
	n, err := tx.h.change(sqlOutRetry, nextAt, reason, tx.nowMs(), id)
	return step(fmt.Sprintf("put outgoing message %d back", id), n, err)
}

// OutFailed ends an item that is not final yet as one that will never be sent.
func (tx *Tx) OutFailed(id int64, reason string) error {
	n, err := tx.h.change(sqlOutFailed, reason, tx.nowMs(), id)
	return step(fmt.Sprintf("mark outgoing message %d failed", id), n, err)
}

// OutAmbiguous says of an item in state sending that nobody knows whether the platform has it.
func (tx *Tx) OutAmbiguous(id int64, reason string) error {
	n, err := tx.h.change(sqlOutUnsure, reason, tx.nowMs(), id)
	return step(fmt.Sprintf("mark outgoing message %d ambiguous", id), n, err)
}

// OutAgain puts an item that failed or is ambiguous back into its lane, as if it were new. Only a person may say so: what is
// ambiguous may arrive twice.
func (tx *Tx) OutAgain(id int64, reason string) error {
	now := tx.nowMs()
	n, err := tx.h.change(sqlOutAgain, reason, now, now, id)
	return step(fmt.Sprintf("send outgoing message %d again", id), n, err)
}

// OutByID finds an item, nil when there is none.
func (v *View) OutByID(id int64) (*OutItem, error) {
	o, err := one(v.h, outFields, sqlOutByID, id)
	return o, wrap("find outgoing message", err)
}

// OutLanes lists the lanes that have queued or sending items.
func (v *View) OutLanes() ([]Lane, error) {
	ls, err := list(v.h, func(l *Lane) []any { return []any{&l.Account, &l.Chat} }, sqlOutLanes)
	return ls, wrap("list lanes", err)
}

// OutNext lists the queued and sending items of a lane in order, also those whose NextAt is not reached.
func (v *View) OutNext(account, chat string, limit int) ([]OutItem, error) {
	os, err := list(v.h, outFields, sqlOutNext, account, chat, limit)
	return os, wrap("list lane", err)
}

// OutCounts counts the items by state. A state without items is absent.
func (v *View) OutCounts() (map[string]int, error) {
	m, err := counts(v.h, sqlOutCounts)
	return m, wrap("count outgoing messages", err)
}

// OutList lists items of one state, the last changed first; of every state, newest first, when state is empty.
func (v *View) OutList(state string, limit int) ([]OutItem, error) {
	query, args := sqlOutList, []any{state, limit}
	if state == "" {
		query, args = sqlOutAll, []any{limit}
	}
	os, err := list(v.h, outFields, query, args...)
	return os, wrap("list outgoing messages", err)
}

// OutByKey finds an item by its key.
func (v *View) OutByKey(key string) (*OutItem, error) {
	o, err := one(v.h, outFields, sqlOutByKey, key)
	return o, wrap("find outgoing message", err)
}
