package browser

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a browser that counts.
type fake struct {
	open *atomic.Int32
	gone atomic.Bool
}

func (f *fake) Gone() bool { return f.gone.Load() }
func (f *fake) Close()     { f.open.Add(-1) }

type bench struct {
	t             *testing.T
	ref           actors.Ref[Message]
	started, open atomic.Int32
	fail          error
}

// run gives f an actor, in a bubble, and sees to it that no browser is left when it has ended.
func run(t *testing.T, f func(b *bench)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t}
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		var err error
		b.ref, err = actors.Spawn(sys, "browser", Props(Options{Idle: time.Minute, Start: func(context.Context, string) (Browser, error) {
			b.started.Add(1)
			if b.fail != nil {
				return nil, b.fail
			}
			b.open.Add(1)
			return &fake{open: &b.open}, nil
		}}))
		if err != nil {
			t.Fatal(err)
		}
		f(b)
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := b.open.Load(); n != 0 {
			t.Errorf("%d browsers are left", n)
		}
	})
}

func (b *bench) do(ctx context.Context, profile string, f func(ctx context.Context, br Browser) (any, error)) (any, error) {
	return actors.Ask(ctx, b.ref, func(r actors.Reply[any]) Message {
		return Do{Reply: r, Profile: profile, Run: f, Until: ctx, Once: new(atomic.Bool)}
	})
}

func say(v string) func(context.Context, Browser) (any, error) {
	return func(context.Context, Browser) (any, error) { return v, nil }
}

func TestDo(t *testing.T) {
	run(t, func(b *bench) {
		ctx := context.Background()
		for _, want := range []string{"one", "two"} {
			if v, err := b.do(ctx, "p", say(want)); v != want || err != nil {
				b.t.Errorf("got %v, %v", v, err)
			}
		}
		if n := b.started.Load(); n != 1 {
			b.t.Errorf("%d browsers for one profile", n)
		}
		if _, err := b.do(ctx, "p", func(context.Context, Browser) (any, error) { panic("boom") }); err == nil || !strings.Contains(err.Error(), "boom") {
			b.t.Errorf("a panic: %v", err)
		}
		time.Sleep(2 * time.Minute) // idle
		synctest.Wait()
		if n := b.open.Load(); n != 0 {
			b.t.Errorf("%d open after a rest", n)
		}
		if _, err := b.do(ctx, "p", func(_ context.Context, br Browser) (any, error) { br.(*fake).gone.Store(true); return 1, nil }); err != nil {
			b.t.Error(err)
		}
		if v, err := b.do(ctx, "p", say("again")); v != "again" || err != nil || b.started.Load() != 3 {
			b.t.Errorf("after the browser died: %v, %v, %d started", v, err, b.started.Load())
		}
	})
}

func TestDo_limits(t *testing.T) {
	run(t, func(b *bench) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		hang := func(ctx context.Context, _ Browser) (any, error) { <-ctx.Done(); return nil, context.Cause(ctx) }
		errs := make(chan error, 40)
		for range maxQueue + 3 {
			go func() { _, err := b.do(ctx, "p", hang); errs <- err }()
		}
		synctest.Wait()
		busy := 0
		for len(errs) > 0 {
			if err := <-errs; strings.Contains(err.Error(), "busy") {
				busy++
			}
		}
		if busy == 0 {
			b.t.Error("the queue has no end")
		}
		stopped, err := actors.Ask(context.Background(), b.ref, func(r actors.Reply[bool]) Message { return Stop{Reply: r, Profile: "p"} })
		if !stopped || err != nil {
			b.t.Errorf("stop: %v, %v", stopped, err)
		}
		if err := <-errs; !errors.Is(err, errStopped) {
			b.t.Errorf("what was going on: %v", err)
		}
		cancel()
		for range maxQueue + 2 - busy {
			<-errs
		}
		for _, p := range []string{"a", "b", "c", "d", "e"} {
			_, err = b.do(context.Background(), p, say(p))
		}
		if err == nil || !strings.Contains(err.Error(), "browsers run, which is the limit") {
			b.t.Errorf("a fifth browser: %v", err)
		}
	})
}

func TestDo_noStart(t *testing.T) {
	run(t, func(b *bench) {
		b.fail = errors.New("install chromium")
		if _, err := b.do(context.Background(), "p", say("x")); err == nil || err.Error() != "install chromium" {
			b.t.Errorf("got %v", err)
		}
		b.fail = nil
		if v, err := b.do(context.Background(), "p", say("x")); v != "x" || err != nil {
			b.t.Errorf("later: %v, %v", v, err)
		}
	})
}
