package modelrun

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers/model"
)

const (
	summaryIntro = "This is a summary of the conversation so far. The messages themselves were put away because they became too many.\n\n"
	summarySys   = "You sum up conversations between a person and their assistant, so that the assistant can go on without the original."
	summaryAsk   = "Sum up the conversation above. Keep what was decided, what was asked for and is still open, names, paths, numbers, and what the person wants of you in general. Write only the summary."
	maxSummary   = 32 << 10 // bytes
	maxExcerpt   = 2000     // bytes of one message that is summed up
	firstText    = 240_000  // bytes of all of them; halved when even that is too much
)

// sumUp makes a conversation shorter that its model could not take: a summary comes in the place of the older part, here and
// in the transcript. What belongs to this turn stays.
func (u *turn) sumUp(ctx context.Context) error {
	cut := u.cut()
	if cut == 0 {
		return &model.Error{Kind: model.Overflow, Message: "there is nothing that could be summed up: the last message alone is too long"}
	}
	before := tokens(u.entries)
	summary, err := u.summary(ctx, u.entries[:cut])
	if err != nil {
		return fmt.Errorf("summing up: %w", err)
	}
	if u.t.Compact != nil {
		c := agent.Compaction{Summary: summary, Drop: u.entries[cut-1].line, TokensBefore: before}
		if err := u.t.Compact(ctx, c); err != nil {
			return fmt.Errorf("storing the summary: %w", err)
		}
	}
	u.r.Log.Info("a conversation was summed up", "run", u.t.RunID, "messages", u.entries[cut-1].line, "tokens", before)
	rest := append([]entry{{message: userMessage(summaryIntro + summary)}}, u.entries[cut:]...)
	u.entries = rest
	return nil
}

// cut is where the part ends that is summed up: a question comes behind it. About a quarter of the whole stays, the second
// time nothing but this turn.
func (u *turn) cut() int {
	last := 0
	for last < len(u.entries) && u.entries[last].line < len(u.t.History) {
		last++
	}
	for last < len(u.entries) && u.entries[last].message.Role != model.User { // the history's last line, if it is not ours
		last++
	}
	stay, at := tokens(u.entries)/4, 0
	if u.summed > 1 {
		stay = 0
	}
	for i := 1; i <= last && i < len(u.entries); i++ {
		if u.entries[i].message.Role == model.User && (at == 0 || tokens(u.entries[i:]) >= stay) {
			at = i
		}
	}
	return at
}

// tokens is about how many tokens messages have.
func tokens(entries []entry) (n int64) {
	for _, e := range entries {
		for _, p := range e.message.Parts {
			n += int64(len(excerpt(p, 1<<30)))/4 + 4
			if _, ok := p.(model.Image); ok {
				n += 1500
			}
		}
	}
	return n
}

// excerpt is a part as text.
func excerpt(p model.Part, limit int) string {
	var s string
	switch p := p.(type) {
	case model.Text:
		s = p.Text
	case model.Image:
		s = "(a picture)"
	case model.Call:
		s = "(calls " + p.Name + " " + string(p.Args) + ")"
	case model.Result:
		s = "(result of " + p.Name + ": " + p.Text + ")"
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// summary has the model sum messages up. Of a text that is too long itself, the beginning is left out.
func (u *turn) summary(ctx context.Context, entries []entry) (string, error) {
	var b strings.Builder
	for _, e := range entries {
		for _, p := range e.message.Parts {
			if s := excerpt(p, maxExcerpt); s != "" {
				fmt.Fprintf(&b, "%s: %s\n\n", map[model.Role]string{model.User: "Person", model.Assistant: "Assistant", model.Results: "Tool"}[e.message.Role], s)
			}
		}
	}
	text := b.String()
	for limit := firstText; limit > 1000; limit /= 2 {
		if len(text) > limit {
			text = strings.ToValidUTF8(text[len(text)-limit:], "")
		}
		reply, err := u.stream(ctx, model.Request{
			Model: u.target.Model, System: summarySys, Session: u.t.SessionID + "-summary",
			Messages: []model.Message{userMessage(text + "\n" + summaryAsk)},
		}, func(model.Event) {})
		if model.KindOf(err) == model.Overflow {
			continue
		}
		if err != nil {
			return "", err
		}
		summary := strings.TrimSpace(reply.Message.TextOf())
		if len(summary) > maxSummary {
			summary = strings.ToValidUTF8(summary[:maxSummary], "")
		}
		if summary == "" {
			return "", errors.New("the model gave no summary")
		}
		return summary, nil
	}
	return "", errors.New("the model takes not even a part of the conversation")
}
