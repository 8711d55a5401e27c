package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/calls"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxSubs   = 8        // of one session, that have not ended
	maxRounds = 20       // sub-agents that lead to each other without a person in between
	maxReport = 32 << 10 // bytes of what a sub-agent reports
)

// spawnSub accepts a task for a sub-agent. It has the rights of the turn that asks.
func (g *Gateway) spawnSub(ctx context.Context, t calls.Task) (calls.Sub, error) {
	j := jobOf(ctx)
	r := j.Inner()
	b := r.Behalf
	switch {
	case strings.HasPrefix(j.SessionKey, session.SubPrefix):
		return calls.Sub{}, errors.New("a sub-agent has no sub-agents: do it yourself")
	case b.Rounds >= maxRounds:
		return calls.Sub{}, fmt.Errorf("%d sub-agents have led to each other without a word of a person in between, which is the limit: tell them how far you are", b.Rounds)
	}
	b.Label, b.Answer, b.Rounds, b.Waits = strings.Join(strings.Fields(t.Label), " "), j.Route, b.Rounds+1, nil
	r.Message, r.Thinking, r.System = t.Text, t.Thinking, subPrompt
	if t.TimeoutSeconds > 0 {
		r.Timeout = &t.TimeoutSeconds
	}
	id := uuid.NewString()
	s := calls.Sub{ID: id, SessionKey: session.SubPrefix + id, Label: b.Label, State: store.RunAccepted, Since: time.Now().UnixMilli(), Asked: j.SessionKey}
	return s, g.begin(ctx, session.Inner{
		Kind: agent.KindSub, ID: id, SessionKey: s.SessionKey, Request: r, Model: t.Model,
		Check: func(tx *store.Tx) error {
			open, err := subsOf(&tx.View, j.SessionKey)
			if err == nil && len(open) >= maxSubs {
				err = wire.InvalidRequest("%d sub-agents are at work, which is the limit: wait for one to report, or stop one", len(open))
			}
			return err
		},
	})
}

const subPrompt = "You are a sub-agent: another agent has given you this one task and nobody else sees what you write. Do it, then answer with what came of it, complete and without talk: " +
	"the answer is all that the other agent gets. You cannot ask back."

// subsOf lists the runs of sub-agents that a session has asked for and that have not ended.
func subsOf(v *store.View, key string) (open []calls.Sub, err error) {
	runs, err := v.OpenRuns()
	for _, r := range runs {
		var req agent.Request
		if r.Kind != string(agent.KindSub) || wire.Unmarshal(r.Request, &req) != nil || req.Behalf == nil || req.Behalf.Session != key {
			continue
		}
		open = append(open, calls.Sub{ID: r.IdemKey, SessionKey: r.SessionKey, Label: req.Behalf.Label, State: r.State, Since: max(r.AcceptedAt, r.StartedAt), Asked: key})
	}
	return open, err
}

func (g *Gateway) subs(ctx context.Context) (open []calls.Sub, err error) {
	key := jobOf(ctx).SessionKey
	err = g.store.View(ctx, func(v *store.View) error {
		open, err = subsOf(v, key)
		return err
	})
	if open == nil {
		open = []calls.Sub{}
	}
	return open, err
}

// stopSub stops a sub-agent of the turn's session. It reports what it has.
func (g *Gateway) stopSub(ctx context.Context, id string) error {
	key, run := jobOf(ctx).SessionKey, string(agent.KindSub)+":"+id
	err := g.store.Do(ctx, func(tx *store.Tx) error {
		open, err := subsOf(&tx.View, key)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(open, func(s calls.Sub) bool { return s.ID == id }) {
			return wire.InvalidRequest("no sub-agent of this conversation with the id %.60q is at work; list shows them", id)
		}
		return tx.StopRuns([]string{run}, "the conversation that had begun it stopped it")
	})
	if err == nil {
		_ = g.tree.sessions.Tell(session.AbortRuns{Runs: []string{run}}) // a hint: the store knows
	}
	return err
}

// report is the part of the commit that ends a sub-agent's run: a run of the session that asked, which is told what became of
// it. So it is told once, whatever happens to the process.
func (g *Gateway) report(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) error {
	b := j.Request.Behalf
	if b == nil {
		return nil
	}
	if _, found, err := tx.Entry(b.Session); err != nil || !found {
		return err // it was deleted meanwhile
	}
	became := "has done its task"
	switch s {
	case agent.Aborted:
		became = "was stopped before its end"
	case agent.Failed:
		row, err := tx.Run(j.ID)
		if err != nil {
			return err
		}
		became = "has failed"
		if row != nil && row.Error != "" {
			became += " (" + row.Error + ")"
		}
	}
	said := strings.TrimSpace(a.Text)
	if len(said) > maxReport {
		said = strings.ToValidUTF8(said[:maxReport], "") + "\n…(the rest is in the session " + j.SessionKey + ")"
	}
	r := j.Inner()
	r.Behalf.Label = b.Label
	r.Message = fmt.Sprintf("[Sub-agent %s %s]\n", cmp.Or(b.Label, j.SessionKey), became)
	if said == "" {
		r.Message += "It said nothing."
	} else {
		r.Message += tools.Foreign("the sub-agent in "+j.SessionKey, said)
	}
	r.System = "The message is the report of a sub-agent that you have given a task, not a word of a person. If there is something to tell the person about it, answer with that; " +
		"if not, answer exactly " + agent.SilentToken + "."
	return g.acceptReport(tx, j, r)
}

func (g *Gateway) acceptReport(tx *store.Tx, j agent.Job, r agent.Request) (err error) {
	b := j.Request.Behalf
	run := store.Run{ID: string(agent.KindReport) + ":" + j.IdemKey, Kind: string(agent.KindReport), SessionKey: b.Session, AcceptedAt: time.Now().UnixMilli()}
	if run.Request, err = wire.Marshal(r); err != nil {
		return err
	}
	if b.Answer != nil {
		if run.Route, err = wire.Marshal(b.Answer); err != nil {
			return err
		}
	}
	if _, err = tx.AcceptRun(run); errors.Is(err, store.ErrExists) {
		return nil // of this end
	}
	return err
}
