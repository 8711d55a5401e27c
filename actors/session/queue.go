package session

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Queue says what becomes of an inbound message that finds its session busy.
type Queue struct {
	Mode     string
	Debounce time.Duration // how long no further message must have come before its turn
	Cap      int           // inbound messages that wait at one time
	Drop     string        // what goes when there are more: DropOld, DropNew, DropSummarize
}

// Queue modes, as they are stored with a run. A run without a mode waits in line.
const (
	Steer        = "steer"         // into the run in progress, if that takes it; else a turn of its own
	Followup     = "followup"      // a turn of its own
	Collect      = "collect"       // one turn together with what else waits for the same route
	SteerBacklog = "steer-backlog" // into the run in progress, and a turn of its own
	Interrupt    = "interrupt"     // ends what runs and what waits
)

// steered is the mode of a message that the run in progress has taken: the end of that run is its end, too. Should the
// run not end well, it has a turn of its own.
const steered = agent.ModeSteered

// What goes when too many messages wait.
const (
	DropOld       = "old"
	DropNew       = "new"       // the new one is refused
	DropSummarize = "summarize" // the old one, and the next turn is told of it
)

// Enqueued is what became of a message besides its run.
type Enqueued struct {
	Refused bool     // there is no run: too many wait
	Stopped []string // runs that are to end for it
}

const inbound = string(agent.KindInbound)

// Enqueue accepts the run of an inbound message inside the commit that routes the message. settings is asked only
// when the session is busy; what it says then is frozen in the run.
func Enqueue(tx *store.Tx, run store.Run, settings func(e wire.SessionEntry) Queue) (Enqueued, error) {
	busy, err := tx.Queued(run.SessionKey)
	if err != nil {
		return Enqueued{}, err
	}
	busy = slices.DeleteFunc(busy, func(r store.Queued) bool { return r.Stop }) // in line behind them is soon enough
	var done Enqueued
	if len(busy) > 0 {
		e, _, err := tx.Entry(run.SessionKey)
		if err != nil {
			return done, err
		}
		q := settings(e)
		run.Mode = q.Mode
		if q.Mode == Interrupt {
			done.Stopped, err = interrupt(tx, run.SessionKey, busy)
		} else {
			run.Quiet = q.Debounce.Milliseconds()
			done.Refused, err = q.makeRoom(tx, run.SessionKey, busy)
		}
		if err != nil || done.Refused {
			return done, err
		}
	}
	_, err = tx.AcceptRun(run)
	return done, err
}

// interrupt stops what runs, and the messages that wait. What clients and schedules have in line stays there.
func interrupt(tx *store.Tx, key string, busy []store.Queued) (ids []string, err error) {
	for _, r := range busy {
		if r.State == store.RunRunning || r.Kind == inbound {
			ids = append(ids, r.ID)
		}
	}
	if err := tx.StopRuns(ids, "a newer message took its place (queue mode interrupt)"); err != nil {
		return nil, err
	}
	return ids, tx.Delete(overflowBucket, key)
}

// StopAll stops all open runs of a session, inside a commit, and returns their ids. A message that comes later is not
// stopped with them.
func StopAll(tx *store.Tx, key string) (ids []string, err error) {
	ids, err = stopOpen(tx, key, "somebody said stop in the chat")
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return ids, tx.Delete(overflowBucket, key)
}

// stopOpen notes that all open runs of a session are to stop, and why, and returns their ids.
func stopOpen(tx *store.Tx, key, cause string) (ids []string, err error) {
	open, err := tx.Queued(key)
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		ids = append(ids, r.ID)
	}
	return ids, tx.StopRuns(ids, cause)
}

// makeRoom drops waiting messages until one more fits, or says that the new one does not.
func (q Queue) makeRoom(tx *store.Tx, key string, busy []store.Queued) (refused bool, err error) {
	waiting := slices.DeleteFunc(busy, func(r store.Queued) bool {
		return r.State != store.RunAccepted || r.Kind != inbound || r.Mode == "" || r.Mode == steered
	})
	over := len(waiting) + 1 - q.Cap
	if over <= 0 {
		return false, nil
	}
	if q.Drop == DropNew {
		return true, nil
	}
	for _, r := range waiting[:min(over, len(waiting))] {
		if err := q.drop(tx, key, r.ID); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (q Queue) drop(tx *store.Tx, key, id string) error {
	run, err := tx.Run(id)
	if err != nil || run == nil {
		return err
	}
	if _, err := tx.EndRun(id, store.RunAborted, "dropped: queue cap", time.Now().UnixMilli()); err != nil {
		return err
	}
	if q.Drop != DropSummarize {
		return nil
	}
	var req agent.Request
	if err := wire.Unmarshal(run.Request, &req); err != nil {
		return fmt.Errorf("dropped run %s: %w", id, err)
	}
	o, err := overflowOf(&tx.View, key)
	if err != nil {
		return err
	}
	o.Dropped++
	o.Lines = append(o.Lines, oneLine(plain(req)))
	o.Lines = o.Lines[max(0, len(o.Lines)-q.Cap):]
	raw, err := wire.Marshal(o)
	if err != nil {
		return err
	}
	return tx.Put(overflowBucket, key, raw)
}

// overflow is what the next turn is told of messages that were dropped. It is kept in the store until then.
type overflow struct {
	Dropped int      `json:"dropped"`
	Lines   []string `json:"lines"` // of the newest
}

const overflowBucket = "session.overflow" // by session key

func overflowOf(v *store.View, key string) (o overflow, err error) {
	raw, found, err := v.Get(overflowBucket, key)
	if err != nil || !found {
		return o, err
	}
	return o, wire.Unmarshal(raw, &o)
}

func takeOverflow(tx *store.Tx, key string) (overflow, error) {
	o, err := overflowOf(&tx.View, key)
	if err != nil || o.Dropped == 0 {
		return o, err
	}
	return o, tx.Delete(overflowBucket, key)
}

func (o overflow) text() string {
	if o.Dropped == 0 {
		return ""
	}
	s := fmt.Sprintf("[Queue overflow] Dropped %d message(s) due to cap.\nSummary:", o.Dropped)
	for _, line := range o.Lines {
		s += "\n- " + line
	}
	return s
}

// maxLine is the length of a dropped message in the summary, in characters.
const maxLine = 160

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= maxLine {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:maxLine-1])) + "…"
}

func plain(r agent.Request) string {
	if r.Plain != "" {
		return r.Plain
	}
	return r.Message
}
