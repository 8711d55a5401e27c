package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/wire"
)

// stopLimit is when a stop that hangs is ended by force. What was accepted is in the store by then.
const stopLimit = 4900 * time.Millisecond

// gatewayFlags are what the command line says over the config file.
type gatewayFlags struct {
	start           config.StartOptions
	token, password string
	verbose, force  bool
	compact         bool
	wsLog           string
}

func (a *app) gatewayCommand() *cobra.Command {
	var f gatewayFlags
	c := &cobra.Command{
		Use:     "gateway",
		Aliases: []string{"gateway-daemon"}, // what units of the TypeScript gateway start
		Short:   "Run the gateway in the foreground",
		Long:    "Run the gateway in the foreground until SIGTERM or Ctrl-C. SIGUSR1 restarts it within the process. Its subcommands talk to a gateway that runs.",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("token") {
				f.start.Token = (*config.Secret)(&f.token)
			}
			if c.Flags().Changed("password") {
				f.start.Password = (*config.Secret)(&f.password)
			}
			if c.Flags().Changed("port") && f.start.Port < 1 {
				return usage("--port must be a port number between 1 and 65535")
			}
			if f.wsLog != "auto" && f.wsLog != "full" && f.wsLog != "compact" {
				return usage("--ws-log must be auto, full or compact")
			}
			if f.compact {
				if c.Flags().Changed("ws-log") && f.wsLog != "compact" {
					return usage("--compact is --ws-log compact: give one of them")
				}
				f.wsLog = "compact"
			}
			return a.runGateway(c.Context(), f)
		},
	}
	flags := c.Flags()
	flags.IntVar(&f.start.Port, "port", 0, "port to listen on (default: CLAWDBOT_GATEWAY_PORT, else the config file, else 18789)")
	flags.StringVar(&f.start.Bind, "bind", "", "loopback, lan, tailnet or auto (default: the config file, else loopback)")
	flags.StringVar(&f.start.AuthMode, "auth", "", "token or password: which credential clients need")
	flags.StringVar(&f.token, "token", "", "token that clients need (default: CLAWDBOT_GATEWAY_TOKEN, else the config file)")
	flags.StringVar(&f.password, "password", "", "password that clients need (default: CLAWDBOT_GATEWAY_PASSWORD, else the config file)")
	flags.BoolVar(&f.verbose, "verbose", false, "show debug lines on the console")
	flags.StringVar(&f.wsLog, "ws-log", "auto", "lines about connections on the console: auto (by level), full, compact")
	flags.BoolVar(&f.compact, "compact", false, "the same as --ws-log compact")
	flags.StringVar(&f.start.Tailscale, "tailscale", "", "off, serve or funnel: how Tailscale publishes the port (default: the config file, else off)")
	flags.BoolVar(&f.start.TailscaleReset, "tailscale-reset-on-exit", false, "have Tailscale take that back when the gateway stops")
	flags.BoolVar(&f.force, "force", false, "end the gateway that runs on this state directory first, if one does")
	flags.Bool("allow-unconfigured", false, "accepted for compatibility; a gateway needs no config file")
	c.AddCommand(a.gatewayCallCommand(), a.healthCommand("health"), a.statusCommand("status"), a.wakeCommand(),
		a.sendCommand(), a.agentCommand("timeout-seconds"))
	return c
}

