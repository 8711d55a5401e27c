package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/text"
)

// cannotParse matches the platform's complaints about our markup.
var cannotParse = regexp.MustCompile(`(?i)can't parse entities|parse entities|find end of the entity`)

// delivered is the part of a sent message that the receipt needs.
type delivered struct {
	ID   int64 `json:"message_id"`
	Chat struct {
		ID int64 `json:"id"`
	} `json:"chat"`
}

// Send implements providers.Provider.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	defer p.settle()
	chat, err := target(m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: err}
	}
	if moved, ok := p.moved.Load(chat); ok {
		chat = moved.(string)
	}
	d, err := p.deliver(ctx, chat, m)
	if e, ok := errors.AsType[*apiError](err); ok && e.answered && e.migrated != 0 { // refused, so that once more is no repeat
		to := strconv.FormatInt(e.migrated, 10)
		p.moved.Store(chat, to)
		chat = to
		d, err = p.deliver(ctx, chat, m)
	}
	if err != nil {
		return providers.Receipt{}, sendError(err, chat)
	}
	r := d.receipt()
	p.sent.add(r.ChatID, r.MessageID)
	return r, nil
}

func (d delivered) receipt() providers.Receipt {
	return providers.Receipt{MessageID: strconv.FormatInt(d.ID, 10), ChatID: strconv.FormatInt(d.Chat.ID, 10)}
}

func (p *Provider) deliver(ctx context.Context, chat string, m providers.Outgoing) (d delivered, err error) {
	params := p.params(chat, m)
	if m.Media != nil {
		return d, p.sendFile(ctx, params, m, &d)
	}
	return d, p.sendText(ctx, params, m.Text, &d)
}

// settle lets no kept connection live on after a send outside of Run.
func (p *Provider) settle() {
	if !p.running.Load() {
		p.closeIdle()
	}
}

// params are what every kind of message has in common. A route id that is not one of the platform's is left out.
func (p *Provider) params(chat string, m providers.Outgoing) map[string]string {
	params, r := map[string]string{"chat_id": chat}, m.Route
	quotes := p.cfg.ReplyToMode == providers.ReplyAll || p.cfg.ReplyToMode == providers.ReplyFirst && m.Part == 0
	if id, err := strconv.Atoi(r.ReplyTo); err == nil && id > 0 && quotes {
		params["reply_to_message_id"] = r.ReplyTo
		params["allow_sending_without_reply"] = "true" // an answer outlives the deleted question
	}
	// The "General" topic has id 1 and must not be named.
	if id, err := strconv.Atoi(r.Thread); err == nil && id > 1 {
		params["message_thread_id"] = r.Thread
	}
	return params
}

// sendText sends with markup, and once more without it if the platform cannot read the markup.
func (p *Provider) sendText(ctx context.Context, params map[string]string, said string, d *delivered) error {
	params["text"] = said
	params["disable_web_page_preview"] = "true" // a preview fetches whatever address the text contains
	params["parse_mode"] = "HTML"
	err := p.send.call(ctx, p.opt.call, "sendMessage", params, d)
	if unreadable(err) {
		delete(params, "parse_mode")
		params["text"] = text.Shown(said, providers.HTML)
		return p.send.call(ctx, p.opt.call, "sendMessage", params, d)
	}
	return err
}

// unreadable: the platform has refused our markup, and with it the message.
func unreadable(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.answered && e.code == http.StatusBadRequest && cannotParse.MatchString(e.text)
}

// sendFile sends the attachment with the text as its caption.
func (p *Provider) sendFile(ctx context.Context, params map[string]string, m providers.Outgoing, d *delivered) error {
	f, err := os.Open(m.Media.Path)
	if err != nil {
		return fmt.Errorf("open attachment: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open attachment: %w", err)
	}
	mime := m.Media.MIME
	if mime == "" {
		head := make([]byte, 512)
		n, err := f.ReadAt(head, 0)
		if err != nil && err != io.EOF {
			return fmt.Errorf("read attachment: %w", err)
		}
		mime = http.DetectContentType(head[:n])
	}
	name := m.Media.Name
	if name == "" {
		name = filepath.Base(m.Media.Path)
	}
	if m.Text != "" {
		params["caption"], params["parse_mode"] = m.Text, "HTML"
	}
	u := uploadOf(mime)
	for { // each refusal is answered by one change, so that this ends
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read attachment: %w", err)
		}
		err := p.send.upload(ctx, p.opt.upload, u.method, params, file{field: u.field, name: name, size: info.Size(), body: f}, d)
		switch {
		case unreadable(err) && params["parse_mode"] != "":
			delete(params, "parse_mode")
			params["caption"] = text.Shown(m.Text, providers.HTML)
		case u != asDocument && refusedAs(err):
			u = asDocument
		default:
			return err
		}
	}
}

