package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// platform is the far end: a provider that hands every Send to the test.
type platform struct {
	caps  providers.Capabilities
	calls chan *call
	found func(m providers.Outgoing) (providers.Receipt, bool, error) // nil = the provider cannot tell
	links chan providers.Link

	mu  sync.Mutex
	env providers.Env
}

// call is one Send in progress.
type call struct {
	providers.Outgoing
	answer chan<- error // nil = sent, with the receipt "r-<key>"
}

func newPlatform() *platform {
	return &platform{calls: make(chan *call, 1000), links: make(chan providers.Link), caps: providers.Capabilities{MaxText: 10}}
}

func (p *platform) factory() providers.Factory {
	return providers.Factory{Surface: "telegram", New: func(env providers.Env) (providers.Provider, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.env = env
		if p.found != nil {
			return asked{p}, nil
		}
		return p, nil
	}}
}

func (p *platform) Run(ctx context.Context) error {
	p.mu.Lock()
	env := p.env
	p.mu.Unlock()
	env.State(providers.Status{Link: providers.LinkUp})
	for {
		select {
		case l := <-p.links:
			env.State(providers.Status{Link: l})
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *platform) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	answer := make(chan error, 1)
	p.calls <- &call{m, answer}
	select {
	case err := <-answer:
		return providers.Receipt{MessageID: "r-" + m.Key}, err
	case <-ctx.Done():
		return providers.Receipt{}, &providers.SendError{Class: providers.Ambiguous, Err: ctx.Err()}
	}
}

func (p *platform) Capabilities() providers.Capabilities { return p.caps }

// asked is a platform that can be asked what became of a message.
type asked struct{ *platform }

func (p asked) Reconcile(_ context.Context, m providers.Outgoing) (providers.Receipt, bool, error) {
	return p.found(m)
}

func sendError(class providers.Class, text string) *providers.SendError {
	return &providers.SendError{Class: class, Err: errors.New(text)}
}

// rig is an outbox with real accounts and a real store.
type rig struct {
	t         *testing.T
	platform  *platform
	sys       *actors.System
	store     *store.Store
	dir       *account.Directory
	accounts  actors.Ref[account.Message]
	ref       actors.Ref[Message]
	delivered chan store.OutItem
	up        chan struct{}

	mu       sync.Mutex
	fault    func(stage string) error // of the store
	attempts []string                 // what was told of attempts: key, number, outcome, class of the failure, run
}

// config of a rig; the zero value is one on an empty store, with the account up.
type config struct {
	dir       string
	intercept actors.Interceptor
	platform  *platform
	noAccount bool
	before    store.Op // runs before there is an outbox
	now       func() time.Time
}

func newRig(t *testing.T, cfg config) *rig {
	t.Helper()
	r := &rig{t: t, platform: cfg.platform, dir: account.NewDirectory(), delivered: make(chan store.OutItem, 10_000), up: make(chan struct{}, 100)}
	if r.platform == nil {
		r.platform = newPlatform()
	}
	if cfg.dir == "" {
		cfg.dir = t.TempDir()
	}
	var err error
	r.store, err = store.Open(store.Options{Dir: cfg.dir, Fault: func(stage string) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fault == nil {
			return nil
		}
		return r.fault(stage)
	}})
	r.check(err)
	r.sys = actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: cfg.intercept})
	r.check(r.store.Start(r.sys))
	if cfg.before != nil {
		r.do(cfg.before)
	}
	r.accounts, err = actors.Spawn(r.sys, "accounts", account.Props(account.Options{
		Store: r.store, Directory: r.dir, Work: func() {},
		Changed: func(s account.State) {
			if s.Phase == account.Up {
				_ = r.ref.Tell(AccountUp{s.Account})
				r.up <- struct{}{}
			}
		},
	}))
	r.check(err)
	if !cfg.noAccount {
		r.startAccount()
	}
	r.ref, err = actors.Spawn(r.sys, "outbox", Props(Options{
		Store: r.store, Accounts: r.accounts, Directory: r.dir, Chunk: cut, Now: cfg.now,
		Attempted: r.attempted,
		Delivered: func(it store.OutItem) { r.delivered <- it }, Owner: func() string { return "main" },
		Load: func(_ context.Context, ref string) (providers.Media, error) {
			if ref == "missing" {
				return providers.Media{}, errors.New("no such file")
			}
			return providers.Media{Path: "/copy/of/" + ref, MIME: "image/png"}, nil
		},
	}))
	r.check(err)
	t.Cleanup(r.close)
	return r
}

func (r *rig) attempted(a Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.Ended.Before(a.Began) || time.Since(a.Began) > patience {
		r.t.Errorf("an attempt from %s to %s", a.Began, a.Ended)
	}
	r.attempts = append(r.attempts, strings.TrimSpace(fmt.Sprintf("%s %d %s %s of %s", a.Item.Key, a.Number, a.Outcome, a.Class, a.Run)))
}

// wantAttempts compares what was told of attempts.
func (r *rig) wantAttempts(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.attempts, want) {
		r.t.Errorf("told of the attempts %q, want %q", r.attempts, want)
	}
}

