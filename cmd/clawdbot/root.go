package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/cmd/clawdbot/service"
)

// Exit codes.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitInvalid = 78 // EX_CONFIG: configuration or database; a supervisor must not try again
)

// app is one run of the command line.
type app struct {
	in       io.Reader
	out, err io.Writer
	lookup   config.LookupFunc

	started bool // flags and arguments were right, and the command itself runs
	dev     bool
	profile string            // "" = the default one
	shell   config.LookupFunc // the environment as it was given, without what a profile or a .env file adds
}

// failure is an error with an exit code of its own, and what is printed before it.
type failure struct {
	code   int
	prefix string
	err    error
}

func (f *failure) Error() string { return f.prefix + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is an error in how the command was called.
func usage(format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// run executes one command line and returns the exit code.
func (a *app) run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var f *failure
	code := exitFailed
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	case errors.As(err, &f):
		code = f.code
	case !a.started:
		code = exitUsage
	}
	fmt.Fprintln(a.err, printable(err.Error()))
	if code == exitInvalid && a.getenv(service.ManagerVar) == "launchd" {
		return 0 // it knows no other way not to be tried again
	}
	if code == exitUsage {
		fmt.Fprintf(a.err, "See: %s --help\n", cmd.CommandPath())
	}
	return code
}

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	v, _ := buildInfo()
	root := &cobra.Command{
		Use:           "clawdbot",
		Short:         "One gateway between your chats, your agents and your devices",
		Version:       v,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			a.shell = a.lookup
			if err := a.useProfile(a.dev, a.profile); err != nil {
				return err
			}
			a.started = true
			a.loadDotEnv()
			return nil
		},
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().BoolVar(&a.dev, "dev", false, "use the profile dev: state in ~/.clawdbot-dev, port 19001")
	root.PersistentFlags().StringVar(&a.profile, "profile", "", "use state of its own, in ~/.clawdbot-NAME")
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetHelpFunc(help)
	root.SetUsageFunc(func(c *cobra.Command) error { help(c, nil); return nil })
	root.AddCommand(
		a.onboardCommand("onboard", "Set everything up by answering a few questions"),
		a.onboardCommand("configure", "Change the configuration by answering a few questions"),
		a.gatewayCommand(), a.healthCommand("health"), a.statusCommand("status"), a.logsCommand(), a.sendCommand(), a.agentCommand("timeout"), a.tuiCommand(),
		a.sessionsCommand(), a.cronCommand(), a.wakeCommand(), a.hooksCommand(), a.configCommand(), a.modelsCommand(), a.usageCommand(), a.skillsCommand(), a.mcpCommand(),
		a.nodesCommand(), a.canvasCommand(), a.browserCommand(), a.pairingCommand(), a.approvalsCommand(), a.outboxCommand(), a.whyCommand(), a.providersCommand(), a.loginCommand(), a.logoutCommand(), a.actorsCommand(), a.versionCommand(),
		a.completionCommand(),
		a.importCommand(),
		a.discoverCommand(), a.dnsCommand(), a.nodeCommand(), a.doctorCommand(), a.securityCommand(),
		a.serviceCommand(), a.backupCommand(), a.restoreCommand(), a.rollbackCommand(),
	)
	return root
}

func (a *app) env() config.Env { return config.ParseEnv(a.lookup) }

func (a *app) getenv(name string) string {
	v, _ := a.lookup(name)
	return v
}

// help prints what a command does, its subcommands and its flags.
func help(c *cobra.Command, _ []string) {
	var b strings.Builder
	b.WriteString(orElse(c.Long, c.Short) + "\n\nUsage:\n")
	if c.Runnable() {
		b.WriteString("  " + c.UseLine() + "\n")
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("  " + c.CommandPath() + " <command>\n\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s  %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.Example != "" {
		b.WriteString("\nExamples:\n" + c.Example + "\n")
	}
	if c.HasAvailableLocalFlags() {
		b.WriteString("\nFlags:\n" + c.LocalFlags().FlagUsagesWrapped(100))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nMore: %s <command> --help\n", c.CommandPath())
	}
	fmt.Fprint(c.OutOrStdout(), b.String())
}

// oneArg takes exactly one argument and calls it by its name when it is missing.
func oneArg(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usage("%s is needed", name)
		case 1:
			return nil
		default:
			return usage("one %s is taken, not %d arguments", name, len(args))
		}
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
