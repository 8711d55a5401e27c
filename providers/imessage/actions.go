package imessage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// orders are the parameters of all actions; each has some of them.
type orders struct {
	To      providers.ID `json:"to" doc:"chat: a number, an address, or chat_id:<n>"`
	Chat    providers.ID `json:"chatId" doc:"another word for to"`
	Message providers.ID `json:"messageId" doc:"the message: its GUID"`
	Emoji   string       `json:"emoji" doc:"such as 👍"`
	Content string       `json:"content" doc:"editMessage: the new text"`
	Remove  bool         `json:"remove" doc:"react: take the reaction back"`
}

// action is one thing that can be done: the key of imessage.actions that switches it, the call, and its own parameters.
type action struct {
	name, gate, method string
	params             func(o orders) (map[string]any, error)
}

// actions need the bridge of a later imsg (`imsg launch`), which reaches into Messages. Without it they say so.
var actions = providers.ActionTable[action]{
	Surface: "imessage",
	About:   func(a action) (name, gate string) { return a.name, a.gate },
	All: []action{
		{"react", "reactions", "tapback", reactParams},
		{"editMessage", "messages", "message.edit", editParams},
		{"unsendMessage", "messages", "message.unsend", func(orders) (map[string]any, error) { return map[string]any{}, nil }},
	},
}

func editParams(o orders) (map[string]any, error) {
	if strings.TrimSpace(o.Content) == "" {
		return nil, errors.New("content: give a text")
	}
	return map[string]any{"text": o.Content}, nil
}

// tapbacks are the reactions that Messages has names for.
var tapbacks = map[string]string{"❤": "love", "👍": "like", "👎": "dislike", "😂": "laugh", "‼": "emphasize", "❓": "question"}

func reactParams(o orders) (map[string]any, error) {
	emoji := strings.ReplaceAll(strings.TrimSpace(o.Emoji), "\uFE0F", "")
	params := map[string]any{"remove": o.Remove}
	switch kind := tapbacks[emoji]; {
	case emoji == "":
		return nil, errors.New("emoji: give an emoji, such as 👍; to take it back too")
	case kind != "":
		params["reaction"] = kind
	default:
		params["emoji"] = emoji
	}
	return params, nil
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
	err = p.with(ctx, func(c *client) error { return c.call(ctx, p.opt.send, a.method, params, nil) })
	if e, ok := errors.AsType[*rpcError](err); ok && (e.Code == codeNoMethod || e.Code == codeNoBridge) {
		return nil, actions.Mistake(name, fmt.Errorf("%w: it needs a newer imsg, with its bridge started (`imsg launch`)", err))
	}
	if err != nil {
		return nil, sendError(err)
	}
	return map[string]any{"ok": true}, nil
}

// judge makes the parameters of the call.
func (p *Provider) judge(a action, raw json.RawMessage) (map[string]any, error) {
	var o orders
	if err := providers.ReadOrders(raw, &o); err != nil {
		return nil, err
	}
	if o.Message == "" {
		return nil, errors.New("messageId: give the id of a message")
	}
	params, err := a.params(o)
	if err != nil {
		return nil, err
	}
	if o.To == "" {
		o.To = o.Chat
	}
	key, value, err := place(string(o.To))
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	if key == "to" { // a person's chat is called like the person
		key = "chat_identifier"
	}
	params[key], params["message_guid"] = value, string(o.Message)
	return params, nil
}
