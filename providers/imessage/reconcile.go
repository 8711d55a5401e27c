package imessage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	tryKey    = "try:" // and the chat: what was last begun there
	twinAge   = 2 * time.Minute
	clockSkew = time.Minute // between this machine and the one with the database
	lookChats = 500
	lookRows  = 200
)

// attempt is what is kept of a send, so that it can be looked for in the database when its answer was lost: Messages takes no
// id of ours, so that only the words, the place and the time tell.
type attempt struct {
	Key string `json:"key"`
	At  int64  `json:"at"`  // when it was begun, ms
	Row int64  `json:"row"` // the highest ROWID that was known then; 0 = none
	// Equal messages that went to the chat shortly before: their GUIDs, and whether there was one without.
	Not  []string `json:"not,omitempty"`
	Twin bool     `json:"twin,omitempty"`

	over  time.Time // when its answer was given up
	ended bool      // the child ended by itself meanwhile, so that nothing goes on sending
}

// sentBefore is a message that Messages has taken.
type sentBefore struct {
	chat, what, guid string
	at               time.Time
}

// ledger remembers attempts and what was sent lately. Safe for concurrent use.
type ledger struct {
	mu    sync.Mutex // guards the following fields
	tries map[string]attempt
	sent  []sentBefore // oldest first, no older than twinAge
}

// content is what makes two messages equal.
func content(m providers.Outgoing) string {
	if m.Media != nil {
		return m.Text + "\x00" + filepath.Base(m.Media.Path)
	}
	return m.Text
}

// begin notes an attempt.
func (l *ledger) begin(m providers.Outgoing, row int64, now time.Time) attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = slices.DeleteFunc(l.sent, func(s sentBefore) bool { return now.Sub(s.at) > twinAge })
	a := attempt{Key: m.Key, At: now.UnixMilli(), Row: row}
	for _, s := range l.sent {
		switch {
		case s.chat != m.Route.Chat || s.what != content(m):
		case s.guid == "":
			a.Twin = true
		default:
			a.Not = append(a.Not, s.guid)
		}
	}
	l.put(m.Route.Chat, a)
	return a
}

// put needs l.mu.
func (l *ledger) put(chat string, a attempt) {
	if l.tries == nil {
		l.tries = map[string]attempt{}
	}
	l.tries[chat] = a
}

// done notes that Messages has taken it, under which GUID; "" = it did not tell.
func (l *ledger) done(m providers.Outgoing, guid string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, sentBefore{m.Route.Chat, content(m), guid, now})
	delete(l.tries, m.Route.Chat)
}

// lost notes that no answer came.
func (l *ledger) lost(m providers.Outgoing, ended bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a, ok := l.tries[m.Route.Chat]; ok && a.Key == m.Key {
		a.over, a.ended = now, ended
		l.put(m.Route.Chat, a)
	}
}

func (l *ledger) get(m providers.Outgoing) (attempt, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, ok := l.tries[m.Route.Chat]
	return a, ok && a.Key == m.Key
}

// begin notes an attempt here and on disk. Without a disk it can be looked for by this process only.
func (p *Provider) begin(ctx context.Context, m providers.Outgoing) {
	a := p.ledger.begin(m, p.row.Load(), p.env.Now())
	raw, err := json.Marshal(a)
	if err == nil && p.env.Cursor != nil {
		err = p.env.Cursor.Set(ctx, tryKey+m.Route.Chat, string(raw))
	}
	if err != nil {
		p.env.Log.Warn("imessage: a send is begun without being noted", "account", p.env.Account, "err", err)
	}
}

// attempt finds what is known of a send, also one of an earlier process.
func (p *Provider) attempt(ctx context.Context, m providers.Outgoing) (attempt, error) {
	if a, ok := p.ledger.get(m); ok {
		return a, nil
	}
	var a attempt
	if p.env.Cursor == nil {
		return a, errors.New("nothing is known of this send")
	}
	raw, err := p.env.Cursor.Get(ctx, tryKey+m.Route.Chat)
	if err != nil {
		return a, err
	}
	if json.Unmarshal([]byte(raw), &a) != nil || a.Key != m.Key {
		return a, errors.New("nothing is known of this send")
	}
	return a, nil
}

