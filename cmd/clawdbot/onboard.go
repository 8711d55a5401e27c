package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// onboardFlags answer steps beforehand. The keys are those of the dialogue's steps.
type onboardFlags struct {
	params         wire.WizardStartParams
	nonInteractive bool
	json           bool
	daemon         daemonFlags
	answers        map[string]*string
}

// onboardCommand is `onboard`, and under another name the same for somebody who comes back: `configure`.
func (a *app) onboardCommand(name, short string) *cobra.Command {
	f := onboardFlags{answers: map[string]*string{}}
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Long: short + ".\n\nThe questions come from the gateway, if one runs with this config file; else they are asked without it.\n" +
			"Nothing is written before the last question. A flag answers its question.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.onboard(c, f) },
	}
	c.Flags().StringVar(&f.params.Mode, "mode", "", "local or remote: where the gateway runs")
	c.Flags().StringVar(&f.params.Workspace, "workspace", "", "folder in which the agent works")
	for _, q := range []struct{ flag, key, help string }{
		{"remote-url", "remote.url", "address of the gateway, with --mode remote"},
		{"remote-token", "remote.token", "its token"},
		{"gateway-port", "gateway.port", "port of the gateway"},
		{"gateway-bind", "gateway.bind", "loopback, tailnet, lan or auto: who can reach it"},
		{"gateway-auth", "gateway.auth", "off, token or password: what a client must show"},
		{"gateway-token", "gateway.secret", "the token"},
		{"gateway-password", "gateway.secret", "the password"},
	} {
		c.Flags().Func(q.flag, q.help, func(v string) error { f.answers[q.key] = &v; return nil })
	}
	c.Flags().BoolVar(&f.daemon.install, "install-daemon", false, "install the gateway as a service (clawdbot service install)")
	c.Flags().BoolVar(&f.daemon.leave, "no-install-daemon", false, "do not")
	c.Flags().BoolVar(&f.nonInteractive, "non-interactive", false, "ask nothing: what no flag answers stays as it is, or gets its default")
	c.Flags().BoolVar(&f.json, "json", false, "print how it ended as JSON (with --non-interactive)")
	return c
}

// setup is a dialogue, wherever it is held.
type setup interface {
	start(ctx context.Context, p wire.WizardStartParams) (wire.WizardResult, error)
	next(ctx context.Context, session string, a *wire.WizardAnswer) (wire.WizardResult, error)
	cancel(ctx context.Context, session string)
	close()
}

func (a *app) onboard(c *cobra.Command, f onboardFlags) error {
	switch {
	case f.params.Mode != "" && f.params.Mode != "local" && f.params.Mode != "remote":
		return usage("--mode must be local or remote")
	case f.json && !f.nonInteractive:
		return usage("--json goes with --non-interactive")
	}
	daemon, err := f.daemon.answer(f.nonInteractive)
	if err != nil {
		return err
	}
	if daemon != nil {
		f.answers["service"] = daemon
	}
	s, err := a.setup(c.Context(), f)
	if err != nil {
		return err
	}
	defer s.close()
	end, err := a.walk(c.Context(), s, f)
	switch {
	case err != nil:
		return err
	case f.json:
		err = printJSON(a.out, encoded(end))
	case end.Status == wizard.Done:
		_, err = fmt.Fprintln(a.out, "\nWritten:", a.env().ConfigPath)
	default:
		return errors.New(orElse(end.Error, end.Status) + "; nothing was written")
	}
	switch {
	case err == nil && end.Status == wizard.Done && end.Error != "": // what came after the writing
		return errors.New(strings.TrimPrefix(end.Error, "Error: "))
	case err == nil && end.Status == wizard.Done && f.daemon.install:
		return a.missed(c.Context())
	}
	return err
}

// walk goes through the dialogue. An answer that a person got wrong is asked for again, with the ones before it given
// as they were: the dialogue itself ends at a wrong answer.
func (a *app) walk(ctx context.Context, s setup, f onboardFlags) (wire.WizardResult, error) {
	p := &prompter{in: a.in, lines: bufio.NewReader(a.in), out: a.out}
	var given []wire.Raw
	for {
		r, err := s.start(ctx, f.params)
		if err != nil {
			return r, err
		}
		session, asked, written := r.SessionID, false, false
		for n := 0; !r.Done; n++ {
			var v wire.Raw
			switch preset, ok := f.preset(session, r.Step); {
			case n < len(given):
				v = given[n]
			case ok:
				v, asked = preset, false
			default:
				asked = true
				if v, err = p.ask(ctx, r.Step); err != nil {
					s.cancel(context.WithoutCancel(ctx), session)
					if written && errors.Is(err, errInputEnded) {
						return wire.WizardResult{Done: true, Status: wizard.Done}, nil
					}
					return r, err
				}
			}
			if n == len(given) {
				given = append(given, v)
			}
			written = written || r.Step.ID == wizard.StepID(session, "write")
			if r, err = s.next(ctx, session, &wire.WizardAnswer{StepID: r.Step.ID, Value: v}); err != nil {
				return r, err
			}
		}
		if r.Status != wizard.Failed || !asked {
			return r, nil
		}
		fmt.Fprintln(a.out, printable(r.Error))
		given = given[:len(given)-1]
	}
}

