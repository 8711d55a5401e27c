package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// sessionCount is how many sessions the calls go to; less than agent.maxConcurrent, so that the others get on.
const sessionCount = 12

const longStream = "!say 8" // more than a second

// call is one agent or chat.send call. Its fields after text are guarded by driver.mu.
type call struct {
	method  string // agent, chat.send
	key     string // idempotency key
	session string
	text    string

	acked    bool // agent: answered, chat.send: answered for good
	attempts int
	answer   wire.RunResult // chat.send
}

// runID is the call's run in the store.
func (c *call) runID() string {
	kind, _ := c.scope()
	return kind + ":" + c.key
}

func (c *call) scope() (scope, key string) {
	if c.method == "agent" {
		return "agent", c.key
	}
	return "chat", c.key
}

// driver is the client: it repeats each call with its key until it is answered, over all kills.
type driver struct {
	t      *testing.T
	client *client.Client

	mu sync.Mutex // guards the following fields
	socket
	calls []*call
	live  map[string]bool // agent runs that stream: an assistant event came, the end did not
	trap  *trap
	jobs  []string // ids of cron jobs
	named int      // jobs that have a name
}

// socket is one life of the connection: up is closed when it begins, down when it is over.
type socket struct{ up, down chan struct{} }

func newSocket() socket { return socket{make(chan struct{}), make(chan struct{})} }

// trap springs at the n-th event of its kind.
type trap struct {
	on     string // streaming, accepted
	n      int
	sprung chan string // gets the key of the run
}

func newDriver(t *testing.T) *driver {
	return &driver{t: t, socket: newSocket(), live: map[string]bool{}}
}

// connect dials once; from then on the client comes back by itself.
func (d *driver) connect(ctx context.Context, url string) error {
	c, err := client.Dial(ctx, client.Options{
		URL: url, Reconnect: true, MinBackoff: 20 * time.Millisecond, MaxBackoff: 100 * time.Millisecond,
		OnHello: func(wire.HelloOK) {
			d.mu.Lock()
			defer d.mu.Unlock()
			close(d.up)
		},
		OnClose: func(error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			close(d.down)
			d.socket = newSocket()
			clear(d.live)
		},
		OnEvent: d.onEvent,
	})
	if err != nil {
		return err
	}
	d.client = c
	d.t.Cleanup(func() { _ = c.Close() })
	return nil
}

// onEvent keeps the list of runs that stream.
func (d *driver) onEvent(e client.Event) {
	if e.Name != "agent" {
		return
	}
	var ev struct {
		RunID  string `json:"runId"`
		Stream string `json:"stream"`
		Data   struct {
			State string `json:"state"`
		} `json:"data"`
	}
	if err := e.Decode(&ev); err != nil {
		d.t.Errorf("agent event: %v", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case ev.Stream == wire.StreamAssistant:
		d.live[ev.RunID] = true
		d.note("streaming", ev.RunID)
	case ev.Stream == wire.StreamJob && ev.Data.State != "started":
		delete(d.live, ev.RunID)
	}
}

// set puts up a trap.
func (d *driver) set(on string, n int) *trap {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trap = &trap{on: on, n: n, sprung: make(chan string, 1)}
	return d.trap
}

// note tells the trap of an event. d.mu is held.
func (d *driver) note(what, key string) {
	t := d.trap
	if t == nil || t.on != what || !d.worthIt(what, key) {
		return
	}
	if t.n--; t.n <= 0 {
		t.sprung <- key
		d.trap = nil
	}
}

func (d *driver) streams(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live[key]
}

// worthIt picks agent calls, and of those that stream the long ones. d.mu is held.
func (d *driver) worthIt(what, key string) bool {
	for _, c := range d.calls {
		if c.key == key {
			return c.method == "agent" && (what != "streaming" || c.text == longStream)
		}
	}
	return false
}

// add makes a new call. What it says is plain text, a long stream or a pause.
func (d *driver) add(method string, rng *rand.Rand) *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &call{method: method, session: fmt.Sprintf("crash-%d", rng.IntN(sessionCount))}
	scope, _ := c.scope()
	c.key = fmt.Sprintf("%s-%d", scope, len(d.calls))
	switch p := rng.IntN(100); {
	case p < 25:
		c.text = longStream
	case p < 45:
		c.text = "!sleep 300ms"
	default:
		c.text = "message " + c.key
	}
	d.calls = append(d.calls, c)
	return c
}

func (d *driver) all() []*call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*call(nil), d.calls...)
}

// acknowledged lists the calls that the gateway has taken on.
func (d *driver) acknowledged() (acked []*call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c.acked {
			acked = append(acked, c)
		}
	}
	return acked
}

// run makes a call until it is acknowledged.
func (d *driver) run(ctx context.Context, c *call) {
	r, err := d.ask(ctx, c, false)
	if err != nil {
		d.t.Errorf("%s: %v", c.key, err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	c.acked, c.answer = true, r
	if r.Status == wire.RunAccepted {
		d.note("accepted", c.key)
	}
}

// ask makes a call until it has an answer: with final the last one, else the first. A run that failed is an answer.
func (d *driver) ask(ctx context.Context, c *call, final bool) (wire.RunResult, error) {
	var params any = wire.AgentParams{Message: c.text, SessionKey: c.session, IdempotencyKey: c.key}
	if c.method == "chat.send" {
		params = wire.ChatSendParams{Message: c.text, SessionKey: c.session, IdempotencyKey: c.key}
	}
	do := d.client.Call
	if final {
		do = d.client.CallExpectFinal
	}
	for {
		d.mu.Lock()
		socket := d.socket
		c.attempts++
		d.mu.Unlock()
		if err := wait(ctx, socket.up); err != nil {
			return wire.RunResult{}, fmt.Errorf("no connection: %w", err)
		}
		var r wire.RunResult
		err := do(ctx, c.method, params, &r)
		_, answered := errors.AsType[*wire.Error](err)
		switch {
		case err == nil, answered && r.Status == wire.RunError:
			if r.RunID != c.key {
				return r, fmt.Errorf("the answer is of run %q", r.RunID)
			}
			return r, nil
		case answered:
			return r, err
		}
		// The socket is gone. Whether the call arrived is unknown, and the key makes that no matter.
		if waitErr := wait(ctx, socket.down); waitErr != nil {
			return r, errors.Join(waitErr, err)
		}
	}
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// each runs f for all calls, a few at a time.
func (d *driver) each(f func(c *call) error) {
	var wg sync.WaitGroup
	queue := make(chan *call)
	for range 16 {
		wg.Go(func() {
			for c := range queue {
				if err := f(c); err != nil {
					d.t.Errorf("%s: %v", c.key, err)
				}
			}
		})
	}
	for _, c := range d.all() {
		queue <- c
	}
	close(queue)
	wg.Wait()
}
