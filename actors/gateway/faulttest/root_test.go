package faulttest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/gateway"
)

// root opens a gateway whose root actor is hit.
func root(t *testing.T, dir string, f *actortest.Faults) (*gateway.Gateway, error) {
	t.Helper()
	return gateway.New(gateway.Options{
		AnyPort: true, Log: slog.New(slog.DiscardHandler), Intercept: f,
		Getenv: func(name string) string {
			return map[string]string{"HOME": dir, "CLAWDBOT_STATE_DIR": dir}[name]
		},
	})
}

func end(t *testing.T, g *gateway.Gateway) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := g.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// TestRoot: nobody restarts the root. If it fails at the start, there is no gateway; if it fails later, the process is told
// to end. Either way everything is given back: the next gateway starts on the same state.
func TestRoot(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	on := []actortest.Match{actortest.Path("gateway"), actortest.Message[actors.Starting]()}

	f := actortest.NewFaults(seed)
	f.On(on...).Crash()
	began := time.Now()
	g, err := root(t, dir, f)
	if err == nil {
		end(t, g)
	}
	if _, injected := errors.AsType[actortest.Injected](err); !injected || time.Since(began) > soon/2 {
		t.Errorf("a root that fails at once: %v after %v", err, time.Since(began))
	}

	f = actortest.NewFaults(seed)
	f.On(on...).CrashAfter()
	g, err = root(t, dir, f)
	if err != nil {
		t.Fatal("the state was not given back: ", err)
	}
	select {
	case err := <-g.Failed():
		if _, injected := errors.AsType[actortest.Injected](err); !injected {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(soon):
		t.Error("nobody is told that the root is gone")
	}
	end(t, g)

	if g, err = root(t, dir, actortest.NewFaults(seed)); err != nil {
		t.Fatal("the state was not given back: ", err)
	}
	end(t, g)
}

// TestStoreGivesUp: a third failure of the store within a minute ends the gateway, and what was acknowledged is there.
func TestStoreGivesUp(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	f := actortest.NewFaults(seed)
	f.On(actortest.Kind("store"), actortest.Message[actors.Starting]()).Crash()
	g, err := root(t, dir, f)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-g.Failed():
		if _, injected := errors.AsType[actortest.Injected](err); !injected {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(soon):
		t.Error("the store fails again and again, and the gateway goes on")
	}
	end(t, g)
}
