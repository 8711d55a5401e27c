package signal

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/clawdbot/gateway/providers"
)

const groupPrefix = "group:"

// The parts of the daemon's events that mean something to us (providers a.5).
type (
	received struct {
		Account  string    `json:"account"`
		Envelope *envelope `json:"envelope"`
		// Exception: the message could not be decrypted.
		Exception *struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"exception"`
	}
	envelope struct {
		SourceNumber string       `json:"sourceNumber"`
		SourceUUID   string       `json:"sourceUuid"`
		SourceName   string       `json:"sourceName"`
		Timestamp    int64        `json:"timestamp"` // ms, by the sender's clock
		ServerTime   int64        `json:"serverReceivedTimestamp"`
		Data         *dataMessage `json:"dataMessage"`
		Edit         *struct {
			Target int64        `json:"targetSentTimestamp"`
			Data   *dataMessage `json:"dataMessage"`
		} `json:"editMessage"`
		Sync json.RawMessage `json:"syncMessage"`
	}
	dataMessage struct {
		Timestamp   int64        `json:"timestamp"`
		Message     string       `json:"message"`
		Group       *group       `json:"groupInfo"`
		Attachments []attachment `json:"attachments"`
		Mentions    []mention    `json:"mentions"`
		Quote       *quote       `json:"quote"`
		Reaction    *reaction    `json:"reaction"`
		Sticker     *struct{}    `json:"sticker"`
	}
	group struct {
		ID   string `json:"groupId"`
		Name string `json:"groupName"`
		Type string `json:"type"`
	}
	attachment struct {
		ID          string `json:"id"`
		ContentType string `json:"contentType"`
		Filename    string `json:"filename"`
		Size        int64  `json:"size"`
	}
	mention struct {
		Name   string `json:"name"`
		Number string `json:"number"`
		UUID   string `json:"uuid"`
		Start  int    `json:"start"` // in UTF-16 units
		Length int    `json:"length"`
	}
	quote struct {
		ID           int64        `json:"id"`
		Author       string       `json:"author"`
		AuthorNumber string       `json:"authorNumber"`
		AuthorUUID   string       `json:"authorUuid"`
		Text         string       `json:"text"`
		Attachments  []attachment `json:"attachments"`
	}
	reaction struct {
		Emoji        string `json:"emoji"`
		Target       string `json:"targetAuthor"`
		TargetNumber string `json:"targetAuthorNumber"`
		TargetTime   int64  `json:"targetSentTimestamp"`
		IsRemove     bool   `json:"isRemove"`
	}
)

// decode reads an event's data, whether it is the bare parameters of a notification or all of it.
func decode(data string) (received, error) {
	var frame struct {
		received
		Params *struct {
			received
			Result *received `json:"result"`
		} `json:"params"`
		Result *received `json:"result"`
	}
	if err := json.Unmarshal([]byte(data), &frame); err != nil {
		return received{}, err
	}
	switch {
	case frame.Envelope != nil:
		return frame.received, nil
	case frame.Params != nil && frame.Params.Envelope != nil:
		return frame.Params.received, nil
	case frame.Params != nil && frame.Params.Result != nil:
		return *frame.Params.Result, nil
	case frame.Result != nil:
		return *frame.Result, nil
	}
	return frame.received, nil
}

// first is the first of the ids that names somebody.
func first(ids ...string) string {
	for _, id := range ids {
		if n := normal(id); n != "" {
			return n
		}
	}
	return ""
}

// messageID is the identity of a message in its chat: Signal's is the sender with the time of sending. In a direct chat the
// sender is the chat.
func messageID(at int64, sender string, shared bool) string {
	id := strconv.FormatInt(at, 10)
	if shared {
		id += "@" + sender
	}
	return id
}

// convert makes the gateway's message of an envelope. It is false for what is no message of a person to us: receipts,
// typing, what we wrote ourselves on another device, changes of a group.
func (p *Provider) convert(e *envelope) (in providers.Incoming, files []attachment, ok bool) {
	d := e.Data
	if d == nil && e.Edit != nil {
		d = e.Edit.Data
	}
	sender := first(e.SourceNumber, e.SourceUUID)
	if d == nil || sender == "" || len(e.Sync) > 0 && string(e.Sync) != "null" || p.own(e.SourceNumber) || p.own(e.SourceUUID) {
		return in, nil, false
	}
	at := d.Timestamp
	if at == 0 {
		at = e.Timestamp
	}
	in = providers.Incoming{
		Chat: sender, Kind: providers.Direct, Time: time.UnixMilli(at),
		Sender: providers.Sender{ID: sender, Name: strings.TrimSpace(e.SourceName)},
	}
	if d.Group != nil && d.Group.ID != "" {
		in.Chat, in.Kind, in.Title = groupPrefix+d.Group.ID, providers.Group, d.Group.Name
	}
	shared := in.Kind == providers.Group
	in.ID = messageID(at, sender, shared)
	if d.Reaction != nil {
		in.ID += ":reaction" // it has the time of its own, but so would a message
		in.Note, in.Text = true, p.reactionNote(d.Reaction, in.Sender)
		return in, nil, in.Text != ""
	}
	p.mentions(d, &in)
	if q := d.Quote; q != nil {
		author := first(q.AuthorNumber, q.Author, q.AuthorUUID)
		in.ReplyTo = &providers.Quoted{ID: messageID(q.ID, author, shared), Sender: author, Text: q.Text}
		if q.Text == "" && len(q.Attachments) > 0 {
			in.ReplyTo.Text = placeholder(q.Attachments[0].ContentType)
		}
		in.Mentioned = in.Mentioned || p.own(author)
	}
	if in.Text = strings.TrimSpace(in.Text); in.Text == "" {
		switch {
		case len(d.Attachments) > 0:
			in.Text = placeholder(d.Attachments[0].ContentType)
		case d.Sticker != nil:
			in.Text = "<media:sticker>"
		case in.ReplyTo != nil:
			in.Text = in.ReplyTo.Text
		}
	}
	return in, d.Attachments, in.Text != ""
}

// mentions puts names where Signal leaves gaps in the text, and notes whether we are among them.
func (p *Provider) mentions(d *dataMessage, in *providers.Incoming) {
	in.Text = d.Message
	if len(d.Mentions) == 0 {
		return
	}
	in.HasMentions = true
	units := utf16.Encode([]rune(d.Message))
	var out []uint16
	end := 0
	for _, m := range d.Mentions { // in the order of the text
		in.Mentioned = in.Mentioned || p.own(m.Number) || p.own(m.UUID)
		if m.Start < end || m.Length < 0 || m.Start+m.Length > len(units) {
			continue
		}
		name := strings.TrimSpace(m.Name)
		if name == "" {
			name = first(m.Number, m.UUID)
		}
		out = append(out, units[end:m.Start]...)
		out = append(out, utf16.Encode([]rune("@"+name))...)
		end = m.Start + m.Length
	}
	in.Text = string(utf16.Decode(append(out, units[end:]...)))
}

// reactionNote is a line about a reaction, "" for one that says nothing.
func (p *Provider) reactionNote(r *reaction, by providers.Sender) string {
	emoji := providers.OneLine(r.Emoji)
	if emoji == "" {
		return ""
	}
	who := providers.OneLine(by.Name)
	if who == "" {
		who = by.ID
	}
	target := first(r.TargetNumber, r.Target)
	whose := "the message of " + target
	switch {
	case p.own(target):
		whose = "your message"
	case target == by.ID:
		whose = "their own message"
	}
	did := "reacted with " + emoji + " to "
	if r.IsRemove {
		did = "took back the reaction " + emoji + " to "
	}
	return who + " " + did + whose + " of " + time.UnixMilli(r.TargetTime).UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// placeholder stands for an attachment in a text.
func placeholder(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	switch kind {
	case "image", "audio", "video":
		return "<media:" + kind + ">"
	case "application":
		return "<media:document>"
	}
	return "<media:attachment>"
}
