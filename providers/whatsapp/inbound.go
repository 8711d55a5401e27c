package whatsapp

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/clawdbot/gateway/providers"
)

// onMessage hands one message over. When it cannot be stored, the connection is given up: everything from this message on
// comes again on the next one, in its order.
func (s *session) onMessage(evt *events.Message) (taken bool) {
	select {
	case <-s.over:
		return false
	default:
	}
	now := s.p.env.Now()
	s.message.Store(now.UnixMilli())
	if evt.Info.IsFromMe && s.p.sent.ours(evt.Info.ID) {
		return true // our own words, told back
	}
	c, ok := convert(evt, s.self, func(id types.JID) types.JID { return s.cli.Phone(s.ctx, id) })
	if !ok {
		s.p.env.Log.Debug("whatsapp message skipped", "message", evt.Info.ID)
		return true
	}
	c.in.Late = evt.Info.Timestamp.Before(s.began.Add(-time.Second)) || evt.SourceWebMsg != nil
	if c.in.Kind == providers.Group {
		c.in.Title, c.in.Members = s.groups.describe(s, evt.Info.Chat)
		s.groups.seen(evt.Info.Chat, c.in.Sender)
	}
	if c.file != nil && !c.in.Note {
		s.fetch(&c)
	}
	// Before the hand-over: an answer may quote it, or react to it, before Receive is back.
	s.p.heard.put(c.in.Chat, heardMessage{id: c.in.ID, chat: evt.Info.Chat, author: c.author, text: c.in.Text})
	if err := s.p.env.Receive(s.ctx, c.in); err != nil {
		s.end(fmt.Errorf("the message could not be stored: %w", err))
		return false
	}
	s.p.tell(providers.Status{LastSeen: now}, nil)
	s.read(c, evt.Info.IsFromMe)
	return true
}

// fetch gets the message's file. Without it the message has its placeholder.
func (s *session) fetch(c *converted) {
	problem := func(why any) {
		s.p.env.Log.Warn("whatsapp: a file was not fetched", "message", c.in.ID, "err", why)
		if c.in.Text != placeholder(c.file.kind) {
			c.in.Text = placeholder(c.file.kind) + "\n" + c.in.Text
		}
	}
	if c.file.size > mediaCap {
		problem(providers.ErrTooLarge)
		return
	}
	if s.p.env.Files == nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.p.opt.transfer)
	defer cancel()
	data, err := s.cli.Download(ctx, c.file.source)
	if err != nil {
		problem(err)
		return
	}
	m, err := s.p.env.Files.Save(ctx, bytes.NewReader(data), c.file.name, c.file.mime, mediaCap)
	if err != nil {
		problem(err)
		return
	}
	c.in.Media = []providers.Media{m}
}

// read marks a message as read (providers a.1): never on a shared phone, never what came late. In a direct chat only of
// those whom the configuration lets in; of others it waits until they are answered.
func (s *session) read(c converted, own bool) {
	if own || s.self.shared || c.in.Late || c.in.Note {
		return
	}
	if c.in.Kind == providers.Direct && !lists(s.p.from, c.in.Sender.ID) {
		s.p.heard.unread(c.in.Chat, c.in.ID)
		return
	}
	s.background(func(ctx context.Context) { s.markRead(ctx, c.in.Chat, []string{c.in.ID}) })
}

// markRead tells the platform that messages of a chat were read.
func (s *session) markRead(ctx context.Context, chat string, ids []string) {
	for _, id := range ids {
		m, ok := s.p.heard.get(chat, id)
		if !ok {
			continue
		}
		if err := s.cli.MarkRead(ctx, []types.MessageID{id}, s.p.env.Now(), m.chat, m.author); err != nil && s.ctx.Err() == nil {
			s.p.env.Log.Debug("whatsapp: read mark not sent", "message", id, "err", err)
		}
	}
}

// answered marks as read what waits in a chat that is being answered.
func (s *session) answered(chat string) {
	if ids := s.p.heard.takeUnread(chat); len(ids) > 0 {
		s.background(func(ctx context.Context) { s.markRead(ctx, chat, ids) })
	}
}

// heardMessage is what a read mark, a quote or a reaction needs of a message.
type heardMessage struct {
	id, text     string
	chat, author types.JID
}

// heardMessages remembers the last messages of each of the last chats.
type heardMessages struct {
	mu    sync.Mutex
	chats map[string]*heardChat
	order []string // chats as they were first heard of
}

type heardChat struct {
	messages []heardMessage
	unread   []string
}

const (
	heardPerChat = 50
	heardChats   = 200
)

func newHeardMessages() *heardMessages { return &heardMessages{chats: map[string]*heardChat{}} }

// chat is called with mu held.
func (h *heardMessages) chat(name string) *heardChat {
	c := h.chats[name]
	if c == nil {
		c = &heardChat{}
		h.chats[name] = c
		h.order = append(h.order, name)
		if len(h.order) > heardChats {
			delete(h.chats, h.order[0])
			h.order = h.order[1:]
		}
	}
	return c
}

func (h *heardMessages) put(chat string, m heardMessage) {
	const quoteLimit = 500
	if r := []rune(m.text); len(r) > quoteLimit {
		m.text = string(r[:quoteLimit]) + "…"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.chat(chat)
	c.messages = append(c.messages, m)
	if over := len(c.messages) - heardPerChat; over > 0 {
		c.messages = append([]heardMessage(nil), c.messages[over:]...)
	}
}

func (h *heardMessages) get(chat, id string) (heardMessage, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.chats[chat]; c != nil {
		for _, m := range c.messages {
			if m.id == id {
				return m, true
			}
		}
	}
	return heardMessage{}, false
}

func (h *heardMessages) unread(chat, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.chat(chat)
	c.unread = append(c.unread, id)
	if over := len(c.unread) - heardPerChat; over > 0 {
		c.unread = append([]string(nil), c.unread[over:]...)
	}
}

func (h *heardMessages) takeUnread(chat string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.chats[chat]
	if c == nil {
		return nil
	}
	ids := c.unread
	c.unread = nil
	return ids
}
