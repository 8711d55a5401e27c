package session

import (
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// What a job or a hook begins has the session anew after its rest; what keeps it does so however long that was.
func TestOpen(t *testing.T) {
	t.Parallel()
	const hour = int64(time.Hour / time.Millisecond)
	for _, c := range []struct {
		name  string
		rest  int64
		idle  time.Duration
		renew bool
		same  bool
	}{
		{"rested for its time", hour, 0, true, true},
		{"for longer", hour + 1, 0, true, false},
		{"for longer, kept", 100 * hour, 0, false, true},
		{"by the configuration", hour, 59 * time.Minute, true, false},
		{"the clock was set back", -hour, 0, true, true},
	} {
		o := options(t)
		o.Settings = func() Settings { return Settings{Idle: c.idle} }
		now := 1000 * hour
		err := o.Store.Do(t.Context(), func(tx *store.Tx) error {
			err := tx.PutEntry("k", wire.SessionEntry{SessionID: "id", UpdatedAt: now - c.rest, SendPolicy: "deny", LastTo: "7"})
			if err != nil {
				return err
			}
			id, isNew, err := o.Open(tx, "k", now, c.renew)
			if (id == "id") != c.same || isNew == c.same || err != nil {
				t.Errorf("%s: id %q, new %v, %v", c.name, id, isNew, err)
			}
			e, _, err := tx.Entry("k")
			if (e.SendPolicy == "deny") != c.same || e.LastTo != "7" || e.SessionID != id || e.UpdatedAt < now {
				t.Errorf("%s: entry %+v", c.name, e)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
