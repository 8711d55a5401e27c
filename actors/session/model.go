package session

import (
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// modelRef is a model of a provider.
type modelRef struct{ provider, model string }

// defaultProvider is the provider of a model that is named without one while none is configured.
const defaultProvider = "anthropic"

// builtinModel is what the configuration calls the runner that needs no model.
const builtinModel = "builtin"

// shortNames are aliases that are there without being configured. A configured one of the same name wins.
var shortNames = map[string]string{
	"opus": "anthropic/claude-opus-4-5", "sonnet": "anthropic/claude-sonnet-4-5",
	"gpt": "openai/gpt-5.2", "gpt-mini": "openai/gpt-5-mini",
	"gemini": "google/gemini-3-pro-preview", "gemini-flash": "google/gemini-3-flash-preview",
}

// parseModel reads "provider/model", or a model of the given provider.
func parseModel(s, provider string) (r modelRef, ok bool) {
	if p, m, both := strings.Cut(strings.TrimSpace(s), "/"); both {
		r = modelRef{strings.TrimSpace(p), strings.TrimSpace(m)}
	} else {
		r = modelRef{provider, strings.TrimSpace(s)}
	}
	return r, r.provider != "" && r.model != ""
}

// alias is what a short name stands for, "" when it is none.
func (s Settings) alias(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	for k, v := range s.ModelAliases {
		if strings.ToLower(strings.TrimSpace(k)) == name {
			return v
		}
	}
	return shortNames[name]
}

// defaultModel is the model of a session that has none of its own.
func (s Settings) defaultModel() modelRef {
	if s.Model == "" || s.Model == builtinModel {
		return modelRef{"", builtinModel}
	}
	if full := s.alias(s.Model); full != "" && !strings.Contains(s.Model, "/") {
		if r, ok := parseModel(full, defaultProvider); ok {
			return r
		}
	}
	r, _ := parseModel(s.Model, defaultProvider)
	return r
}

// resolveModel reads what a client calls a model: an alias, provider/model, or a model of the default's provider.
func (s Settings) resolveModel(text string) (r modelRef, ok bool) {
	text = strings.TrimSpace(text)
	def := s.defaultModel()
	if text == def.model {
		return def, true
	}
	provider := def.provider
	if provider == "" {
		provider = defaultProvider
	}
	if !strings.Contains(text, "/") {
		if full := s.alias(text); full != "" {
			return parseModel(full, provider)
		}
	}
	return parseModel(text, provider)
}

// modelAllowed applies agent.allowedModels. A list of which the catalogue has nothing allows everything, as an empty
// one does.
func (o *Options) modelAllowed(s Settings, r modelRef) bool {
	restricted := false
	for _, text := range s.AllowedModels {
		a, ok := parseModel(text, defaultProvider)
		if !ok || o.catalogued(a) == nil {
			continue
		}
		if a == r {
			return true
		}
		restricted = true
	}
	return !restricted
}

// catalogued is what the catalogue says of a model; nil when it does not know it.
func (o *Options) catalogued(r modelRef) *wire.ModelInfo {
	if o.Models == nil {
		return nil
	}
	for _, m := range o.Models() {
		if m.Provider == r.provider && m.ID == r.model {
			return &m
		}
	}
	return nil
}

// Thinking is the level of a session's turns that name none (protocol 3.8).
func (o *Options) Thinking(e wire.SessionEntry) string {
	s := o.settings()
	switch {
	case e.ThinkingLevel != "":
		return e.ThinkingLevel
	case s.Thinking != "":
		return s.Thinking
	}
	r := s.defaultModel()
	if e.ModelOverride != "" {
		r = modelRef{e.ProviderOverride, e.ModelOverride}
	}
	if m := o.catalogued(r); m != nil && m.Reasoning != nil && *m.Reasoning {
		return "low"
	}
	return "off"
}
