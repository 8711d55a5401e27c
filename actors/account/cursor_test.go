package account

import (
	"context"
	"errors"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

func TestCursor(t *testing.T) {
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
	envs := map[string]chan providers.Env{"telegram": make(chan providers.Env, 2), "other": make(chan providers.Env, 1)}
	f := factory(script{run: func(ctx context.Context, env providers.Env) error {
		envs[env.Account] <- env
		return upUntilCancelled(ctx, env)
	}})
	r.start(f)
	r.tell(Start{Account: "other", Factory: f})
	first, other := <-envs["telegram"], <-envs["other"]

	want := func(c providers.Cursor, key, value string) {
		t.Helper()
		if got, err := c.Get(t.Context(), key); err != nil || got != value {
			t.Errorf("%s = %q, %v; want %q", key, got, err, value)
		}
	}
	set := func(c providers.Cursor, key, value string) {
		t.Helper()
		if err := c.Set(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	want(first.Cursor, "C1", "")
	set(first.Cursor, "C1", "10")
	set(first.Cursor, "C2", "20")
	set(other.Cursor, "C1", "99")
	set(first.Cursor, "C1", "11")
	set(first.Cursor, "C2", "")
	want(first.Cursor, "C1", "11")
	want(first.Cursor, "C2", "")
	want(other.Cursor, "C1", "99")

	r.tell(Restart{"telegram"})
	second := <-envs["telegram"]
	want(second.Cursor, "C1", "11")
	if err := first.Cursor.Set(t.Context(), "C1", "5"); !errors.Is(err, errStale) {
		t.Errorf("a replaced connection's Set = %v, want %v", err, errStale)
	}
	want(second.Cursor, "C1", "11")
}
