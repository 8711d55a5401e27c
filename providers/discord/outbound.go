package discord

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// create is a message to post. The library's type has no nonce.
type create struct {
	Content   string                           `json:"content,omitempty"`
	Nonce     string                           `json:"nonce,omitempty"`
	Enforce   bool                             `json:"enforce_nonce,omitempty"`
	Reference *discordgo.MessageReference      `json:"message_reference,omitempty"`
	Mentions  discordgo.MessageAllowedMentions `json:"allowed_mentions"`
	Stickers  []string                         `json:"sticker_ids,omitempty"`
	Poll      *discordgo.Poll                  `json:"poll,omitempty"`
	Flags     discordgo.MessageFlags           `json:"flags,omitempty"`
}

// people are the mentions that an agent's text may make. What it read somewhere must not call everybody.
var people = discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{discordgo.AllowedMentionTypeUsers}, RepliedUser: true}

// nonceOf is the name under which the platform recognises a repeated message. It takes at most 25 characters.
func nonceOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:12])
}

// Send implements providers.Provider. Within some minutes the platform answers a repetition of the same Key with the
// message that is there already.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	defer p.settle()
	if a := p.answerTo(m.Route.ReplyTo); a != nil {
		receipt, err := p.sendAnswer(ctx, a, m)
		if err == nil || !expired(err) {
			return receipt, wrap(err, m.Route.Chat)
		}
		p.forgetAnswer(m.Route.ReplyTo)
	}
	channel, err := p.target(ctx, m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, beforehand(err, m.Route.Chat)
	}
	body := create{Content: m.Text, Nonce: nonceOf(m.Key), Enforce: true, Mentions: people, Reference: p.reference(m, channel)}
	file, err := attachment(m.Media)
	if err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: err}
	}
	if body.Content == "" && file == nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: errors.New("a message without text and file")}
	}
	sentMessage, err := p.post(ctx, channel, body, file)
	if err != nil {
		return providers.Receipt{}, wrap(err, m.Route.Chat)
	}
	p.noteSent(body.Nonce, sent{id: sentMessage.ID, channel: channel, text: m.Text})
	return providers.Receipt{MessageID: sentMessage.ID, ChatID: channel}, nil
}

// reference quotes the message that is answered, as far as replyToMode wants it.
func (p *Provider) reference(m providers.Outgoing, channel string) *discordgo.MessageReference {
	if p.cfg.ReplyToMode == providers.ReplyOff || !isID(m.Route.ReplyTo) || p.cfg.ReplyToMode == providers.ReplyFirst && m.Part > 0 {
		return nil
	}
	must := false // an answer outlives the deleted question
	return &discordgo.MessageReference{MessageID: m.Route.ReplyTo, ChannelID: channel, FailIfNotExists: &must}
}

// post makes one message, with a file if there is one.
func (p *Provider) post(ctx context.Context, channel string, body create, file *discordgo.File) (m discordgo.Message, err error) {
	address := discordgo.EndpointChannelMessages(channel)
	if file == nil {
		err = p.api.request(ctx, p.opt.call, "send", http.MethodPost, address, body, &m)
		return m, err
	}
	defer closeFile(file)
	kind, data, err := discordgo.MultipartBodyWithJSON(body, []*discordgo.File{file})
	if err != nil {
		return m, fmt.Errorf("read attachment: %w", err)
	}
	err = p.api.call(ctx, p.opt.upload, "send", func(s *discordgo.Session) error {
		b, err := s.RequestRaw(http.MethodPost, address, kind, data, address, 0)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &m)
	})
	return m, err
}

func attachment(m *providers.Media) (*discordgo.File, error) {
	if m == nil {
		return nil, nil
	}
	f, err := os.Open(m.Path)
	if err != nil {
		return nil, fmt.Errorf("open attachment: %w", err)
	}
	name := m.Name
	if name == "" {
		name = filepath.Base(m.Path)
	}
	return &discordgo.File{Name: name, ContentType: m.MIME, Reader: f}, nil
}

func closeFile(f *discordgo.File) {
	if c, ok := f.Reader.(*os.File); ok {
		c.Close()
	}
}

// target is the channel of what people and stored routes call a chat (providers a.4): a bare id or channel:id is a
// channel, the other forms are a person, whose direct channel is opened.
func (p *Provider) target(ctx context.Context, chat string) (string, error) {
	user, id := parseTarget(chat)
	if !isID(id) {
		return "", fmt.Errorf("%q is no Discord chat: give a channel id, channel:<id> or user:<id>", plain(chat))
	}
	if !user {
		return id, nil
	}
	p.mu.Lock()
	channel := p.dms[id]
	p.mu.Unlock()
	if channel != "" {
		return channel, nil
	}
	return p.openDM(ctx, id)
}

func parseTarget(chat string) (user bool, id string) {
	s := strings.TrimSpace(chat)
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(s, "<@") && !strings.HasPrefix(s, "<@&"), strings.HasPrefix(lower, "user:"), strings.HasPrefix(lower, "discord:"):
		return true, bareID(s)
	case strings.HasPrefix(s, "@"):
		return true, s[1:]
	}
	return false, bareID(s)
}

