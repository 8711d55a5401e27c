package store

import (
	"context"
	"fmt"
	"time"
)

// How long rows are kept once they are finished, and how much of it is deleted per operation: live work goes between.
const (
	keepKeys      = 24 * time.Hour
	keepOpenKeys  = 7 * 24 * time.Hour // claimed and never settled: its owner is gone
	maxKeys       = 100_000
	keepInbound   = 30 * 24 * time.Hour // then only the identity of a message stays
	keepOutbox    = 7 * 24 * time.Hour
	keepRuns      = 30 * 24 * time.Hour
	keepCronLog   = 30 * 24 * time.Hour // of jobs that are gone
	keepCodes     = 24 * time.Hour      // beyond their expiry
	sweepChunk    = 500
	sweepInterval = 10 * time.Minute
	sweepEvery    = 10_000 // rows added: then a sweep is due before its time
)

const (
	sqlSweepKeys     = `DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency WHERE done_at > 0 AND done_at < ? ORDER BY done_at LIMIT ?)`
	sqlSweepOpenKeys = `DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency WHERE done_at = 0 AND created_at < ? LIMIT ?)`
	sqlTrimKeys      = `DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency WHERE done_at > 0 ORDER BY done_at LIMIT ?)`
	sqlCountKeys     = `SELECT count(*) FROM idempotency`
	sqlSweepInbox    = `UPDATE inbox SET payload = NULL, note = '' WHERE seq IN
		(SELECT seq FROM inbox WHERE finished_at > 0 AND payload IS NOT NULL AND finished_at < ? ORDER BY finished_at LIMIT ?)`
	sqlSweepOutbox = `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state IN ('sent', 'failed') AND updated_at < ? LIMIT ?)`
	sqlSweepRuns   = `DELETE FROM runs WHERE seq IN (SELECT seq FROM runs WHERE state IN ('done', 'error', 'aborted') AND ended_at < ? LIMIT ?)`
	sqlSweepCron   = `DELETE FROM cron_runs WHERE seq IN (SELECT seq FROM cron_runs WHERE ended_at > 0 AND ended_at < ?
		AND told = 1 AND job_id NOT IN (SELECT id FROM cron) LIMIT ?)`
	sqlSweepCodes = `DELETE FROM pair_codes WHERE code IN (SELECT code FROM pair_codes WHERE expires_at < ? LIMIT ?)`
)

// Sweep deletes what is kept no longer, in operations of 500 rows, and says how many rows that were. The writer actor
// calls it every ten minutes. It blocks: not for Receive.
func (s *Store) Sweep(ctx context.Context, now time.Time) (rows int, err error) {
	for _, rule := range []struct {
		query string
		keep  time.Duration
	}{
		{sqlSweepKeys, keepKeys},
		{sqlSweepOpenKeys, keepOpenKeys},
		{sqlSweepInbox, keepInbound},
		{sqlSweepOutbox, keepOutbox},
		{sqlSweepRuns, keepRuns},
		{sqlSweepCron, keepCronLog},
		{sqlSweepCodes, keepCodes},
	} {
		before := now.Add(-rule.keep).UnixMilli()
		n, err := s.sweepChunks(ctx, func(h *handle) (int64, error) { return h.change(rule.query, before, sweepChunk) })
		rows += n
		if err != nil {
			return rows, err
		}
	}
	n, err := s.trimKeys(ctx)
	return rows + n, err
}

// trimKeys holds the number of idempotency keys down, the longest finished ones first. Keys without an answer stay.
func (s *Store) trimKeys(ctx context.Context) (int, error) {
	var excess int
	err := s.View(ctx, func(v *View) error {
		_, err := v.h.row(sqlCountKeys, nil, &excess)
		excess -= s.maxKeys
		return err
	})
	if err != nil || excess <= 0 {
		return 0, wrap("count keys", err)
	}
	return s.sweepChunks(ctx, func(h *handle) (int64, error) {
		n, err := h.change(sqlTrimKeys, min(excess, sweepChunk))
		excess -= int(n)
		return n, err
	})
}

// sweepChunks repeats one deletion until it finds less than a full chunk.
func (s *Store) sweepChunks(ctx context.Context, chunk func(*handle) (int64, error)) (rows int, err error) {
	for {
		var n int64
		err := s.Do(ctx, func(tx *Tx) (err error) {
			n, err = chunk(tx.h)
			return err
		})
		if err != nil {
			return rows, fmt.Errorf("sweep: %w", err)
		}
		rows += int(n)
		if n < sweepChunk {
			return rows, nil
		}
	}
}
