package crashtest

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

func sessionOf(chat int64) string { return fmt.Sprint("telegram:group:", chat) }

// seed gives two groups queue modes of their own, before there is a gateway.
func (h *host) seed(t *testing.T) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: h.state()})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	if err = s.Start(sys); err == nil {
		err = s.Do(t.Context(), func(tx *store.Tx) error {
			now := time.Now().UnixMilli()
			return errors.Join(
				tx.PutEntry(sessionOf(collecting), wire.SessionEntry{UpdatedAt: now, QueueMode: "collect"}),
				tx.PutEntry(sessionOf(steering), wire.SessionEntry{UpdatedAt: now, QueueMode: "steer"}),
			)
		})
	}
	if err := errors.Join(err, sys.Stop(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// restOfCrowd waits until the last message of each group is in the transcript, and answered.
func (x *crash) restOfCrowd(last []update) {
	x.t.Helper()
	for _, u := range last {
		if !u.crowd {
			continue
		}
		err := poll(x.ctx, func() error {
			var h struct {
				Messages []struct {
					Role    string `json:"role"`
					Content []struct {
						Text string `json:"text"`
					} `json:"content"`
				} `json:"messages"`
			}
			err := x.driver.client.Call(x.ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "telegram:group:" + u.chat}, &h)
			if err != nil {
				return err
			}
			said := false
			for _, m := range h.Messages {
				if said && m.Role == "assistant" {
					return nil
				}
				said = said || slices.Contains(strings.Fields(m.Content[0].Text), u.mark)
			}
			return fmt.Errorf("%s has no answer", u.mark)
		})
		if err != nil {
			x.t.Fatalf("%v\n%s", err, x.process.output())
		}
	}
}

// crowdRun is a run of one of the groups, as its row has it.
type crowdRun struct{ id, state, note, plain string }

// crowdRuns lists the runs of the groups in order.
func (x *crash) crowdRuns() (runs []crowdRun) {
	x.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(x.host.state(), "gateway.db"))
	x.must(err)
	defer db.Close()
	rows, err := db.Query("SELECT id, state, error, request FROM runs WHERE session_key IN (?, ?) ORDER BY seq",
		sessionOf(collecting), sessionOf(steering))
	x.must(err)
	defer rows.Close()
	for rows.Next() {
		var r crowdRun
		var request []byte
		x.must(rows.Scan(&r.id, &r.state, &r.note, &request))
		var what struct {
			Plain string `json:"plain"`
		}
		x.must(wire.Unmarshal(request, &what))
		r.plain = what.Plain
		runs = append(runs, r)
	}
	x.must(rows.Err())
	return runs
}

// checkCrowd: a message has one run and is in one entry of the transcript: that of its own turn, of the turn that it was
// merged into, or its own one before the answer of the turn that it steered. It notes what the turn must have replied.
func (x *crash) checkCrowd(v *store.View, b *books, u update, runs []crowdRun, replies map[string]string) {
	x.t.Helper()
	i := slices.IndexFunc(runs, func(r crowdRun) bool { return r.plain == u.text })
	if i < 0 {
		x.t.Errorf("update %d (%s) has no run", u.id, u.mark)
		return
	}
	r := runs[i]
	home := r.id // whose entry it is in
	switch how, into, _ := strings.Cut(r.note, " into "); {
	case r.state == store.RunDone && how == "merged":
		x.result.merged++
		home = into
	case r.state == store.RunDone && how == "steered":
		x.result.steered++
	case x.checkRun(v, b, r.id) == store.RunDone:
		replies[r.id] = "You said: " + x.turn(r, runs)
	default:
		replies[r.id] = apology
	}
	if at := b.byMark[u.mark]; len(at) != 1 || at[0] != home {
		x.t.Errorf("update %d (%s, %s %q) is in the entries %v, want %s", u.id, u.mark, r.state, r.note, at, home)
	}
}

// turn is what the runner was given to answer, with those who were merged into the turn or steered it.
func (x *crash) turn(r crowdRun, runs []crowdRun) string {
	var merged, steered []string
	for _, other := range runs {
		switch other.note {
		case "merged into " + r.id:
			merged = append(merged, other.plain)
		case "steered into " + r.id:
			steered = append(steered, "\nYou also said: "+other.plain)
		}
	}
	text := r.plain
	if len(merged) > 0 {
		text = "[Queued messages while agent was busy]"
		for i, plain := range append(merged, r.plain) {
			text += fmt.Sprintf("\n\n---\nQueued #%d\n%s", i+1, plain)
		}
	}
	return text + strings.Join(steered, "")
}
