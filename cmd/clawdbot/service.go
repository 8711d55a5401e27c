package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/doctor"
	"github.com/clawdbot/gateway/cmd/clawdbot/service"
)

// serviceVars are the variables that the service takes over from the shell that installs it. Secrets are none of them: they belong into
// the configuration or into .env of the state directory.
var serviceVars = []string{
	"PATH", "CLAWDBOT_PROFILE", "CLAWDBOT_STATE_DIR", "CLAWDBOT_CONFIG_PATH", "CLAWDBOT_OAUTH_DIR", "CLAWDBOT_AGENT_DIR", "CLAWDBOT_LOCK_DIR",
	"CLAWDBOT_GATEWAY_PORT", "CLAWDBOT_BRIDGE_PORT", "CLAWDBOT_BRIDGE_HOST", "CLAWDBOT_BRIDGE_ENABLED", "CLAWDBOT_CANVAS_HOST_PORT",
	"CLAWDBOT_SKIP_PROVIDERS", "CLAWDBOT_SKIP_CRON", "CLAWDBOT_SKIP_CANVAS_HOST", "CLAWDBOT_SKIP_BROWSER_CONTROL_SERVER", "CLAWDBOT_DISABLE_BONJOUR",
}

func (a *app) serviceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "service",
		Short: "Run the gateway as a service of yours",
		Long: "Run the gateway as a service of yours, under systemd, or under launchd on macOS. Each profile has a service of its own\n" +
			"(clawdbot --profile NAME service install). docs/operations.md has the whole of it.",
	}
	c.AddCommand(a.serviceInstallCommand(), a.serviceUninstallCommand(), a.serviceStatusCommand(), a.serviceLogsCommand(), a.serviceRestartCommand())
	return c
}

// manager is the service manager of this machine, with the service of this profile.
func (a *app) manager() (*service.Manager, error) {
	spec, err := a.serviceSpec()
	if err != nil {
		return nil, err
	}
	name := a.getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return service.New(service.Host{
		OS: runtime.GOOS, Home: a.env().Home, ConfigHome: a.getenv("XDG_CONFIG_HOME"), UID: os.Getuid(), User: name,
		Run: service.Run, Show: a.show,
	}, spec)
}

// serviceSpec is the service that this command line stands for.
func (a *app) serviceSpec() (service.Spec, error) {
	program, err := os.Executable()
	if err != nil {
		return service.Spec{}, fmt.Errorf("where this program is: %w", err)
	}
	s := service.Spec{Program: program, Args: []string{"gateway"}, StateDir: a.env().StateDir}
	switch {
	case a.dev:
		s.Profile, s.Args = "dev", append(s.Args, "--dev")
	case a.profile != "":
		s.Profile, s.Args = a.profile, append(s.Args, "--profile", a.profile)
	}
	for _, name := range serviceVars {
		v, ok := a.shell(name)
		if !ok || v == "" {
			continue
		}
		switch name {
		case "CLAWDBOT_STATE_DIR":
			v = a.env().StateDir
		case "CLAWDBOT_CONFIG_PATH":
			v = a.env().ConfigPath
		}
		s.Env = append(s.Env, name+"="+v)
	}
	return s, nil
}

// show runs a program that has the terminal.
func (a *app) show(ctx context.Context, program string, args ...string) error {
	c := exec.CommandContext(ctx, program, args...)
	c.Stdout, c.Stderr = a.out, a.err
	err := c.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not there: %w", program, service.ErrNone)
	}
	if ctx.Err() != nil { // Ctrl-C is how following ends
		return nil
	}
	return err
}

func (a *app) serviceInstallCommand() *cobra.Command {
	var force, print bool
	c := &cobra.Command{
		Use:   "install",
		Short: "Install the service and start it; again after a change of paths or versions",
		Long: "Install the service and start it. Another call writes it anew, for this program and the variables of this shell, and restarts it.\n" +
			"The service does not see the shell's secrets: a token belongs into the configuration, or into .env of the state directory.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := a.manager()
			if err != nil {
				return err
			}
			if print {
				text, err := m.Text()
				if err == nil {
					_, err = fmt.Fprint(a.out, text)
				}
				return err
			}
			if doc := config.Read(a.env().ConfigPath, a.getenv); !doc.Valid {
				return invalidConfig(doc.Path, &config.InvalidError{Path: doc.Path, Issues: doc.Issues})
			}
			if err := m.Install(c.Context(), force); err != nil {
				return err
			}
			return a.installed(c.Context(), m)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace a unit of the same name that another program wrote")
	c.Flags().BoolVar(&print, "print", false, "print the unit, and install nothing")
	return c
}

// installed says what is there now, and what is still to be done.
func (a *app) installed(ctx context.Context, m *service.Manager) error {
	s, err := m.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "Installed as %s, and %s.\n", s.Path, orElse(s.Active, "started"))
	if s.Linger != nil && !*s.Linger {
		fmt.Fprintln(a.out, "It ends with your session. To have it run without one: loginctl enable-linger")
	}
	for _, name := range []string{"CLAWDBOT_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_PASSWORD"} {
		if v, _ := a.shell(name); v != "" {
			fmt.Fprintf(a.out, "The service does not see %s of this shell. Put it into %s\n", name, filepath.Join(a.env().StateDir, ".env"))
		}
	}
	return nil
}

