package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Host is the machine that the service is on.
type Host struct {
	OS         string // runtime.GOOS
	Home       string
	ConfigHome string // XDG_CONFIG_HOME; "" = ~/.config
	UID        int
	User       string // name; for the command that lets services run while nobody is logged in
	// Run runs a program to its end and returns what it printed.
	Run func(ctx context.Context, program string, args ...string) (string, error)
	// Show runs a program whose output the person sees.
	Show func(ctx context.Context, program string, args ...string) error
}

// State is how a service is.
type State struct {
	Path      string `json:"path"` // of the unit
	Installed bool   `json:"installed"`
	Foreign   bool   `json:"foreign,omitempty"`  // somebody else wrote it
	Outdated  bool   `json:"outdated,omitempty"` // the one of this program, and these settings, is another
	Active    string `json:"active,omitempty"`   // active, activating, inactive, failed; "" = not known
	Detail    string `json:"detail,omitempty"`   // how it ended, if it did
	PID       string `json:"pid,omitempty"`
	Enabled   bool   `json:"enabled"`          // it is started with the user's session
	Linger    *bool  `json:"linger,omitempty"` // it runs without a session, too; nil = there is no such thing, or not known
}

// Running says whether the service manager has it running, or on its way.
func (s State) Running() bool { return s.Active == "active" || s.Active == "activating" }

// ErrNone: this system has no service manager that is known here.
var ErrNone = errors.New("this system has neither systemd nor launchd: have its own service manager run: clawdbot gateway")

// ErrForeign: there is a unit of the same name that this program did not write.
var ErrForeign = errors.New("it was not written by this program")

// Manager is the service manager of a host.
type Manager struct {
	h Host
	s Spec
}

// New finds the service manager. The error is ErrNone when there is none.
func New(h Host, s Spec) (*Manager, error) {
	if h.OS != "darwin" && h.OS != "linux" {
		return nil, ErrNone
	}
	return &Manager{h, s}, nil
}

func (m *Manager) launchd() bool { return m.h.OS == "darwin" }

// Path is the file of the unit.
func (m *Manager) Path() string {
	if m.launchd() {
		return filepath.Join(m.h.Home, "Library", "LaunchAgents", m.s.Label()+".plist")
	}
	config := m.h.ConfigHome
	if !filepath.IsAbs(config) {
		config = filepath.Join(m.h.Home, ".config")
	}
	return filepath.Join(config, "systemd", "user", m.s.Name()+".service")
}

// Text is what the unit should be.
func (m *Manager) Text() (string, error) {
	if m.launchd() {
		return Plist(m.s)
	}
	return Unit(m.s)
}

// Install registers the service and starts it. One that runs is started anew.
func (m *Manager) Install(ctx context.Context, replace bool) error {
	if err := m.Register(ctx, replace); err != nil {
		return err
	}
	if m.launchd() {
		_, _ = m.h.Run(ctx, "launchctl", "bootout", m.target()) // it may not be loaded
		_, err := m.h.Run(ctx, "launchctl", "bootstrap", m.domain(), m.Path())
		return err
	}
	_, err := m.systemctl(ctx, "restart", m.unit())
	return err
}

