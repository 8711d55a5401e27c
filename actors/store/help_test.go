package store

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// openStore opens a store without a writer; it is closed with the test.
func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// newSystem makes an actor system that is stopped with the test.
func newSystem(t testing.TB, i actors.Interceptor) *actors.System {
	t.Helper()
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: i})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := sys.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return sys
}

// startStore opens a store and starts its writer.
func startStore(t testing.TB, o Options) *Store {
	t.Helper()
	s := openStore(t, o)
	if err := s.Start(newSystem(t, nil)); err != nil {
		t.Fatal(err)
	}
	return s
}

// write runs op and fails the test with its error.
func write(t testing.TB, s *Store, op Op) {
	t.Helper()
	if err := s.Do(t.Context(), op); err != nil {
		t.Fatal(err)
	}
}

// read runs f on a view and fails the test with its error.
func read(t testing.TB, s *Store, f func(v *View) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// clock is a time that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// kvPut is the simplest Op.
func kvPut(key string) Op { return func(tx *Tx) error { return tx.Put("test", key, []byte("v")) } }

// hasKey says whether kvPut(key) is durable.
func hasKey(t testing.TB, s *Store, key string) (found bool) {
	t.Helper()
	read(t, s, func(v *View) (err error) {
		_, found, err = v.Get("test", key)
		return err
	})
	return found
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want one that wraps %v", err, want)
	}
}
