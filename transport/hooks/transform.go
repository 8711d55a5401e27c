package hooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// maxStuck is how many modules may be stuck before no transform is run any more.
const maxStuck = 4

var (
	errTime  = errors.New("it took too long")
	errStuck = errors.New("its last call has not stopped yet")
	errMany  = errors.New("too many other modules have not stopped yet")
)

// transformError is a failure of a module, for the operator.
type transformError struct {
	module string
	err    error
}

func (e *transformError) Error() string { return e.module + ": " + e.err.Error() }
func (e *transformError) Unwrap() error { return e.err }

// transforms runs modules, a few at a time.
type transforms struct {
	engine Engine // nil = there is none
	limits Limits
	log    *slog.Logger
	places chan struct{}

	mu sync.Mutex
	// stuck are the modules that went on after their time: the engine looks at the clock between instructions, and some
	// instructions are long. They are guarded by mu.
	stuck map[string]bool
}

func newTransforms(e Engine, l Limits, log *slog.Logger) *transforms {
	return &transforms{engine: e, limits: l, log: log, places: make(chan struct{}, l.Transforms), stuck: map[string]bool{}}
}

// run calls a module's function and returns its result as JSON: an object, null, or nothing. ctx bounds the wait for a
// place. All errors but ErrBusy are *transformError.
func (t *transforms) run(ctx context.Context, dir, module, export string, c *call) (value, error) {
	select {
	case t.places <- struct{}{}:
		defer func() { <-t.places }()
	case <-ctx.Done():
		return value{}, ErrBusy
	}
	v, err := t.runHere(dir, module, export, c)
	if err != nil {
		return value{}, &transformError{module, err}
	}
	return v, nil
}

func (t *transforms) runHere(dir, module, export string, c *call) (value, error) {
	input, err := wire.Marshal(map[string]any{
		"payload": c.payload.raw, "headers": c.headers, "path": c.sub, "pathname": c.path, "query": c.query,
	})
	if err != nil {
		return value{}, err
	}
	if err := t.mayRun(module); err != nil {
		return value{}, err
	}
	l := t.limits
	type outcome struct {
		text string
		err  error
	}
	done := make(chan outcome, 1)
	over := make(chan struct{}) // closed when the engine has come to an end, whoever waits for it
	go func() {
		defer close(over)
		text, err := guarded(func() (string, error) { return t.engine(dir, module, export, string(input), l.Transform, l.Memory) })
		done <- outcome{text, err}
	}()
	patience := time.NewTimer(l.Transform + l.Transform/2)
	defer patience.Stop()
	select {
	case o := <-done:
		switch {
		case errors.Is(o.err, context.DeadlineExceeded):
			return value{}, errTime
		case o.err != nil:
			return value{}, o.err
		}
		return resultOf(o.text)
	case <-patience.C:
		t.abandon(module, over)
		return value{}, errTime
	}
}

func (t *transforms) mayRun(module string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.engine == nil:
		return ErrNoEngine
	case t.stuck[module]:
		return errStuck
	case len(t.stuck) >= maxStuck:
		return errMany
	}
	return nil
}

// abandon keeps a module from being run again until it has stopped.
func (t *transforms) abandon(module string, over <-chan struct{}) {
	t.mu.Lock()
	t.stuck[module] = true
	t.mu.Unlock()
	t.log.Error("a hook's transform does not stop; it is not run again until it has", "module", module)
	go func() {
		<-over
		t.mu.Lock()
		delete(t.stuck, module)
		t.mu.Unlock()
	}()
}

// guarded turns a panic of the engine, a wild pointer in it included, into an error.
func guarded(f func() (string, error)) (text string, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine failed: %v", p)
		}
	}()
	return f()
}

// resultOf reads what a function has returned.
func resultOf(text string) (value, error) {
	v := value{wire.Raw(text)}
	if err := wire.Valid(v.raw); err != nil {
		return value{}, fmt.Errorf("its result is no JSON: %w", err)
	}
	if k := v.kind(); k != '{' && k != 'n' {
		return value{}, errors.New("its result is neither an object nor null")
	}
	return v, nil
}