// Reconcile implements providers.Reconciler: the chat's rows since the attempt are read for one of ours with the same words.
// That there is none is certain only if the child ended while it was sending: otherwise Messages may still be busy with it.
func (p *Provider) Reconcile(ctx context.Context, m providers.Outgoing) (providers.Receipt, bool, error) {
	none := providers.Receipt{}
	a, err := p.attempt(ctx, m)
	if err != nil {
		return none, false, err
	}
	if a.Twin {
		return none, false, errors.New("the same words went to this chat just before: which of the two arrived cannot be told")
	}
	over := a.over
	if over.IsZero() {
		over = time.UnixMilli(a.At)
	}
	for {
		guid, err := p.find(ctx, m, a)
		if err != nil || guid != "" {
			if guid != "" {
				p.ledger.done(m, guid, p.env.Now())
			}
			return providers.Receipt{MessageID: guid, ChatID: m.Route.Chat}, err == nil, err
		}
		if wait := p.opt.settle - p.env.Now().Sub(over); wait <= 0 {
			break
		} else if !providers.Sleep(ctx, wait) {
			return none, false, ctx.Err()
		}
	}
	if !a.ended {
		return none, false, errors.New("it is not among the chat's messages, and Messages may still be busy with it")
	}
	return none, false, nil
}

// find looks for the message of an attempt and returns its GUID, "" when it is not there.
func (p *Provider) find(ctx context.Context, m providers.Outgoing, a attempt) (guid string, err error) {
	err = p.with(ctx, func(c *client) error {
		chats, err := p.chatIDs(ctx, c, m.Route.Chat)
		if err != nil {
			return err
		}
		for _, id := range chats {
			if guid, err = p.findIn(ctx, c, id, m, a); err != nil || guid != "" {
				return err
			}
		}
		return nil
	})
	return guid, err
}

// chatIDs are the chats that an address means: a person has one for each service.
func (p *Provider) chatIDs(ctx context.Context, c *client, chat string) (ids []int64, err error) {
	param, value, _ := address(chat)
	if param == "chat_id" {
		id, err := strconv.ParseInt(value, 10, 64)
		return []int64{id}, err
	}
	var list struct {
		Chats []struct {
			ID         int64    `json:"id"`
			Identifier string   `json:"identifier"`
			GUID       string   `json:"guid"`
			IsGroup    bool     `json:"is_group"`
			People     []string `json:"participants"`
		} `json:"chats"`
	}
	if err := c.call(ctx, p.opt.call, "chats.list", map[string]any{"limit": lookChats}, &list); err != nil {
		return nil, err
	}
	for _, chat := range list.Chats {
		switch {
		case param == "chat_guid" && chat.GUID == value,
			param == "chat_identifier" && chat.Identifier == value,
			param == "to" && !chat.IsGroup && len(chat.People) <= 1 && handle(chat.Identifier) == value:
			ids = append(ids, chat.ID)
		}
	}
	if ids == nil && len(list.Chats) >= lookChats {
		return nil, fmt.Errorf("the chat is not among the last %d", lookChats)
	}
	return ids, nil
}

// findIn looks in one chat.
func (p *Provider) findIn(ctx context.Context, c *client, chat int64, m providers.Outgoing, a attempt) (string, error) {
	var page struct {
		Messages []message `json:"messages"`
	}
	params := map[string]any{"chat_id": chat, "limit": lookRows, "attachments": m.Media != nil}
	if err := c.call(ctx, p.opt.call, "messages.history", params, &page); err != nil {
		return "", err
	}
	since := time.UnixMilli(a.At).Add(-clockSkew)
	var words, file string // GUIDs
	seen := false          // the page reaches back to before the attempt
	for i := range page.Messages {
		row := &page.Messages[i]
		at, err := time.Parse(time.RFC3339, row.CreatedAt)
		if row.ID <= a.Row || err == nil && at.Before(since) {
			seen = true
			continue
		}
		if !row.FromMe || slices.Contains(a.Not, row.GUID) {
			continue
		}
		if shown(row.Text) == shown(m.Text) && len(row.Files) == 0 {
			words = row.id()
		}
		if m.Media != nil && slices.ContainsFunc(row.Files, func(f attachment) bool { return f.called() == filepath.Base(m.Media.Path) }) {
			file = row.id()
		}
	}
	switch {
	case m.Media != nil && file != "":
		return file, nil // the words go out before the file
	case m.Media != nil && words != "" && shown(m.Text) != "":
		return "", errors.New("the words have arrived, and the file has not")
	case m.Media == nil && words != "":
		return words, nil
	case !seen && len(page.Messages) >= lookRows:
		return "", fmt.Errorf("more than %d messages have been written in the chat since: what became of this one cannot be found out", lookRows)
	}
	return "", nil
}

// shown is a text as it is compared: Messages marks the place of an attachment.
func shown(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\uFFFC", "")) }

func (m *message) id() string {
	if m.GUID != "" {
		return m.GUID
	}
	return strconv.FormatInt(m.ID, 10)
}

func (f attachment) called() string {
	if f.Name != "" {
		return f.Name
	}
	return filepath.Base(f.Path)
}
