package cron

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxDue = 256
	// missedFor is how late a recurring job may still start after a restart; what is later is skipped.
	missedFor = 5 * time.Second
)

// round is what one look at the store has found, and claimed.
type round struct {
	news    []store.CronRun // open runs, and ends that nobody was told of
	next    int64           // when the next job is due; 0 = none
	claimed []store.CronRun // began, and perhaps ended, just now
	answers []answer
}

// answer is what became of one call of cron.run; zero runID and nil err: it waits on.
type answer struct {
	runID  string
	notDue bool
	err    error
}

// detail is what the end of a run must know of the job as it was at the beginning.
type detail struct {
	MainKey    string `json:"mainKey"`
	Prefix     string `json:"prefix,omitempty"`
	Wake       bool   `json:"wake,omitempty"`
	Isolated   bool   `json:"isolated,omitempty"`
	Problem    string `json:"problem,omitempty"` // why its answer cannot be delivered
	BestEffort bool   `json:"bestEffort,omitempty"`
}

func detailOf(r store.CronRun) (d detail) {
	_ = wire.Unmarshal(r.Detail, &d) // written by this package; of one that is damaged nothing follows
	return d
}

// occasion is why a look is more than one at what is due.
type occasion struct {
	first    bool // since the start
	clockSet bool
}

// lookAround reads what there is to do, and claims it.
func (o *Options) lookAround(ctx context.Context, wanted []Run, as occasion, enabled bool) (r round, err error) {
	now := time.Now().UnixMilli()
	var due []store.CronJob
	lost := false
	err = o.Store.View(ctx, func(v *store.View) (err error) {
		if enabled {
			if due, err = v.CronDue(now, maxDue); err != nil {
				return err
			}
		}
		if r.news, err = v.CronNews(); err != nil {
			return err
		}
		for _, run := range r.news {
			lost = lost || run.Status == "" && stray(v, run) != nil
		}
		r.next, err = v.CronNext(now)
		return err
	})
	if err != nil || len(due)+len(wanted) == 0 && as == (occasion{}) && !lost {
		return r, err
	}
	err = o.Store.Do(ctx, func(tx *store.Tx) (err error) {
		r = round{}
		if r.news, err = tx.CronNews(); err != nil {
			return err
		}
		if err = o.settleStrays(tx, r.news, now); err != nil {
			return err
		}
		if as.first {
			if err = tidy(tx, r.news, now); err != nil {
				return err
			}
		}
		if as.first || as.clockSet { // it may have been set while there was no gateway
			if err = replan(tx, time.Now().UnixMilli()); err != nil { // not now: a job may have been planned since
				return err
			}
		}
		if err = o.claim(tx, &r, wanted, enabled, now); err != nil {
			return err
		}
		if r.news, err = tx.CronNews(); err != nil {
			return err
		}
		r.next, err = tx.CronNext(now)
		return err
	})
	return r, err
}

// claim begins what was asked for and what is due, as far as there are places.
func (o *Options) claim(tx *store.Tx, r *round, wanted []Run, enabled bool, now int64) error {
	places := o.Config().Places()
	for _, run := range r.news {
		if run.Status == "" && run.JobID != hookJob {
			places--
		}
	}
	begin := func(row store.CronJob) (string, error) {
		run, err := o.begin(tx, row, now)
		if err != nil || run == nil {
			return "", err
		}
		if run.Status == "" {
			places--
		}
		r.claimed = append(r.claimed, *run)
		return run.ID, nil
	}
	for _, w := range wanted {
		a, row, err := answer{}, (*store.CronJob)(nil), error(nil)
		if row, err = tx.CronJob(w.ID); err != nil {
			return err
		}
		switch {
		case row == nil:
			a.err = unknownJob(w.ID)
		case !w.Force && (!row.Enabled || row.NextAt == 0 || row.NextAt > now || row.RunningAt > 0):
			a.notDue = true
		case row.RunningAt == 0 && (places > 0 || !needsPlace(*row)):
			if a.runID, err = begin(*row); err != nil {
				return err
			}
		}
		r.answers = append(r.answers, a)
	}
	if !enabled {
		return nil
	}
	due, err := tx.CronDue(now, maxDue)
	if err != nil {
		return err
	}
	for _, row := range due {
		if places <= 0 && needsPlace(row) {
			continue
		}
		if _, err := begin(row); err != nil {
			return err
		}
	}
	return nil
}

