package slack

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	surface     = "slack"
	officialAPI = "https://slack.com"
	maxFrame    = 4 << 20 // one message of the socket; Slack's are far smaller
)

// Provider is one app in one workspace.
type Provider struct {
	env    providers.Env
	cfg    Config
	opt    options
	tokens tokens
	api    *api
	rules  providers.Rules

	running atomic.Bool
	me      atomic.Pointer[identity] // nil until the first auth.test
	sockets atomic.Int64             // open connections; never more than one
	seen    atomic.Int64             // last byte from the socket, UnixNano

	people *cache[person]
	places *cache[place]
	roots  *cache[*providers.Quoted] // first messages of threads
	taken  *cache[struct{}]          // channel:ts of what Receive has taken
	tries  *cache[attempt]           // by Outgoing.Key
	dms    *cache[string]            // conversation by person
	reads  reads

	mu      sync.Mutex
	answers map[string]*answerURL // of slash commands, by message id; guarded by mu

	idle *http.Transport // nil when the client is the embedder's
}

var (
	_ providers.Provider   = (*Provider)(nil)
	_ providers.Prober     = (*Provider)(nil)
	_ providers.Reconciler = (*Provider)(nil)
	_ providers.Performer  = (*Provider)(nil)
)

// identity is the app as the workspace knows it.
type identity struct{ user, bot, name, team, teamID string }

// options are the clocks and bounds of the provider. Tests shorten them.
type options struct {
	dial   time.Duration // a connection with its handshake
	call   time.Duration // a small call, from dial to the last byte of the answer
	upload time.Duration // the transfer of a file to Slack
	fetch  time.Duration // of all files of a message from Slack: what is behind it waits
	lookup time.Duration // finding out a name: the message waits for it
	ping   time.Duration // a socket that was not pinged for this long is dead; noticed within twice that
	read   time.Duration // no byte for this long: dead, whatever the pings say
	ack    time.Duration // Slack hands an envelope out again when it is not acknowledged by then

	retryMin, retryMax time.Duration // network, 5xx, store failures
	slowMin, slowMax   time.Duration // too many connections
	healthy            time.Duration // a link up for this long forgets earlier failures
	flush              time.Duration // between two writes of the cursor
	late               time.Duration // a message is late when it was on its way for longer
	settle             time.Duration // how long a lost send may still turn up
}

func defaultOptions() options {
	return options{
		dial: 15 * time.Second, call: 30 * time.Second, upload: 2 * time.Minute, fetch: 30 * time.Second, lookup: 1500 * time.Millisecond,
		ping: 30 * time.Second, read: 75 * time.Second, ack: 3 * time.Second,
		retryMin: time.Second, retryMax: 30 * time.Second, slowMin: 10 * time.Second, slowMax: 5 * time.Minute,
		healthy: time.Minute, flush: 5 * time.Second, late: time.Minute, settle: 3 * time.Second,
	}
}

// Factory makes Slack providers.
func Factory() providers.Factory {
	return providers.Factory{Surface: surface, Rules: Rules, Manual: actions.Manual(orders{}), New: func(env providers.Env) (providers.Provider, error) {
		return newProvider(env, defaultOptions())
	}}
}

func newProvider(env providers.Env, opt options) (*Provider, error) {
	cfg, err := ParseConfig(env.Config)
	if err != nil {
		return nil, err
	}
	tokens, err := findTokens(cfg, env)
	if err != nil {
		return nil, err
	}
	env = env.WithDefaults()
	if env.Cursor == nil {
		return nil, errors.New("slack: the gateway gave no cursor")
	}
	p := &Provider{
		env: env, cfg: cfg, opt: opt, tokens: tokens, rules: rulesOf(cfg), answers: map[string]*answerURL{},
		people: newCache[person](1000, time.Hour), places: newCache[place](1000, 10*time.Minute),
		roots: newCache[*providers.Quoted](200, time.Hour), taken: newCache[struct{}](2000, 0),
		tries: newCache[attempt](1000, 0), dms: newCache[string](1000, 0),
	}
	base := officialAPI
	if env.Endpoint != "" {
		base = strings.TrimRight(env.Endpoint, "/")
	}
	rt := http.RoundTripper(nil)
	if env.HTTP != nil && env.HTTP.Transport != nil {
		rt = env.HTTP.Transport
	} else {
		p.idle = newTransport(opt.dial)
		rt = p.idle
	}
	p.api = newAPI(base, tokens, rt)
	for _, note := range cfg.names() {
		env.Log.Warn("slack: a name lets nobody in, use the id", "account", env.Account, "setting", note)
	}
	return p, nil
}

// newTransport is plain HTTP/1.1: its trace tells for certain whether a request was written.
func newTransport(dial time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dial, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: dial,
		IdleConnTimeout:     30 * time.Second, // below the platform's: a request on a connection being closed would be ambiguous
		MaxIdleConnsPerHost: 4,
	}
}

// closeIdle ends the goroutines of kept connections.
func (p *Provider) closeIdle() {
	if p.idle != nil {
		p.idle.CloseIdleConnections()
	}
}

// settled lets no kept connection live on after a call outside of Run.
func (p *Provider) settled() {
	if !p.running.Load() {
		p.closeIdle()
	}
}

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.Mrkdwn}
}

// self is who we are, "" while nobody knows.
func (p *Provider) self() identity {
	if me := p.me.Load(); me != nil {
		return *me
	}
	return identity{}
}
