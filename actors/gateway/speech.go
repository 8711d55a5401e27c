package gateway

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/text"
)

// apology is all that a person on a messaging surface is told of a failure: what went wrong is for the operator.
const apology = "Something went wrong while I was working on that. Please try again."

// replies puts what a run has to say along its route into the outbox, in the commit that ends the run. What has gone out in
// blocks does not go out again.
func (g *Gateway) replies(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) error {
	if j.Kind == agent.KindSub {
		return g.report(tx, j, a, s)
	}
	said, err := g.scheduled(tx, j, a, s)
	if err != nil || j.Route == nil || s == agent.Aborted && j.Kind == agent.KindInbound {
		return err // a stop word is answered by the router
	}
	var tag *text.Tag
	switch {
	case s == agent.Failed && j.Kind != agent.KindInbound:
		return nil // its caller is told
	case s == agent.Failed:
		said = cmp.Or(a.Excuse, apology)
	case a.Streamed:
		said = a.Rest
	case !a.Verbatim:
		said, _, tag = text.Read(agent.Spoken(said))
		said = agent.Spoken(said) // a tag may have stood before the word
	}
	if len(a.Lines) > 0 && (said != "" || len(a.Media) > 0) {
		said = strings.TrimSpace(strings.Join(a.Lines, "\n") + "\n\n" + said)
	}
	to := g.along(*j.Route, tag)
	_, err = outbox.Enqueue(tx, outbox.Text{
		Key: j.ID, RunID: j.ID, Route: to, Text: g.prefixed(to, said), Media: attached(a), Max: outbox.MaxText(g.tree.directory, to.Surface),
	}, chunk)
	return err
}

// along is a run's route, with the account that it names or means, and the message that the answer says it replies to.
func (g *Gateway) along(to providers.Route, tag *text.Tag) providers.Route {
	if _, ok := g.tree.directory.Account(to.Account); !ok && to.Account == to.Surface { // of several accounts the caller named none
		if s, ok := g.tree.directory.Surface(to.Surface); ok {
			to.Account = s.Account
		}
	}
	if tag != nil && !tag.Current {
		to.ReplyTo = tag.ID
	}
	return to
}

// prefixed puts messages.responsePrefix in front of what goes to WhatsApp (providers a.1).
func (g *Gateway) prefixed(to providers.Route, said string) string {
	prefix := strings.TrimSpace(g.doc.Load().Config.Messages.ResponsePrefix)
	if to.Surface != "whatsapp" || prefix == "" || said == "" || strings.HasPrefix(said, prefix) {
		return said
	}
	return prefix + " " + said
}

// blocks says how the answer to a message goes out while it is written (providers d.5).
func (g *Gateway) blocks(j agent.Job) *agent.BlockSettings {
	cfg := g.doc.Load().Config.Agent
	if j.Kind != agent.KindInbound || cfg.BlockStreamingDefault == "off" {
		return nil
	}
	c, limit := cfg.BlockStreamingChunk, outbox.MaxText(g.tree.directory, j.Route.Surface)
	most := min(c.MaxChars, limit)
	return &agent.BlockSettings{
		Min: min(c.MinChars, most), Max: most, Prefer: c.BreakPreference, AtEnd: cfg.BlockStreamingBreak == "message_end",
		ToolLines: true, ToolMessages: j.Route.Surface == "whatsapp",
	}
}

// say puts a block of an answer into the outbox. Its key is its own, so that it is there once however often this is asked.
// The first of an answer, and one that names the message it replies to, count as first parts: a reply mode "first" quotes
// with those.
func (g *Gateway) say(tx *store.Tx, j agent.Job, b agent.Block) error {
	to, part := g.along(*j.Route, b.ReplyTo), b.N
	if b.ReplyTo != nil {
		part = 0
	}
	_, err := outbox.Enqueue(tx, outbox.Text{
		Key: fmt.Sprintf("%s/%d", j.ID, b.N), From: part, RunID: j.ID, Route: to, Text: g.prefixed(to, b.Text),
		Max: outbox.MaxText(g.tree.directory, to.Surface),
	}, chunk)
	return err
}

// typing shows that an answer is being written. Surfaces let it fade by themselves.
func (g *Gateway) typing(j agent.Job) {
	if r := j.Route; j.Kind != cron.KindHeartbeat {
		_ = g.tree.accounts.Tell(account.Typing{Account: r.Account, Chat: r.Chat})
	}
}

func typingEvery(cfg *config.Config) time.Duration {
	return time.Duration(cmp.Or(cfg.Agent.TypingIntervalSeconds, cfg.Session.TypingIntervalSeconds, 6)) * time.Second
}
