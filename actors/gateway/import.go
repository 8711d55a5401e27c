package gateway

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/importer"
	"github.com/clawdbot/gateway/transport/wire"
)

// importLimit is how long the start may take when it has to bring over what another gateway left.
const importLimit = 10 * time.Minute

// growLimit is how long the tree may take to stand.
func (g *Gateway) growLimit() time.Duration {
	if g.importPlaces().Found() {
		return importLimit
	}
	return 30 * time.Second
}

func (g *Gateway) importPlaces() importer.Places {
	cfg := g.o.Config.Config
	return importer.Places{StateDir: g.env.StateDir, Home: g.env.Home, SessionStore: cfg.Session.Store, CronStore: cfg.Cron.Store}
}

func (g *Gateway) importOptions() importer.Options {
	return importer.Options{Store: g.store, Log: g.log, Places: g.importPlaces(), Config: g.importConfig}
}

// importState brings over what another gateway has left in the state directory: what new work depends on now, the rest
// behind it.
func (g *Gateway) importState(c *actors.Context[rootMessage]) error {
	ctx, cancel := context.WithTimeout(c.Ctx(), importLimit)
	defer cancel()
	if err := g.imports.Begin(ctx); err != nil || !g.imports.Pending() {
		return err
	}
	_, err := actors.Spawn(c, "import", g.imports.Props())
	return err
}

// importConfig writes down where the bridge was listening: the other gateway did so without being told.
func (g *Gateway) importConfig() *wire.ImportItem {
	it := &wire.ImportItem{Path: g.o.Config.Path}
	bind := g.o.Config.FormerBind(g.env)
	switch {
	case bind == "":
		return nil
	case !g.fromFile() || g.env.NixMode:
		it.Text, it.Problem = `is not changed: write bridge.bind "`+bind+`" into it, or phones cannot reach the bridge`, true
		return it
	}
	doc, saved, err := g.o.Config.WithBind(bind, g.o.Getenv)
	if err != nil {
		it.Text, it.Problem = `cannot be changed: write bridge.bind "`+bind+`" into it, or phones cannot reach the bridge`, true
		g.log.Warn("bridge.bind is not written", "err", err)
		return it
	}
	g.o.Config = doc
	g.doc.Store(doc)
	it.Text = `has got bridge.bind "` + bind + `", as the bridge was listening before`
	if saved != "" {
		it.Text += "; the file as it was is " + saved
	}
	return it
}
