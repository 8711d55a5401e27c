package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/child/childtest"
)

// TestService drives every subcommand with stand-ins for the service manager's programs.
func TestService(t *testing.T) {
	t.Parallel()
	vars, dir := home(t, ""), t.TempDir()
	vars["CLAWDBOT_STATE_DIR"], vars["CLAWDBOT_GATEWAY_TOKEN"] = filepath.Join(dir, "st ate"), token
	asked := filepath.Join(dir, "asked")
	for _, name := range []string{"systemctl", "loginctl", "journalctl"} {
		script := "#!/bin/sh\necho \"" + name + " $*\" >> '" + asked + "'\ncase \"$*\" in\n*show\\ clawdbot*) printf 'ActiveState=active\\nMainPID=7\\nUnitFileState=enabled\\n';;\nshow-user*) echo Linger=no;;\n-*-user\\ --no-pager*) echo it said so;;\nesac\n"
		childtest.Write(t, filepath.Join(dir, name), script)
	}
	env := []string{"PATH=" + dir + ":/usr/bin:/bin"}
	for k, v := range vars {
		env = append(env, k+"="+v)
	}
	run := func(code int, want string, args ...string) string {
		t.Helper()
		c := command(t, env, args...)
		out, _ := c.CombinedOutput() // the exit code says it
		if got := c.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), want) {
			t.Errorf("%v: %d, want %d %q:\n%s", args, got, code, want, out)
		}
		return string(out)
	}
	run(exitWarning, "Not installed", "service", "status")
	run(exitFailed, "there is no service", "service", "restart")
	run(0, "loginctl enable-linger", "service", "install")
	if said := run(0, "does not see CLAWDBOT_GATEWAY_TOKEN", "service", "install"); strings.Contains(said, "CANARY") {
		t.Error("the token is shown")
	}
	path := filepath.Join(vars["HOME"], ".config", "systemd", "user", "clawdbot-gateway.service")
	unit, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(unit), "CANARY") || !strings.Contains(string(unit), `Environment="CLAWDBOT_STATE_DIR=`+vars["CLAWDBOT_STATE_DIR"]+`"`) {
		t.Errorf("%s %v", unit, err)
	}
	if shown := run(0, "[Unit]", "service", "install", "--print"); shown != string(unit) {
		t.Errorf("--print shows another unit:\n%s", shown)
	}
	run(0, "active, pid 7", "service", "status")
	run(0, `"linger": false`, "service", "status", "--json")
	run(0, "it said so", "service", "logs", "-n", "3")
	run(0, "Restarted", "service", "restart")
	run(exitWarning, "Not installed", "--profile", "work", "service", "status")
	run(0, "The state is left in "+vars["CLAWDBOT_STATE_DIR"], "service", "uninstall")
	if _, err := os.Stat(path); err == nil {
		t.Error("the unit is still there")
	}
	said, err := os.ReadFile(asked)
	for _, want := range []string{"--user enable clawdbot-gateway.service", "--user restart clawdbot-gateway.service", "-u clawdbot-gateway.service -n 3", "--user disable --now clawdbot-gateway.service"} {
		if err != nil || !strings.Contains(string(said), want) {
			t.Errorf("nobody asked %q: %s %v", want, said, err)
		}
	}
}

// TestDaemon_notifies: the service manager hears that the gateway is ready, that it lives, and that it stops.
func TestDaemon_notifies(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "n") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	hears := func(want string) {
		t.Helper()
		b := make([]byte, 1000)
		for {
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			if strings.HasPrefix(string(b[:n]), want) {
				return
			}
		}
	}
	d := launchIn(t, t.TempDir(), []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=600000"}, "--port", freePort(t))
	hears("READY=1")
	for range 3 {
		hears("WATCHDOG=1")
	}
	d.stop(t)
	hears("STOPPING=1")
}

// TestDaemon_force: a gateway of the same state directory is ended first, wherever it listens; what another program has is left to it.
func TestDaemon_force(t *testing.T) {
	t.Parallel()
	first := startDaemon(t)
	dead := make(chan error, 1)
	go func() { dead <- first.cmd.Wait() }()
	second := launch(t, first.dir, "--force", "--port", freePort(t))
	if err := <-dead; err != nil {
		t.Errorf("the first one did not end well: %v", err)
	}
	if r := second.client(t, "health"); r.code != 0 {
		t.Errorf("the second one: %+v", r)
	}
	second.stop(t)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := command(t, first.env, "gateway", "--force", "--port", port)
	if out, _ := c.CombinedOutput(); c.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "already listening") {
		t.Errorf("on another program's port: %s", out)
	}
}

// TestDaemon_forceOnOneThatHangs: it is not asked for ever.
func TestDaemon_forceOnOneThatHangs(t *testing.T) {
	t.Parallel()
	first := startDaemon(t)
	dead := make(chan error, 1)
	go func() { dead <- first.cmd.Wait() }()
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	launch(t, first.dir, "--force", "--port", freePort(t)).stop(t)
	if err := <-dead; err == nil {
		t.Error("it ended well")
	}
}