func needsPlace(row store.CronJob) bool {
	j, err := decodeJob(row)
	return err == nil && j.SessionTarget == isolated
}

// begin is the one commit of a due job: what it stands for is done, or accepted, and the job is not due any more.
func (o *Options) begin(tx *store.Tx, row store.CronJob, now int64) (*store.CronRun, error) {
	run := store.CronRun{ID: string(KindCron) + ":" + uuid.NewString(), JobID: row.ID, RunAt: now}
	j, err := decodeJob(row)
	if err != nil {
		run.Status, run.Error = failed, "Error: the job cannot be read"
	}
	d := detail{MainKey: o.MainKey(), Wake: j.WakeMode == "now", Isolated: j.SessionTarget == isolated}
	text := strings.TrimSpace(j.Payload.Text)
	switch {
	case run.Status != "":
	case d.Isolated && j.Payload.Kind != "agentTurn":
		run.Status, run.Error = skipped, "isolated job requires payload.kind=agentTurn"
	case d.Isolated:
		return &run, o.beginTurn(tx, &run, row, j, d)
	case j.Payload.Kind != "systemEvent":
		run.Status, run.Error = skipped, `main job requires payload.kind="systemEvent"`
	case text == "":
		run.Status, run.Error = skipped, "main job requires non-empty systemEvent text"
	default:
		run.Status, run.Summary = ok, text
		if err := tx.AddNote(d.MainKey, text, ""); err != nil {
			return nil, err
		}
	}
	d.Wake = d.Wake && run.Status == ok
	if run.Detail, err = wire.Marshal(d); err != nil {
		return nil, err
	}
	run.EndedAt = max(now, time.Now().UnixMilli())
	ended(&row, j, run)
	run.NextAt = row.NextAt
	if err := tx.AddCronRun(run); err != nil {
		return nil, err
	}
	return &run, tx.PutCronJob(row)
}

// beginTurn accepts the run of an isolated job.
func (o *Options) beginTurn(tx *store.Tx, run *store.CronRun, row store.CronJob, j wire.CronJob, d detail) error {
	d.Prefix = "Cron"
	if j.Isolation != nil {
		d.Prefix = cmp.Or(strings.TrimSpace(j.Isolation.PostToMainPrefix), d.Prefix)
	}
	d.BestEffort = j.Payload.BestEffortDeliver != nil && *j.Payload.BestEffortDeliver
	row.RunningAt = run.RunAt
	if err := tx.PutCronJob(row); err != nil {
		return err
	}
	return o.acceptTurn(tx, run, turn{
		kind: KindCron, key: sessionKey(j.ID), label: "[cron:" + j.ID + " " + j.Name + "] ", payload: j.Payload, operator: true,
	}, d)
}

// turn is a run that no person asked for just now.
type turn struct {
	kind     agent.Kind
	key      string // session
	label    string // stands before the message
	payload  wire.CronPayload
	operator bool
}

// acceptTurn accepts the run of t. Where its answer goes is decided now, and never again.
func (o *Options) acceptTurn(tx *store.Tx, run *store.CronRun, t turn, d detail) error {
	d.MainKey = o.MainKey()
	main, _, err := tx.Entry(d.MainKey)
	if err != nil {
		return err
	}
	route, problem := o.jobRoute(main, t.payload)
	d.Isolated, d.Problem = true, problem
	sessionID, isNew, err := o.OpenSession(tx, t.key, run.RunAt, true)
	if err != nil {
		return err
	}
	accepted := store.Run{ID: run.ID, Kind: string(t.kind), SessionKey: t.key, SessionID: sessionID, AcceptedAt: run.RunAt}
	level, _ := command.Thinking(t.payload.Thinking) // what is none counts as absent
	accepted.Request, err = wire.Marshal(agent.Request{
		Message: t.label + t.payload.Message, Plain: t.payload.Message,
		Thinking: level, Timeout: t.payload.TimeoutSeconds,
		Operator: t.operator, Deliver: route != nil, BestEffort: true, To: t.payload.To, NewSession: isNew,
	})
	if err != nil {
		return err
	}
	if route != nil {
		if accepted.Route, err = wire.Marshal(route); err != nil {
			return err
		}
	}
	if run.Detail, err = wire.Marshal(d); err != nil {
		return err
	}
	if _, err := tx.AcceptRun(accepted); err != nil {
		return err
	}
	return tx.AddCronRun(*run)
}
