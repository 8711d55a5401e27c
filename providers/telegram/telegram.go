package telegram

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	surface     = "telegram"
	officialAPI = "https://api.telegram.org"
)

// Provider is one bot account.
type Provider struct {
	env    providers.Env
	cfg    Config
	opt    options
	source string // where the token came from, for the advice in errors
	poll   *api   // connections of their own: a hung poll never delays a send
	send   *api

	running atomic.Bool              // a Run is active
	me      atomic.Pointer[identity] // nil until the first getMe
	offset  int64                    // the first update not yet taken; touched by Run only
	secret  string                   // of the webhook
	posted  atomic.Int64             // updates taken from posts since the last look at the webhook
	moved   sync.Map                 // groups that became supergroups: old chat id to new, both strings
	sent    recent
	idle    []interface{ CloseIdleConnections() }
}

var (
	_ providers.Provider  = (*Provider)(nil)
	_ providers.Typer     = (*Provider)(nil)
	_ providers.Prober    = (*Provider)(nil)
	_ providers.Performer = (*Provider)(nil)
)

// identity is the bot as the platform knows it.
type identity struct {
	ID       int64  `json:"id"`
	Username string `json:"username"` // without "@"
}

// options are the clocks of the provider. Tests shorten them.
type options struct {
	dial     time.Duration // TCP connect with name lookup
	call     time.Duration // a small call, from dial to the last byte of the answer
	upload   time.Duration // a call that carries a file
	longPoll time.Duration // how long the platform may hold a getUpdates; whole seconds
	margin   time.Duration // a poll without answer this long after longPoll is dead
	watch    time.Duration // between two looks at the webhook; with call it must stay below 90 s
	minPoll  time.Duration // an empty poll that comes back sooner is held back: a server that ignores longPoll

	retryMin, retryMax       time.Duration // network, 5xx, store failures
	conflictMin, conflictMax time.Duration // 409; on top of longPoll, so that the other side's poll is over
	healthy                  time.Duration // a link up for this long forgets earlier failures
}

func defaultOptions() options {
	return options{
		dial: 10 * time.Second, call: 30 * time.Second, upload: 2 * time.Minute,
		longPoll: 30 * time.Second, margin: 10 * time.Second, watch: 45 * time.Second, minPoll: 200 * time.Millisecond,
		retryMin: time.Second, retryMax: 30 * time.Second,
		conflictMin: 10 * time.Second, conflictMax: 5 * time.Minute,
		healthy: time.Minute,
	}
}

// Factory makes Telegram providers.
func Factory() providers.Factory {
	return providers.Factory{Surface: surface, Manual: actions.Manual(orders{}), New: func(env providers.Env) (providers.Provider, error) {
		return newProvider(env, defaultOptions())
	}}
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
	if err := webhookFits(cfg, env); err != nil {
		return nil, err
	}
	p := &Provider{env: env, cfg: cfg, opt: opt, source: source, secret: cfg.WebhookSecret}
	if p.secret == "" {
		p.secret = newSecret()
	}
	base := officialAPI
	if env.Endpoint != "" {
		base = strings.TrimRight(env.Endpoint, "/")
	}
	poll, send, err := p.transports()
	if err != nil {
		return nil, err
	}
	p.poll = newAPI(base, token, poll, p.secret)
	p.send = newAPI(base, token, send, p.secret)
	return p, nil
}

// transports makes the two connection pools, or uses the embedder's client for both.
func (p *Provider) transports() (poll, send http.RoundTripper, err error) {
	proxy, err := p.cfg.proxyURL()
	if err != nil {
		return nil, nil, err
	}
	if p.env.HTTP != nil && p.env.HTTP.Transport != nil {
		if proxy != nil {
			return nil, nil, errors.New("telegram.proxy: has no effect on the HTTP client that the embedding program supplies; set the proxy there")
		}
		return p.env.HTTP.Transport, p.env.HTTP.Transport, nil
	}
	a, b := newTransport(proxy, p.opt.dial), newTransport(proxy, p.opt.dial)
	p.idle = append(p.idle, a, b)
	return a, b, nil
}

// newTransport is plain HTTP/1.1: its trace tells for certain whether a request was written.
func newTransport(proxy *url.URL, dial time.Duration) *http.Transport {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dial, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: dial,
		IdleConnTimeout:     30 * time.Second, // below the platform's: a request on a connection being closed would be ambiguous
		MaxIdleConnsPerHost: 4,
	}
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	return t
}

// closeIdle ends the goroutines of kept connections.
func (p *Provider) closeIdle() {
	for _, t := range p.idle {
		t.CloseIdleConnections()
	}
}

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.HTML}
}

// refusal turns the platform's word that the token is no good into an error for the person who can mend it;
// it is nil for any other error.
func (p *Provider) refusal(err error) error {
	var e *apiError
	if !errors.As(err, &e) || !e.badToken() {
		return nil
	}
	return fmt.Errorf("telegram refuses the bot token (%d %s): put a valid token from @BotFather into %s", e.code, e.text, place(p.source))
}