// startAccount starts the account, which may not be told about to an outbox yet, and waits until it is up.
func (r *rig) startAccount() {
	r.t.Helper()
	r.check(r.accounts.Tell(account.Start{Account: "telegram", Factory: r.platform.factory()}))
	select {
	case <-r.up:
	case <-time.After(patience):
		r.t.Fatal("the account does not come up")
	}
}

// close ends everything, as a kill would as far as the outbox is concerned: attempts in progress get no answer.
func (r *rig) close() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r.check(errors.Join(r.sys.Stop(ctx), r.dir.Wait(ctx), r.store.Close()))
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) do(op store.Op) {
	r.t.Helper()
	r.check(r.store.Do(context.Background(), op))
}

// say queues one text in a chat.
func (r *rig) say(chat, key string) {
	r.t.Helper()
	r.do(queue(chat, key))
	r.check(r.ref.Tell(Wake{}))
}

func queue(chat, key string) store.Op {
	return func(tx *store.Tx) error {
		_, err := Enqueue(tx, Text{
			Key: key, RunID: key, Route: providers.Route{Account: "telegram", Surface: "telegram", Chat: chat}, Text: key,
		}, cut)
		return err
	}
}

// cut is a Chunk for texts without spaces.
func cut(text string, max int) (parts []string) {
	for len(text) > max {
		parts, text = append(parts, text[:max]), text[max:]
	}
	if text == "" {
		return parts
	}
	return append(parts, text)
}

// call waits for the next Send.
func (r *rig) call() *call {
	r.t.Helper()
	select {
	case c := <-r.platform.calls:
		return c
	case <-time.After(patience):
		r.t.Fatalf("the platform is not asked to send; outbox: %s", r.dump())
		return nil
	}
}

// wantCall waits for the next Send, which must be of key.
func (r *rig) wantCall(key string) *call {
	r.t.Helper()
	c := r.call()
	if c.Key != key {
		r.t.Fatalf("the platform got %s, want %s", c.Key, key)
	}
	return c
}

// wantDelivered waits for the end of an item.
func (r *rig) wantDelivered(key, state string) {
	r.t.Helper()
	select {
	case it := <-r.delivered:
		if it.Key != key || it.State != state {
			r.t.Fatalf("%s ended %s, want %s %s", it.Key, it.State, key, state)
		}
	case <-time.After(patience):
		r.t.Fatalf("%s does not end %s; outbox: %s", key, state, r.dump())
	}
}

func (r *rig) item(key string) store.OutItem {
	r.t.Helper()
	var it *store.OutItem
	r.check(r.store.View(context.Background(), func(v *store.View) (err error) { it, err = v.OutByKey(key); return err }))
	if it == nil {
		r.t.Fatalf("no item %s", key)
	}
	return *it
}

func (r *rig) items() (all []store.OutItem) {
	r.t.Helper()
	r.check(r.store.View(context.Background(), func(v *store.View) (err error) { all, err = v.OutList("", 10_000); return err }))
	return all
}

func (r *rig) dump() (s string) {
	for _, it := range r.items() {
		s += fmt.Sprintf("\n%s %s attempts=%d %s", it.Key, it.State, it.Attempts, it.Reason)
	}
	return s
}

func (r *rig) silent(why string) {
	r.t.Helper()
	select {
	case c := <-r.platform.calls:
		r.t.Fatalf("%s was sent %s", c.Key, why)
	default:
	}
}

// spy tells which messages the lanes have handled.
type spy struct{ handled chan string }

func newSpy() *spy { return &spy{make(chan string, 10_000)} }

func (s *spy) Send(_ actors.Delivery, deliver func()) { deliver() }

func (s *spy) Receive(d actors.Delivery, handle func()) {
	handle()
	if d.Kind == "lane" {
		s.handled <- fmt.Sprintf("%T", d.Message)
	}
}

// want waits until a lane has handled such a message.
func (s *spy) want(t *testing.T, message laneMessage) {
	t.Helper()
	name := fmt.Sprintf("%T", message)
	for {
		select {
		case got := <-s.handled:
			if got == name {
				return
			}
		case <-time.After(patience):
			t.Fatalf("no lane handles a %s", name)
		}
	}
}

// rpc calls a method and returns the payload, or the error as JSON.
func (r *rig) rpc(method, params string) string {
	r.t.Helper()
	return r.got(r.rpcLater(method, params))
}

// got waits for the answer of rpcLater.
func (r *rig) got(answer <-chan string) string {
	r.t.Helper()
	select {
	case s := <-answer:
		return s
	case <-time.After(patience):
		r.t.Fatalf("no answer; outbox: %s", r.dump())
		return ""
	}
}

func (r *rig) rpcLater(method, params string) <-chan string {
	answers := make(chan string, 1)
	for _, m := range Methods(r.ref) {
		if m.Name == method {
			m.Handle(&wire.Call{Method: method, Params: []byte(params), Respond: func(res wire.Result) {
				var v any = res.Payload
				if res.Err != nil {
					v = res.Err
				}
				b, err := wire.Marshal(v)
				if err != nil {
					r.t.Error(err)
				}
				answers <- string(b)
			}})
		}
	}
	return answers
}
