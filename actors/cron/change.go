package cron

import (
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// commit stores a change. The event, if op has set one, comes after it is durable, and then after that.
func (s *cron) commit(c *actors.Context[Message], op func(tx *store.Tx, now int64) (*wire.CronEvent, error), then func(), fail func(error)) {
	self := c.Self()
	var event *wire.CronEvent
	s.o.Store.Commit(func(tx *store.Tx) (err error) {
		event, err = op(tx, time.Now().UnixMilli())
		return err
	}, func(err error) { _ = self.Tell(stored{event, err, then, fail}) })
}

func (s *cron) onStored(c *actors.Context[Message], m stored) {
	switch {
	case m.err != nil:
		m.fail(m.err)
	case m.event != nil:
		s.publish(*m.event, m.then)
		s.look(c)
	default:
		m.then()
	}
}

func (s *cron) onAdd(c *actors.Context[Message], m Add) {
	var j wire.CronJob
	s.commit(c, func(tx *store.Tx, now int64) (*wire.CronEvent, error) {
		row, err := newJob(m.Params, now)
		if err != nil {
			return nil, err
		}
		if j, err = decodeJob(row); err != nil {
			return nil, err
		}
		return &wire.CronEvent{JobID: j.ID, Action: "added", NextRunAtMs: j.State.NextRunAtMs}, tx.PutCronJob(row)
	}, func() { m.Send(j) }, m.Fail)
}

func (s *cron) onUpdate(c *actors.Context[Message], m Update) {
	var j wire.CronJob
	s.commit(c, func(tx *store.Tx, now int64) (*wire.CronEvent, error) {
		row, err := tx.CronJob(m.Params.ID)
		if err != nil {
			return nil, err
		}
		if row == nil {
			return nil, unknownJob(m.Params.ID)
		}
		if err := patchJob(row, m.Params.Patch, now); err != nil {
			return nil, err
		}
		if j, err = decodeJob(*row); err != nil {
			return nil, err
		}
		return &wire.CronEvent{JobID: j.ID, Action: "updated", NextRunAtMs: j.State.NextRunAtMs}, tx.PutCronJob(*row)
	}, func() { m.Send(j) }, m.Fail)
}

func (s *cron) onRemove(c *actors.Context[Message], m Remove) {
	removed := false
	s.commit(c, func(tx *store.Tx, _ int64) (_ *wire.CronEvent, err error) {
		if removed, err = tx.DeleteCronJob(m.ID); err != nil || !removed {
			return nil, err
		}
		return &wire.CronEvent{JobID: m.ID, Action: "removed"}, nil
	}, func() { m.Send(removed) }, m.Fail)
}

func (s *cron) onWake(c *actors.Context[Message], m Wake) {
	if strings.TrimSpace(m.Text) == "" {
		m.Send(false)
		return
	}
	self := c.Self()
	s.o.Store.Commit(func(tx *store.Tx) error { return tx.AddNote(s.o.MainKey(), m.Text, "") }, func(err error) {
		_ = self.Tell(stored{err: err, fail: m.Fail, then: func() {
			m.Send(true)
			if m.Reason != "" {
				s.beat(m.Reason)
			}
		}})
	})
}
