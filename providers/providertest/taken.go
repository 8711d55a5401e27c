package providertest

import (
	"context"
	"slices"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Taken records what Receive has taken. For a platform that is never told of it, that is what Acked means. The zero value
// is ready.
type Taken struct {
	mu  watch.Lock
	ids []string // guarded by mu
}

// Watch has env's Receive recorded.
func (k *Taken) Watch(env *providers.Env) {
	receive := env.Receive
	env.Receive = func(ctx context.Context, m providers.Incoming) error {
		if err := receive(ctx, m); err != nil {
			return err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.ids = append(k.ids, m.ID)
		k.mu.Broadcast()
		return nil
	}
}

// Acked is Platform.Acked.
func (k *Taken) Acked(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.ids, id)
}

// WaitAcked is Platform.WaitAcked.
func (k *Taken) WaitAcked(ctx context.Context, id string) error {
	return k.mu.Wait(ctx, func() bool { return slices.Contains(k.ids, id) })
}
