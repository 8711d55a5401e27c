package models

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// RegistryOptions for NewRegistry.
type RegistryOptions struct {
	Formats   []model.Factory          // what this program can speak
	Getenv    func(name string) string // for keys
	Logins    string                   // path of oauth.json
	Transport http.RoundTripper        // nil = http.DefaultTransport
	// Chosen are the models that the configuration names, in full; nil = none.
	Chosen func() []wire.ChosenModel
	// Changed is called when a provider or a model counts as down, or no longer. It must not block; nil = nobody is told.
	Changed func()
	// Asked is called after each request that was made, with its ctx. It must not block; nil = nobody is told.
	Asked func(ctx context.Context, a Asked)
	Now   func() time.Time // nil = time.Now
	Log   *slog.Logger
}

func (o RegistryOptions) now() func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

// Registry turns the name of a model into something that can be asked. It is made once, by the root, and may be used from any
// goroutine. It makes nothing before it is asked, and reads configuration and keys each time.
type Registry struct {
	o   RegistryOptions
	cat *Catalog

	mu    sync.Mutex
	found map[string]discovery // guarded by mu; what providers report, by name
	apis  map[string]made      // guarded by mu; by provider and format

	renewing map[string]*renewal // guarded by mu; by provider
	renewed  map[string]login    // guarded by mu; logins that could not be written down
}

// made is an API and the endpoint it was made for.
type made struct {
	endpoint string // printed, with the key
	api      guarded
}

// Asked is one request to a model, and what came of it.
type Asked struct {
	Provider, Model string
	Began, Ended    time.Time
	Stop            model.Stop  // why the answer ended; "" = there is none
	Usage           model.Usage // as far as is known
	Err             error
}

// NewRegistry makes a registry of what cat knows. cat then lists what providers report, too.
func NewRegistry(cat *Catalog, o RegistryOptions) *Registry {
	r := &Registry{o: o, cat: cat, found: map[string]discovery{}, apis: map[string]made{}, renewing: map[string]*renewal{}, renewed: map[string]login{}}
	cat.reported = r.reported
	return r
}

// Target is a model that can be asked.
type Target struct {
	Provider, Model string
	Format          string
	API             model.API
	Info            model.Info
	// Pictures: it is known to take them, or nothing is known.
	Pictures bool
	// Priced: what it costs is known.
	Priced bool
}

// Name is provider/model.
func (t Target) Name() string { return t.Provider + "/" + t.Model }

// Resolve finds a model by provider/model. It may wait for a login to be renewed. The error says what to do.
func (r *Registry) Resolve(ctx context.Context, name string) (Target, error) {
	provider, id, ok := strings.Cut(name, "/")
	t := Target{Provider: provider, Model: id, Pictures: true}
	if !ok || id == "" || provider == "" {
		return t, fmt.Errorf("%q is not the name of a model: it wants provider/model", name)
	}
	have := r.cat.providers()
	p, configured := have[provider]
	if _, k := known[provider]; !configured && !k {
		if r.cat.other(provider, id) {
			return t, fmt.Errorf("%s is a coding agent: it does turns by itself, and is no fallback for a model", name)
		}
		return t, fmt.Errorf("no provider is called %q: there are %s; others go under models.providers", provider, strings.Join(r.names(), ", "))
	}
	m := r.info(provider, id, p)
	if m.API != "" {
		p.API = m.API
	}
	if len(m.Headers) > 0 {
		p.Headers = merged(p.Headers, m.Headers)
	}
	a := r.ready(ctx, provider, p)
	f := r.factory(a.format)
	if f == nil { // a key would not help
		return t, fmt.Errorf("models.providers.%s.api: this program does not speak %q", provider, a.format)
	}
	if a.problem != "" {
		return t, &model.Error{Kind: model.BadKey, Message: a.problem}
	}
	t.Format, t.API = a.format, r.api(provider, a, f)
	t.Info = model.Info{ID: id, Name: m.Name, MaxTokens: m.MaxTokens}
	if t.Priced = m.Cost != nil; t.Priced {
		t.Info.Cost = model.Cost(*m.Cost)
	}
	if m.ContextWindow != nil {
		t.Info.ContextWindow = *m.ContextWindow
	}
	t.Pictures = len(m.Input) == 0 || slices.Contains(m.Input, "image")
	return t, nil
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return all
}

