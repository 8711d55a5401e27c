package signal

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
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

// taken records what Receive has taken: Signal has no acknowledgement, so that is all that counts.
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
	s := signalfake.Start(t, signalfake.Options{Password: signalfake.DefaultPassword, Alive: 100 * time.Millisecond})
	k := &taken{changed: make(chan struct{})}
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
			k.watch(&env)
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
		Inject:     s.Inject,
		RetryAfter: time.Second,
	}
}
