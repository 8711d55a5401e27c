package session

import (
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// quiet is how long a queue has to wait still: until the messages at its front have been the last ones for as long as
// each of them asks. What stands in line behind them, a call of a client for example, is where the front ends.
func quiet(queue []store.Run, now time.Time) time.Duration {
	var wait, most time.Duration
	for i, r := range queue {
		if r.Mode == "" || i == 0 && r.Stop {
			break
		}
		pause := time.Duration(r.Quiet) * time.Millisecond
		most = max(most, pause)
		wait = max(wait, time.UnixMilli(r.AcceptedAt).Add(pause).Sub(now))
	}
	return min(wait, most) // the clock may have been set back
}

// carrier finds the run that begins next: the first one, or the last one of those that are collected with it.
func carrier(queue []store.Run) int {
	last := 0
	for i, r := range queue {
		switch {
		case i == 0 && (r.Mode != Collect || r.Stop), r.Mode == "":
			return last
		case r.Stop || !sameRoute(r, queue[0]):
		case r.Mode != Collect || r.SessionID != queue[0].SessionID: // reset in between
			return last
		default:
			last = i
		}
	}
	return last
}

// collected lists the runs that a carrier takes with it, of those that were accepted before it, in order.
func collected(queue []store.Run, carrier store.Run) (with []store.Run) {
	for i := len(queue) - 1; i >= 0; i-- {
		r := queue[i]
		switch {
		case r.Seq >= carrier.Seq || r.Mode != "" && (r.Stop || !sameRoute(r, carrier)):
			continue
		case r.Mode != Collect || r.SessionID != carrier.SessionID:
			return with
		}
		with = append([]store.Run{r}, with...)
	}
	return with
}

// sameRoute: the answers go to the same place. Which message they are replies to makes no difference.
func sameRoute(a, b store.Run) bool {
	x, y := providers.Route{}, providers.Route{}
	if wire.Unmarshal(a.Route, &x) != nil || wire.Unmarshal(b.Route, &y) != nil {
		return false
	}
	return x.Account == y.Account && x.Chat == y.Chat && x.Thread == y.Thread
}

// answersGo tells whether the answer of a run goes where that of a job is to go.
func answersGo(run store.Run, j agent.Job) bool {
	if len(run.Route) == 0 || j.Route == nil {
		return len(run.Route) == 0 && j.Route == nil
	}
	var to providers.Route
	return wire.Unmarshal(run.Route, &to) == nil && to.Account == j.Route.Account && to.Chat == j.Route.Chat && to.Thread == j.Route.Thread
}

// maxCollected bounds how many waiting runs are looked through for those that belong together.
const maxCollected = 1000

// gather adds to a run that has waited what it is told of the others, inside the commit that starts it: those collected
// with it end here.
func gather(tx *store.Tx, run store.Run, job *agent.Job) error {
	dropped, err := takeOverflow(tx, run.SessionKey)
	if err != nil {
		return err
	}
	said := []agent.Request{job.Request}
	if run.Mode == Collect {
		queue, err := tx.PendingRuns(run.SessionKey, 0, maxCollected)
		if err != nil {
			return err
		}
		with := collected(queue, run)
		said = make([]agent.Request, len(with), len(with)+1)
		for i, r := range with {
			merged, err := decodeJob(r)
			if err != nil {
				return fmt.Errorf("run %s: %w", r.ID, err)
			}
			said[i], job.Merged = merged.Request, append(job.Merged, merged)
			if _, err := tx.EndRun(r.ID, store.RunDone, "merged into "+run.ID, job.StartedAt); err != nil {
				return err
			}
		}
		said = append(said, job.Request)
	}
	job.Request.Audio = nil
	for _, r := range said {
		job.Request.Audio = append(job.Request.Audio, r.Audio...)
		job.Request.Share(r)
	}
	if dropped.Dropped > 0 { // whose words those are is not known any more
		job.Request.Share(agent.Request{})
	}
	job.Request.Message, job.Request.Plain = prompts(said, dropped, run.Mode == Collect)
	return nil
}

// prompts make one message of what was said and what was dropped, with and without envelopes.
func prompts(said []agent.Request, dropped overflow, collect bool) (message, bare string) {
	last := said[len(said)-1]
	if len(said) == 1 && dropped.Dropped == 0 {
		return last.Message, last.Plain
	}
	if !collect {
		return dropped.text() + "\n\n" + last.Message, dropped.text() + "\n\n" + plain(last)
	}
	blocks := []string{"[Queued messages while agent was busy]"}
	if text := dropped.text(); text != "" {
		blocks = append(blocks, text)
	}
	bares := append([]string(nil), blocks...)
	for i, r := range said {
		head := fmt.Sprintf("---\nQueued #%d\n", i+1)
		blocks = append(blocks, head+r.Message)
		bares = append(bares, head+plain(r))
	}
	return strings.Join(blocks, "\n\n"), strings.Join(bares, "\n\n")
}
