package discord

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	surface  = "discord"
	official = "https://discord.com"
)

// Provider is one bot.
type Provider struct {
	env    providers.Env
	cfg    Config
	opt    options
	source string // where the token came from, for the advice in errors
	api    *api
	idle   []interface{ CloseIdleConnections() }
	names  *names

	running atomic.Bool // a Run is active

	mu      sync.Mutex // guards the following fields
	self    identity
	answers map[string]*answer // slash commands that wait for their answer, by interaction id
	nonces  *ring              // what was sent, for Reconcile
	dms     map[string]string  // DM channel by user id
}

var (
	_ providers.Provider   = (*Provider)(nil)
	_ providers.Typer      = (*Provider)(nil)
	_ providers.Prober     = (*Provider)(nil)
	_ providers.Reconciler = (*Provider)(nil)
	_ providers.Performer  = (*Provider)(nil)
)

// identity is the bot as the platform knows it.
type identity struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	Application string `json:"application"`
}

// options are the clocks and bounds of the provider. Tests shorten them.
type options struct {
	dial      time.Duration // TCP connect with name lookup, TLS
	call      time.Duration // a small call, from dial to the last byte of the answer
	upload    time.Duration // a call that carries a file
	handshake time.Duration // from the socket to READY or RESUMED
	write     time.Duration // one frame out
	ackWait   time.Duration // a heartbeat without acknowledgement this long after it was sent: the link is dead
	beatMax   time.Duration // heartbeats at least this often, whatever the server says

	retryMin, retryMax time.Duration // between connections, and between tries to hand a message over
	invalidMin         time.Duration // after "invalid session", plus up to four times that
	healthy            time.Duration // a link up for this long forgets earlier failures
	flush              time.Duration // the place is written to the store at most this often

	queue     int           // events that wait for the store
	fetchMax  int           // messages fetched per channel after a downtime
	fetchAge  time.Duration // older ones are not
	answerTTL time.Duration // how long an interaction can be answered
}

func defaultOptions() options {
	return options{
		dial: 10 * time.Second, call: 20 * time.Second, upload: 2 * time.Minute,
		handshake: 30 * time.Second, write: 10 * time.Second, ackWait: 20 * time.Second, beatMax: 60 * time.Second,
		retryMin: time.Second, retryMax: time.Minute, invalidMin: time.Second, healthy: time.Minute, flush: time.Second,
		queue: 2000, fetchMax: 500, fetchAge: 24 * time.Hour, answerTTL: 14 * time.Minute,
	}
}

// Factory makes Discord providers.
func Factory() providers.Factory {
	return providers.Factory{
		Surface: surface,
		New:     func(env providers.Env) (providers.Provider, error) { return newProvider(env, defaultOptions()) },
		Rules:   Rules,
		Manual:  manual(),
	}
}

func newProvider(env providers.Env, opt options) (*Provider, error) {
	cfg, err := ParseConfig(env.Config)
	if err != nil {
		return nil, err
	}
	token, source, err := Token(cfg, env.Getenv)
	if err != nil {
		return nil, err
	}
	env = env.WithDefaults()
	base, err := url.Parse(official)
	if env.Endpoint != "" {
		base, err = url.Parse(env.Endpoint)
	}
	if err != nil || base.Host == "" {
		return nil, errors.New("dev.endpoints.discord: must be a URL like http://host:port")
	}
	p := &Provider{
		env: env, cfg: cfg, opt: opt, source: source, names: newNames(),
		answers: map[string]*answer{}, nonces: newRing(1000), dms: map[string]string{},
	}
	p.api = &api{base: base, token: token, client: p.transport()}
	for _, entry := range cfg.notIDs() {
		env.Log.Warn("this entry matches nothing: only ids do, since names can be taken by anybody", "account", env.Account, "entry", "discord."+entry)
	}
	return p, nil
}

// transport is plain HTTP/1.1, whose trace tells for certain whether a request was written, or the embedder's own.
func (p *Provider) transport() http.RoundTripper {
	if p.env.HTTP != nil && p.env.HTTP.Transport != nil {
		return p.env.HTTP.Transport
	}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: p.opt.dial, KeepAlive: 15 * time.Second}).DialContext,
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: p.opt.dial,
		IdleConnTimeout:     30 * time.Second,
		MaxIdleConnsPerHost: 4,
	}
	p.idle = append(p.idle, t)
	return t
}

// settle lets no kept connection live on after a call outside of Run.
func (p *Provider) settle() {
	if !p.running.Load() {
		p.closeIdle()
	}
}

func (p *Provider) closeIdle() {
	for _, t := range p.idle {
		t.CloseIdleConnections()
	}
}

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.Markdown, SenderIDs: true}
}

func (p *Provider) me() identity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.self
}

func (p *Provider) setMe(me identity) {
	p.mu.Lock()
	p.self = me
	p.mu.Unlock()
	p.env.State(providers.Status{Self: "@" + me.Username})
}

// refusal turns the platform's word that the token is no good into an error for the person who can mend it; nil for any
// other error.
func (p *Provider) refusal(err error) error {
	if status(err) != http.StatusUnauthorized {
		return nil
	}
	return p.badToken()
}

func (p *Provider) badToken() error {
	return fmt.Errorf("discord refuses the bot token: make a new one at discord.com/developers/applications (Bot, Reset Token) and put it into %s", place(p.source))
}
