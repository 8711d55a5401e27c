package models

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// flaky is an API that answers as it is told to.
type flaky struct {
	err   error
	of    map[string]error // of single models, by id
	asked int
	wait  time.Duration
	crash bool
}

func (f *flaky) Stream(ctx context.Context, q model.Request, _ func(model.Event)) (model.Reply, error) {
	f.asked++
	if f.crash {
		panic("as it was told")
	}
	select {
	case <-time.After(f.wait):
	case <-ctx.Done():
		return model.Reply{}, context.Cause(ctx)
	}
	if err, ok := f.of[q.Model]; ok {
		return model.Reply{}, err
	}
	return model.Reply{}, f.err
}

func (*flaky) Models(context.Context) ([]model.Info, error) { return nil, nil }

// circuitRig is a registry whose one provider, p, is f. turns counts how often it was said that p is down, or no longer.
func circuitRig(t *testing.T, f *flaky) (r *Registry, turns *int) {
	turns = new(int)
	cat := NewCatalog(filepath.Join(t.TempDir(), "none"), func() Configured {
		return Configured{Providers: map[string]Provider{"p": {BaseURL: "http://localhost", API: "fake", Models: []Model{{ID: "m"}}}}}
	})
	return NewRegistry(cat, RegistryOptions{
		Formats: []model.Factory{{Format: "fake", New: func(model.Endpoint) model.API { return f }}},
		Getenv:  func(string) string { return "" }, Log: slog.New(slog.DiscardHandler), Changed: func() { *turns++ },
	}), turns
}

// request asks p once.
func request(ctx context.Context, t *testing.T, r *Registry) error {
	t.Helper()
	return requestOf(ctx, t, r, "m")
}

// requestOf asks a model of p once.
func requestOf(ctx context.Context, t *testing.T, r *Registry, id string) error {
	t.Helper()
	target, err := r.Resolve(ctx, "p/"+id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.API.Stream(ctx, model.Request{Model: id}, func(model.Event) {})
	return err
}

// circuitOf is how p stands.
func circuitOf(r *Registry) *wire.ModelCircuit { return statusOf(r).Circuit }

func statusOf(r *Registry) wire.ModelProviderStatus {
	for _, p := range r.status().Providers {
		if p.Provider == "p" {
			return p
		}
	}
	return wire.ModelProviderStatus{}
}

// TestCircuit: a provider that fails again and again is left alone, then tried by one request at a time, for longer each time, until
// it answers.
func TestCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{err: &model.Error{Kind: model.Overloaded, Status: 502}}
		r, turns := circuitRig(t, f)
		for range openAfter {
			if err := request(t.Context(), t, r); !errors.Is(err, f.err) {
				t.Fatal(err)
			}
		}
		err := request(t.Context(), t, r)
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != model.Down || e.Temporary() || e.RetryAfter != firstPause || f.asked != openAfter ||
			!strings.Contains(err.Error(), "p is down: 5 requests in a row have failed, the last one: overloaded (HTTP 502). The next try is at ") ||
			!strings.HasSuffix(err.Error(), "in 15s") {
			t.Fatalf("%v after %d requests", err, f.asked)
		}
		if s := circuitOf(r); s == nil || s.State != circuitOpen || s.Failures != openAfter || s.RetryAt != time.Now().Add(firstPause).UnixMilli() || *turns != 1 {
			t.Errorf("%+v, told %d times", s, *turns)
		}
		time.Sleep(firstPause)
		if s := circuitOf(r); s == nil || s.State != circuitProbing {
			t.Errorf("%+v", s)
		}
		f.wait = time.Second
		first := make(chan error, 1)
		go func() { first <- request(t.Context(), t, r) }()
		synctest.Wait()
		if err := request(t.Context(), t, r); model.KindOf(err) != model.Down || !strings.HasSuffix(err.Error(), "A try is on its way") {
			t.Errorf("a second one beside the try: %v", err)
		}
		if err := <-first; !errors.Is(err, f.err) {
			t.Error(err)
		}
		if s := circuitOf(r); s == nil || s.RetryAt != time.Now().Add(2*firstPause).UnixMilli() {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * firstPause)
		f.err = nil
		if err := request(t.Context(), t, r); err != nil || circuitOf(r) != nil || *turns != 2 {
			t.Errorf("%v, %+v, told %d times", err, circuitOf(r), *turns)
		}
	})
}

// TestCircuit_whoseFault: what is wrong with the provider is held against it, what may be wrong with one model against that, and
// what is the caller's fault against nobody.
func TestCircuit_whoseFault(t *testing.T) {
	for _, c := range []struct {
		kind   model.Kind
		status int
		want   string // what is down afterwards
	}{
		{model.Unreachable, 0, "p"}, {model.BadKey, 401, "p"}, {model.BadKey, 400, "p"}, {model.Overloaded, 500, "p"}, {model.Overloaded, 502, "p"}, {model.Overloaded, 504, "p"},
		{model.Overloaded, 529, "p/m"}, {model.Overloaded, 503, "p/m"}, {model.Overloaded, 0, "p/m"}, {model.Overloaded, 409, "p/m"}, {model.RateLimited, 429, "p/m"},
		{model.UnknownModel, 404, "p/m"}, {model.Disconnected, 0, "p/m"}, {model.Malformed, 200, "p/m"},
		{model.BadKey, 403, ""}, {model.NoQuota, 402, ""}, {model.Overflow, 400, ""}, {model.Refused, 400, ""}, {model.Invalid, 400, ""},
	} {
		f := &flaky{of: map[string]error{"m": &model.Error{Kind: c.kind, Status: c.status}}}
		r, _ := circuitRig(t, f)
		for range openAfter {
			_ = request(t.Context(), t, r)
		}
		if got := strings.Join(slices.Collect(maps.Keys(r.Down())), " "); got != c.want {
			t.Errorf("%s (%d): %q is down, want %q", c.kind, c.status, got, c.want)
		}
		if err := requestOf(t.Context(), t, r, "other"); (err != nil) != (c.want == "p") {
			t.Errorf("%s (%d): another model answers %v", c.kind, c.status, err)
		}
	}
	for _, kind := range []model.Kind{model.Unreachable, model.RateLimited} {
		f := &flaky{err: &model.Error{Kind: kind}}
		r, _ := circuitRig(t, f)
		for range openAfter - 1 {
			_ = request(t.Context(), t, r)
		}
		f.err = &model.Error{Kind: model.Invalid}
		_ = request(t.Context(), t, r)
		f.err = &model.Error{Kind: kind}
		_ = request(t.Context(), t, r)
		if down := r.Down(); len(down) != 0 {
			t.Errorf("failures that are not in a row opened %v", down)
		}
	}
}

