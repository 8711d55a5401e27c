package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// maxFiles is how many attachments of one message are fetched.
const maxFiles = 4

// fetch keeps the attachments of a message. One that cannot be had is left out and said in the log: the message counts.
func (p *Provider) fetch(ctx context.Context, files []file) (kept []providers.Media) {
	if len(files) == 0 || p.env.Files == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.fetch)
	defer cancel()
	limit := int64(p.cfg.MediaMaxMB * (1 << 20))
	for _, f := range files {
		if len(kept) == maxFiles {
			break
		}
		m, err := p.fetchOne(ctx, f, limit)
		if err != nil {
			p.env.Log.Warn("slack attachment left out", "account", p.env.Account, "file", f.ID, "err", p.api.clean(err))
			continue
		}
		kept = append(kept, m)
	}
	return kept
}

func (p *Provider) fetchOne(ctx context.Context, f file, limit int64) (providers.Media, error) {
	if f.Size > limit {
		return providers.Media{}, fmt.Errorf("%w: %d bytes, slack.mediaMaxMb allows %d", providers.ErrTooLarge, f.Size, limit)
	}
	address := f.Download
	if address == "" {
		address = f.Private
	}
	if !p.trusted(address) {
		return providers.Media{}, fmt.Errorf("the address of the file is not Slack's: the token is not sent there")
	}
	m, err := p.env.Files.Fetch(ctx, address, http.Header{"Authorization": {"Bearer " + p.tokens.bot}}, f.Name, limit)
	if err != nil {
		return providers.Media{}, err
	}
	// Slack does not refuse who may not read a file: it serves its page for signing in, under the name of the file.
	if strings.HasPrefix(m.MIME, "text/html") && !strings.HasPrefix(f.MIME, "text/html") {
		if m.Path != "" {
			_ = os.Remove(m.Path) // the sweep of the state directory gets it otherwise
		}
		return providers.Media{}, fmt.Errorf("slack sent a web page instead of the file: give the app the scope files:read (api.slack.com/apps, \"OAuth & Permissions\") and install it again")
	}
	return m, nil
}

// trusted: an address that may be given the bot token.
func (p *Provider) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if p.env.Endpoint != "" {
		own, err := url.Parse(p.api.base)
		return err == nil && u.Scheme == own.Scheme && u.Host == own.Host
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range []string{"slack.com", "slack-gov.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return u.Scheme == "https"
		}
	}
	return false
}
