package imessage

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/child/childtest"
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
		settle: 50 * time.Millisecond,
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

func startPlatform(t *testing.T) providertest.Platform {
	s := imsgfake.Start(t)
	var k providertest.Taken
	return providertest.Platform{
		New: func(env providers.Env) (providers.Provider, error) {
			k.Watch(&env)
			return newProvider(env, quick())
		},
		Env:         providers.Env{Config: section(t, map[string]any{"cliPath": s.CLI(t)})},
		Unreachable: func(env *providers.Env) { env.Config = section(t, map[string]any{"cliPath": broken(t)}) },
		Secret:      "there is no credential", // macOS asks for permissions instead
		HearsItself: true,
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
		Acked:     k.Acked,
		WaitAcked: k.WaitAcked,
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
	childtest.Write(t, path, "#!/bin/sh\necho 'no Mac here' >&2\nexit 1\n")
	return path
}
