package account

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/clawdbot/gateway/providers"
)

// TestInflow: a flood waits at its platform, and a connection that ends does not wait on.
func TestInflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &link{o: &Options{Now: time.Now}, inflow: rate.NewLimiter(inflowRate, 1)}
		l.inflow.ReserveN(time.Now(), 1)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			l.inflow.ReserveN(time.Now(), 1)
			done <- l.receive(ctx, providers.Incoming{ID: "1", Chat: "2"})
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("receive = %v", err)
		}
	})
}
