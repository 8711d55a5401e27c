package whatsapp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

const (
	surface  = "whatsapp"
	database = "whatsapp" // the name of the credentials in the vault
	mediaCap = 5 << 20    // of an inbound file (providers a.1)
)

// Provider is one linked device.
type Provider struct {
	env   providers.Env
	cfg   Config
	opt   options
	hosts hosts
	from  []string // cfg.AllowFrom as ids
	retry policy

	turn    chan struct{} // holds one: who has it may open the database and a socket
	running atomic.Bool   // a Run is active
	live    atomic.Pointer[session]
	sent    *sentMessages
	heard   *heardMessages
	version versions

	mu       sync.Mutex // guards the following fields
	detail   Detail
	login    *login // the last one
	yielding int    // logins and logouts that want the turn: Run lets go of it
	yield    chan struct{}
}

var (
	_ providers.Provider  = (*Provider)(nil)
	_ providers.Typer     = (*Provider)(nil)
	_ providers.Linker    = (*Provider)(nil)
	_ providers.Performer = (*Provider)(nil)
)

// options are the clocks of the provider. Tests shorten them.
type options struct {
	dial      time.Duration // TCP connect with name lookup
	login     time.Duration // from the open socket to the server's word that we are in
	heartbeat time.Duration // between checks of the connection
	ping      time.Duration // that the answer to a check may take
	quiet     time.Duration // without a message, after one: the connection is opened anew (providers a.1)
	grace     time.Duration // that the library has to notice a close
	send      time.Duration // from the call to the server's receipt
	transfer  time.Duration // of a file
	ask       time.Duration // of a small question: group, version
	scan      time.Duration // that a code waits for a person
	settle    time.Duration // from the pairing to the server's restart of the stream
}

func defaultOptions(c Config) options {
	return options{
		dial: 10 * time.Second, login: time.Minute, heartbeat: c.Web.heartbeat(), ping: 10 * time.Second,
		quiet: 30 * time.Minute, grace: 700 * time.Millisecond, send: 40 * time.Second, transfer: 40 * time.Second,
		ask: 10 * time.Second, scan: 3 * time.Minute, settle: 5 * time.Second,
	}
}

// Factory makes WhatsApp providers.
func Factory() providers.Factory {
	return providers.Factory{Surface: surface, Rules: rules, Manual: manual, New: func(env providers.Env) (providers.Provider, error) {
		return newProvider(env, defaultOptions)
	}}
}

func newProvider(env providers.Env, opt func(Config) options) (*Provider, error) {
	cfg, err := ParseConfig(env.Config)
	if err != nil {
		return nil, err
	}
	h, err := parseEndpoint(env.Endpoint)
	if err != nil {
		return nil, err
	}
	if env.Vault == nil {
		return nil, errors.New("whatsapp: there is no state directory to keep the credentials in")
	}
	env = env.WithDefaults()
	if env.Life == nil {
		env.Life = context.Background()
	}
	p := &Provider{
		env: env, cfg: cfg, opt: opt(cfg), hosts: h, from: allowed(cfg.AllowFrom), retry: cfg.Web.Reconnect.policy(),
		turn: make(chan struct{}, 1), sent: newSentMessages(), heard: newHeardMessages(), yield: make(chan struct{}),
	}
	return p, nil
}

// maxImage is what the reference lets an image have (providers a.1, mediaMaxMb), in bytes: phones make larger ones smaller too.
const maxImage = 5 << 20

// Capabilities implements providers.Provider.
func (p *Provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: p.cfg.TextChunkLimit, Markup: providers.WhatsApp, SenderIDs: true, MaxImage: maxImage}
}

// mediaTransport is for one client's files. Its kept connections are closed with the client.
func (p *Provider) mediaTransport() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: p.opt.dial, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: p.opt.dial, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2, ResponseHeaderTimeout: p.opt.transfer,
	}
}

// take waits for the turn.
func (p *Provider) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Provider) give() { <-p.turn }

// takeFromRun waits for the turn and makes a Run let go of it.
func (p *Provider) takeFromRun(ctx context.Context) error {
	p.mu.Lock()
	if p.yielding++; p.yielding == 1 {
		close(p.yield)
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.yielding--; p.yielding == 0 {
			p.yield = make(chan struct{})
		}
	}()
	return p.take(ctx)
}

// wanted is closed while somebody else wants the turn.
func (p *Provider) wanted() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.yield
}
