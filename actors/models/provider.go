package models

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
)

// Provider is a model API as the configuration, or models.json, has it.
type Provider struct {
	BaseURL string            `json:"baseUrl"`
	APIKey  string            `json:"apiKey"` // or the name of an environment variable
	API     string            `json:"api"`    // a format
	Bearer  bool              `json:"authHeader"`
	Headers map[string]string `json:"headers"`
	Models  []Model           `json:"models"`

	fromFile bool // of models.json
}

// Model is one of its models. What is not known is zero.
type Model struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	API           string            `json:"api"`
	Reasoning     *bool             `json:"reasoning"`
	Input         []string          `json:"input"` // "text", "image"
	ContextWindow *int64            `json:"contextWindow"`
	MaxTokens     int64             `json:"maxTokens"`
	Headers       map[string]string `json:"headers"`
	Cost          *Cost             `json:"cost"` // nil = not known
}

// Cost is in US dollars per million tokens.
type Cost struct {
	Input      float64 `json:"input"`
	Output     float64 `json:"output"`
	CacheRead  float64 `json:"cacheRead"`
	CacheWrite float64 `json:"cacheWrite"`
}

// known are the providers that need no configuration but a key.
var known = map[string]struct {
	format, url string
	env         []string // variables with a key, the first that is set counts
	keyless     bool
}{
	"anthropic":  {format: model.AnthropicMessages, url: "https://api.anthropic.com", env: []string{"ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"}},
	"openai":     {format: model.OpenAIResponses, url: "https://api.openai.com/v1", env: []string{"OPENAI_API_KEY"}},
	"google":     {format: model.GoogleGenerative, url: "https://generativelanguage.googleapis.com/v1beta", env: []string{"GEMINI_API_KEY"}},
	"openrouter": {format: model.OpenAICompletions, url: "https://openrouter.ai/api/v1", env: []string{"OPENROUTER_API_KEY"}},
	"zai":        {format: model.OpenAICompletions, url: "https://api.z.ai/api/paas/v4", env: []string{"ZAI_API_KEY", "Z_AI_API_KEY"}},
	"minimax":    {format: model.OpenAICompletions, url: "https://api.minimax.io/v1", env: []string{"MINIMAX_API_KEY"}},
	"ollama":     {format: model.OpenAICompletions, url: "http://127.0.0.1:11434/v1", keyless: true},
	"lmstudio":   {format: model.OpenAICompletions, url: "http://127.0.0.1:1234/v1", keyless: true},
}

// variable is what an apiKey looks like that names one.
var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z][A-Z0-9_]{2,63}$`) })

// access is how to get at a provider, or why that cannot be.
type access struct {
	format   string
	endpoint model.Endpoint
	source   string // where the key comes from, as ModelProviderStatus has it
	login    *login // that the key is of; nil = it is of none
	problem  string
}

// Speaks returns what tells whether a program that has these formats can ask a provider that goes without configuration, "openai".
func Speaks(formats []model.Factory) func(provider string) bool {
	return func(provider string) bool {
		return slices.ContainsFunc(formats, func(f model.Factory) bool { return f.Format == known[provider].format })
	}
}

// access finds the address, the format and the key of a provider (providers d.1). It renews no login.
func (r *Registry) access(name string, p Provider) access {
	k := known[name]
	a := access{format: cmp.Or(p.API, k.format, model.OpenAICompletions), source: "none"}
	a.endpoint = model.Endpoint{BaseURL: trimSlash(cmp.Or(p.BaseURL, k.url)), Bearer: p.Bearer, Headers: p.Headers, Transport: r.o.Transport}
	if a.endpoint.BaseURL == "" {
		a.problem = "models.providers." + name + ".baseUrl is not set"
		return a
	}
	r.findKey(name, p, &a)
	switch {
	case a.endpoint.Key != "" || a.problem != "":
	case len(k.env) > 0 && p.BaseURL == "":
		a.problem = "no key: set " + k.env[len(k.env)-1] + " or models.providers." + name + ".apiKey"
	default:
		a.source = "not needed"
	}
	return a
}

// findKey looks for a key: in the configuration, in the environment, then for a login.
func (r *Registry) findKey(name string, p Provider, a *access) {
	k := known[name]
	if a.endpoint.Key = p.APIKey; p.APIKey != "" {
		a.source = "config"
		if p.fromFile {
			a.source = "models.json"
		}
	}
	if variable().MatchString(p.APIKey) {
		if v := r.o.Getenv(p.APIKey); v != "" {
			a.endpoint.Key, a.source = v, "env "+p.APIKey
		}
	}
	for _, v := range k.env {
		if key := r.o.Getenv(v); a.endpoint.Key == "" && key != "" {
			a.endpoint.Key, a.source = key, "env "+v
			a.endpoint.Bearer = a.endpoint.Bearer || v == "ANTHROPIC_OAUTH_TOKEN"
		}
	}
	if a.endpoint.Key != "" || len(k.env) == 0 {
		return
	}
	l, problem := r.login(name)
	if a.problem = problem; l == nil {
		return
	}
	a.endpoint.Key, a.endpoint.Bearer, a.source, a.login = l.Access, true, "oauth.json", l
	if l.over(time.Now(), 0) && !l.renewable() {
		a.problem = "the login in oauth.json ran out: log in to " + name + " again, or set a key"
	}
}

// ready is access with a login that is good for a while: one that is about to run out is renewed first. It may wait.
func (r *Registry) ready(ctx context.Context, name string, p Provider) access {
	a := r.access(name, p)
	if a.problem != "" || a.login == nil || !a.login.renewable() || !a.login.over(time.Now(), renewBefore) {
		return a
	}
	fresh, err := r.renew(ctx, name)
	switch {
	case err == nil:
		a.endpoint.Key, a.login = fresh.Access, fresh
	case a.login.over(time.Now(), 0):
		a.problem = err.Error()
	default: // it is still good; the next request tries again
		r.o.Log.Warn("a login was not renewed", "provider", name, "err", err)
	}
	return a
}

func trimSlash(url string) string {
	for len(url) > 0 && url[len(url)-1] == '/' {
		url = url[:len(url)-1]
	}
	return url
}

// providers are those that the configuration and the file name; the configuration's win.
func (c *Catalog) providers() map[string]Provider {
	conf := c.configured()
	all := map[string]Provider{}
	if !conf.Only {
		for name, p := range c.file.Load().Providers {
			p.fromFile = true
			all[name] = p
		}
	}
	maps.Copy(all, conf.Providers)
	return all
}

// usable are the names of providers that could be asked now: those that are configured, and those that have a key.
func (r *Registry) usable() (names []string) {
	have := r.cat.providers()
	for name := range have {
		names = append(names, name)
	}
	for name, k := range known {
		if _, ok := have[name]; !ok && !k.keyless {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		a := r.access(name, have[name])
		return a.problem != "" || r.factory(a.format) == nil
	})
	slices.Sort(names)
	return names
}
