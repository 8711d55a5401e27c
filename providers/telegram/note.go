package telegram

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

// wanted lists the kinds of update that are asked for, as the platform reads it. Reactions come only when they are named.
func (c Config) wanted() string {
	if c.ReactionNotifications == providers.ReactionsOff {
		return `["message","edited_message"]`
	}
	return `["message","edited_message","message_reaction"]`
}

// editNote makes a line for the agent of an edited message: what it says now. An edit starts no run, the message itself has
// had its answer or waits for it. It is false where nothing to read has changed, as when somebody moves on the map.
func editNote(m *tele.Message, me identity) (providers.Incoming, bool) {
	in, ok := convert(m, me)
	if !ok || m.LastEdit == 0 || strings.TrimSpace(m.Text+m.Caption) == "" {
		return providers.Incoming{}, false
	}
	note := providers.Incoming{
		ID: fmt.Sprintf("edit:%d:%d", m.ID, m.LastEdit), Chat: in.Chat, Thread: in.Thread, Kind: in.Kind, Title: in.Title,
		Sender: in.Sender, Note: true, Time: m.LastEdited(),
	}
	note.Text = fmt.Sprintf("Telegram: %s edited message %d, it now says: %s", called(in.Sender), m.ID, in.Text)
	return note, true
}

// reactionNote makes a line for the agent of reactions that somebody put under a message or took back, as far as the
// configuration wants that. update makes the note's id: the same one when the platform hands it out again.
func (p *Provider) reactionNote(r *tele.MessageReaction, update int64) (providers.Incoming, bool) {
	if r == nil || r.Chat == nil || p.cfg.ReactionNotifications == providers.ReactionsOff {
		return providers.Incoming{}, false
	}
	by, id, ok := senderOf(&tele.Message{Sender: r.User, SenderChat: r.ActorChat})
	if !ok || id == p.me.Load().ID {
		return providers.Incoming{}, false
	}
	in := providers.Incoming{
		ID: fmt.Sprintf("reaction:%d:%s:%d", r.MessageID, by.ID, update), Chat: strconv.FormatInt(r.Chat.ID, 10),
		Sender: by, Note: true, Time: r.Time(),
	}
	switch r.Chat.Type {
	case tele.ChatPrivate:
		in.Kind = providers.Direct
	case tele.ChatGroup, tele.ChatSuperGroup:
		in.Kind, in.Title = providers.Group, r.Chat.Title
	default:
		return providers.Incoming{}, false
	}
	if !p.wantsReaction(in, strconv.Itoa(r.MessageID)) {
		return providers.Incoming{}, false
	}
	var did []string
	if added := emojis(r.NewReaction, r.OldReaction); added != "" {
		did = append(did, "reacted with "+added+" to")
	}
	if removed := emojis(r.OldReaction, r.NewReaction); removed != "" {
		did = append(did, "took back "+removed+" from")
	}
	if did == nil {
		return providers.Incoming{}, false
	}
	in.Text = fmt.Sprintf("Telegram: %s %s message %d", called(by), strings.Join(did, " and "), r.MessageID)
	return in, true
}

// wantsReaction is the configuration's word on a reaction. The platform does not say whose message it is: what this process
// has sent is ours, and in a direct chat it is taken to be.
func (p *Provider) wantsReaction(in providers.Incoming, message string) bool {
	switch p.cfg.ReactionNotifications {
	case providers.ReactionsOwn:
		return in.Kind == providers.Direct || p.sent.has(in.Chat, message)
	case providers.ReactionsAllowlist:
		return slices.ContainsFunc(p.cfg.ReactionAllowlist, func(id providers.ID) bool {
			return id == "*" || prefixed.ReplaceAllString(string(id), "") == in.Sender.ID
		})
	}
	return true
}

// emojis are the reactions of list that are not in without.
func emojis(list, without []tele.Reaction) string {
	var out []string
	for _, r := range list {
		if slices.Contains(without, r) {
			continue
		}
		if r.Emoji == "" {
			r.Emoji = "a " + strings.ReplaceAll(r.Type, "_", " ") // a picture of somebody's own, a paid star
		}
		out = append(out, r.Emoji)
	}
	return strings.Join(out, " ")
}

// called is a person's name for a line of text.
func called(s providers.Sender) string {
	name := strings.Join(strings.Fields(s.Name), " ")
	switch {
	case s.Username != "" && name != "":
		return name + " (@" + s.Username + ")"
	case name != "":
		return name + " (" + s.ID + ")"
	}
	return s.ID
}

// keepSent is how many messages of ours are remembered, to tell whose message a reaction is for.
const keepSent = 2000

// recent remembers which messages were sent. Safe for concurrent use.
type recent struct {
	mu    sync.Mutex // guards the following fields
	known map[string]bool
	order []string // oldest first
}

func (r *recent) add(chat, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := chat + "/" + message
	if r.known == nil {
		r.known = map[string]bool{}
	}
	if r.known[key] {
		return
	}
	if len(r.order) >= keepSent {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.known[key] = true
	r.order = append(r.order, key)
}

func (r *recent) has(chat, message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[chat+"/"+message]
}