func (a *app) serviceUninstallCommand() *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Short: "Stop the service and remove it; the state stays", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := a.manager()
			if err != nil {
				return err
			}
			if err := m.Uninstall(c.Context()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "There is no service any more. The state is left in %s\n", a.env().StateDir)
			return err
		},
	}
}

func (a *app) serviceRestartCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restart", Short: "Start the service anew, or start it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, s, err := a.service(c.Context())
			if err != nil {
				return err
			}
			if err := m.Restart(c.Context()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "Restarted (%s).\n", filepath.Base(s.Path))
			return err
		},
	}
}

// service is the manager, with a service that is installed.
func (a *app) service(ctx context.Context) (*service.Manager, service.State, error) {
	m, err := a.manager()
	if err != nil {
		return nil, service.State{}, err
	}
	s, err := m.Status(ctx)
	if err == nil && !s.Installed {
		err = errors.New("there is no service: clawdbot service install")
	}
	return m, s, err
}

func (a *app) serviceLogsCommand() *cobra.Command {
	var follow bool
	lines := 100
	c := &cobra.Command{
		Use: "logs", Short: "Show what the service manager has kept of it, also of starts that failed", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if lines < 1 {
				return usage("--lines is 1 or more")
			}
			m, _, err := a.service(c.Context())
			if err != nil {
				return err
			}
			return m.Logs(c.Context(), lines, follow)
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	c.Flags().IntVarP(&lines, "lines", "n", lines, "how many lines")
	return c
}

func (a *app) serviceStatusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "See whether the service is installed and runs",
		Long: "See whether the service is installed and runs.\n\nExit code: 0 it runs; 3 it does not.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := a.manager()
			if err != nil {
				return err
			}
			s, err := m.Status(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = printValue(a.out, s)
			} else {
				a.showService(s)
			}
			if err == nil && !s.Running() {
				err = &failure{code: exitWarning, err: errors.New("the service does not run")}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func (a *app) showService(s service.State) {
	if !s.Installed {
		fmt.Fprintln(a.out, "Not installed. To install it: clawdbot service install")
		return
	}
	fmt.Fprintf(a.out, "Unit      %s\nState     %s", s.Path, orElse(s.Active, "not known"))
	if s.PID != "" {
		fmt.Fprintf(a.out, ", pid %s", s.PID)
	}
	if s.Detail != "" {
		fmt.Fprintf(a.out, " (%s)", oneLine(s.Detail))
	}
	fmt.Fprintln(a.out)
	switch {
	case s.Foreign:
		fmt.Fprintln(a.out, "          Another program wrote this unit: clawdbot service install --force replaces it")
	case s.Outdated:
		fmt.Fprintln(a.out, "          It is not what this program would install: clawdbot service install")
	}
	if s.Linger != nil && !*s.Linger {
		fmt.Fprintln(a.out, "          It ends with your session: loginctl enable-linger")
	}
}

// serviceManager says whether there is one to ask: not under another init, nor in a container.
func serviceManager() bool {
	if runtime.GOOS == "linux" {
		_, err := os.Stat("/run/systemd/system")
		return err == nil
	}
	return runtime.GOOS == "darwin"
}

// examineService is what doctor is told; nil where there is no service manager to ask.
func (a *app) examineService(ctx context.Context) *doctor.Service {
	if !serviceManager() {
		return nil
	}
	m, err := a.manager()
	if err != nil {
		return nil
	}
	s, err := m.Status(ctx)
	if err != nil {
		return nil
	}
	return &doctor.Service{
		Path: s.Path, Installed: s.Installed, Outdated: s.Outdated, Failed: s.Active == "failed", Detail: s.Detail, Linger: s.Linger,
	}
}
