package cron

import (
	"cmp"
	"errors"
	"strings"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// ErrHooksBusy refuses the run of a hook while too many have not ended.
var ErrHooksBusy = errors.New("too many runs of hooks have not ended")

const (
	hookScope = "hook" // of the deliveries
	hookJob   = "hook" // stands where the runs of jobs have the job
	// maxHookRuns is how many runs of hooks may be accepted and not ended: each waits in memory for its turn.
	maxHookRuns = 256
)

// HookWake puts what the caller of a hook says before the main session's next turn.
type HookWake struct {
	actors.Reply[HookAnswer]
	Delivery string // names the call: a repeat changes nothing and is answered as the first one was; "" = it has no name
	Text     string
	Now      bool // ask for a heartbeat
}

// HookTurn asks for a run of the agent. The reply comes when it is accepted for good, or ErrHooksBusy.
type HookTurn struct {
	actors.Reply[HookAnswer]
	ID         string // of the run, a UUID: the same one again is the same run
	Delivery   string // as in HookWake
	Name       string
	SessionKey string // "" = a session of its own
	Payload    wire.CronPayload
	Now        bool // ask for a heartbeat when it has ended
}

// HookAnswer is what the caller of a hook is told.
type HookAnswer struct {
	RunID string `json:"runId,omitempty"` // of an accepted run
	Mode  string `json:"mode,omitempty"`  // of a wake: now, next-heartbeat
}

func (HookWake) cronMessage() {}
func (HookTurn) cronMessage() {}

// Size counts the text against the mailbox.
func (m HookWake) Size() int { return 256 + len(m.Text) }

// Size counts the texts against the mailbox.
func (m HookTurn) Size() int { return 256 + len(m.Payload.Message) + len(m.Name) + len(m.SessionKey) }

func (s *cron) onHookWake(c *actors.Context[Message], m HookWake) {
	s.hooked(c, m.Reply, m.Delivery, func(tx *store.Tx, _ int64) (HookAnswer, error) {
		mode := "next-heartbeat"
		if m.Now {
			mode = "now"
		}
		return HookAnswer{Mode: mode}, tx.AddNote(s.o.MainKey(), m.Text, "")
	}, func() {
		if m.Now {
			s.beat("hook:wake")
		}
	})
}

func (s *cron) onHookTurn(c *actors.Context[Message], m HookTurn) {
	m.SessionKey = cmp.Or(m.SessionKey, "hook:"+m.ID)
	s.hooked(c, m.Reply, m.Delivery, func(tx *store.Tx, now int64) (HookAnswer, error) {
		return HookAnswer{RunID: m.ID}, s.o.acceptHook(tx, m, now)
	}, func() {
		s.o.Work(m.SessionKey)
		s.look(c)
	})
}

// hooked does what a hook asks for, once for each delivery. then follows when that is durable and was not done before.
func (s *cron) hooked(c *actors.Context[Message], to actors.Reply[HookAnswer], delivery string,
	do func(tx *store.Tx, now int64) (HookAnswer, error), then func()) {
	var a HookAnswer
	fresh := true
	s.commit(c, func(tx *store.Tx, now int64) (_ *wire.CronEvent, err error) {
		if delivery != "" {
			if a, fresh, err = claimDelivery(tx, delivery); err != nil || !fresh {
				return nil, err
			}
		}
		if a, err = do(tx, now); err != nil || delivery == "" {
			return nil, err
		}
		return nil, settleDelivery(tx, delivery, a)
	}, func() {
		to.Send(a)
		if fresh {
			then()
		}
	}, to.Fail)
}

// claimDelivery finds out whether a delivery is new. If not, a is what it was answered: both are one commit.
func claimDelivery(tx *store.Tx, delivery string) (a HookAnswer, fresh bool, err error) {
	prev, done, fresh, err := tx.Claim(hookScope, delivery)
	if err != nil || fresh || !done {
		return a, fresh, err
	}
	return a, false, wire.Unmarshal(prev.Payload, &a)
}

func settleDelivery(tx *store.Tx, delivery string, a HookAnswer) error {
	raw, err := wire.Marshal(a)
	if err != nil {
		return err
	}
	return tx.Settle(hookScope, delivery, store.Outcome{OK: true, Payload: raw})
}

// acceptHook accepts the run of a hook like that of an isolated job. What it is about comes from a stranger's program: it
// has none of an operator's rights.
func (o *Options) acceptHook(tx *store.Tx, m HookTurn, now int64) error {
	id := string(KindHook) + ":" + m.ID
	if run, err := tx.CronRun(id); err != nil || run != nil {
		return err
	}
	if n, err := tx.OpenCronRuns(hookJob); err != nil || n >= maxHookRuns {
		return cmp.Or(err, ErrHooksBusy)
	}
	name := cmp.Or(strings.Join(strings.Fields(m.Name), " "), "Hook")
	run := store.CronRun{ID: id, JobID: hookJob, RunAt: now}
	return o.acceptTurn(tx, &run, turn{
		kind: KindHook, key: m.SessionKey, label: "[cron:" + m.ID + " " + name + "] ", payload: m.Payload,
	}, detail{Prefix: "Hook " + name, Wake: m.Now})
}
