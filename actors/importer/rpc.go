package importer

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Methods answers import.status, an addition to the protocol.
func Methods(im *Importer) wire.Table {
	return wire.Table{
		wire.Strict("import.status", func(c *wire.Call, _ wire.NoParams) {
			go func() { // a read of the store
				ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
				defer cancel()
				s, err := im.Status(ctx)
				c.Answer(s, err)
			}()
		}),
	}
}

// waitLimit is how long a call waits for a transcript; then it is answered with what is there.
const waitLimit = 20 * time.Second

// whole are the methods that need a transcript as a whole, and the parameter that names its session.
var whole = map[string]string{
	"chat.history": "sessionKey", "sessions.delete": "key", "sessions.compact": "key", "sessions.export": "key",
}

// Guard makes the methods that need a transcript as a whole wait for it.
func (im *Importer) Guard(table wire.Table) wire.Table {
	out := make(wire.Table, len(table))
	for i, m := range table {
		if param, ok := whole[m.Name]; ok {
			m.Handle = im.guarded(m.Handle, param)
		}
		out[i] = m
	}
	return out
}

func (im *Importer) guarded(next func(*wire.Call), param string) func(*wire.Call) {
	return func(c *wire.Call) {
		var params map[string]wire.Raw
		var key string
		if wire.Unmarshal(c.Params, &params) != nil || wire.Unmarshal(params[param], &key) != nil || !im.arriving(key) {
			next(c)
			return
		}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
			defer cancel()
			im.Wait(ctx, key)
			next(c)
		}()
	}
}

// arriving tells whether the transcript of a session is still to come.
func (im *Importer) arriving(key string) bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.waiting[key] != nil
}
