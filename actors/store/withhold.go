package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Withhold has nothing go out of a state directory by itself that was on its way when it was copied: it is ambiguous from now
// on, and a person says what happens to it. reason is for that person. It is for a copy that nobody works on, of any
// schema. held is how many deliveries that are.
func Withhold(ctx context.Context, dir, reason string, now time.Time) (held int, err error) {
	path := filepath.Join(dir, "gateway.db")
	db, err := openPool(path, 1, url.Values{"mode": {"rw"}, "_pragma": {"journal_mode(DELETE)"}}) // one file, as it was
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	answer, err := wire.Marshal(wire.Unavailable("Error: the message may or may not have arrived and is not sent again: %s", reason))
	if err != nil {
		return 0, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, classify(path, fmt.Errorf("hold deliveries: %w", err))
	}
	defer tx.Rollback() // has no effect after Commit
	ms := now.UnixMilli()
	res, err := tx.ExecContext(ctx, `UPDATE outbox SET state = 'ambiguous', reason = ?, updated_at = ? WHERE state IN ('queued', 'sending')`, reason, ms)
	if err == nil { // whoever calls send once more with the same key is told so, too
		_, err = tx.ExecContext(ctx, `UPDATE idempotency SET done_at = ?, ok = 0, error = ? WHERE scope = 'send' AND done_at = 0`, ms, answer)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return 0, classify(path, fmt.Errorf("hold deliveries: %w", err))
	}
	n, err := res.RowsAffected()
	return int(n), err
}