// Register writes the unit and has the service manager start it with the user's next session. A unit that somebody else wrote is
// replaced only with replace; it is kept beside it.
func (m *Manager) Register(ctx context.Context, replace bool) error {
	text, err := m.Text()
	if err != nil {
		return err
	}
	if !m.launchd() { // before anything is written: without a session there is nobody to talk to
		if _, err := m.systemctl(ctx, "show-environment"); err != nil {
			return fmt.Errorf("systemd of this user does not answer (in a container, or over su, there is none: log in as the user): %w", err)
		}
	}
	path := m.Path()
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !ours(string(old)) && !replace:
		return fmt.Errorf("%s is there already: %w; --force replaces it and keeps it as %s", path, ErrForeign, filepath.Base(path)+".old")
	case !ours(string(old)):
		if err := os.Rename(path, path+".old"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := write(path, text); err != nil {
		return err
	}
	if m.launchd() { // which looks into that directory at each login
		return nil
	}
	if _, err := m.systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	_, err = m.systemctl(ctx, "enable", m.unit())
	return err
}

// write puts text into a file that is there whole, or as it was.
func write(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".clawdbot-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Uninstall stops the service and removes the unit. What is not there is no error.
func (m *Manager) Uninstall(ctx context.Context) error {
	path := m.Path()
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !ours(string(old)) {
		return fmt.Errorf("%s is left as it is: %w", path, ErrForeign)
	}
	if m.launchd() {
		_, _ = m.h.Run(ctx, "launchctl", "bootout", m.target())
		return os.Remove(path)
	}
	if _, err := m.systemctl(ctx, "disable", "--now", m.unit()); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	_, err = m.systemctl(ctx, "daemon-reload")
	return err
}

// Restart starts the service anew, or starts it.
func (m *Manager) Restart(ctx context.Context) error {
	if m.launchd() {
		_, err := m.h.Run(ctx, "launchctl", "kickstart", "-k", m.target())
		return err
	}
	_, err := m.systemctl(ctx, "restart", m.unit())
	return err
}

// Logs shows what the service has printed.
func (m *Manager) Logs(ctx context.Context, lines int, follow bool) error {
	n := fmt.Sprint(lines)
	args := []string{"-n", n}
	if follow {
		args = append(args, "-f")
	}
	if m.launchd() {
		return m.h.Show(ctx, "tail", append(args, m.s.errorLog())...)
	}
	return m.h.Show(ctx, "journalctl", append([]string{"--user", "--no-pager", "-u", m.unit()}, args...)...)
}

// Status asks the service manager.
func (m *Manager) Status(ctx context.Context) (State, error) {
	s, err := m.File()
	if err != nil || !s.Installed {
		return s, err
	}
	if m.launchd() {
		m.askLaunchd(ctx, &s)
	} else {
		m.askSystemd(ctx, &s)
	}
	return s, nil
}

// File looks at the unit alone.
func (m *Manager) File() (State, error) {
	s := State{Path: m.Path()}
	text, err := m.Text()
	if err != nil {
		return s, err
	}
	have, err := os.ReadFile(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Installed, s.Foreign, s.Outdated = true, !ours(string(have)), string(have) != text
	return s, nil
}

func ours(text string) bool {
	return strings.HasPrefix(text, mark) || strings.Contains(text, "<!-- "+strings.TrimPrefix(mark, "# ")+" -->")
}

func (m *Manager) unit() string   { return m.s.Name() + ".service" }
func (m *Manager) domain() string { return fmt.Sprintf("gui/%d", m.h.UID) }
func (m *Manager) target() string { return m.domain() + "/" + m.s.Label() }

func (m *Manager) systemctl(ctx context.Context, args ...string) (string, error) {
	return m.h.Run(ctx, "systemctl", append([]string{"--user"}, args...)...)
}

func (m *Manager) askSystemd(ctx context.Context, s *State) {
	out, err := m.systemctl(ctx, "show", m.unit(), "--property=ActiveState,Result,ExecMainStatus,MainPID,UnitFileState")
	if err != nil {
		s.Detail = err.Error()
		return
	}
	p := properties(out, "=")
	s.Active, s.Enabled = p["ActiveState"], p["UnitFileState"] == "enabled"
	if p["MainPID"] != "0" {
		s.PID = p["MainPID"]
	}
	if r := p["Result"]; r != "" && r != "success" {
		s.Detail = r + ", exit status " + p["ExecMainStatus"]
	}
	if p["ExecMainStatus"] == "78" {
		s.Detail = "it cannot run like this (exit status 78): clawdbot service logs says why"
	}
	if out, err := m.h.Run(ctx, "loginctl", "show-user", m.h.User, "--property=Linger"); err == nil {
		on := properties(out, "=")["Linger"] == "yes"
		s.Linger = &on
	}
}

func (m *Manager) askLaunchd(ctx context.Context, s *State) {
	out, err := m.h.Run(ctx, "launchctl", "print", m.target())
	if err != nil {
		s.Active = "inactive"
		return
	}
	p := properties(out, " = ")
	s.Enabled = true
	s.Active, s.PID = "inactive", p["pid"]
	if p["state"] == "running" {
		s.Active = "active"
	}
	if code := p["last exit code"]; code != "" && code != "0" && !strings.HasPrefix(code, "(") {
		s.Detail = "last exit code " + code
	}
}

// properties reads lines of name and value. Of two with one name the first counts.
func properties(out, separator string) map[string]string {
	p := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), separator)
		if _, had := p[name]; ok && !had {
			p[name] = value
		}
	}
	return p
}

// Run is Host.Run on the machine itself.
func Run(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is not there: %w", program, ErrNone)
	}
	if err != nil {
		text := strings.Join(strings.Fields(string(out)), " ")
		return string(out), fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, text)
	}
	return string(out), nil
}
