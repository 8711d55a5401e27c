package signal

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/child"
)

// daemon is the signal-cli that we have started, if any. It is touched by Run only, but for its output.
type daemon struct {
	p    *Provider
	proc *child.Process

	mu   sync.Mutex // guards the following fields
	last string     // the last line that looked like an error
	tail string     // the last line of standard error
}

var (
	// A line is an error by these words (providers a.5).
	alarm     = regexp.MustCompile(`\b(ERROR|WARN|WARNING)\b`)
	anyAlarm  = regexp.MustCompile(`(?i)\b(FAILED|SEVERE|EXCEPTION)\b`)
	unlinked  = regexp.MustCompile(`(?i)is not registered|not registered or linked|authorization failed|\[401\]`)
	secretive = regexp.MustCompile(`(?i)\b(sgnl|tsdevice)://\S+`) // a link code lets in whoever has it
)

// line logs a line of the daemon's and keeps the last complaint.
func (d *daemon) line(stderr bool, s string) {
	s = secretive.ReplaceAllString(providers.OneLine(s), "[redacted]")
	if stderr {
		d.mu.Lock()
		d.tail = s
		d.mu.Unlock()
	}
	log := d.p.env.Log.With("account", d.p.env.Account)
	if !alarm.MatchString(s) && !anyAlarm.MatchString(s) {
		log.Debug("signal-cli: " + s)
		return
	}
	log.Error("signal-cli: " + s)
	d.mu.Lock()
	d.last = s
	d.mu.Unlock()
}

func (d *daemon) complaint() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == "" {
		return d.tail
	}
	return d.last
}

// start starts the daemon, unless one answers at its address: left by a gateway that was killed, or somebody else's.
func (d *daemon) start(ctx context.Context) error {
	if d.proc != nil {
		select {
		case <-d.proc.Done():
			return d.died()
		default:
			return nil
		}
	}
	if d.p.api.check(ctx, d.p.opt.check) == nil {
		d.p.env.Log.Info("signal: a daemon is running already and is used", "account", d.p.env.Account, "address", d.p.api.base.Redacted())
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.mu.Lock()
	d.last, d.tail = "", ""
	d.mu.Unlock()
	proc, err := child.Start(d.p.cfg.CLIPath, d.p.cfg.argv(), child.Options{Line: d.line})
	switch {
	case child.Missing(err):
		return providers.Terminal(fmt.Errorf("signal-cli cannot be started: %w; %s", err, installHint()))
	case err != nil:
		return fmt.Errorf("signal-cli cannot be started: %w", err)
	}
	d.proc = proc
	d.p.env.Log.Info("signal: daemon started", "account", d.p.env.Account, "pid", proc.PID())
	return nil
}

// installHint says how to get signal-cli.
func installHint() string {
	how := "install it from https://github.com/AsamK/signal-cli/releases"
	if runtime.GOOS == "darwin" {
		how = "install it with `brew install signal-cli`"
	}
	return how + ", or set signal.cliPath to where it is, or signal.httpUrl to a daemon that runs already"
}

// died forgets a daemon that has ended and says why it did.
func (d *daemon) died() error {
	err := d.proc.Err()
	d.proc = nil
	why := d.complaint()
	if unlinked.MatchString(why) {
		return providers.Terminal(fmt.Errorf("signal-cli knows no such account (%s): %s", why, d.p.linkHint()))
	}
	if why != "" {
		return fmt.Errorf("signal-cli ended (%w): %s", err, why)
	}
	return fmt.Errorf("signal-cli ended: %w", err)
}

// linkHint says how an account comes to signal-cli.
func (p *Provider) linkHint() string {
	a := p.cfg.Account
	if a == "" {
		a = "<number>"
	}
	return fmt.Sprintf("link it as a device (`%s link -n clawdbot`) or register it (`%s -a %s register`), or correct signal.account",
		p.cfg.CLIPath, p.cfg.CLIPath, a)
}

// ready waits until the daemon answers: one of ours gets time to start, another has to be there.
func (d *daemon) ready(ctx context.Context) error {
	if d.proc == nil {
		return d.p.api.check(ctx, d.p.opt.call)
	}
	bound, cancel := context.WithTimeout(ctx, d.p.opt.ready)
	defer cancel()
	for {
		err := d.p.api.check(bound, d.p.opt.check)
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-d.proc.Done():
			return d.died()
		default:
		}
		if !providers.Sleep(bound, d.p.opt.poll) {
			err := fmt.Errorf("signal-cli does not answer %v after its start: %w", d.p.opt.ready, err)
			if why := d.complaint(); why != "" {
				err = fmt.Errorf("%w; it says: %s", err, why)
			}
			return err
		}
	}
}

// ended is closed when a daemon of ours ends; nil when there is none.
func (d *daemon) ended() <-chan struct{} {
	if d.proc == nil {
		return nil
	}
	return d.proc.Done()
}

// stop ends the daemon if it is ours.
func (d *daemon) stop() {
	if d.proc != nil {
		d.proc.Stop(0, d.p.opt.term)
		d.proc = nil
	}
}

// account makes sure that the daemon has our account, and finds out who we are.
func (p *Provider) account(ctx context.Context) error {
	var list []struct {
		Number string `json:"number"`
		ACI    string `json:"aci"`
	}
	err := p.api.call(ctx, p.opt.call, maxAnswer, "listAccounts", map[string]any{}, &list)
	var e *callError
	if errors.As(err, &e) && e.code == codeNoMethod {
		return nil // a daemon for one account has no list; that account is ours
	}
	if err != nil {
		return err
	}
	var known []string
	for _, a := range list {
		for _, id := range []string{a.Number, a.ACI} {
			if n := normal(id); n != "" {
				known = append(known, n)
				break
			}
		}
	}
	self := p.cfg.Account
	switch {
	case len(known) == 0:
		return providers.Terminal(errors.New("signal-cli has no account: " + p.linkHint()))
	case self == "" && len(known) > 1:
		return providers.Terminal(fmt.Errorf("signal-cli has %d accounts: set signal.account to one of %s", len(known), strings.Join(known, ", ")))
	case self == "":
		self = known[0]
	default:
		found := false
		for _, k := range known {
			found = found || k == self
		}
		if !found {
			return providers.Terminal(fmt.Errorf("signal-cli has no account %s (any more): %s", self, p.linkHint()))
		}
	}
	p.self.Store(&self)
	return nil
}
