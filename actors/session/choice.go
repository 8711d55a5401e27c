package session

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/transport/wire"
)

// Choice is a model that a person named.
type Choice struct {
	Provider, Model string // the override that a session keeps; empty for the default
	Name            string // in full
	Sure            bool   // the name can mean nothing but a model
}

// Choose finds the model that a person names, as sessions.patch does (protocol 3.9).
func (o *Options) Choose(name string) (Choice, error) {
	s := o.settings()
	override, err := o.modelPatch(wire.Nullable[string]{Set: true, Value: name})
	if err != nil {
		return Choice{}, err
	}
	_, any := o.Choices()
	c := Choice{
		Provider: override.provider, Model: override.model, Name: override.String(),
		Sure: !any || strings.Contains(name, "/") || s.alias(name) != "",
	}
	if override.model == "" {
		c.Name, c.Sure = s.defaultModel().String(), true
	}
	return c, nil
}

// Choices are the models a session may have: the default first, then those that are allowed. any: others may be, too.
func (o *Options) Choices() (names []string, any bool) {
	s := o.settings()
	names = []string{s.defaultModel().String()}
	any = true
	for _, text := range s.AllowedModels {
		r, ok := parseModel(text, defaultProvider)
		if !ok || o.catalogued(r) == nil {
			continue
		}
		any = false
		if r.String() != names[0] {
			names = append(names, r.String())
		}
	}
	return names, any
}

// forget takes a model from a session that is not allowed any more.
func (o *Options) forget(e *wire.SessionEntry) {
	if e.ModelOverride != "" && !o.modelAllowed(o.settings(), modelRef{e.ProviderOverride, e.ModelOverride}) {
		e.ProviderOverride, e.ModelOverride = "", ""
	}
}

// override is the model that a session has instead of the default; "" = none, or none that is allowed now.
func (o *Options) override(e wire.SessionEntry) string {
	o.forget(&e)
	return modelRef{e.ProviderOverride, e.ModelOverride}.String()
}

func (r modelRef) String() string {
	if r.provider == "" {
		return r.model
	}
	return r.provider + "/" + r.model
}

// chooseModels says who is to answer a run: the session's model or the default, then the fallbacks that are allowed.
func (o *Options) chooseModels(e wire.SessionEntry, job *agent.Job) {
	s := o.settings()
	job.Model = cmp.Or(o.override(e), o.asked(s, job.Request.Model), s.defaultModel().String())
	job.Fallbacks = o.resolved(s, s.Fallbacks, job.Model)
	job.ImageModels = o.resolved(s, s.ImageModels, "")
}

// asked is the model that a run's request names, in full; "" = none, or none that may be had.
func (o *Options) asked(s Settings, name string) string {
	if r, ok := s.resolveModel(name); ok && name != "" && o.modelAllowed(s, r) {
		return r.String()
	}
	return ""
}

// resolved is a list of models in full, each once, without one and without those that a session may not have.
func (o *Options) resolved(s Settings, names []string, without string) (all []string) {
	for _, name := range names {
		r, ok := s.resolveModel(name)
		if ok && r.String() != without && !slices.Contains(all, r.String()) && o.modelAllowed(s, r) {
			all = append(all, r.String())
		}
	}
	return all
}

// ImageModels are the models that look at pictures, in full and in order: the configured one and its fallbacks. None = none is
// configured.
func (o *Options) ImageModels() []string {
	s := o.settings()
	return o.resolved(s, s.ImageModels, "")
}
