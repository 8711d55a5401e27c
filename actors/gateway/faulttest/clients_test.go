package faulttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// watcher is the client that has nothing to do with the fault: it reads every event and asks for health now and then.
type watcher struct {
	*client.Client
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex // guards the fields below
	seq     int64
	faults  []string       // of the sequence
	closes  []error        // sockets lost
	ends    map[string]int // events that end a run, by run id
	mains   int            // of them, in the main session
	notices int
	events  int
	slowest time.Duration // of its health calls
	slow    []string      // those that cannot be blamed on the machine
	machine time.Duration // the slowest plain request
	refused []error       // health calls that failed
}

func watch(s *scene) *watcher {
	w := &watcher{ends: map[string]int{}, done: make(chan struct{})}
	o := s.options("calm")
	o.Reconnect, o.MinBackoff, o.MaxBackoff = true, 10*time.Millisecond, 100*time.Millisecond
	o.OnEvent, o.OnClose = w.onEvent, w.onClose
	o.OnGap = func(expected, got int64) { w.fault("gap: %d, then %d", expected-1, got) }
	var err error
	if w.Client, err = client.Dial(s.ctx, o); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Call(s.ctx, "health", nil, nil); err != nil { // the first one waits for the first snapshot
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	w.stop = cancel
	go w.askHealth(ctx, "http://"+s.g.Addr()+"/healthz")
	s.t.Cleanup(func() {
		w.leave()
		_ = w.Close()
	})
	return w
}

// leave ends the questions.
func (w *watcher) leave() {
	w.stop()
	<-w.done
}

// askHealth asks again and again. The page's own /healthz, which needs no actor, is asked all the while, to tell a slow
// machine from a slow gateway.
func (w *watcher) askHealth(ctx context.Context, control string) {
	defer close(w.done)
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for {
		start := time.Now()
		asked, cancel := context.WithCancel(ctx)
		plain := make(chan time.Duration, 1)
		go func() { plain <- slowestGet(asked, hc, control) }()
		err := w.Call(ctx, "health", nil, nil)
		took := time.Since(start)
		cancel()
		machine := <-plain
		w.mu.Lock()
		w.machine = max(w.machine, machine)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			w.refused = append(w.refused, err)
		default:
			w.slowest = max(w.slowest, took)
			if took > time.Second+3*machine {
				w.slow = append(w.slow, fmt.Sprintf("%v, the machine %v", took, machine))
			}
		}
		w.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// starved is how long the machine has kept a plain request waiting.
func (w *watcher) starved() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machine
}

// slowestGet gets url until ctx ends and tells how long the longest took, the one cut short included.
func slowestGet(ctx context.Context, hc *http.Client, url string) (longest time.Duration) {
	for ctx.Err() == nil {
		start := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			panic(err) // a mistake of the test
		}
		if r, err := hc.Do(req); err == nil {
			_ = r.Body.Close()
		}
		longest = max(longest, time.Since(start))
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
		longest = max(longest, time.Since(start)-20*time.Millisecond)
	}
	return longest
}

func (w *watcher) onEvent(e client.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	if e.Seq > 0 {
		if e.Seq <= w.seq {
			w.faults = append(w.faults, fmt.Sprintf("back: %d, then %d", w.seq, e.Seq))
		}
		w.seq = e.Seq
	}
	var p struct {
		RunID      string `json:"runId"`
		SessionKey string `json:"sessionKey"`
		State      string `json:"state"`
		Stream     string `json:"stream"`
	}
	if e.Decode(&p) != nil {
		return
	}
	switch {
	case e.Name == "chat" && p.State != wire.ChatDelta:
		w.ends[p.RunID]++
		if p.SessionKey == "main" {
			w.mains++
		}
	case e.Name == "agent" && p.Stream == wire.StreamError && p.RunID == "gateway":
		w.notices++
	}
}

func (w *watcher) onClose(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closes = append(w.closes, err)
}

func (w *watcher) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// caller is a client as it should be: when a call is refused as retryable, or its socket is lost, it calls again with the
// same key.
type caller struct {
	*client.Client
	s *scene

	mu      sync.Mutex // guards the fields below
	closes  []error
	retries int
}

func newCaller(s *scene, name string) *caller {
	c := &caller{s: s}
	o := s.options(name)
	o.Reconnect, o.MinBackoff, o.MaxBackoff = true, 10*time.Millisecond, 100*time.Millisecond
	o.OnClose = func(err error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closes = append(c.closes, err)
	}
	var err error
	if c.Client, err = client.Dial(s.ctx, o); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// must calls until there is a final answer and returns it: nil or a *wire.Error.
func (c *caller) must(method string, params, result any) *wire.Error {
	for {
		err := c.CallExpectFinal(c.s.ctx, method, params, result)
		we, answered := errors.AsType[*wire.Error](err)
		switch {
		case err == nil:
			return nil
		case answered && !we.Retryable:
			return we
		case !answered && !errors.Is(err, client.ErrClosed):
			c.s.t.Errorf("%s %+v: %v", method, params, err)
			return wire.Unavailable("%v", err)
		}
		c.mu.Lock()
		c.retries++
		c.mu.Unlock()
		c.s.pause(50 * time.Millisecond)
	}
}

// keyed is must for a call with an idempotency key.
func (c *caller) keyed(method, key string, params, result any) *wire.Error {
	c.s.note(keyed{method, key, params})
	return c.must(method, params, result)
}
