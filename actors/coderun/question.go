package coderun

import (
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// What an agent is told of the conversation before its session, or since.
const (
	mostMessages = 40
	mostBytes    = 24 << 10
	mostOfOne    = 4 << 10
)

// textOf is what a message of a transcript says.
func textOf(l modelrun.Line) string {
	var all []string
	for _, p := range l.Pieces() {
		if p.Type == "text" && p.Text != "" {
			all = append(all, p.Text)
		}
	}
	return strings.Join(all, "\n")
}

// question is what the agent is asked: the message, and what it needs to know to answer it.
func (u *turn) question() codeagent.Turn {
	q := codeagent.Turn{Thinking: u.t.Thinking}
	var texts []string
	for _, p := range modelrun.Question(u.t).Parts {
		switch p := p.(type) {
		case model.Text:
			texts = append(texts, p.Text)
		case model.Image:
			q.Images = append(q.Images, codeagent.Image{MIME: p.MIME, Data: p.Data})
		}
	}
	q.Message = strings.Join(texts, "\n\n")
	var all []modelrun.Line
	since := 0
	for _, raw := range u.t.History {
		var l modelrun.Line
		if json.Unmarshal(raw, &l) != nil {
			continue
		}
		all = append(all, l)
		if l.Role == "assistant" && l.Resume != "" && l.Provider == u.a.Kind && l.Model == u.a.Name {
			q.Resume, since = l.Resume, len(all)
		}
	}
	extra := ""
	if u.t.System != "" {
		extra = "Instructions of the gateway for this message:\n" + u.t.System
	}
	q.Fresh = joined(before("This conversation was begun without you. What was said in it, one JSON object for each message, the oldest first; "+
		"it is there for you to know, the last message of all is the one to answer:", all), extra)
	q.Missed = joined(before("Since your last answer this was said in the conversation without you, one JSON object for each message:", all[since:]), extra)
	return q
}

func joined(texts ...string) string {
	var all []string
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return strings.Join(all, "\n\n")
}

// before is what was said, as far as there is room: the newest messages. Each is an object, so that no message can look like more than
// one, or like words of the gateway.
func before(intro string, all []modelrun.Line) string {
	var lines []string
	size := 0
	for i := len(all) - 1; i >= 0 && len(lines) < mostMessages; i-- {
		from, text := all[i].Role, textOf(all[i])
		switch {
		case from == "compactionSummary":
			from, text = "summary", all[i].Summary
		case from != "user" && from != "assistant":
			continue
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		one := string(encode(struct {
			From string `json:"from"`
			Text string `json:"text"`
		}{from, codeagent.Clip(text, mostOfOne)}))
		if size += len(one); size > mostBytes {
			break
		}
		lines = append([]string{one}, lines...)
	}
	if len(lines) == 0 {
		return ""
	}
	return intro + "\n" + strings.Join(lines, "\n")
}

// encode cannot fail for the types of this package.
func encode(v any) wire.Raw {
	b, err := json.Marshal(v)
	if err != nil {
		return wire.Raw("null")
	}
	return b
}