// upload is the way that a kind of file takes.
type upload struct{ method, field string }

var asDocument = upload{"sendDocument", "document"}

// uploadOf finds the way for a type. What the platform does not show for sure goes as a document.
func uploadOf(mime string) upload {
	mime, _, _ = strings.Cut(mime, ";")
	switch mime {
	case "image/png", "image/jpeg", "image/webp":
		return upload{"sendPhoto", "photo"}
	case "image/gif":
		return upload{"sendAnimation", "animation"}
	case "video/mp4":
		return upload{"sendVideo", "video"}
	case "audio/ogg":
		return upload{"sendVoice", "voice"}
	case "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/m4a":
		return upload{"sendAudio", "audio"}
	}
	return asDocument
}

// notShown matches what the platform says of a picture or a recording that it takes as a document only.
var notShown = regexp.MustCompile(`(?i)PHOTO_|IMAGE_PROCESS_FAILED|VOICE_MESSAGES_FORBIDDEN|wrong file (?:type|identifier)|file is too big for a photo|can't use file of type`)

func refusedAs(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.answered && e.code == http.StatusBadRequest && notShown.MatchString(e.text)
}

// sendError classifies a failed send for the outbox.
func sendError(err error, chat string) *providers.SendError {
	s := &providers.SendError{Class: providers.Permanent, Err: err}
	var e *apiError
	if !errors.As(err, &e) {
		return s // nothing was sent: the attachment cannot be read
	}
	switch {
	case e.code == 0:
		s.Class = providers.Transient
		if e.written {
			s.Class = providers.Ambiguous
			s.Err = fmt.Errorf("it may or may not have arrived: %w", err)
		}
	case e.badToken():
		s.Class = providers.Unauthorized
	case e.code == http.StatusTooManyRequests:
		s.Class, s.RetryAfter = providers.Transient, e.retryAfter
	case e.code >= 500:
		s.Class = providers.Transient
	case e.code < 300:
		s.Class = providers.Ambiguous // a success that cannot be read
	case !e.answered && e.code != http.StatusRequestEntityTooLarge:
		s.Class = providers.Transient // the word of something in between, not the platform's
	case e.migrated != 0:
		s.Err = fmt.Errorf("the group is a supergroup now, its new chat id is %d: %w", e.migrated, err)
	case strings.Contains(strings.ToLower(e.text), "chat not found"):
		s.Err = fmt.Errorf("no chat %s for this bot: the person has never started it, it was removed from the group, or the id is wrong: %w", chat, err)
	case e.code == http.StatusForbidden:
		s.Err = fmt.Errorf("chat %s does not let this bot write: %w", chat, err)
	}
	return s
}

var (
	prefixed = regexp.MustCompile(`(?i)^(telegram|tg|group):`)
	webLink  = regexp.MustCompile(`(?i)^(?:https?://)?t\.me/([A-Za-z0-9_]+)/?$`)
	number   = regexp.MustCompile(`^-?[0-9]+$`)
	bareName = regexp.MustCompile(`^[A-Za-z0-9_]{5,}$`)
)

// target makes the platform's chat_id of what people and stored routes call a chat: an id or @name, also with a
// prefix such as "telegram:", as a t.me link or as a bare name.
func target(chat string) (string, error) {
	s := strings.TrimSpace(prefixed.ReplaceAllString(strings.TrimSpace(chat), ""))
	switch m := webLink.FindStringSubmatch(s); {
	case m != nil:
		return "@" + m[1], nil
	case number.MatchString(s), strings.HasPrefix(s, "@") && len(s) > 1:
		return s, nil
	case bareName.MatchString(s):
		return "@" + s, nil
	}
	return "", fmt.Errorf("%q is no Telegram chat: give a chat id or @name", chat)
}

// Typing implements providers.Typer.
func (p *Provider) Typing(ctx context.Context, chat string) error {
	defer p.settle()
	id, err := target(chat)
	if err != nil {
		return err
	}
	return p.send.call(ctx, p.opt.call, "sendChatAction", map[string]string{"chat_id": id, "action": "typing"}, nil)
}
