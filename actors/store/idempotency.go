package store

// Outcome is the final answer of a call that carried an idempotency key.
type Outcome struct {
	OK             bool
	Payload, Error []byte // JSON, as it went out
}

const (
	sqlClaim = `INSERT INTO idempotency (scope, key, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`

	sqlSettle = `INSERT INTO idempotency (scope, key, created_at, done_at, ok, payload, error) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)
		ON CONFLICT (scope, key) DO UPDATE SET done_at = excluded.done_at, ok = excluded.ok, payload = excluded.payload, error = excluded.error
		WHERE done_at = 0`

	sqlUnclaim = `DELETE FROM idempotency WHERE scope = ? AND key = ? AND done_at = 0`

	sqlLookup = `SELECT done_at, ok, payload, error FROM idempotency WHERE scope = ? AND key = ?`
)

// Claim takes an idempotency key. fresh: it is the caller's now, and the caller must see to it that it is settled.
// Otherwise somebody had it before: done says whether there is a final answer, and prev is that answer.
func (tx *Tx) Claim(scope, key string) (prev *Outcome, done, fresh bool, err error) {
	n, err := tx.h.change(sqlClaim, scope, key, tx.nowMs())
	if err != nil {
		return nil, false, false, wrap("claim key", err)
	}
	if n == 1 {
		tx.grown++
		return nil, false, true, nil
	}
	prev, done, _, err = tx.Lookup(scope, key)
	return prev, done, false, err
}

// Settle records the final answer for a key. The first answer stays; a later one changes nothing.
func (tx *Tx) Settle(scope, key string, o Outcome) error {
	_, err := tx.h.exec(sqlSettle, scope, key, tx.nowMs(), o.OK, o.Payload, o.Error)
	return wrap("settle key", err)
}

// Unclaim gives up a key that has no final answer: nothing was done under it, and the next who claims it is the first.
func (tx *Tx) Unclaim(scope, key string) error {
	_, err := tx.h.exec(sqlUnclaim, scope, key)
	return wrap("give up key", err)
}

// Lookup finds a key: whether it is known, and its final answer if there is one (done).
func (v *View) Lookup(scope, key string) (o *Outcome, done, found bool, err error) {
	var doneAt int64
	var got Outcome
	found, err = v.h.row(sqlLookup, []any{scope, key}, &doneAt, &got.OK, &got.Payload, &got.Error)
	if err != nil {
		return nil, false, false, wrap("look up key", err)
	}
	if !found || doneAt == 0 {
		return nil, false, found, nil
	}
	return &got, true, true, nil
}
