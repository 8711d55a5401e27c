package gateway

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
)

// configOptions wires the configuration: what may come into force, and how it does.
func (g *Gateway) configOptions() config.Options {
	return config.Options{
		Document: g.o.Config, Getenv: g.o.Getenv, Version: g.o.Version, HistoryDir: filepath.Join(g.env.StateDir, "config-history"),
		Watch: true, Admit: g.admit, Apply: g.apply,
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
var fixed = []string{"agent", "session", "dev"}

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
	g.doc.Store(doc)
	if parts[config.PartCron] || parts[config.PartHeartbeat] {
		_ = g.tree.cron.Tell(cron.Reload{})
		_ = g.tree.heartbeat.Tell(cron.ReloadHeartbeat{})
	}
	for _, f := range g.o.Providers {
		if parts[f.Surface] {
			if err := g.startAccount(f); err != nil {
				return err
			}
		}
	}
	return nil
}
