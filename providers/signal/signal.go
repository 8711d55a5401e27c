package signal

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const surface = "signal"

// Provider is one account of a signal-cli daemon.
type Provider struct {
	env providers.Env
	cfg Config
	opt options
	api *api

	running atomic.Bool // a Run is active
	// self is the account's number, "" while it is not known: a daemon for one account does not tell.
	self atomic.Pointer[string]
	sent stamps
}

var (
	_ providers.Provider  = (*Provider)(nil)
	_ providers.Typer     = (*Provider)(nil)
	_ providers.Prober    = (*Provider)(nil)
	_ providers.Performer = (*Provider)(nil)
)

// options are the clocks of the provider. Tests shorten them.
type options struct {
	dial  time.Duration
	call  time.Duration // a call that asks the daemon for something
	send  time.Duration // a call that makes it talk to Signal
	check time.Duration // one look whether the daemon is there
	poll  time.Duration // between two looks
	ready time.Duration // a daemon that we have started must answer within this
	// header is how long an open stream may go without the head of its answer and still count as up. Some versions send it
	// with the first sign of life only, after 15 s.
	header time.Duration
	idle   time.Duration // a stream without a byte for this long is dead: signs of life come every 15 s
	again  time.Duration // while the stream flows, this often the daemon is asked whether the account still is there
	term   time.Duration // from SIGTERM to SIGKILL

	retryMin, retryMax time.Duration
	healthy            time.Duration
}

func defaultOptions() options {
	return options{
		dial: 5 * time.Second, call: 10 * time.Second, send: 45 * time.Second,
		check: time.Second, poll: 150 * time.Millisecond, ready: 10 * time.Second,
		header: 3 * time.Second, idle: 45 * time.Second, again: 5 * time.Minute, term: 700 * time.Millisecond,
		retryMin: time.Second, retryMax: 30 * time.Second, healthy: time.Minute,
	}
}

// Factory makes Signal providers.
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
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	env = env.WithDefaults()
	if !loopback(base) {
		env.Log.Warn("signal: the daemon has no password of its own; whoever reaches its port can read and write as this account",
			"account", env.Account, "host", base.Host)
	}
	p := &Provider{env: env, cfg: cfg, opt: opt}
	p.api = newAPI(base, p.transport(), cfg.Account)
	if cfg.Account != "" {
		p.self.Store(&cfg.Account)
	}
	return p, nil
}

// transport makes a connection for each call and keeps none: on a loopback they cost nothing, and a call never meets one
// that is being closed. There is no limit for the head of an answer: see options.header.
func (p *Provider) transport() http.RoundTripper {
	if p.env.HTTP != nil && p.env.HTTP.Transport != nil {
		return p.env.HTTP.Transport
	}
	return &http.Transport{
		DialContext:       (&net.Dialer{Timeout: p.opt.dial}).DialContext,
		DisableKeepAlives: true, DisableCompression: true,
	}
}

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.Plain}
}

// own says whether an address is the account itself.
func (p *Provider) own(number string) bool {
	self := p.self.Load()
	return self != nil && number != "" && normal(number) == *self
}
