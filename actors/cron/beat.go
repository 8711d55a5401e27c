package cron

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	bucket     = "heartbeat"
	beatKey    = "last"
	maxPreview = 200
)

// beat is the last heartbeat that was begun, as it is stored.
type beat struct {
	RunID   string               `json:"runId"`
	At      int64                `json:"at"`
	Reason  string               `json:"reason"`
	Prev    int64                `json:"prev"`              // updatedAt of the session before it
	NoRoute string               `json:"noRoute,omitempty"` // why its answer goes nowhere
	To      string               `json:"to,omitempty"`
	Event   *wire.HeartbeatEvent `json:"event,omitempty"` // once it has ended
}

func lastBeat(v *store.View) (b beat, err error) {
	raw, found, err := v.Get(bucket, beatKey)
	if err != nil || !found {
		return b, err
	}
	return b, wire.Unmarshal(raw, &b)
}

func putBeat(tx *store.Tx, b beat) error {
	raw, err := wire.Marshal(b)
	if err != nil {
		return err
	}
	return tx.Put(bucket, beatKey, raw)
}

// outcome of an attempt to begin a heartbeat.
type outcome int

const (
	off  outcome = iota // not wanted
	busy                // the main session has something to do
	on                  // begun
)

// beginBeat accepts the run of a heartbeat, unless they are off or the main session is busy. Where the answer goes is
// decided now.
func (o *Options) beginBeat(ctx context.Context, reason string) (b beat, how outcome, err error) {
	cfg := o.Config().Heartbeat
	if cfg.Every <= 0 {
		return b, off, nil
	}
	if wanted, err := o.HeartbeatsOn(ctx); err != nil || !wanted {
		return b, off, err
	}
	err = o.Store.Do(ctx, func(tx *store.Tx) error {
		n, err := tx.OpenRunsOf(o.MainKey())
		if err != nil || n > 0 {
			how = busy
			return err
		}
		b = beat{RunID: string(KindHeartbeat) + ":" + uuid.NewString(), At: time.Now().UnixMilli(), Reason: reason}
		how = on
		return o.acceptBeat(tx, &b, cfg)
	})
	return b, how, err
}

func (o *Options) acceptBeat(tx *store.Tx, b *beat, cfg HeartbeatConfig) error {
	key := o.MainKey()
	main, _, err := tx.Entry(key)
	if err != nil {
		return err
	}
	route, noRoute := o.beatRoute(main, cfg.Target, cfg.To)
	b.Prev, b.NoRoute = main.UpdatedAt, noRoute
	// However long it has rested: nobody has written, and the one who does next begins anew.
	sessionID, isNew, err := o.OpenSession(tx, key, b.At, false)
	if err != nil {
		return err
	}
	run := store.Run{ID: b.RunID, Kind: string(KindHeartbeat), SessionKey: key, SessionID: sessionID, AcceptedAt: b.At}
	if route != nil {
		b.To = route.Chat
		if run.Route, err = wire.Marshal(route); err != nil {
			return err
		}
	}
	run.Request, err = wire.Marshal(agent.Request{
		Message: cmp.Or(cfg.Prompt, "HEARTBEAT"), Deliver: route != nil, BestEffort: true, NewSession: isNew, Model: cfg.Model,
	})
	if err != nil {
		return err
	}
	if _, err := tx.AcceptRun(run); err != nil {
		return err
	}
	return putBeat(tx, *b)
}

// EndHeartbeat is the part of this package in the commit that ends a run of kind KindHeartbeat. say is what is to be
// sent along the run's route; "" and no media means nothing. Afterwards the actor "cron" must be told RunEnded.
func EndHeartbeat(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) (say string, err error) {
	b, err := lastBeat(&tx.View)
	if err != nil || b.RunID != j.ID {
		return "", err
	}
	now := time.Now().UnixMilli()
	took := max(0, now-b.At)
	ev := wire.HeartbeatEvent{TS: now, DurationMs: &took, Reason: b.Reason}
	media := len(a.Media) > 0
	text, nothing := stripAck(a.Text)
	switch {
	case s != agent.Done:
		ev.Status, ev.Reason = "failed", "Error: the run was stopped before its end"
		if row, err := tx.Run(j.ID); s == agent.Failed && err == nil && row != nil && row.Error != "" {
			ev.Reason = row.Error
		}
	case nothing && !media:
		if ev.Status = "ok-token"; strings.TrimSpace(a.Text) == "" {
			ev.Status = "ok-empty"
		}
		if err := restore(tx, j, b.Prev); err != nil {
			return "", err
		}
	case j.Route == nil:
		ev.Status, ev.Reason, ev.Preview, ev.HasMedia = "skipped", b.NoRoute, preview(text), &media
	default:
		ev.Status, ev.Reason, ev.To, ev.Preview, ev.HasMedia = "sent", "", b.To, preview(text), &media
		say = text
	}
	b.Event = &ev
	return say, putBeat(tx, b)
}

// restore gives the session the age it had before a heartbeat in which nothing was said, so that it goes stale all the
// same; unless somebody has used it since.
func restore(tx *store.Tx, j agent.Job, prev int64) error {
	e, _, err := tx.Entry(j.SessionKey)
	if err != nil || prev == 0 || e.SessionID != j.SessionID || e.UpdatedAt > j.StartedAt {
		return err
	}
	e.UpdatedAt = prev
	return tx.PutEntry(j.SessionKey, e)
}

func preview(text string) string {
	if r := []rune(text); len(r) > maxPreview {
		return string(r[:maxPreview])
	}
	return text
}
