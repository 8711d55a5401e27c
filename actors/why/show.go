package why

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxPreview = 120 // characters of a text
	maxReason  = 500 // characters of what a platform said
)

// Listed is an item of the outbox as a list has it.
func Listed(it store.OutItem) wire.OutboxItem {
	w := wire.OutboxItem{
		ID: it.ID, Account: it.Account, Surface: it.Surface, Chat: it.Chat, RunID: it.RunID, State: it.State,
		Attempts: int64(it.Attempts), Reason: it.Reason, CreatedAt: it.CreatedAt, UpdatedAt: it.UpdatedAt,
	}
	if it.State == store.OutQueued && it.NextAt > 0 {
		w.NextAt = &it.NextAt
	}
	return w
}

// Shown is all that may be shown of an item.
func Shown(it store.OutItem) wire.OutboxItem {
	w := Listed(it)
	w.Key = it.Key
	var out providers.Outgoing
	if wire.Unmarshal(it.Payload, &out) == nil {
		w.Preview = preview(out.Text)
		if m := out.Media; m != nil {
			w.Preview = strings.TrimSpace(fmt.Sprintf("[%s] %s", cmp.Or(preview(path.Base(cmp.Or(m.Name, m.Path))), "file"), w.Preview))
		}
	}
	var r wire.OutboxReceipt
	if len(it.Receipt) > 0 && wire.Unmarshal(it.Receipt, &r) == nil {
		w.Receipt = &r
	}
	return w
}

// preview is the beginning of a text on one line, without what looks like a credential.
func preview(text string) string {
	if len(text) > 64*maxPreview { // more is of no use
		text = strings.ToValidUTF8(text[:64*maxPreview], "")
	}
	return cut(strings.Join(strings.Fields(config.HideSecrets(text, config.Redacted)), " "), maxPreview)
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// show puts a way into words.
func (s search) show(w way) (wire.WhyResult, error) {
	r := wire.WhyResult{Call: w.call, Inbound: []wire.WhyInbound{}, Runs: []wire.WhyRun{}, Outbox: []wire.OutboxItem{}, Candidates: []wire.WhyCandidate{}, More: w.more}
	for _, in := range w.in {
		r.Inbound = append(r.Inbound, shownInbound(in, w.runs))
	}
	for _, run := range w.runs {
		shown, err := s.shownRun(run)
		if err != nil {
			return r, err
		}
		r.Runs = append(r.Runs, shown)
	}
	for _, it := range w.out {
		r.Outbox = append(r.Outbox, Shown(it))
	}
	if last := len(r.Runs) - 1; last >= 0 && len(w.out) == 0 {
		r.Runs[last].Explanation = silent(w.runs[last], r.Runs[last].Explanation)
	}
	r.Summary = summary(r)
	return r, nil
}

func shownInbound(row store.Inbound, runs []store.Run) wire.WhyInbound {
	w := wire.WhyInbound{
		Ref: hit{in: &row}.ref(), Account: row.Account, Surface: row.Surface, Chat: row.Chat, MessageID: row.MsgID,
		ReceivedAt: row.ReceivedAt, Repeats: row.Repeats, RepeatedAt: row.RepeatedAt, State: row.State, Reason: row.Note, DecidedAt: row.FinishedAt,
	}
	var in providers.Incoming
	if len(row.Payload) > 0 && wire.Unmarshal(row.Payload, &in) == nil {
		w.Thread, w.Kind, w.SenderID, w.SenderName = in.Thread, string(in.Kind), in.Sender.ID, cmp.Or(in.Sender.Name, in.Sender.Username)
		w.Preview, w.Files, w.Late = preview(in.Text), int64(len(in.Media)), in.Late
		if !in.Time.IsZero() {
			w.SentAt = in.Time.UnixMilli()
		}
	}
	for _, r := range runs {
		if r.ID == row.Note {
			w.RunID, w.Reason = r.ID, ""
		}
	}
	w.Explanation = decided(row, in, w.RunID != "")
	return w
}

func (s search) shownRun(run store.Run) (wire.WhyRun, error) {
	w := wire.WhyRun{
		ID: run.ID, Trigger: run.Kind, IdempotencyKey: run.IdemKey, SessionKey: run.SessionKey, SessionID: run.SessionID, State: run.State,
		QueueMode: run.Mode, Model: run.Model, Into: into(run), Explanation: turn(run),
		AcceptedAt: run.AcceptedAt, StartedAt: run.StartedAt, EndedAt: run.EndedAt,
	}
	if w.Into == "" {
		w.Error = cut(strings.TrimPrefix(run.Error, "Error: "), maxReason)
	}
	if run.Kind == string(agent.KindInbound) || run.Kind == string(agent.KindAgent) || run.Kind == string(agent.KindChat) {
		return w, nil
	}
	job, err := s.v.CronRun(run.ID)
	if err == nil && job != nil {
		w.JobID = job.JobID
	}
	return w, err
}

// choice is the answer when an id means several things.
func choice(id string, hits []hit, more bool) wire.WhyResult {
	r := wire.WhyResult{
		Inbound: []wire.WhyInbound{}, Runs: []wire.WhyRun{}, Outbox: []wire.OutboxItem{}, More: more,
		Summary: fmt.Sprintf("%q means several things. Ask for one by its ref, or name the account and the chat.", cut(id, 80)),
	}
	for _, h := range hits[:min(len(hits), maxCandidates)] {
		c := wire.WhyCandidate{Ref: h.ref(), What: "send"}
		switch {
		case h.in != nil:
			in := shownInbound(*h.in, nil)
			c.What, c.Account, c.Chat, c.State, c.At, c.Preview = "inbound", in.Account, in.Chat, in.State, in.ReceivedAt, in.Preview
		case h.out != nil:
			out := Shown(*h.out)
			c.What, c.Account, c.Chat, c.State, c.At, c.Preview = "outbound", out.Account, out.Chat, out.State, out.CreatedAt, out.Preview
		case h.run != nil:
			to := routeOf(*h.run)
			c.What, c.Account, c.Chat, c.State, c.At = "run", to.Account, to.Chat, h.run.State, h.run.AcceptedAt
			c.Preview = h.run.Kind + " in session " + h.run.SessionKey
		}
		r.Candidates = append(r.Candidates, c)
	}
	return r
}
