package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

// take hands a batch of updates up, one after the other in the order of their ids, and moves the offset past each one
// that Receive has taken or that is nothing for us. At the first failure it stops: the rest will be asked for again.
func (p *Provider) take(ctx context.Context, batch []json.RawMessage) error {
	type numbered struct {
		id  int64
		raw json.RawMessage
	}
	updates := make([]numbered, 0, len(batch))
	for _, raw := range batch {
		var head struct {
			ID *int64 `json:"update_id"`
		}
		if err := json.Unmarshal(raw, &head); err != nil || head.ID == nil {
			return fmt.Errorf("telegram getUpdates: an update without update_id")
		}
		updates = append(updates, numbered{*head.ID, raw})
	}
	sort.SliceStable(updates, func(i, j int) bool { return updates[i].id < updates[j].id })
	for _, u := range updates {
		if err := p.takeOne(ctx, u.id, u.raw); err != nil {
			return err
		}
		// Not a maximum: after a quiet week the platform starts again at a random id.
		p.offset = u.id + 1
	}
	return nil
}

func (p *Provider) takeOne(ctx context.Context, id int64, raw json.RawMessage) error {
	var u tele.Update
	if err := json.Unmarshal(raw, &u); err != nil {
		p.env.Log.Error("telegram update unreadable, skipped", "account", p.env.Account, "update", id, "err", err)
		return nil
	}
	m, ok := p.read(&u, id)
	if !ok {
		p.env.Log.Debug("telegram update skipped", "account", p.env.Account, "update", id)
		return nil
	}
	if !m.Note {
		m.Media = p.fetch(ctx, u.Message)
	}
	if err := p.env.Receive(ctx, m); err != nil {
		return fmt.Errorf("the message could not be stored: %s", p.poll.secrets.Replace(err.Error()))
	}
	return nil
}

// read makes the gateway's message of an update; false for one that is nothing to us.
func (p *Provider) read(u *tele.Update, id int64) (providers.Incoming, bool) {
	switch {
	case u.EditedMessage != nil:
		return editNote(u.EditedMessage, *p.me.Load())
	case u.MessageReaction != nil:
		return p.reactionNote(u.MessageReaction, id)
	}
	return convert(u.Message, *p.me.Load())
}
