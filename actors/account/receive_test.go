package account

import (
	"context"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

// TestReceive uses the real store and real time: a commit waits for the disk.
func TestReceive(t *testing.T) {
	t.Parallel()
	st, err := store.Open(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, st, nil)
	defer func() {
		r.stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	envs := make(chan providers.Env, 2)
	r.start(factory(script{run: func(ctx context.Context, env providers.Env) error {
		envs <- env
		return upUntilCancelled(ctx, env)
	}}))
	first := <-envs
	m := providers.Incoming{ID: "1", Chat: "7", Kind: providers.Direct, Sender: providers.Sender{ID: "7"}, Text: "hello", Time: time.Now()}
	for range 2 { // the second is a duplicate, and as good
		if err := first.Receive(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Receive(t.Context(), providers.Incoming{Chat: "7"}); err == nil {
		t.Error("a message without id was accepted")
	}
	s := r.wantPhase(Up)
	if s.LastInbound == 0 || s.LastSeen == 0 || r.work.Load() == 0 {
		t.Errorf("state = %+v, %d wake-ups", s, r.work.Load())
	}

	r.tell(Restart{"telegram"})
	second := <-envs
	m.ID = "2"
	if err := first.Receive(t.Context(), m); err == nil {
		t.Error("the replaced connection's message was accepted")
	}
	if err := second.Receive(t.Context(), m); err != nil {
		t.Error(err)
	}
	if after := r.wantPhase(Up); after.LastInbound < s.LastInbound {
		t.Errorf("the time of the last message went back: %d after %d", after.LastInbound, s.LastInbound)
	}
	var rows []store.Inbound
	if err := st.View(t.Context(), func(v *store.View) (err error) { rows, err = v.PendingInbound(10); return err }); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].MsgID != "1" || rows[1].MsgID != "2" || rows[0].Surface != "telegram" || rows[0].Account != "telegram" {
		t.Errorf("inbox = %+v", rows)
	}
}
