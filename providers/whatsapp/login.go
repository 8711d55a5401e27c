package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/clawdbot/gateway/providers"
)

// login is one attempt to link a device. It has the turn of its provider for as long as it lasts.
type login struct {
	p      *Provider
	phone  string // "" = a code to scan
	began  time.Time
	cancel context.CancelFunc

	ready     chan struct{} // closed when there is a code, or there will be none
	readyOnce sync.Once
	restart   chan struct{} // holds one: the server has ended the stream after the pairing
	done      chan struct{} // closed when it is over and its socket closed

	mu      sync.Mutex // guards the following fields
	code    providers.LinkCode
	linked  bool
	message string // how it ended
}

const scanHint = "Scan it with the phone: WhatsApp, Settings, Linked devices, Link a device."

// StartLink implements providers.Linker. A login that is under way and has a code gives that code again.
func (p *Provider) StartLink(ctx context.Context, r providers.LinkRequest) (providers.LinkCode, error) {
	if r.Phone != "" {
		to, err := target(r.Phone)
		if err != nil || to.Server != types.DefaultUserServer {
			return providers.LinkCode{Message: "The phone number must be in international form, like +4917012345678."}, nil
		}
		r.Phone = to.User
	}
	if l := p.active(); l != nil && l.phone == r.Phone && !r.Force {
		return l.wait(ctx)
	}
	if self := p.linkedAs(); self != "" && !r.Force {
		return alreadyLinked(self), nil
	}
	if l := p.active(); l != nil { // another way to link, or anew: the one under way makes room
		l.cancel()
	}
	if err := p.takeFromRun(ctx); err != nil {
		return providers.LinkCode{Message: "The connection does not let go of the session in time; try again."}, nil
	}
	if !r.Force && p.env.Vault.Exists(database) {
		if self, err := p.lookUp(ctx); err != nil || self != "" {
			p.give()
			return alreadyLinked(self), err
		}
	}
	l := p.newLogin(r.Phone)
	return l.wait(ctx)
}

func alreadyLinked(self string) providers.LinkCode {
	if self == "" {
		return providers.LinkCode{}
	}
	return providers.LinkCode{Message: "WhatsApp is already linked as " + self + "; to link it anew, ask for it with force."}
}

// linkedAs is the number of a device that is known to be linked, "" when none is.
func (p *Provider) linkedAs() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.detail.Linked {
		return p.detail.E164
	}
	return ""
}

// lookUp reads the number from the credentials. The caller has the turn.
func (p *Provider) lookUp(ctx context.Context) (string, error) {
	c, err := p.open(ctx)
	if err != nil {
		return "", err
	}
	defer c.close()
	d, err := c.device(ctx)
	if err != nil || d == nil {
		return "", err
	}
	return address(*d.ID), nil
}

