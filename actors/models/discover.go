package models

import (
	"context"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	foundFor   = time.Hour       // how long a provider's list is good
	failedFor  = time.Minute     // how long one that failed is left alone
	patience   = 3 * time.Second // what somebody who wants the list waits for providers
	mostModels = 2000            // of one provider
)

// discovery is what a provider reports, or when it was asked in vain.
type discovery struct {
	models []model.Info
	at     time.Time
	failed bool
}

// discover asks the providers that can be asked and have not been lately. It returns when all have answered, or at the end
// of its patience; an answer that comes later counts next time.
func (r *Registry) discover(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all sync.WaitGroup
	for _, name := range r.usable() {
		r.mu.Lock()
		d, asked := r.found[name]
		r.mu.Unlock()
		limit := foundFor
		if d.failed {
			limit = failedFor
		}
		if asked && time.Since(d.at) < limit {
			continue
		}
		all.Go(func() { r.ask(ctx, name) })
	}
	all.Wait()
}

// ask has one provider report its models. What it reported before stays if it fails now.
func (r *Registry) ask(ctx context.Context, name string) {
	p := r.cat.providers()[name]
	a := r.ready(ctx, name, p)
	f := r.factory(a.format)
	if a.problem != "" || f == nil {
		return
	}
	list, err := r.api(name, a, f).Models(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	d := discovery{models: list[:min(len(list), mostModels)], at: time.Now()}
	if err != nil {
		r.o.Log.Info("a provider does not list its models", "provider", name, "err", err)
		d.models, d.failed = r.found[name].models, true
	}
	r.found[name] = d
}

// reported are the models that providers have reported.
func (r *Registry) reported() (all []wire.ModelInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for provider, d := range r.found {
		for _, m := range d.models {
			all = append(all, infoOf(provider, reportedModel(m)))
		}
	}
	return all
}

// infoOf is a model as clients see it.
func infoOf(provider string, m Model) wire.ModelInfo {
	return wire.ModelInfo{ID: m.ID, Name: m.Name, Provider: provider, ContextWindow: m.ContextWindow, Reasoning: m.Reasoning}
}
