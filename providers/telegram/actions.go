package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/text"
)

// orders are the parameters of all actions; each has some of them.
type orders struct {
	To      providers.ID `json:"to" doc:"chat: its number or @name"`
	ChatID  providers.ID `json:"chatId" doc:"another word for to"`
	Channel providers.ID `json:"channelId" doc:"another word for to"`
	Message providers.ID `json:"messageId" doc:"the message: its number"`
	Thread  providers.ID `json:"threadId" doc:"topic of a forum: its number"`
	ReplyTo providers.ID `json:"replyTo" doc:"sendMessage: the number of the message that is answered"`
	User    providers.ID `json:"userId" doc:"memberInfo: the number of a person"`
	Content string       `json:"content" doc:"sendMessage, editMessage: the text"`
	Emoji   string       `json:"emoji" doc:"react: such as 👍"`
	Remove  bool         `json:"remove" doc:"react: take the reaction back"`

	Question    string   `json:"question" doc:"poll: at most 300 characters"`
	Answers     []string `json:"answers" doc:"poll: 2 to 10"`
	Multiselect bool     `json:"allowMultiselect" doc:"poll: more than one answer may be chosen"`
	Public      bool     `json:"showVoters" doc:"poll: who chose what is shown"`
}

// action is one thing that can be done, the key of telegram.actions that switches it, and what it needs.
type action struct {
	name, gate string
	needs      string // of "message user content emoji poll", besides the chat
	do         func(*Provider, context.Context, string, orders) (any, error)
}

var actions = providers.ActionTable[action]{
	Surface: "telegram",
	About:   func(a action) (name, gate string) { return a.name, a.gate },
	All: []action{
		{"react", "reactions", "message emoji", (*Provider).doReact},
		{"sendMessage", "messages", "content", (*Provider).doSend},
		{"editMessage", "messages", "message content", (*Provider).doEdit},
		{"deleteMessage", "messages", "message", simple("deleteMessage")},
		{"pinMessage", "pins", "message", simple("pinChatMessage")},
		{"unpinMessage", "pins", "message", simple("unpinChatMessage")},
		{"poll", "polls", "poll", (*Provider).doPoll},
		{"channelInfo", "channelInfo", "", (*Provider).doChat},
		{"memberInfo", "memberInfo", "user", (*Provider).doMember},
	},
}

// Actions implements providers.Performer.
func (p *Provider) Actions() []string { return actions.Names(p.cfg.Actions) }

// Perform implements providers.Performer.
func (p *Provider) Perform(ctx context.Context, name string, params json.RawMessage) (any, error) {
	defer p.settle()
	a, err := actions.Find(name, p.cfg.Actions)
	if err != nil {
		return nil, err
	}
	o, chat, err := p.parseOrders(params, a)
	if err != nil {
		return nil, actions.Mistake(name, err)
	}
	result, err := a.do(p, ctx, chat, o)
	if err != nil {
		return nil, sendError(err, chat)
	}
	return result, nil
}

// parseOrders reads and judges the parameters, and finds the chat.
func (p *Provider) parseOrders(params json.RawMessage, a action) (o orders, chat string, err error) {
	if err := providers.ReadOrders(params, &o); err != nil {
		return o, "", err
	}
	for _, id := range []providers.ID{o.To, o.ChatID, o.Channel} {
		if chat = string(id); chat != "" {
			break
		}
	}
	if chat == "" {
		return o, "", errors.New("to: give the chat's id or @name")
	}
	if chat, err = target(chat); err != nil {
		return o, "", fmt.Errorf("to: %w", err)
	}
	if moved, ok := p.moved.Load(chat); ok {
		chat = moved.(string)
	}
	// The platform's set is without the mark that asks for the coloured form.
	o.Emoji = strings.ReplaceAll(strings.TrimSpace(o.Emoji), "\uFE0F", "")
	for need := range strings.FieldsSeq(a.needs) {
		switch {
		case need == "message" && !isNumber(o.Message):
			err = errors.New("messageId: give the number of a message")
		case need == "user" && !isNumber(o.User):
			err = errors.New("userId: give the number of a person")
		case need == "content" && strings.TrimSpace(o.Content) == "":
			err = errors.New("content: give a text")
		case need == "emoji" && o.Emoji == "" && !o.Remove:
			err = errors.New("emoji: give an emoji, such as 👍, or remove: true")
		case need == "poll":
			err = o.judgePoll()
		}
		if err != nil {
			return o, "", err
		}
	}
	return o, chat, nil
}

func isNumber(id providers.ID) bool {
	n, err := strconv.ParseInt(string(id), 10, 64)
	return err == nil && n > 0
}

// judgePoll holds a poll against the platform's limits.
func (o orders) judgePoll() error {
	if n := text.Len(strings.TrimSpace(o.Question)); n == 0 || n > 300 {
		return errors.New("question: give one of at most 300 characters")
	}
	if len(o.Answers) < 2 || len(o.Answers) > 10 {
		return errors.New("answers: give 2 to 10")
	}
	for i, a := range o.Answers {
		if n := text.Len(strings.TrimSpace(a)); n == 0 || n > 100 {
			return fmt.Errorf("answers: number %d must have 1 to 100 characters", i+1)
		}
	}
	return nil
}

var done = map[string]any{"ok": true}

// refused tells whether the platform itself has said no, in words that match.
func refused(err error, words *regexp.Regexp) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.answered && words.MatchString(e.text)
}

var (
	unchanged = regexp.MustCompile(`(?i)message is not modified`)
	noText    = regexp.MustCompile(`(?i)there is no text in the message`)
)

