package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/cmd/clawdbot/service"
)

// installer is the service as the setup dialogue sees it.
type installer struct {
	a       *app
	running bool // the gateway is this process: it goes on, and the service begins with the next login
}

// installer is nil where there is no service manager, unless the person asks for the service by a flag: then it says so.
func (a *app) installer(running, wanted bool) wizard.Service {
	if !wanted && !serviceManager() {
		return nil
	}
	return installer{a, running}
}

func (i installer) Installed(ctx context.Context) bool {
	m, err := i.a.manager()
	if err != nil {
		return false
	}
	s, err := m.Status(ctx)
	return err == nil && s.Installed && !s.Foreign
}

func (i installer) Install(ctx context.Context) (string, error) {
	m, err := i.a.manager()
	if err != nil {
		return "", err
	}
	return installWith(ctx, m, i.running)
}

// installWith starts the service, too, unless a gateway runs: that one has the port and the state.
func installWith(ctx context.Context, m *service.Manager, running bool) (string, error) {
	if running {
		if err := m.Register(ctx, false); err != nil {
			return "", err
		}
		return fmt.Sprintf("Installed as %s. It begins with your next login; the gateway that runs now goes on until then.\n"+
			"To change over at once, end that one (Ctrl-C), and: clawdbot service restart", m.Path()), nil
	}
	if err := m.Install(ctx, false); err != nil {
		return "", err
	}
	s, err := m.Status(ctx)
	return fmt.Sprintf("Installed as %s, and %s.", m.Path(), orElse(s.Active, "started")), err
}

// daemonFlags are --install-daemon and its opposite, under the names that the TypeScript gateway has for them.
type daemonFlags struct{ install, leave bool }

// answer is that of the step "service"; nil = the person is asked.
func (f daemonFlags) answer(silent bool) (*string, error) {
	yes, no := "yes", ""
	switch {
	case f.install && f.leave:
		return nil, usage("--install-daemon and --no-install-daemon: give one of them")
	case f.install:
		return &yes, nil
	case f.leave || silent:
		return &no, nil
	}
	return nil, nil
}

// missed says why somebody who wanted the service was not asked about it; nil = it is there.
func (a *app) missed(ctx context.Context) error {
	if (installer{a: a}).Installed(ctx) {
		return nil
	}
	return errors.New("the gateway that runs cannot install a service: try clawdbot service install")
}
