package agent

import (
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// keptLine is a message of a turn before its answer: what the model said before it called tools, and what they gave.
type keptLine struct {
	role    string
	message wire.Raw
	at      int64
}

// amid is how many lines of others, people who steer, may stand among those of a turn at the end of a transcript.
const amid = 256

// save writes down what the turn has made so far. What fails is made up for by the next time, at the latest by the commit
// of the end.
func (r *run) save() {
	lines := r.out.lines()
	if len(lines) == r.saved {
		return
	}
	r.saved = len(lines)
	r.o.Commit(func(tx *store.Tx) error { return r.catchUp(tx, lines) }, func(err error) {
		if err != nil {
			r.o.Log.Warn("messages of a run are not stored yet", "run", r.o.Job.ID, "err", err)
		}
	})
}

// catchUp writes the lines that are not there yet. They are written in order, so their number tells which those are.
func (r *run) catchUp(tx *store.Tx, lines []keptLine) error {
	if len(lines) == 0 {
		return nil
	}
	j := r.o.Job
	have, err := tx.RunLines(j.SessionID, j.ID, len(lines)+amid)
	if err != nil {
		return err
	}
	for _, l := range lines[min(have, len(lines)):] {
		err := tx.AppendLine(store.Line{SessionID: j.SessionID, RunID: j.ID, Role: l.role, Message: l.message, At: l.at})
		if err != nil {
			return err
		}
	}
	return nil
}
