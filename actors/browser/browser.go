package browser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// Options for the actor.
type Options struct {
	// Start starts the browser of a profile. It may take long; the error says what to do.
	Start func(ctx context.Context, profile string) (Browser, error)
	Idle  time.Duration // after which a browser that nothing is done with is closed; 0 = ten minutes
}

const (
	maxQueue    = 16
	maxBrowsers = 4
	defaultIdle = 10 * time.Minute
)

// Props describes the actor. Its name is "browser".
func Props(o Options) actors.Props[Message] {
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	turns := &turns{last: map[string]chan struct{}{}} // outlives the incarnations
	return actors.Props[Message]{
		Kind:    "browser",
		New:     func() actors.Behavior[Message] { return &owner{o: o, turns: turns, keepers: map[string]*keeper{}} },
		Mailbox: actors.Mailbox{Count: 256, Bytes: 8 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type owner struct {
	o       Options
	turns   *turns
	keepers map[string]*keeper
}

// turns sees to it that a browser has ended before the next one of its profile is started, also when the actor crashes in between.
type turns struct {
	mu   sync.Mutex
	last map[string]chan struct{} // guarded by mu; by profile, closed when its browser has ended
}

// enlist takes the next turn of a profile. It comes when before is closed, and ends with leave.
func (t *turns) enlist(profile string) (before <-chan struct{}, leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.last[profile]
	if last == nil {
		last = make(chan struct{})
		close(last)
	}
	mine := make(chan struct{})
	t.last[profile] = mine
	return last, func() {
		close(mine)
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.last[profile] == mine {
			delete(t.last, profile)
		}
	}
}

// keeper is the goroutine that has a browser.
type keeper struct {
	work chan Do
	stop chan struct{} // closed = close the browser
	told bool
}

// end has the keeper close its browser. Only the actor calls it.
func (k *keeper) end() {
	if !k.told {
		k.told = true
		close(k.stop)
	}
}

var errStopped = errors.New("the browser has been closed")

func (s *owner) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Do:
		s.onDo(c, m)
	case Stop:
		k := s.keepers[m.Profile]
		if k != nil {
			k.end()
		}
		m.Send(k != nil)
	case Reload:
		for _, k := range s.keepers {
			k.end()
		}
	case Running:
		m.Send(slices.Sorted(maps.Keys(s.keepers)))
	case ended:
		s.onEnded(c, m)
	}
	return nil
}

func (s *owner) onDo(c *actors.Context[Message], m Do) {
	k := s.keepers[m.Profile]
	if k == nil {
		if len(s.keepers) >= maxBrowsers {
			m.Fail(fmt.Errorf("%d browsers run, which is the limit: stop one of %v", len(s.keepers), slices.Sorted(maps.Keys(s.keepers))))
			return
		}
		k = &keeper{work: make(chan Do, maxQueue), stop: make(chan struct{})}
		s.keepers[m.Profile] = k
		s.keep(c, m.Profile, k)
	}
	select {
	case k.work <- m:
	default:
		m.Fail(errors.New("the browser is busy with other things, try again"))
	}
}

// keep starts the keeper of a profile.
func (s *owner) keep(c *actors.Context[Message], profile string, k *keeper) {
	o := s.o
	before, leave := s.turns.enlist(profile)
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		defer leave()
		<-before // however long that takes: a profile has one browser at a time
		if ctx.Err() != nil {
			return struct{}{}, errStopped
		}
		return struct{}{}, k.run(ctx, o, profile)
	}, func(_ struct{}, err error) Message { return ended{profile, err} })
}

// onEnded answers what has come since the keeper looked last. What comes after a stop has a browser of its own.
func (s *owner) onEnded(c *actors.Context[Message], m ended) {
	k := s.keepers[m.profile]
	delete(s.keepers, m.profile)
	if k == nil {
		return
	}
	for {
		select {
		case d := <-k.work:
			if m.err != nil {
				d.Fail(m.err)
			} else {
				s.onDo(c, d)
			}
		default:
			return
		}
	}
}

// run starts a browser and does with it what is asked for, until it is to end, or has.
func (k *keeper) run(ctx context.Context, o Options, profile string) error {
	b, err := o.Start(ctx, profile)
	if err != nil {
		return err
	}
	defer b.Close()
	idle := time.NewTimer(o.Idle)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return errStopped
		case <-k.stop:
			return nil
		case <-idle.C:
			return nil
		case d := <-k.work:
			k.do(ctx, d, b)
			if b.Gone() {
				return nil // what waits gets another one
			}
			idle.Reset(o.Idle)
		}
	}
}

// do does one thing. A stop breaks it off.
func (k *keeper) do(ctx context.Context, d Do, b Browser) {
	if d.Until.Err() != nil {
		d.Fail(context.Cause(d.Until))
		return
	}
	if d.Once.Swap(true) {
		return
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.Until, func() { cancel(context.Cause(d.Until)) })()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-k.stop:
			cancel(errStopped)
		case <-over:
		}
	}()
	v, err := guarded(func() (any, error) { return d.Run(ctx, b) })
	if err != nil {
		d.Fail(err)
		return
	}
	d.Send(v)
}

// guarded is f, of which a panic is an error.
func guarded(f func() (any, error)) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the browser's driver crashed: %v", p)
		}
	}()
	return f()
}
