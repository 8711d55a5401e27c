package imessage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/child"
)

const (
	placeKey   = "rowid"
	placeEvery = 5 * time.Second // between two writes
	placeLimit = 500 * time.Millisecond
	lateBy     = 2 * time.Second // written this long before the subscription: late
	maxFiles   = 16
)

// listener is the state of one Run.
type listener struct {
	p       *Provider
	retry   providers.Backoff
	since   int64 // ROWID of the last message that was taken or is nothing for us; -1 = there was none yet
	dirty   bool
	written time.Time
}

func (l *listener) resume(ctx context.Context) {
	l.since = -1
	if l.p.env.Cursor == nil {
		return
	}
	v, err := l.p.env.Cursor.Get(ctx, placeKey)
	if err != nil {
		l.p.env.Log.Warn("imessage: the place in the database cannot be read", "account", l.p.env.Account, "err", err)
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		l.since = n
		l.p.row.Store(n)
	}
}

// keep writes the place down, at intervals.
func (l *listener) keep(ctx context.Context) {
	now := l.p.env.Now()
	if !l.dirty || l.p.env.Cursor == nil || now.Sub(l.written) < placeEvery {
		return
	}
	if err := l.p.env.Cursor.Set(ctx, placeKey, strconv.FormatInt(l.since, 10)); err != nil {
		l.p.env.Log.Warn("imessage: the place in the database is not stored", "account", l.p.env.Account, "err", err)
		return
	}
	l.dirty, l.written = false, now
}

func (l *listener) finish(ctx context.Context) {
	l.written = time.Time{}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), placeLimit)
	defer cancel()
	l.keep(bound)
}

// connect starts a child, subscribes from the kept place and hands up messages until the child is of no more use.
func (l *listener) connect(ctx context.Context) error {
	p := l.p
	c, err := p.open()
	if err != nil {
		return err
	}
	defer func() {
		p.mu.Lock()
		p.live = nil
		p.mu.Unlock()
		c.close()
	}()
	opened := p.env.Now()
	params := map[string]any{"attachments": p.cfg.IncludeAttachments}
	if l.since >= 0 {
		params["since_rowid"] = l.since
	}
	if err := c.call(ctx, p.opt.call, "watch.subscribe", params, nil); err != nil {
		var e *rpcError
		if errors.As(err, &e) && denied.MatchString(e.Error()) {
			return providers.Terminal(fmt.Errorf("%w: %s", err, accessHint))
		}
		return err
	}
	p.mu.Lock()
	p.live = c
	p.mu.Unlock()
	l.up()
	return l.listen(ctx, c, opened)
}

func (l *listener) up() {
	now := l.p.env.Now()
	l.retry.OK(now)
	l.p.env.State(providers.Status{Link: providers.LinkUp, Self: "Messages on this Mac", LastSeen: now})
}

// listen takes messages as they come; in between it asks the child whether it is there.
func (l *listener) listen(ctx context.Context, c *client, opened time.Time) error {
	p := l.p
	idle := time.NewTimer(p.opt.idle)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case raw := <-c.notes:
			if err := l.take(ctx, raw, opened); err != nil {
				return err
			}
		case <-c.gone:
			return c.why()
		case <-c.proc.Done():
			return c.ended()
		case <-idle.C:
			if err := l.ask(ctx, c); err != nil {
				return err
			}
		}
		l.keep(ctx)
		now := p.env.Now()
		l.retry.OK(now)
		p.env.State(providers.Status{LastSeen: now})
		idle.Reset(p.opt.idle)
	}
}

// ask proves that the child is there. A send in progress may hold the answer up, or prove it by itself.
func (l *listener) ask(ctx context.Context, c *client) error {
	bound, cancel := context.WithTimeout(ctx, l.p.opt.alive)
	defer cancel()
	err := c.call(bound, l.p.opt.alive, "chats.list", map[string]any{"limit": 1}, nil)
	var e *rpcError
	if err == nil || errors.As(err, &e) && !denied.MatchString(e.Error()) {
		return nil // an answer is an answer
	}
	if e != nil {
		return providers.Terminal(fmt.Errorf("%w: %s", err, accessHint))
	}
	return fmt.Errorf("imsg was silent: %w", err)
}

