package gateway

import (
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
)

// mediaDir is where files that come in ("inbound") and go out ("outbound") are.
func (g *Gateway) mediaDir(name string) string { return filepath.Join(g.env.StateDir, "media", name) }

// files keeps the attachments that an account's platform hands over.
func (g *Gateway) files(endpoint string) providers.Files {
	return media.New(g.mediaDir("inbound"), endpoint)
}

// cleanMedia removes what a killed process left unfinished. The store is ours by now, so nobody writes there.
func (g *Gateway) cleanMedia() {
	if err := media.Clean(g.mediaDir("inbound")); err != nil {
		g.log.Warn("unfinished attachments not removed", "err", err)
	}
}

// attached are the files of an answer that could be saved.
func attached(a agent.Answer) []providers.Media {
	var all []providers.Media
	for _, m := range a.Media {
		if m.Path != "" {
			all = append(all, providers.Media{Path: m.Path, MIME: m.MIME, Name: m.Name, Size: int64(len(m.Data))})
		}
	}
	return all
}

// saveMedia keeps a copy of something that goes out to a surface.
func (g *Gateway) saveMedia(m agent.Media) (string, error) {
	dir := g.mediaDir("outbound")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, uuid.NewString()+filepath.Ext(m.Name))
	return path, os.WriteFile(path, m.Data, 0o600)
}
