package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) whyCommand() *cobra.Command {
	var f clientFlags
	var p wire.WhyParams
	c := &cobra.Command{
		Use:   "why ID",
		Short: "Show what became of a message, step by step, and why",
		Long: "Show what became of a message, and why: how it came, what was decided, its run, what was sent, and the platform's receipts.\n\n" +
			"ID is what the platform calls the message, inbound or sent; or the id of a run, a number of outbox list, or the idempotency\n" +
			"key of a call. When it means several things they are listed, each with a ref that means it alone.",
		Example: "  clawdbot why 4711 --account telegram --chat 123456789\n  clawdbot why in:42",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if p.ID = strings.TrimSpace(args[0]); p.ID == "" {
				return usage("an ID is needed: of a message, a run, or a call")
			}
			return query(a, c, f, "why", p, a.showWhy)
		},
	}
	f.register(c)
	c.Flags().StringVar(&p.Account, "account", "", "only what came or went through this account (telegram, telegram:work)")
	c.Flags().StringVar(&p.Chat, "chat", "", "only what is of this chat")
	return c
}

func (a *app) showWhy(r wire.WhyResult) error {
	w := &timeline{a: a, t: a.newTable()}
	for _, line := range folded(r.Summary, a.columns(a.out)) {
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintln(a.out)
	if len(r.Candidates) > 0 {
		return a.showCandidates(r)
	}
	w.call(r.Call)
	for _, in := range r.Inbound {
		w.inbound(in)
	}
	for _, run := range r.Runs {
		w.run(run)
	}
	for _, it := range r.Outbox {
		w.item(it)
	}
	if r.More {
		w.t.row("", "", "… and more")
	}
	return w.t.flush()
}

func (a *app) showCandidates(r wire.WhyResult) error {
	now := time.Now()
	t := a.newTable("REF", "WHAT", "ACCOUNT", "CHAT", "STATE", "WHEN", "TEXT")
	for _, c := range r.Candidates {
		at := "" // of a call the time is not listed
		if c.At > 0 {
			at = ago(&c.At, now)
		}
		t.row(c.Ref, c.What, c.Account, c.Chat, c.State, at, c.Preview)
	}
	if r.More {
		t.row("…", "and more")
	}
	return t.flush()
}

// timeline is one step per row: when, what kind, and in words. Words that do not fit go on in the next row.
type timeline struct {
	a   *app
	t   *table
	day string
}

const (
	stampWidth = len("15:04:05.000")
	stepWidth  = len("interrupted")
)

func (w *timeline) step(ms int64, what, text string) {
	stamp := ""
	if ms > 0 {
		at := time.UnixMilli(ms)
		if day := at.Format(time.DateOnly); day != w.day {
			w.day = day
			w.t.row(day)
		}
		stamp = at.Format("15:04:05.000")
	}
	room := w.a.columns(w.a.out)
	if room > 0 {
		room = max(room-stampWidth-stepWidth-2*columnGap, 20)
	}
	for i, line := range folded(text, room) {
		if i > 0 {
			stamp, what = "", ""
		}
		w.t.row(stamp, what, line)
	}
}

func (w *timeline) call(c *wire.WhyCall) {
	if c == nil {
		return
	}
	w.step(c.At, "called", c.Method+" with the key "+c.IdempotencyKey)
	switch {
	case c.Error != "":
		w.step(c.DoneAt, "refused", c.Error)
	case c.Done:
		w.step(c.DoneAt, "answered", "the caller has its outcome")
	}
}

func (w *timeline) inbound(in wire.WhyInbound) {
	text := fmt.Sprintf("%s chat %s", in.Account, in.Chat)
	if in.Kind != "" {
		text += " (" + in.Kind + ")"
	}
	text += ", message " + in.MessageID
	if in.SenderID != "" {
		text += ", from " + strings.TrimSpace(in.SenderName+" ("+in.SenderID+")")
	}
	if in.SentAt > 0 && in.ReceivedAt-in.SentAt >= time.Minute.Milliseconds() {
		text += ", written " + short(time.Duration(in.ReceivedAt-in.SentAt)*time.Millisecond) + " before"
	}
	if in.Late {
		text += ", fetched after a time away"
	}
	if in.Preview != "" {
		text += ": " + in.Preview
	}
	if in.Files > 0 {
		text += " [" + count(int(in.Files), "file", "files") + "]"
	}
	w.step(in.ReceivedAt, "received", text+" ("+in.Ref+")")
	w.step(in.DecidedAt, in.State, in.Explanation)
	if in.Repeats > 0 {
		w.step(in.RepeatedAt, "repeated", "the platform delivered it again, "+count(int(in.Repeats), "time", "times")+" so far; that had no effect")
	}
}

func (w *timeline) run(r wire.WhyRun) {
	text := "run " + r.ID + " (" + r.Trigger
	if r.JobID != "" {
		text += ", job " + r.JobID
	}
	text += "), session " + r.SessionKey
	if r.QueueMode != "" {
		text += ", the session was busy: queue mode " + r.QueueMode
	}
	w.step(r.AcceptedAt, "accepted", text)
	if r.StartedAt > 0 {
		w.step(r.StartedAt, "started", "after "+short(time.Duration(r.StartedAt-r.AcceptedAt)*time.Millisecond))
	}
	text = r.Explanation
	if r.Error != "" && !strings.Contains(text, r.Error) {
		text += ": " + r.Error
	}
	if r.Into != "" {
		text += " (run " + r.Into + ")"
	}
	if r.Model != "" {
		text += ", model " + r.Model
	}
	if r.EndedAt > 0 && r.StartedAt > 0 {
		text += ", in " + short(time.Duration(r.EndedAt-r.StartedAt)*time.Millisecond)
	}
	if r.EndedAt > 0 || r.State == "accepted" || r.State == "running" {
		w.step(r.EndedAt, map[bool]string{true: r.State, false: ""}[r.EndedAt > 0], text)
	}
}

func (w *timeline) item(it wire.OutboxItem) {
	w.step(it.CreatedAt, "queued", fmt.Sprintf("for %s chat %s: %s (out:%d)", it.Account, it.Chat, it.Preview, it.ID))
	tries := count(int(it.Attempts), "try", "tries")
	switch it.State {
	case "sent":
		w.step(it.UpdatedAt, "sent", receiptText(it)+", "+tries)
	case "queued":
		text := "waits, " + tries
		if it.NextAt != nil {
			text += ", next at " + time.UnixMilli(*it.NextAt).Format("15:04:05")
		}
		if it.Reason != "" {
			text += ": " + it.Reason
		}
		w.step(0, "", text)
	default:
		w.step(it.UpdatedAt, it.State, strings.TrimSuffix(tries+": "+it.Reason, ": "))
	}
}

// folded breaks a text into lines of at most so many columns, between words; 0 = one line.
func folded(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(oneLine(text)) {
		switch {
		case line == "":
			line = word
		case width > 0 && textWidth(line)+1+textWidth(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
