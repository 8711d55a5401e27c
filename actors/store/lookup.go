package store

// Statements of those who ask what became of a message. None is part of a message's way.
const (
	sqlInboundBySeq = `SELECT ` + inboundColumns + ` FROM inbox WHERE seq = ?`
	sqlInboundOf    = `SELECT ` + inboundColumns + ` FROM inbox WHERE account = ? AND chat = ? AND msg_id = ?`
	sqlInboundNamed = `SELECT ` + inboundColumns + ` FROM inbox WHERE msg_id = ? AND payload IS NOT NULL ORDER BY seq DESC LIMIT ?`
	sqlOutByReceipt = `SELECT ` + outColumns + ` FROM outbox WHERE receipt_id = ? AND receipt_id <> '' ORDER BY id DESC LIMIT ?`
	sqlOutParts     = `SELECT ` + outColumns + ` FROM outbox WHERE key > ?1 || '#' AND key < ?1 || '$' LIMIT ?2` // '$' is behind '#'
	sqlOutTold      = `UPDATE outbox SET told = 1 WHERE id = ? AND told = 0`

	sqlOutLost = `SELECT state, count(*) FROM outbox WHERE state IN ('failed', 'ambiguous') AND told < 2 GROUP BY state`
	sqlOutSeen = `UPDATE outbox SET told = 2 WHERE id = ? AND told < 2`

	sqlKey = `SELECT created_at, done_at, ok, payload, error FROM idempotency WHERE scope = ? AND key = ?`

	sqlRunsInto = `SELECT ` + runColumns + ` FROM runs WHERE seq BETWEEN ?1 - 500 AND ?1 + 500 AND session_key = ?2
		AND error IN ('merged into ' || ?3, 'steered into ' || ?3) ORDER BY seq`
	sqlLatestRuns = `SELECT id FROM runs WHERE seq > (SELECT max(seq) FROM runs) - ? ORDER BY seq DESC`
)

// InboundBySeq finds an inbound message by its place in the order of arrival; nil when there is none.
func (v *View) InboundBySeq(seq int64) (*Inbound, error) {
	m, err := one(v.h, inboundFields, sqlInboundBySeq, seq)
	return m, wrap("find inbound message", err)
}

// InboundOf finds an inbound message by its identity; nil when there is none.
func (v *View) InboundOf(account, chat, msgID string) (*Inbound, error) {
	m, err := one(v.h, inboundFields, sqlInboundOf, account, chat, msgID)
	return m, wrap("find inbound message", err)
}

// InboundNamed lists up to limit messages that their platform calls msgID, in whatever chat, the newest first. Those whose
// payload is kept no longer are left out.
func (v *View) InboundNamed(msgID string, limit int) ([]Inbound, error) {
	ms, err := list(v.h, inboundFields, sqlInboundNamed, msgID, limit)
	return ms, wrap("find inbound messages", err)
}

// OutByReceipt lists up to limit items that their platform calls messageID, the newest first.
func (v *View) OutByReceipt(messageID string, limit int) ([]OutItem, error) {
	os, err := list(v.h, outFields, sqlOutByReceipt, messageID, limit)
	return os, wrap("find outgoing messages", err)
}

// OutParts lists up to limit items of one text: those with the keys key#0, key#1 and so on, in no order.
func (v *View) OutParts(key string, limit int) ([]OutItem, error) {
	os, err := list(v.h, outFields, sqlOutParts, key, limit)
	return os, wrap("find outgoing messages", err)
}

// OutLost counts the items that will never be sent, and those of which nobody knows; without those that OutSeen marked.
func (v *View) OutLost() (failed, ambiguous int, err error) {
	m, err := counts(v.h, sqlOutLost)
	return m[OutFailed], m[OutAmbiguous], wrap("count lost messages", err)
}

// OutTold notes that somebody has been told of an item, and says whether that is the first time.
func (tx *Tx) OutTold(id int64) (first bool, err error) {
	n, err := tx.h.change(sqlOutTold, id)
	return n == 1, wrap("note what was told", err)
}

// OutSeen notes that a person has dealt with an item, and says whether that is the first time. OutAgain undoes it.
func (tx *Tx) OutSeen(id int64) (first bool, err error) {
	n, err := tx.h.change(sqlOutSeen, id)
	return n == 1, wrap("note what was seen", err)
}

// Key is an idempotency key and what it stands for.
type Key struct {
	CreatedAt int64
	DoneAt    int64   // 0 = there is no answer yet
	Outcome   Outcome // once it is done
}

// Key finds an idempotency key; nil when it is not known, or not any more.
func (v *View) Key(scope, key string) (*Key, error) {
	k, err := one(v.h, func(k *Key) []any {
		return []any{&k.CreatedAt, &k.DoneAt, &k.Outcome.OK, &k.Outcome.Payload, &k.Outcome.Error}
	}, sqlKey, scope, key)
	return k, wrap("find key", err)
}

// RunsInto lists the runs that ended as a part of this one, of the 500 before and behind it.
func (v *View) RunsInto(r Run) ([]Run, error) {
	rs, err := list(v.h, runFields, sqlRunsInto, r.Seq, r.SessionKey, r.ID)
	return rs, wrap("find runs", err)
}

// LatestRuns lists the ids of the last runs, the newest first.
func (v *View) LatestRuns(limit int) ([]string, error) {
	ids, err := list(v.h, func(id *string) []any { return []any{id} }, sqlLatestRuns, limit)
	return ids, wrap("list runs", err)
}