// The parts of a notification that mean something to us (providers a.6).
type (
	message struct {
		ID         int64        `json:"id"` // ROWID
		GUID       string       `json:"guid"`
		ChatID     int64        `json:"chat_id"`
		Sender     string       `json:"sender"`
		FromMe     bool         `json:"is_from_me"`
		Text       string       `json:"text"`
		CreatedAt  string       `json:"created_at"`
		Files      []attachment `json:"attachments"`
		Identifier string       `json:"chat_identifier"`
		ChatGUID   string       `json:"chat_guid"`
		ChatName   string       `json:"chat_name"`
		People     []string     `json:"participants"`
		IsGroup    bool         `json:"is_group"`
		ReplyTo    string       `json:"reply_to_guid"`
	}
	attachment struct {
		Path    string `json:"original_path"`
		Name    string `json:"transfer_name"`
		MIME    string `json:"mime_type"`
		Missing bool   `json:"missing"`
	}
)

// take hands up the message of a notification. It returns when that is stored. The error is ctx's.
func (l *listener) take(ctx context.Context, raw json.RawMessage, opened time.Time) error {
	p := l.p
	var note struct {
		Message *message `json:"message"`
	}
	if err := json.Unmarshal(raw, &note); err != nil || note.Message == nil {
		p.env.Log.Error("imessage notification unreadable, skipped", "account", p.env.Account, "err", err)
		return nil
	}
	m := note.Message
	if l.since < 0 && m.ID > 0 { // so that this one is not lost if it cannot be stored
		l.since, l.dirty, l.written = m.ID-1, true, time.Time{}
		l.keep(ctx)
	}
	if m.FromMe {
		p.env.Echo(m.GUID) // which of the two a send is answered with depends on imsg's version
		p.env.Echo(strconv.FormatInt(m.ID, 10))
	}
	if in, ok := convert(m); ok {
		in.Late = in.Time.Before(opened.Add(-lateBy))
		in.Media = p.fetch(ctx, in, m.Files)
		if err := l.store(ctx, in); err != nil {
			return err
		}
	}
	if m.ID > l.since {
		l.since, l.dirty = m.ID, true
		p.row.Store(m.ID)
	}
	return nil
}

// store hands a message up until it is taken.
func (l *listener) store(ctx context.Context, m providers.Incoming) error {
	opt := l.p.opt
	again, err := l.p.env.Insist(ctx, m, providers.Backoff{Min: opt.retryMin, Max: opt.retryMax, Healthy: opt.healthy})
	if err == nil && again {
		l.up()
	}
	return err
}

// convert makes the gateway's message of imsg's. It is false for what is no message of a person to us.
func convert(m *message) (in providers.Incoming, ok bool) {
	sender := handle(m.Sender)
	if m.FromMe || sender == "" || m.IsGroup && m.ChatID == 0 {
		return in, false
	}
	in = providers.Incoming{
		ID: m.id(), Chat: sender, Kind: providers.Direct, Sender: providers.Sender{ID: sender}, Text: strings.TrimSpace(m.Text),
		RoomID: m.ChatGUID, SpaceID: m.Identifier,
	}
	in.Time, _ = time.Parse(time.RFC3339, m.CreatedAt) // without one the message is no less a message
	if m.IsGroup {
		in.Chat, in.Kind, in.Title, in.Members = groupPrefix+strconv.FormatInt(m.ChatID, 10), providers.Group, m.ChatName, m.People
	}
	if m.ReplyTo != "" {
		in.ReplyTo = &providers.Quoted{ID: m.ReplyTo}
	}
	if in.Text == "" && len(m.Files) > 0 {
		in.Text = placeholder(m.Files[0].MIME)
	}
	return in, in.Text != ""
}

// fetch copies the attachments of a message. One that cannot be had is left out: the message matters more.
func (p *Provider) fetch(ctx context.Context, m providers.Incoming, files []attachment) (media []providers.Media) {
	if !p.cfg.IncludeAttachments || p.env.Files == nil {
		return nil
	}
	for _, f := range files[:min(len(files), maxFiles)] {
		kept, err := p.fetchOne(ctx, f)
		if err != nil {
			p.env.Log.Error("imessage attachment left out", "account", p.env.Account, "message", m.ID, "err", err)
			continue
		}
		media = append(media, kept)
	}
	return media
}

func (p *Provider) fetchOne(ctx context.Context, f attachment) (providers.Media, error) {
	if f.Missing || f.Path == "" {
		return providers.Media{}, errors.New("it is not on the Mac: Messages has not loaded it")
	}
	path := child.Expand(f.Path)
	info, err := os.Stat(path)
	if err != nil {
		return providers.Media{}, err
	}
	if !info.Mode().IsRegular() {
		return providers.Media{}, errors.New("it is no file")
	}
	file, err := os.Open(path)
	if err != nil {
		return providers.Media{}, err
	}
	defer file.Close()
	name := f.Name
	if name == "" {
		name = filepath.Base(path)
	}
	return p.env.Files.Save(ctx, file, name, f.MIME, int64(p.cfg.MediaMaxMB*(1<<20)))
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
