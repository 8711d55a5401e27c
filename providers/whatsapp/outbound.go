package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers"
)

// messageID is the id of a message that is to be sent: the same for every attempt, so that those who have it already
// recognise the repeat. It looks like those of WhatsApp's own web client.
func messageID(account, key string) types.MessageID {
	sum := sha256.Sum256([]byte(account + "\x00" + key))
	return whatsmeow.WebMessageIDPrefix + strings.ToUpper(hex.EncodeToString(sum[:9]))
}

// Send implements providers.Provider. Without a connection it fails at once: there is no other way out.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	to, err := target(m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: err}
	}
	s := p.live.Load()
	if s == nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Transient, Err: errDown}
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.send+p.opt.transfer)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Transient, Err: err}
	}
	s.answered(m.Route.Chat)
	id := messageID(p.env.Account, m.Key)
	if err := s.send(ctx, to, id, m); err != nil {
		return providers.Receipt{}, sendError(err)
	}
	return providers.Receipt{MessageID: id, ChatID: to.String()}, nil
}

var errDown = errors.New("WhatsApp is not connected")

// send sends one message. A voice note has no caption: its text goes ahead as a message of its own.
func (s *session) send(ctx context.Context, to types.JID, id types.MessageID, m providers.Outgoing) error {
	quote := s.quote(to, m)
	if m.Media == nil {
		return s.put(ctx, to, id, textMessage(m.Text, quote, to))
	}
	f, err := readFile(m.Media)
	if err != nil {
		return refused{err}
	}
	if f.kind == whatsmeow.MediaAudio && m.Text != "" {
		if err := s.put(ctx, to, messageID(s.p.env.Account, m.Key+"\x00text"), textMessage(m.Text, quote, to)); err != nil {
			return err
		}
		quote, m.Text = nil, ""
	}
	msg, err := s.upload(ctx, f, m.Text, quote)
	if err != nil {
		return err
	}
	return s.put(ctx, to, id, msg)
}

// put sends a message that is made. From here on it may have arrived, whatever the error.
func (s *session) put(ctx context.Context, to types.JID, id types.MessageID, m *waE2E.Message) error {
	s.p.sent.put(id, m)
	_, err := s.cli.SendMessage(ctx, to, m, whatsmeow.SendRequestExtra{ID: id, Timeout: s.p.opt.send})
	return err
}

var mention = regexp.MustCompile(`@\+?([0-9]{7,15})\b`)

// textMessage is a message of words. In a group "@" and a phone number tell its owner.
func textMessage(text string, quote *waE2E.ContextInfo, to types.JID) *waE2E.Message {
	if to.Server == types.GroupServer {
		for _, found := range mention.FindAllStringSubmatch(text, -1) {
			if quote == nil {
				quote = &waE2E.ContextInfo{}
			}
			quote.MentionedJID = append(quote.MentionedJID, types.NewJID(found[1], types.DefaultUserServer).String())
		}
		text = mention.ReplaceAllString(text, "@$1") // as the apps look for it
	}
	if quote == nil {
		return &waE2E.Message{Conversation: proto.String(text)}
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String(text), ContextInfo: quote}}
}

// quote is what makes a message an answer to another, nil when it is to be none.
func (s *session) quote(to types.JID, m providers.Outgoing) *waE2E.ContextInfo {
	mode := s.p.cfg.ReplyToMode
	if m.Route.ReplyTo == "" || mode == providers.ReplyOff || mode == providers.ReplyFirst && m.Part > 0 {
		return nil
	}
	q, ok := s.p.heard.get(m.Route.Chat, m.Route.ReplyTo)
	if !ok {
		if to.Server == types.GroupServer {
			return nil // whose message it was is not known any more
		}
		q = heardMessage{id: m.Route.ReplyTo, author: to}
	}
	return &waE2E.ContextInfo{
		StanzaID: proto.String(q.id), Participant: proto.String(q.author.ToNonAD().String()),
		QuotedMessage: &waE2E.Message{Conversation: proto.String(q.text)},
	}
}

