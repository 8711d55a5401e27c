package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/types"

	"github.com/clawdbot/gateway/providers"
)

const actionReact = "react"

// Actions implements providers.Performer.
func (p *Provider) Actions() []string { return []string{actionReact} }

// reactParams name a message and what to react with; an empty emoji takes the reaction back.
type reactParams struct {
	Chat        string `json:"chat" doc:"a number such as +15551234567, or the JID of a group"`
	MessageID   string `json:"messageId" doc:"the message to react to"`
	Emoji       string `json:"emoji" doc:"such as 👍; an empty one takes the reaction back"`
	Participant string `json:"participant" doc:"who wrote the message, in a group, when it is not one of the last"`
	FromMe      bool   `json:"fromMe" doc:"the message is one of ours"`
}

var manual = &providers.Manual{Params: reactParams{}, Actions: func(json.RawMessage) []string { return []string{actionReact} }}

// Perform implements providers.Performer.
func (p *Provider) Perform(ctx context.Context, action string, params json.RawMessage) (any, error) {
	mistake := func(err error) (any, error) {
		return nil, &providers.SendError{Class: providers.Permanent, Err: fmt.Errorf("%s: %w", action, err)}
	}
	if action != actionReact {
		return mistake(errors.New("WhatsApp has no such action; it has: react"))
	}
	var r reactParams
	if err := json.Unmarshal(params, &r); err != nil {
		return mistake(err)
	}
	chat, err := target(r.Chat)
	if err != nil {
		return mistake(fmt.Errorf("chat: %w", err))
	}
	if r.MessageID == "" {
		return mistake(errors.New("messageId: which message to react to"))
	}
	s := p.live.Load()
	if s == nil {
		return nil, &providers.SendError{Class: providers.Transient, Err: errDown}
	}
	author, err := s.author(chat, r)
	if err != nil {
		return mistake(err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.send)
	defer cancel()
	// A repeat does no harm: the last reaction to a message counts.
	id := messageID(p.env.Account, fmt.Sprintf("react\x00%s\x00%s\x00%s\x00%d", chat, r.MessageID, r.Emoji, p.env.Now().UnixNano()))
	if err := s.put(ctx, chat, id, s.cli.BuildReaction(chat, author, r.MessageID, r.Emoji)); err != nil {
		return nil, sendError(err)
	}
	return map[string]any{"ok": true, "messageId": id}, nil
}

// author is who wrote the message that is reacted to; empty for ourselves.
func (s *session) author(chat types.JID, r reactParams) (types.JID, error) {
	if r.FromMe || s.p.sent.ours(r.MessageID) {
		return types.EmptyJID, nil
	}
	if m, ok := s.p.heard.get(address(chat), r.MessageID); ok {
		return m.author, nil
	}
	if r.Participant != "" {
		j, err := target(r.Participant)
		if err != nil {
			return j, fmt.Errorf("participant: %w", err)
		}
		return j, nil
	}
	if chat.Server == types.GroupServer {
		return types.EmptyJID, errors.New("participant: who wrote the message in the group")
	}
	return chat, nil
}
