package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	tidyEvery = time.Hour
	tidyLimit = 100_000 // items looked at; with more nothing is removed
)

var errTooMany = errors.New("too many outgoing messages wait")

// tidy has old files removed, once an hour. A file that an item still needs is named: what is queued may wait longer than any
// age, and what failed may be sent again.
func (o *outbox) tidy(c *actors.Context[Message]) {
	now := o.o.Now()
	if o.o.Expire == nil || now.Sub(o.tidied) < tidyEvery {
		return
	}
	o.tidied = now
	opts, log := o.o, c.Log()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		needed, err := neededFiles(ctx, opts.Store)
		if err != nil {
			log.Warn("old files are kept", slog.Any("err", err))
			return struct{}{}, nil
		}
		opts.Expire(ctx, needed)
		return struct{}{}, nil
	}, func(struct{}, error) Message { return answered{} })
}

func neededFiles(ctx context.Context, st *store.Store) (map[string]bool, error) {
	needed := map[string]bool{}
	err := st.View(ctx, func(v *store.View) error {
		for _, state := range []string{store.OutQueued, store.OutSending, store.OutAmbiguous, store.OutFailed} {
			items, err := v.OutList(state, tidyLimit)
			if err != nil {
				return err
			}
			if len(items) == tidyLimit {
				return errTooMany
			}
			for _, it := range items {
				var out providers.Outgoing
				if wire.Unmarshal(it.Payload, &out) == nil && out.Media != nil {
					needed[out.Media.Path] = true
				}
			}
		}
		return nil
	})
	return needed, err
}
