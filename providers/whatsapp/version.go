package whatsapp

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
)

// versionAge is how long the answer to what the newest client is holds.
const versionAge = 6 * time.Hour

// versions remembers what WhatsApp's page said of the client's version. The library's own number is refused as outdated
// one day.
type versions struct {
	mu    sync.Mutex
	last  store.WAVersionContainer // zero = never asked with success
	asked time.Time
	again bool // it was asked once more after a refusal
}

// current is the version to give ourselves out as: the configured one, the one of WhatsApp's page, or the library's.
func (v *versions) current(ctx context.Context, p *Provider) store.WAVersionContainer {
	if p.cfg.ClientVersion != "" {
		if c, err := store.ParseVersion(p.cfg.ClientVersion); err == nil {
			return c
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last.IsZero() || p.env.Now().Sub(v.asked) > versionAge {
		v.ask(ctx, p)
	}
	if v.last.IsZero() {
		return store.GetWAVersion()
	}
	return v.last
}

// ask is called with mu held. Without an answer the last one holds.
func (v *versions) ask(ctx context.Context, p *Provider) {
	ctx, cancel := context.WithTimeout(ctx, p.opt.ask)
	defer cancel()
	t := p.mediaTransport()
	defer t.CloseIdleConnections()
	latest, err := whatsmeow.GetLatestVersion(ctx, &http.Client{Transport: redirect{p.hosts, capped{8 << 20, t}}})
	if err != nil {
		p.env.Log.Warn("whatsapp: the newest client version is not known, the last known one is used", "err", firstLine(err))
		return
	}
	v.last, v.asked = *latest, p.env.Now()
}

// renew is called when the version was refused. It says whether another one can be tried.
func (v *versions) renew(p *Provider) bool {
	if p.cfg.ClientVersion != "" {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.again {
		return false
	}
	v.again = true
	before := v.last
	v.ask(p.env.Life, p)
	return v.last != before
}

// taken is called when the version was good.
func (v *versions) taken() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.again = false
}

// firstLine is an error without the page that came with it.
func firstLine(err error) string {
	s := err.Error()
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return s
}