// TestCircuit_model: a model that is down is left alone and told of by its name, while others of its provider are asked, and
// their answers do not end its pause. When its provider goes down meanwhile, the two have a try of their own each.
func TestCircuit_model(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{of: map[string]error{"m": &model.Error{Kind: model.RateLimited, Status: 429}}}
		r, turns := circuitRig(t, f)
		for range openAfter {
			if err := requestOf(t.Context(), t, r, "other"); err != nil {
				t.Fatal(err)
			}
			_ = request(t.Context(), t, r)
		}
		asked := f.asked
		if err := request(t.Context(), t, r); model.KindOf(err) != model.Down || f.asked != asked || !strings.Contains(err.Error(), "p/m is down: 5 requests in a row have failed, the last one: rate limited (HTTP 429)") {
			t.Errorf("%v after %d requests", err, f.asked-asked)
		}
		if err := requestOf(t.Context(), t, r, "other"); err != nil {
			t.Error(err)
		}
		if s := statusOf(r); s.Circuit != nil || len(s.ModelCircuits) != 1 || s.ModelCircuits["m"].Failures != openAfter || *turns != 1 {
			t.Errorf("%+v, told %d times", s, *turns)
		}
		f.err = &model.Error{Kind: model.Unreachable}
		for range openAfter {
			_ = requestOf(t.Context(), t, r, "other")
		}
		if s := statusOf(r); s.Circuit == nil || len(s.ModelCircuits) != 1 || *turns != 2 {
			t.Errorf("%+v, told %d times", s, *turns)
		}
		time.Sleep(firstPause)
		_ = request(t.Context(), t, r) // the try of both: the provider is there, and the model is not
		if s := statusOf(r); s.Circuit != nil || s.ModelCircuits["m"].RetryAt != time.Now().Add(2*firstPause).UnixMilli() {
			t.Errorf("%+v", s)
		}
		for range openAfter {
			_ = requestOf(t.Context(), t, r, "other")
		}
		time.Sleep(firstPause)
		if err := request(t.Context(), t, r); model.KindOf(err) != model.Down { // the model's pause goes on, and it takes nobody's try
			t.Error(err)
		}
		f.err, f.of = nil, nil
		if err := requestOf(t.Context(), t, r, "other"); err != nil || circuitOf(r) != nil {
			t.Errorf("%v, %+v", err, circuitOf(r))
		}
		time.Sleep(firstPause)
		if err := request(t.Context(), t, r); err != nil || len(r.Down()) != 0 {
			t.Errorf("%v, %+v", err, r.Down())
		}
	})
}

// TestCircuit_aborted: a try that was given up is no answer; the next request is the try. Somebody who asks on purpose is not
// kept back.
func TestCircuit_aborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{err: &model.Error{Kind: model.Unreachable, RetryAfter: time.Hour}}
		r, _ := circuitRig(t, f)
		for range openAfter {
			_ = request(t.Context(), t, r)
		}
		if s := circuitOf(r); s == nil || s.RetryAt != time.Now().Add(maxPause).UnixMilli() {
			t.Errorf("%+v", s)
		}
		time.Sleep(maxPause)
		f.wait = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- request(ctx, t, r) }()
		synctest.Wait()
		cancel()
		<-ended
		f.wait = 0
		if err := request(t.Context(), t, r); !errors.Is(err, f.err) {
			t.Errorf("the request after an aborted try: %v", err)
		}
		f.err = nil
		if p := r.probe(t.Context(), wire.ModelsProbeParams{Model: "p/m"}); !p.OK || circuitOf(r) != nil {
			t.Errorf("a probe by hand: %+v, %+v", p, circuitOf(r))
		}
	})
}

// TestAsked: each request that was made is told of, with what came of it, also one that crashed; one that was kept back is not.
func TestAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{wait: time.Second}
		r, _ := circuitRig(t, f)
		type key struct{}
		var told []Asked
		r.o.Asked = func(ctx context.Context, a Asked) {
			if ctx.Value(key{}) != "mine" {
				t.Error("not the context of the request")
			}
			told = append(told, a)
		}
		ctx := context.WithValue(t.Context(), key{}, "mine")
		ask := func() { _ = request(ctx, t, r) }
		ask()
		f.err = &model.Error{Kind: model.Overloaded}
		for range openAfter + 3 {
			ask()
		}
		if len(told) != openAfter+1 || told[0].Err != nil || told[1].Err != f.err || told[0].Provider != "p" || told[0].Ended.Sub(told[0].Began) != time.Second {
			t.Errorf("%+v", told)
		}
		time.Sleep(maxPause)
		f.crash = true
		func() {
			defer func() { _ = recover() }()
			ask()
		}()
		if last := told[len(told)-1]; !errors.Is(last.Err, errCrashed) {
			t.Errorf("%+v", last)
		}
	})
}
