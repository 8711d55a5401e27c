package models

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// scanLimit bounds what a scan waits for one provider.
const scanLimit = 10 * time.Second

// status says how the providers can be reached. It asks nobody.
func (r *Registry) status() wire.ModelsStatusResult {
	out := wire.ModelsStatusResult{TS: time.Now().UnixMilli(), Chosen: []wire.ChosenModel{}, Providers: []wire.ModelProviderStatus{}}
	if r.o.Chosen != nil {
		out.Chosen = append(out.Chosen, r.o.Chosen()...)
	}
	count := map[string]int64{}
	for _, m := range r.cat.Models() {
		count[m.Provider]++
	}
	have, down := r.cat.providers(), r.Down()
	for _, name := range r.names() {
		a := r.access(name, have[name])
		s := wire.ModelProviderStatus{Provider: name, API: a.format, BaseURL: shownURL(a.endpoint.BaseURL), Source: a.source, Problem: a.problem, Models: count[name]}
		if a.login != nil {
			s.Renewable = a.login.renewable()
			if a.login.Expires > 0 {
				s.ExpiresAt = &a.login.Expires
			}
		}
		if s.Problem == "" && r.factory(a.format) == nil {
			s.Problem = "this program does not speak " + a.format
		}
		if c, ok := down[name]; ok {
			s.Circuit = &c
		}
		for full, c := range down {
			if id, ok := strings.CutPrefix(full, name+"/"); ok {
				if s.ModelCircuits == nil {
					s.ModelCircuits = map[string]wire.ModelCircuit{}
				}
				s.ModelCircuits[id] = c
			}
		}
		out.Providers = append(out.Providers, s)
	}
	return out
}

// shownURL is an address without what may be a credential in it.
func shownURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "not an address"
	}
	u.RawQuery, u.Fragment = "", ""
	return u.Redacted()
}

// scan asks providers what they offer, all at once. Servers on this computer are asked whether or not they are configured.
func (r *Registry) scan(ctx context.Context, only string) (wire.ModelsScanResult, error) {
	names := r.usable()
	for name, k := range known {
		if k.keyless && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if only != "" {
		if !slices.Contains(r.names(), only) {
			return wire.ModelsScanResult{}, wire.InvalidRequest("no provider is called %q: there are %s", only, strings.Join(r.names(), ", "))
		}
		names = []string{only}
	}
	slices.Sort(names)
	out := wire.ModelsScanResult{Providers: make([]wire.ScannedProvider, len(names))}
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { out.Providers[i] = r.scanOne(ctx, name) })
	}
	all.Wait()
	return out, nil
}

func (r *Registry) scanOne(ctx context.Context, name string) wire.ScannedProvider {
	ctx, cancel := context.WithTimeoutCause(ctx, scanLimit, &model.Error{Kind: model.Unreachable, Message: "no answer within " + scanLimit.String()})
	defer cancel()
	out := wire.ScannedProvider{Provider: name, Models: []wire.ModelInfo{}}
	p := r.cat.providers()[name]
	a := r.ready(ctx, name, p)
	f := r.factory(a.format)
	switch {
	case a.problem != "":
		out.Kind, out.Error = string(model.BadKey), a.problem
		return out
	case f == nil:
		out.Kind, out.Error = string(model.Invalid), "this program does not speak "+a.format
		return out
	}
	begin := time.Now()
	list, err := r.api(name, a, f).Models(ctx)
	out.LatencyMs = time.Since(begin).Milliseconds()
	if err != nil {
		out.Kind, out.Error = string(model.KindOf(err)), err.Error()
		return out
	}
	list = list[:min(len(list), mostModels)]
	r.mu.Lock()
	r.found[name] = discovery{models: list, at: time.Now()}
	r.mu.Unlock()
	out.OK = true
	for _, m := range list {
		if info, ok := tidy(infoOf(name, reportedModel(m))); ok {
			out.Models = append(out.Models, info)
		}
	}
	sort.SliceStable(out.Models, func(i, j int) bool { return compare(out.Models[i].ID, out.Models[j].ID) < 0 })
	return out
}

// Local are the models, as provider/model, of the servers on this computer that answer within ctx.
func (r *Registry) Local(ctx context.Context) (names []string) {
	have := r.cat.providers()
	found := map[string][]wire.ModelInfo{}
	var mu sync.Mutex // guards found
	var all sync.WaitGroup
	for name, k := range known {
		if !k.keyless || !onLoopback(r.access(name, have[name]).endpoint.BaseURL) {
			continue
		}
		all.Go(func() {
			s := r.scanOne(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			found[name] = s.Models
		})
	}
	all.Wait()
	for _, provider := range slices.Sorted(maps.Keys(found)) {
		for _, m := range found[provider] {
			names = append(names, provider+"/"+m.ID)
		}
	}
	return names
}

func onLoopback(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Hostname() == "localhost" || u.Hostname() == "::1" || strings.HasPrefix(u.Hostname(), "127."))
}