// runGateway runs the gateway until a signal or a loss it cannot survive.
func (a *app) runGateway(ctx context.Context, f gatewayFlags) error {
	env := a.env()
	doc, moved, err := config.LoadForStart(env.ConfigPath, a.getenv)
	if err != nil {
		return invalidConfig(doc.Path, err)
	}
	if f.force {
		if err := endHolder(ctx, env.StateDir); err != nil {
			return startFailed(err)
		}
	}
	limitMemory(a.lookup)
	ctx, release := terminalSignals(ctx)
	defer release()

	console := newLineWriter(a.out)
	defer console.Close()
	settings := logSettings{config: doc.Config.Logging, verbose: f.verbose, wsLog: f.wsLog, tty: isTerminal(a.out)}
	live := openLog(settings, console)
	defer live.Close()
	log := live.logger()
	slog.SetDefault(log) // libraries that log by themselves
	for _, line := range moved {
		log.Warn("config file: an old key was moved", "change", line)
	}

	if err := child.Leash(); err != nil {
		log.Warn("programs that the gateway starts may outlive it", "err", err)
	}
	restart, release := restartSignal(ctx)
	defer release()
	forced := context.AfterFunc(ctx, func() {
		time.AfterFunc(stopLimit, func() { os.Exit(0) })
	})
	defer forced()

	guard, err := gateway.GuardSelf()
	if err != nil {
		log.Warn("agents run no commands", "err", err)
	}
	v, commit := buildInfo()
	listening := false
	var serving shownAt
	systemd := a.notifier(ctx, log)
	err = gateway.Run(ctx, equip(gateway.Options{
		Config: doc, LookupEnv: a.lookup, Start: f.start, Log: log,
		Guard: guard, Service: a.installer(true, false), Methods: wire.Table{tailMethod(live.file)},
		Restart: restart, OnConfig: func(c *config.Config) {
			live.change(c.Logging)
			if !c.Gateway.TLS.Enabled { // it is on a start's way to OnListening
				serving.fingerprint = ""
			}
		},
		OnCertificate: func(fingerprint string) { serving.fingerprint = fingerprint },
		Version:       orElse(env.Version, v), Commit: orElse(env.Commit, commit),
		OnAlive: systemd.alive(), AliveEvery: systemd.every(),
		OnListening: func(addr string) {
			listening = true
			serving.addr = addr
			systemd.tell("READY=1", "STATUS=listening on "+serving.url("ws"))
			announce(console, live.style(), serving)
			time.AfterFunc(time.Second, forgetStart)
			log.Info("gateway started", "page", serving.url("http")+"/", "version", v, "config", doc.Path, "state", env.StateDir)
		},
	}))
	switch {
	case err == nil:
		return nil
	case !listening:
		return startFailed(err)
	default:
		return &failure{exitFailed, "Gateway stopped: ", err}
	}
}

// shownAt is how clients meet the gateway.
type shownAt struct{ addr, fingerprint string }

// url is its address; scheme is that of plain text.
func (s shownAt) url(scheme string) string {
	if s.fingerprint != "" {
		scheme += "s"
	}
	return scheme + "://" + s.addr
}

// announce prints the line that says that the port accepts connections, and one with the fingerprint of the certificate, if it
// shows one, whatever the log level.
func announce(w io.Writer, style string, at shownAt) {
	lines := []string{"gateway listening on " + at.url("ws")}
	if at.fingerprint != "" {
		lines = append(lines, "certificate SHA-256 fingerprint "+at.fingerprint)
	}
	for _, line := range lines {
		if style == "json" {
			line = fmt.Sprintf(`{"time":%q,"level":"info","message":%q}`, time.Now().UTC().Format(time.RFC3339Nano), line)
		}
		fmt.Fprintln(w, line)
	}
}

// unfit says that another start would meet the same problem: a supervisor must not try again by itself.
func unfit(err error) bool {
	var version *store.VersionError
	var corrupt *store.CorruptError
	var migration *store.MigrationError
	var invalid *config.InvalidError
	var pair *certificate.FileError
	return errors.As(err, &invalid) || errors.As(err, &pair) || errors.As(err, &version) || errors.As(err, &corrupt) || errors.As(err, &migration) && !errors.Is(err, store.ErrUnavailable)
}

// invalidConfig makes one line per problem.
func invalidConfig(path string, why error) error {
	lines := strings.Split(why.Error(), "\n")
	for i, line := range lines {
		lines[i] = oneLine(path + ": " + line)
	}
	return &failure{exitInvalid, "", errors.New(strings.Join(lines, "\n"))}
}

// startFailed makes one line of why the gateway did not start.
func startFailed(why error) error {
	code := exitFailed
	if unfit(why) {
		code = exitInvalid
	}
	return &failure{code, "Gateway failed to start: ", errors.New(strings.ReplaceAll(why.Error(), "\n", "; "))}
}

// terminalSignals ends ctx on a hangup too, unless the process was told to ignore it (nohup). A console that went
// away must not kill the gateway: writing to it then fails like any other write.
func terminalSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	stop := func() {}
	if !signal.Ignored(syscall.SIGHUP) {
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGHUP)
	}
	return ctx, func() {
		signal.Stop(pipe)
		stop()
	}
}

// restartSignal yields a reason for each SIGUSR1, where there are signals to say so; those that come while one waits are that one.
func restartSignal(ctx context.Context) (<-chan string, func()) {
	signals, reasons := make(chan os.Signal, 1), make(chan string, 1)
	notifyRestart(signals)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			}
			select {
			case reasons <- "SIGUSR1":
			default:
			}
		}
	}()
	return reasons, func() { signal.Stop(signals) }
}