// active is the login under way, nil when there is none.
func (p *Provider) active() *login {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.login; l != nil && !isClosed(l.done) {
		return l
	}
	return nil
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// newLogin begins a login. The caller has the turn, which is the login's from here on.
func (p *Provider) newLogin(phone string) *login {
	l := &login{
		p: p, phone: phone, began: p.env.Now(), ready: make(chan struct{}), restart: make(chan struct{}, 1), done: make(chan struct{}),
	}
	ctx, cancel := context.WithTimeout(p.env.Life, p.opt.scan)
	l.cancel = cancel
	p.mu.Lock()
	p.login = l
	p.mu.Unlock()
	go func() {
		defer close(l.done)
		defer p.give()
		defer cancel()
		linked, message := l.run(ctx)
		l.mu.Lock()
		l.linked, l.message = linked, message
		l.mu.Unlock()
		l.readyOnce.Do(func() { close(l.ready) })
	}()
	return l
}

// wait returns the code when there is one.
func (l *login) wait(ctx context.Context) (providers.LinkCode, error) {
	select {
	case <-l.ready:
	case <-ctx.Done():
		return providers.LinkCode{Message: "WhatsApp gave no code in time; try again."}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.code.Any() {
		return providers.LinkCode{Message: l.message}, nil
	}
	return l.code, nil
}

// WaitLink implements providers.Linker.
func (p *Provider) WaitLink(ctx context.Context) (linked bool, message string, err error) {
	for {
		p.mu.Lock()
		l := p.login
		p.mu.Unlock()
		if l == nil {
			return false, "No login is under way; start one first.", nil
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return false, "Still waiting for the code to be used; ask again.", nil
		}
		p.mu.Lock()
		superseded := p.login != l
		p.mu.Unlock()
		if superseded {
			continue
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.linked, l.message, nil
	}
}

// run links the device and closes its socket.
func (l *login) run(ctx context.Context) (linked bool, message string) {
	c, err := l.p.create(ctx)
	if err != nil {
		return false, "The login failed: " + err.Error()
	}
	defer c.close()
	version := l.p.version.current(ctx, l.p)
	device := c.NewDevice()
	cli := l.p.newConn(device, version, l.handle)
	wire, unplug := context.WithCancel(context.WithoutCancel(ctx))
	defer time.AfterFunc(4*lull, unplug) // later: what ends with it disconnects, and must find that done
	defer cli.Close()
	var release func()
	cli.PrePairCallback = func(jid types.JID, _, _ string) bool {
		release, err = l.p.env.Vault.Hold(jid.String())
		return err == nil
	}
	codes, e := cli.GetQRChannel(wire) // at its end the library disconnects by itself: that must find our work done
	if e == nil {
		e = openWithin(ctx, cli, wire)
	}
	if e != nil {
		return false, "The login failed: " + e.Error()
	}
	linked, message = l.follow(ctx, cli, codes, version)
	if linked {
		message, linked = l.settle(ctx, c, device, cli)
	}
	cli.Close()
	if release != nil {
		release()
	}
	return linked, message
}

// openWithin connects with a context that outlives the one that bounds the attempt.
func openWithin(ctx context.Context, cli *conn, wire context.Context) error {
	opened := make(chan error, 1)
	go func() { opened <- cli.Open(wire) }()
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// follow shows each code until one was used.
func (l *login) follow(ctx context.Context, cli *conn, codes <-chan whatsmeow.QRChannelItem, version store.WAVersionContainer) (linked bool, message string) {
	for {
		var item whatsmeow.QRChannelItem
		var more bool
		select {
		case item, more = <-codes:
		case <-ctx.Done():
		}
		if !more {
			break
		}
		switch item.Event {
		case whatsmeow.QRChannelEventCode:
			if err := l.show(ctx, cli, item.Code); err != nil {
				return false, "The login failed: " + err.Error()
			}
		case whatsmeow.QRChannelSuccess.Event:
			return true, ""
		case whatsmeow.QRChannelClientOutdated.Event:
			return false, ended(&events.ClientOutdated{}, version.String()).text
		case whatsmeow.QRChannelScannedWithoutMultidevice.Event:
			l.p.env.Log.Warn("whatsapp: the phone that scanned the code is too old for linked devices")
		case whatsmeow.QRChannelEventError:
			return false, fmt.Sprintf("The phone's answer was not accepted: %v", item.Error)
		case whatsmeow.QRChannelTimeout.Event:
			return false, "The code was not used in time, or the connection was lost; start again."
		default:
			return false, "WhatsApp refused the login (" + item.Event + "); start again."
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false, "The code was not used in time; start again."
	}
	return false, "The login was given up."
}

// show makes a code known. With a phone number the first one is exchanged for a code to type.
func (l *login) show(ctx context.Context, cli *conn, raw string) error {
	code := providers.LinkCode{Message: scanHint, QR: raw}
	if l.phone != "" {
		if isClosed(l.ready) {
			return nil
		}
		ask, cancel := context.WithTimeout(ctx, l.p.opt.ask)
		defer cancel()
		text, err := cli.PairPhone(ask, l.phone, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
		if err != nil {
			return fmt.Errorf("WhatsApp gives no code for this phone number: %w", err)
		}
		code = providers.LinkCode{
			PairingCode: text,
			Message:     "Type this code into the phone: WhatsApp, Settings, Linked devices, Link a device, Link with phone number.",
		}
	} else {
		url, err := pngDataURL(raw)
		if err != nil {
			return err
		}
		code.QRDataURL = url
	}
	l.mu.Lock()
	l.code = code
	l.mu.Unlock()
	l.readyOnce.Do(func() { close(l.ready) })
	return nil
}

// settle waits for the server's restart of the stream, which is its word that the pairing is done, and forgets every
// other device. The provider's next connection is the first one of the new device.
func (l *login) settle(ctx context.Context, c *credentials, device *store.Device, cli *conn) (message string, linked bool) {
	t := time.NewTimer(l.p.opt.settle)
	defer t.Stop()
	select {
	case <-l.restart:
	case <-ctx.Done():
	case <-t.C:
	}
	cli.Close() // nobody touches the device any more
	now := l.p.env.Now().UnixMilli()
	if err := c.keepOnly(context.WithoutCancel(ctx), device, now); err != nil {
		return "The phone has linked this gateway, but the credentials could not be kept: " + err.Error(), false
	}
	self := address(*device.ID)
	l.p.tell(providers.Status{}, func(d *Detail) {
		d.Linked, d.LinkedAt, d.E164, d.JID = true, now, self, device.ID.String()
	})
	return "WhatsApp is linked as " + self + ".", true
}

// handle hears the one event that the channel of codes does not tell.
func (l *login) handle(evt any) bool {
	switch evt.(type) {
	case *events.ManualLoginReconnect, *events.Disconnected:
		select {
		case l.restart <- struct{}{}:
		default:
		}
	}
	return true
}

// Unlink implements providers.Linker. The server is told so when there is a connection; the credentials are forgotten in
// any case.
func (p *Provider) Unlink(ctx context.Context) (cleared bool, err error) {
	was := p.linkedAs() // now: once the server is told, Run may be the first to notice
	if s := p.live.Load(); s != nil {
		ask, cancel := context.WithTimeout(ctx, p.opt.ask)
		if err := s.cli.Logout(ask); err != nil {
			p.env.Log.Warn("whatsapp: the phone still lists this device, remove it there", "err", err)
		}
		cancel()
	}
	if l := p.active(); l != nil {
		l.cancel()
	}
	if err := p.takeFromRun(ctx); err != nil {
		return false, fmt.Errorf("the connection does not let go of the session: %w", err)
	}
	defer p.give()
	if was == "" && p.env.Vault.Exists(database) {
		if was, err = p.lookUp(ctx); err != nil && !errors.Is(err, errNotLinked) {
			return false, err
		}
	}
	if err := p.env.Vault.Remove(ctx, database); err != nil {
		return false, err
	}
	p.tell(providers.Status{}, func(d *Detail) { d.Linked, d.LinkedAt, d.E164, d.JID = false, 0, "", "" })
	return was != "", nil
}
