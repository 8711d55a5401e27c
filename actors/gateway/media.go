package gateway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/providers/text"
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

// loader copies what is to be sent. Files are taken from the agent's workspace and from what came in or went out before.
func (g *Gateway) loader() *media.Loader {
	out := g.mediaDir("outbound")
	return media.NewLoader(out, g.workspaceDir(), g.mediaDir("inbound"), out)
}

func (g *Gateway) load(ctx context.Context, ref string) (providers.Media, error) {
	return g.loader().Load(ctx, ref)
}

// maxAttached is how many files one answer may name.
const maxAttached = 10

// attach takes the files that an answer names out of its text. Whoever reads the answer is told that one is missing; why, is
// for the operator.
func (g *Gateway) attach(ctx context.Context, a agent.Answer) agent.Answer {
	rest, refs := text.Directives(a.Text)
	if len(refs) == 0 {
		return a
	}
	missing := max(0, len(refs)-maxAttached)
	for _, ref := range refs[:len(refs)-missing] {
		m, err := g.load(ctx, ref)
		if err != nil {
			g.log.Warn("file of an answer not attached", "err", err)
			missing++
			continue
		}
		a.Media = append(a.Media, agent.Media{MIME: m.MIME, Name: m.Name, Path: m.Path, Size: m.Size})
	}
	if a.Text = rest; missing > 0 {
		a.Text = strings.TrimSpace(rest + fmt.Sprintf("\n\n(%d of %d files could not be attached.)", missing, len(refs)))
	}
	return a
}

// needless removes old files. What waits in the outbox, or did not arrive, keeps its file.
func (g *Gateway) needless(ctx context.Context, needed map[string]bool) {
	now := time.Now()
	for dir, age := range map[string]time.Duration{"outbound": 7 * 24 * time.Hour, "inbound": 30 * 24 * time.Hour} {
		n, err := media.Expire(ctx, g.mediaDir(dir), age, now, func(path string) bool { return needed[path] })
		if n > 0 || err != nil {
			g.log.Info("old files removed", "dir", dir, "count", n, "err", err)
		}
	}
}

// attached are the files of an answer that could be saved.
func attached(a agent.Answer) []providers.Media {
	var all []providers.Media
	for _, m := range a.Media {
		if m.Path != "" {
			all = append(all, providers.Media{Path: m.Path, MIME: m.MIME, Name: m.Name, Size: max(m.Size, int64(len(m.Data)))})
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
