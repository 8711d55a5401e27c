package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// desk stands for a service manager: it notes what it is asked, and answers.
type desk struct {
	asked  []string
	answer map[string]string // by the beginning of the question
	fail   string            // a beginning that fails
}

func (d *desk) run(_ context.Context, program string, args ...string) (string, error) {
	line := program + " " + strings.Join(args, " ")
	d.asked = append(d.asked, line)
	if d.fail != "" && strings.HasPrefix(line, d.fail) {
		return "", errors.New("Failed to connect to bus")
	}
	for q, a := range d.answer {
		if strings.HasPrefix(line, q) {
			return a, nil
		}
	}
	return "", nil
}

func (d *desk) show(ctx context.Context, program string, args ...string) error {
	_, err := d.run(ctx, program, args...)
	return err
}

func (d *desk) manager(t *testing.T, system, home string) *Manager {
	t.Helper()
	m, err := New(Host{OS: system, Home: home, UID: 501, User: "ann", Run: d.run, Show: d.show}, specs["profile"])
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *desk) want(t *testing.T, what string, lines ...string) {
	t.Helper()
	if !slices.Equal(d.asked, lines) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(d.asked, "\n"), strings.Join(lines, "\n"))
	}
	d.asked = nil
}

func TestManager_systemd(t *testing.T) {
	t.Parallel()
	home, ctx := t.TempDir(), t.Context()
	d := &desk{answer: map[string]string{
		"systemctl --user show clawdbot": "ActiveState=active\nResult=success\nExecMainStatus=0\nMainPID=42\nUnitFileState=enabled\n",
		"loginctl show-user ann":         "Linger=no\n",
	}}
	m := d.manager(t, "linux", home)
	if s, err := m.Status(ctx); err != nil || s.Installed || s.Running() {
		t.Errorf("before: %+v %v", s, err)
	}
	d.asked = nil
	if err := m.Install(ctx, false); err != nil {
		t.Fatal(err)
	}
	const unit = "clawdbot-gateway-work.service"
	d.want(t, "install", "systemctl --user show-environment", "systemctl --user daemon-reload", "systemctl --user enable "+unit, "systemctl --user restart "+unit)
	path := filepath.Join(home, ".config", "systemd", "user", unit)
	text, _ := Unit(specs["profile"])
	if have, err := os.ReadFile(path); err != nil || string(have) != text {
		t.Errorf("%s: %s %v", path, have, err)
	}
	s, err := m.Status(ctx)
	if err != nil || !s.Installed || s.Outdated || s.Foreign || !s.Running() || s.PID != "42" || !s.Enabled || s.Linger == nil || *s.Linger {
		t.Errorf("status %+v %v", s, err)
	}
	d.asked = nil
	if err := os.WriteFile(path, []byte(text+"# by hand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := m.File(); err != nil || !s.Outdated || s.Foreign {
		t.Errorf("changed by hand: %+v %v", s, err)
	}
	d.answer["systemctl --user show clawdbot"] = "ActiveState=failed\nResult=exit-code\nExecMainStatus=78\nMainPID=0\nUnitFileState=enabled\n"
	if s, err := m.Status(ctx); err != nil || s.Running() || s.PID != "" || !strings.Contains(s.Detail, "78") {
		t.Errorf("failed: %+v %v", s, err)
	}
	d.asked = nil
	if err := errors.Join(m.Restart(ctx), m.Logs(ctx, 5, true), m.Uninstall(ctx)); err != nil {
		t.Fatal(err)
	}
	d.want(t, "restart, logs, uninstall", "systemctl --user restart "+unit, "journalctl --user --no-pager -u "+unit+" -n 5 -f",
		"systemctl --user disable --now "+unit, "systemctl --user daemon-reload")
	if _, err := os.Stat(path); err == nil {
		t.Error("the unit is still there")
	}
	if err := m.Uninstall(ctx); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestManager_launchd(t *testing.T) {
	t.Parallel()
	home, ctx := t.TempDir(), t.Context()
	d := &desk{answer: map[string]string{"launchctl print": "gui/501/x = {\n\tstate = running\n\tpid = 42\n\tlast exit code = (never exited)\n}\n"}}
	m := d.manager(t, "darwin", home)
	if err := m.Install(ctx, false); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "Library", "LaunchAgents", "com.clawdbot.gateway.work.plist")
	const target = "gui/501/com.clawdbot.gateway.work"
	d.want(t, "install", "launchctl bootout "+target, "launchctl bootstrap gui/501 "+path)
	if s, err := m.Status(ctx); err != nil || !s.Running() || s.PID != "42" || s.Outdated || s.Foreign {
		t.Errorf("%+v %v", s, err)
	}
	d.asked = nil
	if err := errors.Join(m.Restart(ctx), m.Logs(ctx, 5, false), m.Uninstall(ctx)); err != nil {
		t.Fatal(err)
	}
	d.want(t, "restart, logs, uninstall", "launchctl kickstart -k "+target, "tail -n 5 /home/ann/.clawdbot-work/service.err.log", "launchctl bootout "+target)
	if _, err := os.Stat(path); err == nil {
		t.Error("the property list is still there")
	}
}

// TestManager_refused: nothing is written where nobody would read it, nobody else's unit is replaced without a word, and one
// that was is kept.
func TestManager_refused(t *testing.T) {
	t.Parallel()
	home, ctx := t.TempDir(), t.Context()
	d := &desk{fail: "systemctl --user show-environment"}
	m := d.manager(t, "linux", home)
	if err := m.Install(ctx, false); err == nil || !strings.Contains(err.Error(), "log in as the user") {
		t.Errorf("without a session: %v", err)
	}
	if _, err := os.Stat(m.Path()); err == nil {
		t.Error("a unit was written")
	}
	d.fail = ""
	if err := os.MkdirAll(filepath.Dir(m.Path()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Path(), []byte("[Unit]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.Install(ctx, false), m.Uninstall(ctx)); !errors.Is(err, ErrForeign) || !strings.Contains(fmt.Sprint(err), "--force") {
		t.Errorf("over another's: %v", err)
	}
	if err := m.Install(ctx, true); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(m.Path() + ".old"); err != nil || string(kept) != "[Unit]\n" {
		t.Errorf("%q %v", kept, err)
	}
	if _, err := New(Host{OS: "plan9"}, specs["default"]); !errors.Is(err, ErrNone) {
		t.Errorf("plan9: %v", err)
	}
}
