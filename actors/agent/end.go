package agent

import (
	"cmp"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// EndOp is the one commit that ends a run: its row, the transcript, the idempotency outcome, and what extra adds. A
// run that has ended already stays as it is.
func EndOp(j Job, a Answer, s State, errText string, at int64, extra func(*store.Tx, Job, Answer, State) error) store.Op {
	return func(tx *store.Tx) error {
		ended, err := tx.EndAnswered(j.ID, string(s), cmp.Or(errText, a.cause), modelOf(j, a), at)
		if err != nil || !ended {
			return err
		}
		if a.before != nil {
			if err := a.before(tx); err != nil {
				return err
			}
		}
		if line := assistantLine(j, a, s, errText, at); line != nil {
			if err := tx.AppendLine(store.Line{SessionID: j.SessionID, RunID: j.ID, Role: "assistant", Message: line, At: at}); err != nil {
				return err
			}
		}
		if j.IdemKey != "" {
			if err := tx.Settle(j.IdemScope, j.IdemKey, Outcome(j, s, errText, a.Details)); err != nil {
				return err
			}
		}
		if extra == nil {
			return nil
		}
		return extra(tx, j, a, s)
	}
}

// modelOf is who answered, or else who was asked to.
func modelOf(j Job, a Answer) string {
	if a.Model == "" {
		return j.Model
	}
	if a.Provider == "" || a.Provider == a.Model {
		return a.Model
	}
	return a.Provider + "/" + a.Model
}

// Outcome is the final answer to the call that made the run (protocol 3.6, 3.8), as it is kept for repeats. details
// are those of the error, nil = there are none.
func Outcome(j Job, s State, errText string, details any) store.Outcome {
	final := wire.RunResult{RunID: j.IdemKey, Status: wire.RunOK}
	if s == Failed {
		final.Status, final.Summary = wire.RunError, errText
		e := wire.Unavailable("%s", errText)
		e.Details = details
		return store.Outcome{Payload: encode(final), Error: encode(e)}
	}
	if j.Kind == KindAgent {
		final.Summary = "completed"
	}
	return store.Outcome{OK: true, Payload: encode(final)}
}
