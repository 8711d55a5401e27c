package calls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

func newKey() string { return uuid.NewString() }

type schedule struct {
	Kind     string `json:"kind" arg:"required,enum=at|every|cron"`
	At       string `json:"at" doc:"kind at: when, ISO 8601 with its zone, such as 2026-12-24T18:00:00+01:00"`
	AtMs     *int64 `json:"atMs" arg:"min=0" doc:"kind at: the same in milliseconds since 1970"`
	EveryMs  *int64 `json:"everyMs" arg:"min=1" doc:"kind every: milliseconds between two runs"`
	AnchorMs *int64 `json:"anchorMs" arg:"min=0" doc:"kind every: counted from here"`
	Expr     string `json:"expr" doc:"kind cron: five fields, such as 0 9 * * 1-5"`
	TZ       string `json:"tz" doc:"kind cron: the zone, such as Europe/Berlin"`
}

type payload struct {
	Kind              string `json:"kind" arg:"required,enum=systemEvent|agentTurn"`
	Text              string `json:"text" doc:"systemEvent: what the main conversation is told"`
	Message           string `json:"message" doc:"agentTurn: what the agent is told"`
	Thinking          string `json:"thinking" doc:"agentTurn: off, minimal, low, medium, high"`
	TimeoutSeconds    *int64 `json:"timeoutSeconds" arg:"min=1" doc:"agentTurn"`
	Deliver           *bool  `json:"deliver" doc:"agentTurn: send the answer to a chat"`
	Channel           string `json:"channel" doc:"agentTurn: the surface, or last"`
	To                string `json:"to" doc:"agentTurn: the chat"`
	BestEffortDeliver *bool  `json:"bestEffortDeliver" doc:"agentTurn: a chat that cannot be reached does no harm"`
}

type isolation struct {
	PostToMainPrefix string `json:"postToMainPrefix"`
}

type job struct {
	Name          *string    `json:"name"`
	Description   *string    `json:"description"`
	Enabled       *bool      `json:"enabled"`
	Schedule      *schedule  `json:"schedule"`
	SessionTarget *string    `json:"sessionTarget" arg:"enum=main|isolated" doc:"by the payload unless said: systemEvent = main, agentTurn = isolated"`
	WakeMode      *string    `json:"wakeMode" arg:"enum=next-heartbeat|now" doc:"whether the main conversation is woken at once; next-heartbeat unless said"`
	Payload       *payload   `json:"payload"`
	Isolation     *isolation `json:"isolation"`
}

type cronArgs struct {
	Action          string `json:"action" arg:"required,enum=status|list|add|update|remove|run|runs|wake"`
	IncludeDisabled bool   `json:"includeDisabled" doc:"list: those that are switched off too"`
	ID              string `json:"id" doc:"update, remove, run, runs: the job"`
	Job             *job   `json:"job" doc:"add: needs name, schedule and payload"`
	Patch           *job   `json:"patch" doc:"update: only what changes"`
	Mode            string `json:"mode" arg:"enum=due|force|now|next-heartbeat" doc:"run: due or force (unless said); wake: now or next-heartbeat (unless said)"`
	Text            string `json:"text" doc:"wake: what the main conversation is told"`
	Limit           *int64 `json:"limit" arg:"min=1,max=5000" doc:"runs: at most so many, 20 unless said"`
}

// cron is the whole schedule in one tool.
func (o Options) cron() tools.Tool {
	t := tool("cron", tools.GroupRead,
		"What runs at its time. Actions: status, list, add (job), update (id, patch), remove (id), run (id: now), runs (id: what became of its runs), "+
			"wake (text: tell the main conversation something). A reminder is an add with schedule {kind: at, at: ...} and payload {kind: systemEvent, text: ...}; "+
			"work at a time is payload {kind: agentTurn, message: ...}, whose outcome the main conversation is told.",
		o.runCron)
	t.Of = func(raw wire.Raw) tools.Group {
		var a struct {
			Action string `json:"action"`
		}
		_ = wire.Unmarshal(raw, &a) // what cannot be read is refused by the tool
		switch a.Action {
		case "status", "list", "runs":
			return tools.GroupRead
		}
		return tools.GroupGateway
	}
	return t
}

