package imessage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const surface = "imessage"

// Provider is the Messages account of one Mac.
type Provider struct {
	env providers.Env
	cfg Config
	opt options

	running atomic.Bool // a Run is active

	ledger ledger
	row    atomic.Int64 // the highest ROWID that was seen

	mu   sync.Mutex // guards the following field
	live *client    // Run's child while it is up
}

var (
	_ providers.Provider   = (*Provider)(nil)
	_ providers.Prober     = (*Provider)(nil)
	_ providers.Reconciler = (*Provider)(nil)
	_ providers.Performer  = (*Provider)(nil)
)

// options are the clocks of the provider. Tests shorten them.
type options struct {
	call  time.Duration // a call that reads
	send  time.Duration // a call that makes Messages send
	idle  time.Duration // without a line for this long the child is asked something
	alive time.Duration // and has this long to answer: it may be busy sending
	quiet time.Duration // from the end of its input to SIGTERM
	term  time.Duration // from there to SIGKILL
	// settle is how long a send may take to show in the database after its answer was given up.
	settle time.Duration

	retryMin, retryMax time.Duration
	healthy            time.Duration
}

func defaultOptions() options {
	return options{
		call: 10 * time.Second, send: 45 * time.Second, idle: 30 * time.Second, alive: 50 * time.Second,
		quiet: 500 * time.Millisecond, term: 300 * time.Millisecond, settle: 5 * time.Second,
		retryMin: time.Second, retryMax: 30 * time.Second, healthy: time.Minute,
	}
}

// Factory makes iMessage providers.
func Factory() providers.Factory {
	return providers.Factory{
		Surface: surface,
		New:     func(env providers.Env) (providers.Provider, error) { return newProvider(env, defaultOptions()) },
		Rules:   rules,
		Manual:  actions.Manual(orders{}),
	}
}

func newProvider(env providers.Env, opt options) (*Provider, error) {
	cfg, err := ParseConfig(env.Config)
	if err != nil {
		return nil, err
	}
	env = env.WithDefaults()
	return &Provider{env: env, cfg: cfg, opt: opt}, nil
}

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.Plain}
}

// with calls f with Run's child, or with one for this call alone that has proved that it works.
func (p *Provider) with(ctx context.Context, f func(*client) error) error {
	p.mu.Lock()
	c := p.live
	p.mu.Unlock()
	if c != nil {
		select {
		case <-c.gone:
		case <-c.proc.Done():
		default:
			return f(c)
		}
	}
	if err := ctx.Err(); err != nil {
		return &lostError{err: err}
	}
	c, err := p.open()
	if err != nil {
		return &lostError{err: err}
	}
	defer c.close()
	if err := c.call(ctx, p.opt.call, "chats.list", map[string]any{"limit": 1}, nil); err != nil {
		return &lostError{err: err}
	}
	return f(c)
}

// ProbeResult is what a live check found, in the shape of providers.status (protocol 3.13).
type ProbeResult struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// Probe implements providers.Prober.
func (p *Provider) Probe(ctx context.Context) any {
	err := p.with(ctx, func(c *client) error {
		return c.call(ctx, p.opt.call, "chats.list", map[string]any{"limit": 1}, nil)
	})
	if err != nil {
		return ProbeResult{Error: err.Error()}
	}
	return ProbeResult{OK: true}
}

// Run implements providers.Provider. Every failure that time can mend is retried here and shown as LinkDegraded, so
// Run ends with nil when ctx does, or with a terminal error.
func (p *Provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("imessage: this account is connected already")
	}
	l := &listener{
		p: p, retry: providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: p.opt.healthy},
	}
	defer func() {
		l.finish(ctx)
		p.running.Store(false)
		down := providers.Status{Link: providers.LinkDown}
		if err != nil {
			down.Reason = err.Error()
		}
		p.env.State(down)
	}()
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "rpc"})
	l.resume(ctx)
	for ctx.Err() == nil {
		err := l.connect(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, providers.ErrTerminal) {
			return err
		}
		wait := l.retry.Failed(p.env.Now())
		reason := fmt.Sprintf("%s; next try in %v", providers.OneLine(err.Error()), wait.Round(time.Millisecond))
		p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: reason})
		p.env.Log.Warn("imessage link degraded", "account", p.env.Account, "err", err, "wait", wait)
		providers.Sleep(ctx, wait)
	}
	return nil
}
