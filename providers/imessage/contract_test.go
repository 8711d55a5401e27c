package imessage

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
)

func TestMain(m *testing.M) {
	imsgfake.Child()
	goleak.VerifyTestMain(m)
}

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick() options {
	return options{
		call: 10 * time.Second, send: 3 * time.Second, idle: 500 * time.Millisecond, alive: 3 * time.Second,
		quiet: 300 * time.Millisecond, term: 100 * time.Millisecond,
		retryMin: 5 * time.Millisecond, retryMax: 20 * time.Millisecond, healthy: time.Second,
	}
}

func section(t testing.TB, fields map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// taken records what Receive has taken: the database is never told.
type taken struct {
	mu      sync.Mutex // guards the following fields
	ids     []string
	changed chan struct{}
}

func (k *taken) watch(env *providers.Env) {
	receive := env.Receive
	env.Receive = func(ctx context.Context, m providers.Incoming) error {
		if err := receive(ctx, m); err != nil {
			return err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.ids = append(k.ids, m.ID)
		close(k.changed)
		k.changed = make(chan struct{})
		return nil
	}
}

func (k *taken) has(id string) (bool, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.ids, id), k.changed
}

func (k *taken) wait(ctx context.Context, id string) error {
	for {
		ok, changed := k.has(id)
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func startPlatform(t *testing.T) providertest.Platform {
	s := imsgfake.Start(t)
	k := &taken{changed: make(chan struct{})}
	return providertest.Platform{
		New: func(env providers.Env) (providers.Provider, error) {
			k.watch(&env)
			return newProvider(env, quick())
		},
		Env:         providers.Env{Config: section(t, map[string]any{"cliPath": s.CLI(t)})},
		Unreachable: func(env *providers.Env) { env.Config = section(t, map[string]any{"cliPath": broken(t)}) },
		Secret:      "there is no credential", // macOS asks for permissions instead
		Chat:        imsgfake.Ann,
		Deliver: func(texts ...string) (ids []string) {
			var rows []imsgfake.Message
			for _, text := range texts {
				rows = append(rows, imsgfake.Direct(imsgfake.Ann, text))
			}
			for _, id := range s.Push(rows...) {
				ids = append(ids, fmt.Sprintf("GUID-%d", id))
			}
			return ids
		},
		Redeliver: func(id string) {
			var row int
			if _, err := fmt.Sscanf(id, "GUID-%d", &row); err != nil {
				t.Error(err)
				return
			}
			s.Again(row)
		},
		Acked: func(id string) bool {
			ok, _ := k.has(id)
			return ok
		},
		WaitAcked: k.wait,
		Sent: func() (texts []string) {
			for _, m := range s.Sent() {
				texts = append(texts, m.Text)
			}
			return texts
		},
		WaitSent: func(ctx context.Context, n int) error {
			_, err := s.WaitSent(ctx, n)
			return err
		},
		Inject: s.Inject,
	}
}

// broken is a program that ends at once.
func broken(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "imsg")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho 'no Mac here' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
