package signal

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// lateBy is how long before the stream was opened a message must have reached Signal's server to count as late.
const lateBy = 2 * time.Second

// maxFiles bounds how many attachments of one message are fetched.
const maxFiles = 16

// take hands up the message of an event, if it is one. It returns when that is stored: a message that cannot be is kept
// here and tried again, for the daemon would not send it a second time. The error is ctx's.
func (l *listener) take(ctx context.Context, ev event, opened time.Time) error {
	p := l.p
	if ev.name != "receive" {
		return nil
	}
	r, err := decode(ev.data)
	switch {
	case err != nil:
		p.env.Log.Error("signal event unreadable, skipped", "account", p.env.Account, "err", err)
		return nil
	case r.Exception != nil && r.Exception.Message != "":
		p.env.Log.Warn("signal-cli could not read a message", "account", p.env.Account, "err", providers.OneLine(r.Exception.Message))
	}
	if r.Envelope == nil || !p.mine(r.Account) {
		return nil
	}
	m, files, ok := p.convert(r.Envelope)
	if !ok {
		return nil
	}
	arrived := m.Time
	if r.Envelope.ServerTime > 0 {
		arrived = time.UnixMilli(r.Envelope.ServerTime)
	}
	m.Late = arrived.Before(opened.Add(-lateBy))
	m.Media = p.fetch(ctx, m, files)
	return l.store(ctx, m)
}

// mine says whether an event is for our account: a daemon may have several.
func (p *Provider) mine(account string) bool {
	return account == "" || p.self.Load() == nil || p.own(account) || isUUID(account)
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

// fetch gets the attachments of a message. One that cannot be had is left out: the message matters more.
func (p *Provider) fetch(ctx context.Context, m providers.Incoming, files []attachment) (media []providers.Media) {
	if p.cfg.IgnoreAttachments || p.env.Files == nil {
		return nil
	}
	limit := int64(p.cfg.MediaMaxMB * (1 << 20))
	for i, f := range files {
		if i == maxFiles {
			p.env.Log.Warn("signal: too many attachments, the rest is left out", "account", p.env.Account, "message", m.ID, "of", len(files))
			break
		}
		kept, err := p.fetchOne(ctx, m, f, limit)
		if err != nil {
			p.env.Log.Error("signal attachment left out", "account", p.env.Account, "message", m.ID, "err", err)
			continue
		}
		media = append(media, kept)
	}
	return media
}

func (p *Provider) fetchOne(ctx context.Context, m providers.Incoming, f attachment, limit int64) (providers.Media, error) {
	switch {
	case f.ID == "":
		return providers.Media{}, errors.New("it has no id")
	case f.Size > limit:
		return providers.Media{}, fmt.Errorf("%d bytes, signal.mediaMaxMb allows %d: %w", f.Size, limit, providers.ErrTooLarge)
	}
	params := map[string]any{"id": f.ID}
	if id, ok := strings.CutPrefix(m.Chat, groupPrefix); ok {
		params["groupId"] = id
	} else {
		params["recipient"] = m.Chat
	}
	var raw json.RawMessage
	err := p.api.call(ctx, p.opt.send, base64Size(limit), "getAttachment", params, &raw)
	if err != nil {
		return providers.Media{}, err
	}
	var data string
	if json.Unmarshal(raw, &data) != nil {
		var boxed struct {
			Data string `json:"data"`
		}
		if err := json.Unmarshal(raw, &boxed); err != nil {
			return providers.Media{}, fmt.Errorf("signal-cli getAttachment: the result cannot be read: %w", err)
		}
		data = boxed.Data
	}
	if data == "" {
		return providers.Media{}, errors.New("signal-cli has no such attachment any more")
	}
	return p.env.Files.Save(ctx, base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)), f.Filename, f.ContentType, limit)
}

// base64Size is how large an answer with an attachment of a size may be.
func base64Size(n int64) int64 { return n/3*4 + 64<<10 }