// simple is an action that is one call about one message.
func simple(method string) func(*Provider, context.Context, string, orders) (any, error) {
	return func(p *Provider, ctx context.Context, chat string, o orders) (any, error) {
		params := map[string]string{"chat_id": chat, "message_id": string(o.Message)}
		if method == "pinChatMessage" {
			params["disable_notification"] = "true" // a pin is no reason to wake a whole group
		}
		return done, p.send.call(ctx, p.opt.call, method, params, nil)
	}
}

// doReact sets our reaction; a bot has one on a message. To remove it is to set none.
func (p *Provider) doReact(ctx context.Context, chat string, o orders) (any, error) {
	list := []map[string]string{}
	if !o.Remove {
		list = append(list, map[string]string{"type": "emoji", "emoji": o.Emoji})
	}
	reaction, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	params := map[string]string{"chat_id": chat, "message_id": string(o.Message), "reaction": string(reaction)}
	return done, p.send.call(ctx, p.opt.call, "setMessageReaction", params, nil)
}

func (p *Provider) doSend(ctx context.Context, chat string, o orders) (any, error) {
	if text.Len(o.Content) > p.cfg.TextChunkLimit {
		return nil, fmt.Errorf("content: longer than %d characters; send it in parts", p.cfg.TextChunkLimit)
	}
	params := map[string]string{"chat_id": chat}
	if isNumber(o.ReplyTo) {
		params["reply_to_message_id"], params["allow_sending_without_reply"] = string(o.ReplyTo), "true"
	}
	if isNumber(o.Thread) && o.Thread != "1" {
		params["message_thread_id"] = string(o.Thread)
	}
	var d delivered
	if err := p.sendText(ctx, params, text.Convert(o.Content, providers.HTML), &d); err != nil {
		return nil, err
	}
	return p.noted(d), nil
}

// noted remembers what was sent and makes the action's result of it.
func (p *Provider) noted(d delivered) any {
	r := d.receipt()
	p.sent.add(r.ChatID, r.MessageID)
	return map[string]any{"ok": true, "messageId": r.MessageID, "chatId": r.ChatID}
}

// doEdit replaces the text of a message of ours, or the words under its picture. That it reads so already is fine.
func (p *Provider) doEdit(ctx context.Context, chat string, o orders) (any, error) {
	method, field := "editMessageText", "text"
	html, shown := text.Convert(o.Content, providers.HTML), ""
	for {
		params := map[string]string{"chat_id": chat, "message_id": string(o.Message), field: html, "parse_mode": "HTML"}
		if shown != "" {
			delete(params, "parse_mode")
			params[field] = shown
		}
		if field == "text" {
			params["disable_web_page_preview"] = "true"
		}
		err := p.send.call(ctx, p.opt.call, method, params, nil)
		switch { // each refusal is answered by one change, so that this ends
		case refused(err, unchanged):
			return done, nil
		case field == "text" && refused(err, noText):
			method, field = "editMessageCaption", "caption"
		case shown == "" && unreadable(err):
			shown = text.Shown(html, providers.HTML)
		default:
			return done, err
		}
	}
}

func (p *Provider) doPoll(ctx context.Context, chat string, o orders) (any, error) {
	options := []map[string]string{}
	for _, a := range o.Answers {
		options = append(options, map[string]string{"text": strings.TrimSpace(a)})
	}
	list, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	params := map[string]string{
		"chat_id": chat, "question": strings.TrimSpace(o.Question), "options": string(list),
		"allows_multiple_answers": strconv.FormatBool(o.Multiselect), "is_anonymous": strconv.FormatBool(!o.Public),
	}
	if isNumber(o.Thread) && o.Thread != "1" {
		params["message_thread_id"] = string(o.Thread)
	}
	var d delivered
	if err := p.send.call(ctx, p.opt.call, "sendPoll", params, &d); err != nil {
		return nil, err
	}
	return p.noted(d), nil
}

func (p *Provider) doChat(ctx context.Context, chat string, _ orders) (any, error) {
	var c struct {
		ID          int64  `json:"id"`
		Type        string `json:"type"`
		Title       string `json:"title"`
		Username    string `json:"username"`
		FirstName   string `json:"first_name"`
		Description string `json:"description"`
		Forum       bool   `json:"is_forum"`
	}
	if err := p.send.call(ctx, p.opt.call, "getChat", map[string]string{"chat_id": chat}, &c); err != nil {
		return nil, err
	}
	if c.Title == "" {
		c.Title = c.FirstName
	}
	return map[string]any{"ok": true, "channel": map[string]any{
		"id": strconv.FormatInt(c.ID, 10), "type": c.Type, "name": c.Title, "username": c.Username, "topic": c.Description, "forum": c.Forum,
	}}, nil
}

func (p *Provider) doMember(ctx context.Context, chat string, o orders) (any, error) {
	var m struct {
		Status string `json:"status"`
		Title  string `json:"custom_title"`
		User   struct {
			ID       int64  `json:"id"`
			Bot      bool   `json:"is_bot"`
			First    string `json:"first_name"`
			Last     string `json:"last_name"`
			Username string `json:"username"`
		} `json:"user"`
	}
	if err := p.send.call(ctx, p.opt.call, "getChatMember", map[string]string{"chat_id": chat, "user_id": string(o.User)}, &m); err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "member": map[string]any{
		"id": strconv.FormatInt(m.User.ID, 10), "name": strings.TrimSpace(m.User.First + " " + m.User.Last), "username": m.User.Username,
		"bot": m.User.Bot, "status": m.Status, "title": m.Title,
	}}, nil
}
