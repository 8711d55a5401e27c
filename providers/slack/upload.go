package slack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// uploadKey is the cursor's key for a file on its way. Written before the file is shared, so that a lost answer can be looked
// into by the file's id, also by a new process.
func uploadKey(key string) string { return "upload:" + key }

// sendFile uploads the attachment and shares it with the text as its comment. Only the last of the three calls shows anything.
func (p *Provider) sendFile(ctx context.Context, m providers.Outgoing, channel string) (providers.Receipt, error) {
	info, err := os.Stat(m.Media.Path)
	if err != nil {
		return providers.Receipt{}, fmt.Errorf("open attachment: %w", err)
	}
	if info.Size() == 0 || info.IsDir() {
		return providers.Receipt{}, errors.New("the attachment is empty")
	}
	name := fileName(m.Media)
	id, err := p.upload(ctx, m.Media.Path, name, int(info.Size()))
	if err != nil {
		return providers.Receipt{}, notBegun(err)
	}
	if err := p.env.Cursor.Set(ctx, uploadKey(m.Key), id); err != nil {
		return providers.Receipt{}, notBegun(&apiError{method: "files.completeUploadExternal", text: "not begun: " + p.api.clean(err), cause: ctx.Err()})
	}
	p.tries.put(m.Key, attempt{at: p.env.Now(), channel: channel}, p.env.Now())
	params := sdk.CompleteUploadExternalParameters{Files: []sdk.FileSummary{{ID: id, Title: name}}, Channel: channel, InitialComment: m.Text}
	if stampPattern.MatchString(m.Route.Thread) {
		params.ThreadTimestamp = m.Route.Thread
	}
	err = p.api.call(ctx, p.opt.call, "files.completeUploadExternal", func(ctx context.Context, c *sdk.Client) error {
		_, err := c.CompleteUploadExternalContext(ctx, params)
		return err
	})
	if err != nil {
		return providers.Receipt{}, err
	}
	r := providers.Receipt{MessageID: id, ChatID: channel}
	if ts, err := p.shared(ctx, id, channel); err == nil && ts != "" {
		r.MessageID = ts // else the file's id is all there is: Slack may share it a moment later
	}
	if err := p.env.Cursor.Set(context.WithoutCancel(ctx), uploadKey(m.Key), ""); err != nil {
		p.env.Log.Debug("slack cursor not written", "account", p.env.Account, "err", err)
	}
	return r, nil
}

func fileName(m *providers.Media) string {
	name := strings.TrimSpace(m.Name)
	if name == "" {
		name = filepath.Base(m.Path)
	}
	return strings.ToValidUTF8(filepath.Base(name), "_")
}

// upload brings the bytes to Slack and returns the file's id. Nobody sees it yet.
func (p *Provider) upload(ctx context.Context, path, name string, size int) (id string, err error) {
	var to *sdk.GetUploadURLExternalResponse
	err = p.api.call(ctx, p.opt.call, "files.getUploadURLExternal", func(ctx context.Context, c *sdk.Client) (err error) {
		to, err = c.GetUploadURLExternalContext(ctx, sdk.GetUploadURLExternalParameters{FileName: name, FileSize: size})
		return err
	})
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open attachment: %w", err)
	}
	defer f.Close()
	err = p.api.transfer(ctx, p.opt.upload, "upload", func(ctx context.Context, c *sdk.Client) error {
		return c.UploadToURL(ctx, sdk.UploadToURLParameters{UploadURL: to.UploadURL, Reader: f, Filename: name})
	})
	return to.FileID, err
}

// shared is the timestamp of the message that a file was shared with; "" when it was not, or not yet.
func (p *Provider) shared(ctx context.Context, id, channel string) (ts string, err error) {
	err = p.api.call(ctx, p.opt.call, "files.info", func(ctx context.Context, c *sdk.Client) error {
		f, _, _, err := c.GetFileInfoContext(ctx, id, 0, 0)
		if f == nil || err != nil {
			return err
		}
		for _, shares := range []map[string][]sdk.ShareFileInfo{f.Shares.Private, f.Shares.Public} {
			if s := shares[channel]; len(s) > 0 {
				ts = s[len(s)-1].Ts
			}
		}
		return nil
	})
	return ts, err
}
