package main

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/clawdbot/gateway/actors/agent"
)

// shouter is an agent.Runner: it answers in capitals. One value serves all turns, several at a time.
type shouter struct {
	answers atomic.Int64
	said    func(line string) // told of every answer
}

// Run makes one answer, streamed word by word.
func (s *shouter) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	text := t.Plain // what the person wrote; t.Message has the envelope of a surface around it
	if text == "" {
		text = t.Message
	}
	for _, word := range strings.SplitAfter(strings.ToUpper(text), " ") {
		if ctx.Err() != nil {
			return agent.Answer{}, context.Cause(ctx) // aborted, out of time, or the gateway ends
		}
		out.Delta(word)
	}
	s.answers.Add(1)
	s.said("answered in " + t.SessionKey + ": " + strings.ToUpper(text))
	return agent.Answer{Provider: "example", Model: "shouter"}, nil // no Text: what was streamed is the answer
}
