package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/clawdbot/gateway/providers"
)

// session is one connection, from the dial to the closed socket. What its client says after the end is not heard.
type session struct {
	p       *Provider
	self    identity
	ctx     context.Context // of handlers and tasks
	cancel  context.CancelFunc
	wire    context.Context // of the client; it ends after the client is closed, which would race with its own end
	unplug  context.CancelFunc
	began   time.Time
	version string
	cli     waClient
	stored  *credentials // of this device

	groups   groups
	up       chan struct{} // closed when the server has let us in
	upOnce   sync.Once
	over     chan struct{} // closed at the end
	overOnce sync.Once
	why      error // valid after over

	mu      sync.Mutex // guards closing
	closing bool       // no handler and no task begins any more
	tasks   sync.WaitGroup
	message atomic.Int64 // when the last message came, ms
}

func newSession(ctx context.Context, p *Provider, c *credentials, device *store.Device) *session {
	s := blankSession(ctx, p, identity{pn: *device.ID, lid: device.LID})
	v := p.version.current(ctx, p)
	s.version = v.String()
	s.stored, s.cli = c, p.newConn(device, v, s.handle)
	return s
}

// blankSession is a session without a client.
func blankSession(ctx context.Context, p *Provider, self identity) *session {
	s := &session{p: p, self: self, began: p.env.Now(), up: make(chan struct{}), over: make(chan struct{})}
	s.self.shared = len(p.from) > 0 && contains(p.from, address(self.pn))
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.wire, s.unplug = context.WithCancel(context.WithoutCancel(ctx))
	return s
}

func contains(list []string, id string) bool {
	for _, entry := range list {
		if entry == id {
			return true
		}
	}
	return false
}

// end notes why the connection is over. Only the first reason counts.
func (s *session) end(why error) {
	s.overOnce.Do(func() {
		s.why = why
		close(s.over)
	})
}

// serve connects and returns when the connection is over and its socket closed. lived is how long it was up.
func (s *session) serve(ctx context.Context) (lived time.Duration, err error) {
	defer s.shut()
	wanted := s.p.wanted()
	if err := s.enterServer(ctx, wanted); err != nil {
		return 0, err
	}
	since := time.Now()
	s.p.live.Store(s)
	defer s.p.live.CompareAndSwap(s, nil)
	s.p.version.taken()
	now := s.p.env.Now()
	s.p.tell(providers.Status{Link: providers.LinkUp, Self: s.self.String(), LastSeen: now}, func(d *Detail) {
		d.LastConnectedAt, d.ReconnectAttempts = now.UnixMilli(), 0
	})
	s.background(s.announce)
	s.watch(ctx, wanted)
	return time.Since(since), s.why
}

// enterServer connects and waits until the server has let us in.
func (s *session) enterServer(ctx context.Context, wanted <-chan struct{}) error {
	opened := make(chan error, 1)
	go func() { opened <- s.cli.Open(s.wire) }()
	t := time.NewTimer(s.p.opt.login)
	defer t.Stop()
	for {
		select {
		case <-s.up:
			return nil
		case err := <-opened:
			if err != nil {
				return fmt.Errorf("connect to WhatsApp: %w", err)
			}
			opened = nil
		case <-s.over:
			return s.why
		case <-ctx.Done():
			return ctx.Err()
		case <-wanted:
			return errYield
		case <-t.C:
			return errors.New("WhatsApp does not answer the login")
		}
	}
}

// watch checks that the connection is alive until it is over.
func (s *session) watch(ctx context.Context, wanted <-chan struct{}) {
	tick := time.NewTicker(s.p.opt.heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-s.over:
			return
		case <-ctx.Done():
			s.end(ctx.Err())
			return
		case <-wanted:
			s.end(errYield)
			return
		case <-tick.C:
			s.check()
		}
	}
}

// check asks the server for a sign of life, and notices an account that hears nothing for long.
func (s *session) check() {
	ctx, cancel := context.WithTimeout(s.ctx, s.p.opt.ping)
	defer cancel()
	if !s.cli.Ping(ctx) {
		s.end(errSilent)
		return
	}
	s.p.tell(providers.Status{LastSeen: s.p.env.Now()}, nil)
	last := s.message.Load()
	if last != 0 && s.p.env.Now().Sub(time.UnixMilli(last)) > s.p.opt.quiet {
		s.end(errQuiet)
	}
}

// shut closes the socket and waits for everything that the session began.
func (s *session) shut() {
	s.end(errLost) // whatever the client still hands over is refused
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.cancel()
	s.cli.Close()
	s.unplug()
	s.tasks.Wait()
}

// enter counts a handler or task in; false when the session is being shut.
func (s *session) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.tasks.Add(1)
	return true
}

// background runs f beside the handlers. It ends with the session.
func (s *session) background(f func(ctx context.Context)) {
	if !s.enter() {
		return
	}
	go func() {
		defer s.tasks.Done()
		ctx, cancel := context.WithTimeout(s.ctx, s.p.opt.ask)
		defer cancel()
		f(ctx)
	}()
}

// handle is the client's event handler. It is false for a message that was not taken: that one must come again.
func (s *session) handle(evt any) (taken bool) {
	if !s.enter() {
		return false
	}
	defer s.tasks.Done()
	defer func() {
		if v := recover(); v != nil { // to take it again would only end the same way
			s.p.env.Log.Error("whatsapp: an event could not be read", "event", fmt.Sprintf("%T", evt),
				slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			taken = true
		}
	}()
	switch e := evt.(type) {
	case *events.Message:
		return s.onMessage(e)
	case *events.Connected:
		s.upOnce.Do(func() { close(s.up) })
	case *events.PushNameSetting:
		s.background(s.announce)
	case *events.AppStateSyncComplete: // the first one has no event for each setting
		if e.Name == appstate.WAPatchCriticalBlock {
			s.background(s.announce)
		}
	case *events.GroupInfo:
		s.groups.forget(e.JID)
	case *events.JoinedGroup:
		s.groups.forget(e.JID)
	case *events.KeepAliveTimeout:
		if e.ErrorCount > 1 {
			s.end(errSilent)
		}
	case *events.UndecryptableMessage:
		s.p.env.Log.Warn("whatsapp: a message could not be decrypted; its sender was asked for it again",
			"message", e.Info.ID)
	default:
		if why := ended(evt, s.version); why != nil {
			s.end(why)
		}
	}
	return true
}

// announce says that we are there, which makes others' devices send us more than the bare messages. A device that does not
// know its person's name yet cannot: it tries again when it does. The name is looked up: the library's own copy may be being written.
func (s *session) announce(ctx context.Context) {
	device, err := s.stored.device(ctx)
	if err == nil && device != nil {
		err = s.cli.Announce(ctx, device.PushName)
	}
	if err != nil && s.ctx.Err() == nil {
		s.p.env.Log.Debug("whatsapp: presence not sent", "err", err)
	}
}
