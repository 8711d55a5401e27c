package signal

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
)

func TestMain(m *testing.M) {
	signalfake.Child()
	goleak.VerifyTestMain(m)
}

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick() options {
	return options{
		dial: 2 * time.Second, call: 2 * time.Second, send: 2 * time.Second,
		check: 2 * time.Second, poll: 5 * time.Millisecond, ready: 20 * time.Second,
		header: 50 * time.Millisecond, idle: 2 * time.Second, again: time.Hour, term: 300 * time.Millisecond,
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

func startPlatform(t *testing.T) providertest.Platform {
	s := signalfake.Start(t, signalfake.Options{Password: signalfake.DefaultPassword, Alive: 100 * time.Millisecond})
	var k providertest.Taken
	clock := time.Now().UnixMilli()
	deliver := func(reversed bool) func(texts ...string) []string {
		return func(texts ...string) []string {
			var batch []signalfake.Envelope
			var ids []string
			for _, text := range texts {
				clock++
				batch = append(batch, signalfake.Direct(signalfake.Ann, text).With("timestamp", clock))
				ids = append(ids, strconv.FormatInt(clock, 10))
			}
			if reversed {
				slices.Reverse(batch)
			}
			s.Push(batch...)
			return ids
		}
	}
	return providertest.Platform{
		New: func(env providers.Env) (providers.Provider, error) {
			k.Watch(&env)
			return newProvider(env, quick())
		},
		Env: providers.Env{Config: section(t, map[string]any{"httpUrl": s.URL(), "account": s.Account()})},
		Unreachable: func(env *providers.Env) {
			env.Config = section(t, map[string]any{"httpUrl": providertest.DeadEndpoint(t), "account": s.Account()})
		},
		Secret:          signalfake.DefaultPassword,
		Chat:            signalfake.Ann,
		Deliver:         deliver(false),
		DeliverReversed: deliver(true),
		Redeliver: func(id string) {
			at, _ := strconv.ParseInt(id, 10, 64)
			s.Push(signalfake.Direct(signalfake.Ann, "once").With("timestamp", at))
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
		Inject:     s.Inject,
		RetryAfter: time.Second,
	}
}
