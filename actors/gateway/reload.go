package gateway

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
)

// configOptions wires the configuration: what may come into force, and how it does.
func (g *Gateway) configOptions() config.Options {
	return config.Options{
		Document: g.o.Config, Getenv: g.o.Getenv, Version: g.o.Version, HistoryDir: filepath.Join(g.env.StateDir, "config-history"),
		Watch: g.fromFile(), Admit: g.admit, Apply: g.apply,
		RestartNeeded: func(reason string) {
			g.log.Warn("the config file has changes that a restart brings into force", "reason", reason)
		},
	}
}

// admit refuses what could not be started.
func (g *Gateway) admit(doc *config.Document) error {
	if issues := config.Guard(doc.Config, g.env, g.o.Start); len(issues) > 0 {
		return &config.InvalidError{Path: doc.Path, Issues: issues}
	}
	return nil
}

// fixed are the sections that are read once, at the start.
var fixed = []string{"dev"}

// apply brings a configuration into force, all or nothing.
func (g *Gateway) apply(doc *config.Document, changed []config.Change) error {
	<-g.tree.grown
	parts := map[string]bool{}
	for _, c := range changed {
		if c.Effect == config.EffectHot {
			parts[c.Part] = true
			continue
		}
		for _, section := range fixed {
			if c.Path == section || strings.HasPrefix(c.Path, section+".") {
				return errors.New(c.Path + " is read at the start only: restart the gateway to bring the change into force")
			}
		}
	}
	old := g.doc.Load()
	g.doc.Store(doc)
	if err := g.renew(parts); err != nil {
		g.doc.Store(old)
		return errors.Join(err, g.renew(parts))
	}
	return nil
}

// renew starts these parts anew with the configuration in force.
func (g *Gateway) renew(parts map[string]bool) error {
	for _, f := range g.o.Providers {
		if parts[f.Surface] {
			if err := g.startAccount(f); err != nil {
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
		return g.tree.heartbeat.Tell(cron.ReloadHeartbeat{})
	}
	return nil
}

// fromFile tells whether the configuration was read from a file that may change: an embedder may have made it up.
func (g *Gateway) fromFile() bool {
	_, err := os.Stat(g.o.Config.Path)
	return err == nil || !g.o.Config.Exists
}