func (o Options) runCron(ctx context.Context, _ tools.Caller, a cronArgs) (any, error) {
	switch a.Action {
	case "update", "remove", "run", "runs":
		if a.ID == "" {
			return nil, fmt.Errorf("%s needs id; list shows the jobs", a.Action)
		}
	}
	switch a.Action {
	case "status":
		return o.Call(ctx, "cron.status", struct{}{})
	case "list":
		return o.Call(ctx, "cron.list", wire.CronListParams{IncludeDisabled: a.IncludeDisabled})
	case "add":
		p, err := a.Job.add()
		if err != nil {
			return nil, err
		}
		return o.Call(ctx, "cron.add", p)
	case "update":
		p, err := a.Patch.patch()
		if err != nil {
			return nil, err
		}
		return o.Call(ctx, "cron.update", wire.CronUpdateParams{ID: a.ID, Patch: p})
	case "remove":
		return o.Call(ctx, "cron.remove", wire.CronRemoveParams{ID: a.ID})
	case "run":
		if a.Mode != "" && a.Mode != "due" && a.Mode != "force" {
			return nil, errors.New("mode of run is due or force")
		}
		return o.Call(ctx, "cron.run", wire.CronRunParams{ID: a.ID, Mode: cmp.Or(a.Mode, "force")})
	case "runs":
		limit := int64(20)
		if a.Limit != nil {
			limit = *a.Limit
		}
		return o.Call(ctx, "cron.runs", wire.CronRunsParams{ID: a.ID, Limit: &limit})
	}
	return o.wake(ctx, a)
}

func (o Options) wake(ctx context.Context, a cronArgs) (any, error) {
	switch mode := cmp.Or(a.Mode, "next-heartbeat"); {
	case a.Text == "":
		return nil, errors.New("wake needs text")
	case mode != "now" && mode != "next-heartbeat":
		return nil, errors.New("mode of wake is now or next-heartbeat")
	default:
		return o.Call(ctx, "wake", map[string]string{"mode": mode, "text": a.Text})
	}
}

// add is a new job. What is not said follows from the rest.
func (j *job) add() (p wire.CronAddParams, err error) {
	if j == nil || j.Name == nil || *j.Name == "" || j.Schedule == nil || j.Payload == nil {
		return p, errors.New(`add needs job with name, schedule and payload, as in {"name": "tea", "schedule": {"kind": "at", "at": "2026-12-24T18:00:00Z"}, "payload": {"kind": "systemEvent", "text": "Tea is ready"}}`)
	}
	one, err := j.patch()
	if err != nil {
		return p, err
	}
	p = wire.CronAddParams{
		Name: *j.Name, Enabled: j.Enabled, Schedule: *one.Schedule, Payload: *one.Payload, Isolation: one.Isolation,
		SessionTarget: "main", WakeMode: "next-heartbeat",
	}
	if j.Description != nil {
		p.Description = *j.Description
	}
	if j.Payload.Kind == "agentTurn" {
		p.SessionTarget = "isolated"
	}
	if j.SessionTarget != nil {
		p.SessionTarget = *j.SessionTarget
	}
	if j.WakeMode != nil {
		p.WakeMode = *j.WakeMode
	}
	return p, nil
}

// patch is what changes of a job.
func (j *job) patch() (p wire.CronPatch, err error) {
	if j == nil || *j == (job{}) {
		return p, errors.New("update needs patch with what changes")
	}
	p = wire.CronPatch{Name: j.Name, Description: j.Description, Enabled: j.Enabled, SessionTarget: j.SessionTarget, WakeMode: j.WakeMode}
	if s := j.Schedule; s != nil {
		if s.At != "" {
			at, err := time.Parse(time.RFC3339, s.At)
			if err != nil {
				return p, fmt.Errorf("schedule.at: %.40q is no time with its zone, such as 2026-12-24T18:00:00+01:00", s.At)
			}
			s.AtMs = new(at.UnixMilli())
		}
		p.Schedule = &wire.CronSchedule{Kind: s.Kind, AtMs: s.AtMs, EveryMs: s.EveryMs, AnchorMs: s.AnchorMs, Expr: s.Expr, TZ: s.TZ}
	}
	if d := j.Payload; d != nil {
		p.Payload = &wire.CronPayload{
			Kind: d.Kind, Text: d.Text, Message: d.Message, Thinking: d.Thinking, TimeoutSeconds: d.TimeoutSeconds,
			Deliver: d.Deliver, Channel: d.Channel, To: d.To, BestEffortDeliver: d.BestEffortDeliver,
		}
	}
	if j.Isolation != nil {
		p.Isolation = &wire.CronIsolation{PostToMainPrefix: j.Isolation.PostToMainPrefix}
	}
	return p, nil
}
