package gateway

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/clawdbot/gateway/actors/browser"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/mcp"
)

// configOptions wires the configuration: what may come into force, and how it does.
func (g *Gateway) configOptions() config.Options {
	return config.Options{
		Document: g.o.Config, Getenv: g.o.Getenv, Version: g.o.Version, HistoryDir: filepath.Join(g.env.StateDir, "config-history"),
		Watch: g.fromFile(), Admit: g.admit, Apply: g.apply,
		RestartNeeded: g.Restart, Refused: g.heritage.refused,
	}
}

// admit refuses what could not be started.
func (g *Gateway) admit(doc *config.Document) error {
	issues := append(config.Guard(doc.Config, g.env, g.o.Start), setting{&g.o, g.env, doc}.problems()...)
	if len(issues) > 0 {
		return &config.InvalidError{Path: doc.Path, Issues: issues}
	}
	return nil
}

// apply brings a configuration into force, all or nothing.
func (g *Gateway) apply(doc *config.Document, changed []config.Change) error {
	<-g.tree.grown
	parts := map[string]bool{}
	for _, c := range changed {
		if c.Effect == config.EffectHot {
			parts[c.Part] = true
		}
	}
	old := g.doc.Load()
	g.force(doc)
	if err := g.renew(parts); err != nil {
		g.force(old)
		return errors.Join(err, g.renew(parts))
	}
	return nil
}

// force makes doc what everybody reads that reads the configuration when it matters.
func (g *Gateway) force(doc *config.Document) {
	g.doc.Store(doc)
	if g.o.OnConfig != nil {
		g.o.OnConfig(doc.Config)
	}
}

// renew starts these parts anew with the configuration in force.
func (g *Gateway) renew(parts map[string]bool) error {
	for _, f := range g.o.Providers {
		if parts[f.Surface] {
			if err := g.startSurface(f); err != nil {
				return err
			}
		}
	}
	if parts[config.PartCron] {
		if err := g.tree.cron.Tell(cron.Reload{}); err != nil {
			return err
		}
	}
	if parts[config.PartHeartbeat] {
		if err := g.tree.heartbeat.Tell(cron.ReloadHeartbeat{}); err != nil {
			return err
		}
	}
	if parts[config.PartBrowser] {
		if err := g.tree.browsers.Tell(browser.Reload{}); err != nil {
			return err
		}
	}
	if parts[config.PartMCP] {
		if err := g.tree.mcp.Tell(mcp.Reload{}); err != nil {
			return err
		}
	}
	if parts[config.PartAuth] { // last: it cuts off who came in with the old credential
		return g.sockets.SetAuth(g.auth())
	}
	return nil
}

// fromFile tells whether the configuration was read from a file that may change: an embedder may have made it up.
func (g *Gateway) fromFile() bool {
	_, err := os.Stat(g.o.Config.Path)
	return err == nil || !g.o.Config.Exists
}