// info is what is known of a model: what is configured, else what the provider reports.
func (r *Registry) info(provider, id string, p Provider) Model {
	for _, m := range p.Models {
		if m.ID == id {
			return m
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.found[provider].models {
		if m.ID == id {
			return reportedModel(m)
		}
	}
	return Model{ID: id}
}

func reportedModel(m model.Info) Model {
	out := Model{ID: m.ID, Name: m.Name, MaxTokens: m.MaxTokens}
	if m.ContextWindow > 0 {
		out.ContextWindow = &m.ContextWindow
	}
	if m.Reasoning {
		out.Reasoning = &m.Reasoning
	}
	return out
}

func (r *Registry) factory(format string) *model.Factory {
	for i := range r.o.Formats {
		if r.o.Formats[i].Format == format {
			return &r.o.Formats[i]
		}
	}
	return nil
}

// api is the provider's API, a new one where the endpoint has changed.
func (r *Registry) api(provider string, a access, f *model.Factory) model.API {
	key := provider + " " + a.format
	e := a.endpoint
	print := fmt.Sprintf("%q %q %v %q", e.BaseURL, e.Key, e.Bearer, e.Headers) // kept in memory only
	r.mu.Lock()
	defer r.mu.Unlock()
	if m, ok := r.apis[key]; ok && m.endpoint == print {
		return m.api
	}
	api := guarded{API: f.New(e), breaker: newBreaker(provider, r.o.now(), r.switched), asked: r.o.Asked}
	r.apis[key] = made{print, api}
	return api
}

// switched tells of a circuit that opens or closes: of a provider, or of provider/model.
func (r *Registry) switched(name string, open bool, err error) {
	if open {
		r.o.Log.Warn("a provider of models, or a model, is down; it is left alone for a while", "name", name, "err", err)
	} else {
		r.o.Log.Info("a provider of models, or a model, answers again", "name", name)
	}
	if r.o.Changed != nil {
		r.o.Changed()
	}
}

// Down is what counts as down, with how it stands: providers by their names, single models as provider/model.
func (r *Registry) Down() map[string]wire.ModelCircuit {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]wire.ModelCircuit{}
	for _, m := range r.apis {
		m.api.breaker.status(all)
	}
	return all
}

// Unpriced tells whether a model, provider/model, has no price here. It asks nobody.
func (r *Registry) Unpriced(name string) bool {
	provider, id, ok := strings.Cut(name, "/")
	return ok && r.info(provider, id, r.cat.providers()[provider]).Cost == nil
}

// names are the providers there are.
func (r *Registry) names() []string {
	all := map[string]bool{}
	for name := range known {
		all[name] = true
	}
	for name := range r.cat.providers() {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// Near are models of a provider whose names are like one that it does not know.
func (r *Registry) Near(provider, id string) (names []string) {
	var all []wire.ModelInfo
	for _, m := range r.cat.Models() {
		if m.Provider == provider {
			all = append(all, m)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return alike(all[i].ID, id) > alike(all[j].ID, id) })
	for _, m := range all[:min(3, len(all))] {
		if alike(m.ID, id) >= 3 {
			names = append(names, provider+"/"+m.ID)
		}
	}
	return names
}

// alike is the length of the longest piece that two names share.
func alike(a, b string) (longest int) {
	a, b = strings.ToLower(a), strings.ToLower(b)
	for i := range a {
		for j := i + longest + 1; j <= len(a) && strings.Contains(b, a[i:j]); j++ {
			longest = j - i
		}
	}
	return longest
}
