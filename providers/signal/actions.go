package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/providers"
)

// orders are the parameters of all actions; each has some of them.
type orders struct {
	To      providers.ID `json:"to" doc:"chat: signal:+15551234567, or group:<id>"`
	Chat    providers.ID `json:"chatId" doc:"another word for to"`
	Message providers.ID `json:"messageId" doc:"the message: its timestamp, as messages and receipts have it"`
	Author  providers.ID `json:"author" doc:"number of who wrote the message, in groups"`
	FromMe  bool         `json:"fromMe" doc:"the message is one of ours"`
	Emoji   string       `json:"emoji" doc:"such as 👍"`
	Remove  bool         `json:"remove" doc:"react: take the reaction back"`
	Content string       `json:"content" doc:"editMessage: the new text"`
}

// action is one thing that can be done: the key of signal.actions that switches it, and the call.
type action struct {
	name, gate, method string
	params             func(p *Provider, o orders, chat string, at int64) (map[string]any, error)
}

var actions = providers.ActionTable[action]{
	Surface: "signal",
	About:   func(a action) (name, gate string) { return a.name, a.gate },
	All: []action{
		{"react", "reactions", "sendReaction", (*Provider).reactParams},
		{"editMessage", "messages", "send", func(_ *Provider, o orders, _ string, at int64) (map[string]any, error) {
			if strings.TrimSpace(o.Content) == "" {
				return nil, errors.New("content: give a text")
			}
			return map[string]any{"message": o.Content, "editTimestamp": at}, nil
		}},
		{"deleteMessage", "messages", "remoteDelete", func(_ *Provider, _ orders, _ string, at int64) (map[string]any, error) {
			return map[string]any{"targetTimestamp": at}, nil
		}},
	},
}

// reactParams name the message by its time and author: Signal knows no other identity.
func (p *Provider) reactParams(o orders, chat string, at int64) (map[string]any, error) {
	emoji := strings.TrimSpace(o.Emoji)
	if emoji == "" {
		return nil, errors.New("emoji: give an emoji, such as 👍; to take it back too")
	}
	author, err := p.author(o, chat, at)
	if err != nil {
		return nil, err
	}
	return map[string]any{"emoji": emoji, "targetAuthor": author, "targetTimestamp": at, "remove": o.Remove}, nil
}

// author is who wrote the message: the id of one in a group tells, in a direct chat it is the person or we.
func (p *Provider) author(o orders, chat string, at int64) (string, error) {
	_, inID, _ := strings.Cut(string(o.Message), "@")
	named := first(string(o.Author), inID)
	group := strings.HasPrefix(strings.ToLower(chat), groupPrefix)
	switch {
	case named != "":
		return named, nil
	case !o.FromMe && !p.sent.has(at) && group:
		return "", errors.New("author: who wrote the message in the group; or fromMe: true for one of ours")
	case !o.FromMe && !p.sent.has(at):
		to, err := target(chat)
		if who, ok := to["recipient"].([]string); err == nil && ok {
			return who[0], nil
		}
		return "", errors.New("author: the number of who wrote the message")
	}
	if self := p.self.Load(); self != nil {
		return *self, nil
	}
	return "", errors.New("which number is ours is not known: set signal.account")
}

// Actions implements providers.Performer.
func (p *Provider) Actions() []string { return actions.Names(p.cfg.Actions) }

// Perform implements providers.Performer.
func (p *Provider) Perform(ctx context.Context, name string, raw json.RawMessage) (any, error) {
	a, err := actions.Find(name, p.cfg.Actions)
	if err != nil {
		return nil, err
	}
	params, err := p.judge(a, raw)
	if err != nil {
		return nil, actions.Mistake(name, err)
	}
	var s sent
	if err := p.api.call(ctx, p.opt.send, maxAnswer, a.method, params, &s); err != nil {
		if e, ok := errors.AsType[*callError](err); ok && e.code == codeNoMethod {
			return nil, actions.Mistake(name, fmt.Errorf("%w: it needs a newer signal-cli", err))
		}
		return nil, sendError(err)
	}
	if err := verdict(s.Results); err != nil {
		return nil, err
	}
	return map[string]any{"ok": true}, nil
}

// judge makes the parameters of the call.
func (p *Provider) judge(a action, raw json.RawMessage) (map[string]any, error) {
	var o orders
	if err := providers.ReadOrders(raw, &o); err != nil {
		return nil, err
	}
	chat := string(o.To)
	if chat == "" {
		chat = string(o.Chat)
	}
	if rest, ok := cut(strings.TrimSpace(chat), "signal:"); ok {
		chat = strings.TrimSpace(rest)
	}
	to, err := target(chat)
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	stamp, _, _ := strings.Cut(string(o.Message), "@")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || at <= 0 {
		return nil, errors.New("messageId: give the id of a message, such as 1700000000000")
	}
	params, err := a.params(p, o, chat, at)
	if err != nil {
		return nil, err
	}
	for k, v := range to {
		params[k] = v
	}
	return params, nil
}

// keepSent is how many messages of ours are remembered, to tell who wrote one.
const keepSent = 1000

// stamps remembers when we have sent messages. Safe for concurrent use.
type stamps struct {
	mu    sync.Mutex // guards the following fields
	known map[int64]bool
	order []int64 // oldest first
}

func (s *stamps) add(at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[int64]bool{}
	}
	if len(s.order) >= keepSent {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
	s.known[at] = true
	s.order = append(s.order, at)
}

func (s *stamps) has(at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[at]
}
