package actors

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// SystemOptions configures a System. The zero value is usable.
type SystemOptions struct {
	Log       *slog.Logger // nil: slog.Default
	Intercept Interceptor  // nil outside tests
}

// System holds all actors of one gateway. It costs some 3 MB; make one per process or per test.
type System struct {
	log       *slog.Logger
	intercept Interceptor
	engine    *actor.ActorSystem
	root      *actor.RootContext
	strategy  *strategy
	epoch     time.Time
	shutdown  sync.Once

	mu       sync.Mutex // guards the following
	cells    map[string]*cell
	seq      uint64
	stopping bool
	gone     map[string]tally // by kind, of the actors that are no more
	pipes    map[string]int   // goroutines of Pipe that still run, by the path of their actor
	pipesEnd chan struct{}    // closed when there are none again; nil if nobody waits
}

// NewSystem returns a System without actors.
func NewSystem(o SystemOptions) *System {
	s := &System{log: o.Log, intercept: o.Intercept, cells: map[string]*cell{}, gone: map[string]tally{}, pipes: map[string]int{}, epoch: time.Now()}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.strategy = &strategy{jitter: halfJitter}
	s.engine = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(warnOnly{s.log.With("lib", "protoactor").Handler()})
		}),
		// Its goroutine that counts dead letters lives for one interval: it must be over when the System is.
		actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithMetricProviders(nil))
	s.root = s.engine.Root.Copy().WithGuardian(s.strategy)
	s.root.Self() // makes the guardian now: its lazy creation is not safe for two spawners
	return s
}

func halfJitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// Log is the system's logger.
func (s *System) Log() *slog.Logger { return s.log }

func (s *System) parent() (*System, *cell, spawner) { return s, nil, s.root }

// now is the time since the system began: cheaper than time.Now, and enough for ages.
func (s *System) now() time.Duration { return time.Since(s.epoch) }

// register claims c's name.
func (s *System) register(c *cell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping && c.up == nil {
		return ErrStopped
	}
	if s.cells[c.path] != nil {
		return ErrNameTaken
	}
	s.seq++
	c.seq = s.seq
	s.cells[c.path] = c
	if c.up != nil {
		if c.up.children == nil {
			c.up.children = map[*cell]struct{}{}
		}
		c.up.children[c] = struct{}{}
	}
	return nil
}

// unregister forgets c, but for what it has counted.
func (s *System) unregister(c *cell) {
	counted := c.tally()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cells[c.path] == c {
		delete(s.cells, c.path)
		s.gone[c.kind] = s.gone[c.kind].plus(counted)
	}
	if c.up != nil {
		delete(c.up.children, c)
	}
}

func (s *System) childrenOf(c *cell) []*cell {
	s.mu.Lock()
	defer s.mu.Unlock()
	kids := make([]*cell, 0, len(c.children))
	for k := range c.children {
		kids = append(kids, k)
	}
	return kids
}

// Stop stops the top-level actors with all their children, the last spawned first and one after
// the other, and waits for them and for the goroutines of Pipe. When ctx ends first, all are told to
// stop and the error names the first that had not. No top-level actor can be spawned after Stop.
func (s *System) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	var top []*cell
	for _, c := range s.cells {
		if c.up == nil {
			top = append(top, c)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(top, func(a, b *cell) int { return cmp.Compare(b.seq, a.seq) })
	for i, c := range top {
		c.stop(nil)
		select {
		case <-c.doneChan():
		case <-ctx.Done():
			for _, rest := range top[i:] {
				rest.stop(nil)
			}
			s.logBusy()
			return fmt.Errorf("stop %s: %w", c.path, context.Cause(ctx))
		}
	}
	select {
	case <-s.pipesDone():
	case <-ctx.Done():
		return fmt.Errorf("stop: goroutines of Pipe still run, of %s: %w", s.pipeOwners(), context.Cause(ctx))
	}
	s.shutdown.Do(s.engine.Shutdown)
	return nil
}

// logBusy names the handlers that keep the system from stopping.
func (s *System) logBusy() {
	for _, i := range s.Inspect() {
		if i.Current != "" {
			s.log.Error("actor does not stop", "actor", i.Path, "kind", i.Kind, "message", i.Current, "for", i.CurrentFor)
		}
	}
}

// spawnGoroutine runs f for the actor at path, on a goroutine that Stop waits for.
func (s *System) spawnGoroutine(path string, f func()) {
	s.mu.Lock()
	s.pipes[path]++
	s.mu.Unlock()
	go func() {
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.pipes[path]--; s.pipes[path] == 0 {
				delete(s.pipes, path)
			}
			if len(s.pipes) == 0 && s.pipesEnd != nil {
				close(s.pipesEnd)
				s.pipesEnd = nil
			}
		}()
		f()
	}()
}

func (s *System) pipesDone() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pipes) == 0 {
		return closedChan()
	}
	if s.pipesEnd == nil {
		s.pipesEnd = make(chan struct{})
	}
	return s.pipesEnd
}

// pipeOwners are the actors whose goroutines still run.
func (s *System) pipeOwners() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(s.pipes)), ", ")
}

// warnOnly drops what protoactor says about ordinary life: the layer logs it better.
type warnOnly struct{ slog.Handler }

func (h warnOnly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}
func (h warnOnly) WithAttrs(a []slog.Attr) slog.Handler { return warnOnly{h.Handler.WithAttrs(a)} }
func (h warnOnly) WithGroup(n string) slog.Handler      { return warnOnly{h.Handler.WithGroup(n)} }
