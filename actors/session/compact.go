package session

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// compactDefault is how many lines sessions.compact keeps when it is not told.
const compactDefault = 400

// compact answers sessions.compact (protocol 3.9): the whole transcript becomes a file, then all but its last lines go.
// A crash between the two leaves the file and all lines.
func compact(ctx context.Context, o *Options, p wire.SessionsCompactParams) (wire.SessionsCompactResult, error) {
	r := wire.SessionsCompactResult{OK: true}
	var err error
	if r.Key, err = sessionKey(p.Key); err != nil {
		return r, err
	}
	keep := int64(compactDefault)
	if p.MaxLines != nil {
		keep = *p.MaxLines
	}
	var id string
	var have int
	err = o.Store.View(ctx, func(v *store.View) error {
		e, _, err := v.Entry(r.Key)
		if id = e.SessionID; err != nil || id == "" {
			return err
		}
		have, err = v.LineCount(id)
		return err
	})
	switch {
	case err != nil:
		return r, err
	case id == "":
		r.Reason = "no sessionId"
		return r, nil
	case have == 0:
		r.Reason = "no transcript"
		return r, nil
	case int64(have) <= keep:
		r.Kept = new(int64(have))
		return r, nil
	}
	a, err := o.writeArchive(ctx, id, "bak")
	if err != nil {
		return r, err
	}
	r.Compacted, r.Archived, r.Kept = true, a.path, &keep
	return r, o.trim(ctx, r.Key, id, a.last, int(keep))
}

// trim deletes the lines of a session that are in an archive, except the last keep ones there are.
func (o *Options) trim(ctx context.Context, key, sessionID string, archived int64, keep int) error {
	var blobs []string
	err := o.Store.Do(ctx, func(tx *store.Tx) error {
		upTo, err := tx.LineFromEnd(sessionID, keep)
		if err != nil {
			return err
		}
		if _, blobs, err = tx.TrimLines(sessionID, min(upTo, archived)); err != nil {
			return err
		}
		e, found, err := tx.Entry(key)
		if err != nil || !found || e.SessionID != sessionID {
			return err
		}
		e.InputTokens, e.OutputTokens, e.TotalTokens = nil, nil, nil
		e.UpdatedAt = time.Now().UnixMilli()
		return tx.PutEntry(key, e)
	})
	if err != nil {
		return err
	}
	o.dropBlobs(ctx, blobs)
	return nil
}

// dropBlobs deletes files of deleted lines, some at a time: other work goes between. A file that stays costs its place.
func (o *Options) dropBlobs(ctx context.Context, blobs []string) {
	const some = 64
	for len(blobs) > 0 {
		n := min(some, len(blobs))
		if err := o.Store.Do(ctx, func(tx *store.Tx) error { return tx.DropBlobs(blobs[:n]) }); err != nil {
			o.Log.Warn("files of deleted messages are left", "err", err)
			return
		}
		blobs = blobs[n:]
	}
}