// openDM finds the direct channel of a person. The platform makes it when there is none.
func (p *Provider) openDM(ctx context.Context, user string) (string, error) {
	var c channelEvent
	body := map[string]string{"recipient_id": user}
	if err := p.api.request(ctx, p.opt.call, "open direct chat", http.MethodPost, discordgo.EndpointUserChannels("@me"), body, &c); err != nil {
		return "", err
	}
	if c.ID == "" {
		return "", errors.New("discord open direct chat: an answer without a channel")
	}
	p.mu.Lock()
	p.dms[user] = c.ID
	p.mu.Unlock()
	return c.ID, nil
}

// Typing implements providers.Typer. A slash command shows by itself that it is being worked on.
func (p *Provider) Typing(ctx context.Context, chat string) error {
	defer p.settle()
	user, id := parseTarget(chat)
	if user || !isID(id) {
		return nil
	}
	return p.api.request(ctx, p.opt.call, "typing", http.MethodPost, discordgo.EndpointChannelTyping(id), nil, nil)
}

// beforehand classifies a failure of something that came before the message itself: nothing is ambiguous about it.
func beforehand(err error, chat string) *providers.SendError {
	s := sendError(err, chat)
	if s.Class == providers.Ambiguous {
		s.Class = providers.Transient
	}
	return s
}

func wrap(err error, chat string) error {
	if err == nil {
		return nil
	}
	return sendError(err, chat)
}

// advice is what to do about Discord's own error numbers.
var advice = map[int]string{
	10003: "there is no such channel for this bot",
	10013: "there is no such user",
	40005: "the file is too large for this server",
	50001: "the bot may not see this channel",
	50007: "this person does not take direct messages from the bot: they must share a server with it and allow direct messages",
	50013: "the bot lacks a permission there",
	50035: "Discord does not accept a value",
}

// sendError classifies a failed call for the outbox.
func sendError(err error, chat string) *providers.SendError {
	s := &providers.SendError{Class: providers.Permanent, Err: err}
	var e *apiError
	if !errors.As(err, &e) {
		return s // nothing was sent
	}
	switch {
	case e.status == 0:
		s.Class = providers.Transient
		if e.written {
			s.Class = providers.Ambiguous
			s.Err = fmt.Errorf("it may or may not have arrived: %w", err)
		}
	case e.status == http.StatusUnauthorized:
		s.Class = providers.Unauthorized
	case e.status == http.StatusTooManyRequests:
		s.Class, s.RetryAfter = providers.Transient, e.retryAfter
	case e.status >= 500:
		s.Class = providers.Transient
	case e.status < 300:
		s.Class = providers.Ambiguous // a success that cannot be read
	case advice[e.code] != "":
		s.Err = fmt.Errorf("%s (chat %s): %w", advice[e.code], plain(chat), err)
	case e.code == 0 && e.text == http.StatusText(e.status) && e.status != http.StatusRequestEntityTooLarge:
		s.Class = providers.Transient // the word of something in between, not the platform's
	}
	return s
}

// reconcileAge is how far back a message of ours is looked for by its text.
const reconcileAge = 15 * time.Minute

// Reconcile implements providers.Reconciler: by the nonce, as the gateway has told it, or by reading the chat back.
func (p *Provider) Reconcile(ctx context.Context, m providers.Outgoing) (providers.Receipt, bool, error) {
	defer p.settle()
	nonce := nonceOf(m.Key)
	if s, ok := p.sentAs(nonce); ok {
		return providers.Receipt{MessageID: s.id, ChatID: s.channel}, true, nil
	}
	channel, err := p.target(ctx, m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, false, err
	}
	var page []*messageEvent
	if err := p.api.request(ctx, p.opt.call, "messages", http.MethodGet, discordgo.EndpointChannelMessages(channel)+"?limit=100", nil, &page); err != nil {
		return providers.Receipt{}, false, err
	}
	self := p.me().ID
	for _, got := range page {
		if got.Message == nil || got.Author == nil || self != "" && got.Author.ID != self || self == "" && !got.Author.Bot {
			continue
		}
		// The platform does not repeat every nonce when it is asked. Then the text tells, unless another message of
		// ours is known to be this one.
		same := got.nonce == nonce
		if got.nonce == "" && m.Text != "" && strings.TrimSpace(got.Content) == strings.TrimSpace(m.Text) {
			same = p.env.Now().Sub(moment(got.ID)) < reconcileAge && !p.isOther(got.ID, nonce)
		}
		if same {
			p.noteSent(nonce, sent{id: got.ID, channel: channel, text: m.Text})
			return providers.Receipt{MessageID: got.ID, ChatID: channel}, true, nil
		}
	}
	return providers.Receipt{}, false, nil
}

// sent is a message of ours that is known to be there.
type sent struct{ id, channel, text string }

// ring remembers the last messages by nonce.
type ring struct {
	order []string
	next  int
	by    map[string]sent
}

func newRing(n int) *ring { return &ring{order: make([]string, n), by: map[string]sent{}} }

func (p *Provider) noteSent(nonce string, s sent) {
	if nonce == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.nonces
	if _, ok := r.by[nonce]; !ok {
		delete(r.by, r.order[r.next])
		r.order[r.next] = nonce
		r.next = (r.next + 1) % len(r.order)
	}
	r.by[nonce] = s
}

func (p *Provider) sentAs(nonce string) (sent, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.nonces.by[nonce]
	return s, ok
}

// isOther tells whether a message is known under another nonce.
func (p *Provider) isOther(id, nonce string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, s := range p.nonces.by {
		if s.id == id && n != nonce {
			return true
		}
	}
	return false
}