// refused is a mistake in what is to be sent: nothing was sent, and nothing will be.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// notSent is a failure before the message was handed to the connection.
type notSent struct{ error }

func (n notSent) Unwrap() error { return n.error }

var serverCode = regexp.MustCompile(`server returned error ([0-9]+)`)

// sendError classifies a failed send for the outbox. What is not known to be refused or unsent may have arrived.
func sendError(err error) *providers.SendError {
	e := &providers.SendError{Class: providers.Ambiguous, Err: err}
	is := func(all ...error) bool {
		for _, target := range all {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	var mistake refused
	var early notSent
	switch {
	case errors.As(err, &mistake), is(whatsmeow.ErrUnknownServer, whatsmeow.ErrRecipientADJID, whatsmeow.ErrGroupNotFound,
		whatsmeow.ErrNotInGroup, whatsmeow.ErrBroadcastListUnsupported):
		e.Class = providers.Permanent
	case is(whatsmeow.ErrNotLoggedIn):
		e.Class = providers.Unauthorized
	case errors.As(err, &early), is(whatsmeow.ErrNotConnected, whatsmeow.ErrIQTimedOut, whatsmeow.ErrClientIsNil, providers.ErrFenced):
		e.Class = providers.Transient
	case is(whatsmeow.ErrServerReturnedError):
		e.Class = answered(err.Error())
	case is(whatsmeow.ErrIQRateOverLimit, whatsmeow.ErrIQInternalServerError, whatsmeow.ErrIQServiceUnavailable, whatsmeow.ErrIQPartialServerError):
		e.Class = providers.Transient
	case is(whatsmeow.ErrIQBadRequest, whatsmeow.ErrIQNotAuthorized, whatsmeow.ErrIQForbidden, whatsmeow.ErrIQNotFound,
		whatsmeow.ErrIQNotAcceptable, whatsmeow.ErrIQNotAllowed, whatsmeow.ErrIQGone):
		e.Class = providers.Permanent
	default:
		e.Err = fmt.Errorf("it may or may not have arrived: %w", err)
	}
	return e
}

// answered is what the server's own refusal of a message means.
func answered(text string) providers.Class {
	found := serverCode.FindStringSubmatch(text)
	if found == nil {
		return providers.Permanent
	}
	switch code := found[1]; {
	case code == "429", code == "479", len(code) == 3 && code[0] == '5':
		return providers.Transient
	case code == "401":
		return providers.Unauthorized
	}
	return providers.Permanent
}

// Typing implements providers.Typer.
func (p *Provider) Typing(ctx context.Context, chat string) error {
	to, err := target(chat)
	if err != nil {
		return err
	}
	s := p.live.Load()
	if s == nil {
		return errDown
	}
	s.answered(chat)
	return s.cli.SendChatPresence(ctx, to, types.ChatPresenceComposing, types.ChatPresenceMediaText)
}

// sentMessages remembers the last messages that went out: so that they are known when they are told back, and can be
// encrypted anew for a device that could not read them.
type sentMessages struct {
	mu    sync.Mutex
	byID  map[types.MessageID]*waE2E.Message
	order []types.MessageID
}

const keepSent = 256

func newSentMessages() *sentMessages {
	return &sentMessages{byID: map[types.MessageID]*waE2E.Message{}}
}

func (s *sentMessages) put(id types.MessageID, m *waE2E.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.byID[id]; !again {
		s.order = append(s.order, id)
		if len(s.order) > keepSent {
			delete(s.byID, s.order[0])
			s.order = s.order[1:]
		}
	}
	s.byID[id] = m
}

func (s *sentMessages) ours(id types.MessageID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.byID[id]
	return ok
}

func (s *sentMessages) forRetry(_, _ types.JID, id types.MessageID) *waE2E.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id]
}
