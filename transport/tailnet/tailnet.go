package tailnet

import (
	"context"
	"fmt"
	"time"
)

const (
	askLimit   = 5 * time.Second
	setLimit   = 20 * time.Second
	firstRetry = 5 * time.Second
	lastRetry  = 5 * time.Minute // also between two looks at what is published
	resetLimit = 1500 * time.Millisecond
)

// Modes.
const (
	Serve  = "serve"  // for the tailnet
	Funnel = "funnel" // for the internet
)

// Options say what is published. Mode, Target and Report are required.
type Options struct {
	Mode   string
	Target string // "http://127.0.0.1:18789", or https+insecure:// where the port speaks TLS
	Reset  bool   // take it back at the end
	// Program is the path of tailscale, "" = it is looked for in Path, the value of PATH.
	Program, Path string
	Env           []string // of the program, "NAME=value"
	// Report is called with each status, also if it is the one before.
	Report func(Status)

	Ask   time.Duration // limit of a question to tailscaled; 0 = 5 s
	Set   time.Duration // limit of a change, which may wait for somebody to allow it in a browser; 0 = 20 s
	Retry time.Duration // the first pause after a failure; it doubles up to 5 min; 0 = 5 s
}

func (o Options) withDefaults() Options {
	for v, d := range map[*time.Duration]time.Duration{&o.Ask: askLimit, &o.Set: setLimit, &o.Retry: firstRetry} {
		if *v == 0 {
			*v = d
		}
	}
	return o
}

// Status says whether the port is published.
type Status struct {
	Name    string // of this machine in the tailnet; "" = not known yet
	URL     string // where the port is reached; "" = it is not published
	Problem string // why it is not, and what to do
}

// Run publishes the port, and sees every few minutes that it still is, until ctx ends.
func Run(ctx context.Context, o Options) {
	p := &publisher{o: o.withDefaults()}
	defer p.reset()
	for pause := p.o.Retry; ; {
		s := p.publish(ctx)
		if ctx.Err() != nil {
			return
		}
		o.Report(s)
		wait := lastRetry
		if s.URL == "" {
			wait, pause = pause, min(2*pause, lastRetry)
		} else {
			pause = p.o.Retry
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

type publisher struct {
	o    Options
	name string // the last that was known
	ours bool   // something of ours is published, as far as we know
}

// publish makes sure that the port is published.
func (p *publisher) publish(ctx context.Context) Status {
	fail := func(format string, args ...any) Status {
		return Status{Name: p.name, Problem: fmt.Sprintf(format, args...)}
	}
	name, err := p.self(ctx)
	if err != nil {
		return fail("%v", err)
	}
	p.name = name
	now, err := p.served(ctx)
	if err != nil {
		return fail("%v", err)
	}
	switch {
	case now.is(p.o):
	case now.target != "" && now.target != p.o.Target:
		return fail("tailscale already publishes %s at https://%s/, which is left alone: tailscale serve --https=443 off takes that back", now.target, name)
	default:
		p.ours = true // whatever comes of it
		if err := p.set(ctx); err != nil {
			return fail("%v", err)
		}
		if now, err = p.served(ctx); err != nil {
			return fail("%v", err)
		}
		if !now.is(p.o) {
			return fail("tailscale %s did not publish the port, and does not say why; see: tailscale serve status", p.o.Mode)
		}
	}
	p.ours = true
	return Status{Name: name, URL: "https://" + name + "/"}
}

// reset takes back what was published, if that is wanted.
func (p *publisher) reset() {
	if !p.o.Reset || !p.ours {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), resetLimit)
	defer cancel()
	if _, err := p.run(ctx, resetLimit, p.o.Mode, "--https=443", "off"); err != nil {
		p.o.Report(Status{Name: p.name, Problem: fmt.Sprintf("still published: %v", err)})
		return
	}
	p.o.Report(Status{Name: p.name, Problem: "the gateway has stopped"})
}
