package signal

import (
	"context"
	"time"
)

const (
	placeKey = "events"
	// unknownPlace is an event id that no daemon gives out: asked for what follows it, it sends all that it has kept.
	unknownPlace = "0"
	placeEvery   = 5 * time.Second // between two writes
	placeLimit   = 500 * time.Millisecond
)

// place is how far we are in the daemon's stream. It may lag behind on disk: what comes again is recognised.
type place struct {
	p       *Provider
	id      string
	dirty   bool
	written time.Time
}

// resume reads where the last process stopped.
func (pl *place) resume(ctx context.Context) {
	pl.id = unknownPlace
	if pl.p.env.Cursor == nil {
		return
	}
	id, err := pl.p.env.Cursor.Get(ctx, placeKey)
	if err != nil {
		pl.p.env.Log.Warn("signal: the place in the event stream cannot be read", "account", pl.p.env.Account, "err", err)
	}
	if id != "" {
		pl.id = id
	}
}

// at notes that an event has been dealt with.
func (pl *place) at(id string) { pl.id, pl.dirty = id, true }

// keep writes the place down, at intervals.
func (pl *place) keep(ctx context.Context) {
	now := pl.p.env.Now()
	if !pl.dirty || pl.p.env.Cursor == nil || now.Sub(pl.written) < placeEvery {
		return
	}
	if err := pl.p.env.Cursor.Set(ctx, placeKey, pl.id); err != nil {
		pl.p.env.Log.Warn("signal: the place in the event stream is not stored", "account", pl.p.env.Account, "err", err)
		return
	}
	pl.dirty, pl.written = false, now
}

// finish writes the place down at the end of a Run, if that is quick.
func (pl *place) finish(ctx context.Context) {
	pl.written = time.Time{}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), placeLimit)
	defer cancel()
	pl.keep(bound)
}
