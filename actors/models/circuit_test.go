package models

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
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
	asked int
	wait  time.Duration
}

func (f *flaky) Stream(ctx context.Context, _ model.Request, _ func(model.Event)) (model.Reply, error) {
	f.asked++
	select {
	case <-time.After(f.wait):
	case <-ctx.Done():
		return model.Reply{}, context.Cause(ctx)
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
	target, err := r.Resolve(ctx, "p/m")
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.API.Stream(ctx, model.Request{}, func(model.Event) {})
	return err
}

func circuitOf(r *Registry) *wire.ModelCircuit {
	for _, p := range r.status().Providers {
		if p.Provider == "p" {
			return p.Circuit
		}
	}
	return nil
}

// TestCircuit: a provider that fails again and again is left alone, then tried by one request at a time, for longer each time, until
// it answers.
func TestCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{err: &model.Error{Kind: model.Overloaded, Status: 529}}
		r, turns := circuitRig(t, f)
		for range openAfter {
			if err := request(t.Context(), t, r); !errors.Is(err, f.err) {
				t.Fatal(err)
			}
		}
		err := request(t.Context(), t, r)
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != model.Down || e.Temporary() || e.RetryAfter != firstPause || f.asked != openAfter ||
			!strings.Contains(err.Error(), "p is down: 5 requests in a row have failed, the last one: overloaded (HTTP 529). The next try is at ") ||
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

// TestCircuit_whoseFault: what is the caller's fault opens nothing, and shows that the provider is there.
func TestCircuit_whoseFault(t *testing.T) {
	for kind, opens := range map[model.Kind]bool{
		model.Overloaded: true, model.Unreachable: true, model.Disconnected: true, model.Malformed: true,
		model.RateLimited: false, model.BadKey: false, model.NoQuota: false, model.UnknownModel: false, model.Overflow: false, model.Refused: false, model.Invalid: false,
	} {
		f := &flaky{err: &model.Error{Kind: kind}}
		r, _ := circuitRig(t, f)
		for range openAfter + 1 {
			_ = request(t.Context(), t, r)
		}
		if got := circuitOf(r) != nil; got != opens {
			t.Errorf("%s opens it: %v", kind, got)
		}
	}
	f := &flaky{err: &model.Error{Kind: model.Overloaded}}
	r, _ := circuitRig(t, f)
	for range openAfter - 1 {
		_ = request(t.Context(), t, r)
	}
	f.err = &model.Error{Kind: model.Invalid}
	_ = request(t.Context(), t, r)
	f.err = &model.Error{Kind: model.Overloaded}
	_ = request(t.Context(), t, r)
	if circuitOf(r) != nil {
		t.Error("failures that are not in a row opened it")
	}
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