// preset is the answer that a flag gives, or that not asking gives.
func (f onboardFlags) preset(session string, s *wire.WizardStep) (wire.Raw, bool) {
	for key, v := range f.answers {
		if s.ID == wizard.StepID(session, key) {
			return encoded(*v), true
		}
		if strings.HasPrefix(key, "gateway.") && s.ID == wizard.StepID(session, "reach") {
			return wire.Raw("true"), true
		}
	}
	return s.InitialValue, f.nonInteractive
}

// setup finds who holds the dialogue: the gateway that runs with this config file, or nobody but us.
func (a *app) setup(ctx context.Context, flags onboardFlags) (setup, error) {
	env := a.env()
	doc := config.Read(env.ConfigPath, a.getenv)
	if !doc.Valid {
		return a.offline(flags), nil // whose start says what is wrong with the file
	}
	c := doc.Config
	f := clientFlags{timeout: localTimeout, url: ownURL(env, c)}
	conn, err := a.dial(ctx, f)
	switch _, alone := errors.AsType[*notRunning](err); {
	case alone:
		return a.offline(flags), nil
	case err != nil:
		return nil, err
	case conn.Hello().Snapshot.ConfigPath != env.ConfigPath:
		_ = conn.Close()
		return a.offline(flags), nil
	}
	return online{conn}, nil
}

// offline is a dialogue in this process.
func (a *app) offline(flags onboardFlags) *offline {
	env := a.env()
	v, commit := buildInfo()
	o := wizard.Options{
		Current: func(context.Context) (wizard.Current, error) {
			return wizard.CurrentOf(config.Read(env.ConfigPath, a.getenv).Redacted()), nil
		},
		Write: func(_ context.Context, raw string) error {
			return wizard.Plain(config.Edit(env.ConfigPath, raw, a.getenv))
		},
		Models: a.localModels(), Vendor: models.Speaks(modelFormats()), Service: a.installer(false, flags.daemon.install),
		Getenv: a.getenv, Version: orElse(env.Version, v), Commit: orElse(env.Commit, commit),
	}
	for _, p := range surfaces() {
		o.Surfaces = append(o.Surfaces, p.Surface)
	}
	return &offline{o: o}
}

// localModels finds what model servers on this computer offer, at their usual addresses or those of the config file; nil =
// they are not to be looked for.
func (a *app) localModels() func(ctx context.Context) []string {
	if a.getenv(config.SkipLocalModels) == "1" {
		return nil
	}
	conf := models.Configured{Only: true, Providers: map[string]models.Provider{}}
	if doc := config.Read(a.env().ConfigPath, a.getenv); doc.Config != nil {
		for name, p := range doc.Config.Models.Providers {
			conf.Providers[name] = models.Provider{BaseURL: p.BaseURL, API: p.API}
		}
	}
	r := models.NewRegistry(models.NewCatalog("", func() models.Configured { return conf }), models.RegistryOptions{
		Formats: modelFormats(), Getenv: a.getenv, Log: slog.New(slog.DiscardHandler),
	})
	return r.Local
}

type offline struct {
	o wizard.Options
	d *wizard.Dialogue
}

func (s *offline) start(ctx context.Context, p wire.WizardStartParams) (wire.WizardResult, error) {
	s.d = wizard.Start(ctx, s.o, p)
	r := s.d.Result()
	r.SessionID = s.d.ID
	return r, nil
}

func (s *offline) next(ctx context.Context, _ string, a *wire.WizardAnswer) (wire.WizardResult, error) {
	return s.d.Next(ctx, a)
}

func (s *offline) cancel(context.Context, string) { s.d.Cancel() }
func (s *offline) close()                         {}

// online is a dialogue of the gateway.
type online struct{ c *client.Client }

func (s online) start(ctx context.Context, p wire.WizardStartParams) (r wire.WizardResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	err = s.c.Call(ctx, "wizard.start", p, &r)
	return r, err
}

func (s online) next(ctx context.Context, session string, a *wire.WizardAnswer) (r wire.WizardResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	err = s.c.Call(ctx, "wizard.next", wire.WizardNextParams{SessionID: session, Answer: a}, &r)
	return r, err
}

func (s online) cancel(ctx context.Context, session string) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	_ = s.c.Call(ctx, "wizard.cancel", wire.WizardCancelParams{SessionID: session}, nil) // else it ends by itself
}

func (s online) close() { _ = s.c.Close() }
