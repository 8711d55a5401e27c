package cron

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers cron.* and wake (protocol 3.11, 3.4).
func Methods(ref actors.Ref[Message]) wire.Table {
	tell := func(c *wire.Call, m Message) {
		if err := ref.Tell(m); err != nil {
			c.Fail(err)
		}
	}
	return wire.Table{
		wire.Strict("wake", func(c *wire.Call, p wire.WakeParams) {
			m := Wake{Reply: actors.ReplyTo(func(ok bool, err error) { c.Answer(wire.OKResult{OK: ok}, err) }), Text: p.Text}
			if p.Mode == "now" {
				m.Reason = "wake"
			}
			tell(c, m)
		}),
		wire.Strict("cron.list", func(c *wire.Call, p wire.CronListParams) {
			reply := actors.ReplyTo(func(jobs []wire.CronJob, err error) { c.Answer(wire.CronListResult{Jobs: jobs}, err) })
			tell(c, List{Reply: reply, All: p.IncludeDisabled})
		}),
		wire.Strict("cron.status", func(c *wire.Call, _ wire.NoParams) {
			tell(c, Status{actors.ReplyTo(func(r wire.CronStatusResult, err error) { c.Answer(r, err) })})
		}),
		wire.Strict("cron.add", func(c *wire.Call, p wire.CronAddParams) { tell(c, Add{job(c), p}) }),
		wire.Strict("cron.update", func(c *wire.Call, p wire.CronUpdateParams) { tell(c, Update{job(c), p}) }),
		wire.Strict("cron.remove", func(c *wire.Call, p wire.CronRemoveParams) {
			reply := actors.ReplyTo(func(removed bool, err error) { c.Answer(wire.CronRemoveResult{OK: true, Removed: removed}, err) })
			tell(c, Remove{reply, p.ID})
		}),
		wire.Strict("cron.run", func(c *wire.Call, p wire.CronRunParams) {
			if c.Hold != nil {
				c.Hold()
			}
			reply := actors.ReplyTo(func(r wire.CronRunResult, err error) { c.Answer(r, err) })
			tell(c, Run{Reply: reply, ID: p.ID, Force: p.Mode == "force"})
		}),
		wire.Strict("cron.runs", func(c *wire.Call, p wire.CronRunsParams) {
			reply := actors.ReplyTo(func(l []wire.CronRunLog, err error) { c.Answer(wire.CronRunsResult{Entries: l}, err) })
			m := Runs{Reply: reply, ID: p.ID, Limit: 200}
			if p.Limit != nil {
				m.Limit = int(*p.Limit)
			}
			tell(c, m)
		}),
		wire.Strict("cron.preview", func(c *wire.Call, p wire.CronPreviewParams) {
			reply := actors.ReplyTo(func(runs []wire.CronTime, err error) { c.Answer(wire.CronPreviewResult{Runs: runs}, err) })
			m := Preview{Reply: reply, Schedule: p.Schedule, Limit: 50}
			if p.Limit != nil {
				m.Limit = int(*p.Limit)
			}
			tell(c, m)
		}),
	}
}

func job(c *wire.Call) actors.Reply[wire.CronJob] {
	return actors.ReplyTo(func(j wire.CronJob, err error) { c.Answer(j, err) })
}
