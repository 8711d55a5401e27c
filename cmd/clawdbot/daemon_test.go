package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var binaryDir string // removed by TestMain

// binary builds the program once per test run.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "clawdbot-test-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "clawdbot")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// daemon is a gateway in a process of its own.
type daemon struct {
	cmd    *exec.Cmd
	env    []string
	url    string
	stdout *bufio.Reader
	pipe   io.Closer
	stderr *bytes.Buffer
	dir    string // HOME; the log file is in it
}

const token = "CANARY-token-0123456789abcdef"

// environ is the environment of a process whose home is dir and whose log stays there.
func environ(t *testing.T, dir string) []string {
	t.Helper()
	path := filepath.Join(dir, "config.json5")
	if _, err := os.Stat(path); err != nil {
		text := "{logging: {file: '" + filepath.Join(dir, "log", "x.log") + "', level: 'trace'}, bridge: {enabled: false}, canvasHost: {enabled: false}}"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "CLAWDBOT_CONFIG_PATH=" + path}
}

// command prepares a run of the binary.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // a daemon lives as long as its test
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.Env = env
	return c
}

// startDaemon starts a gateway and waits for its line.
func startDaemon(t *testing.T, args ...string) *daemon {
	t.Helper()
	return launch(t, t.TempDir(), append([]string{"--port", freePort(t), "--verbose"}, args...)...)
}

// launch starts a gateway whose home is dir.
func launch(t *testing.T, dir string, args ...string) *daemon {
	t.Helper()
	return launchIn(t, dir, nil, args...)
}

// launchIn is launch with more in the environment.
func launchIn(t *testing.T, dir string, env []string, args ...string) *daemon {
	t.Helper()
	d := &daemon{dir: dir, stderr: &bytes.Buffer{}}
	d.env = append(environ(t, d.dir), env...)
	d.cmd = command(t, d.env, append([]string{"gateway"}, args...)...)
	pipe, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.pipe, d.stdout, d.cmd.Stderr = pipe, bufio.NewReader(pipe), d.stderr
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait()
		}
	})
	d.listens(t)
	return d
}

var listening = regexp.MustCompile(`listening on (ws://\S+)`)

// listens waits for the line that says where it listens.
func (d *daemon) listens(t *testing.T) {
	t.Helper()
	for {
		text, err := d.stdout.ReadString('\n')
		if err != nil {
			_ = d.cmd.Wait() // it has said all then
			t.Fatalf("no line says that it listens: %v, stderr %s", err, d.stderr)
		}
		if m := listening.FindStringSubmatch(text); m != nil {
			d.url = m[1]
			return
		}
	}
}

// stop ends the gateway and returns the rest of its output.
func (d *daemon) stop(t *testing.T) string {
	t.Helper()
	begin := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(d.stdout) // its end is the process's
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("exit after SIGTERM: %v, stderr %s", err, d.stderr)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("stopping took %s", took)
	}
	return string(rest)
}

// client runs a client command against the gateway.
func (d *daemon) client(t *testing.T, args ...string) result {
	t.Helper()
	c := command(t, d.env, append(args, "--url", d.url)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

func TestDaemon_everyClientCommand(t *testing.T) {
	t.Parallel()
	d := startDaemon(t, "--token", token)
	d.env = append(d.env, "CLAWDBOT_GATEWAY_TOKEN="+token)
	var seen strings.Builder
	for _, c := range []struct {
		args []string
		code int
		want string // in stdout, or in stderr when code is not 0
	}{
		{[]string{"health"}, 0, "Gateway   ok"},
		{[]string{"status"}, 0, "Outbox"},
		{[]string{"gateway", "health"}, 0, "Gateway   ok"},
		{[]string{"gateway", "status", "--json"}, 0, `"outbox"`},
		{[]string{"agent", "--session-key", "main", "-m", "good morning"}, 0, "good morning"},
		{[]string{"agent", "--session-key", "main", "-m", "good evening", "--json"}, 0, `"status": "ok"`},
		{[]string{"agent", "--session-key", "main", "-m", "!fail on purpose"}, 1, "on purpose"},
		{[]string{"agent", "--session-key", "main", "-m", "hi", "--thinking", "deeply"}, 1, "Invalid thinking level"},
		{[]string{"sessions"}, 0, "main"},
		{[]string{"sessions", "--active", "5"}, 0, "main"},
		{[]string{"actors"}, 0, "gateway/config"},
		{[]string{"outbox", "show", "99"}, 1, "no outgoing message 99"},
		{[]string{"outbox", "show", "x"}, 1, "is no id"},
		{[]string{"pairing", "list"}, 0, "Nobody waits"},
		{[]string{"pairing", "approve", "AAAA2222"}, 1, "pairing code"},
		{[]string{"send", "-t", "12345", "-m", "x", "--provider", "telegram"}, 1, ""},
		{[]string{"gateway", "call", "config.get"}, 0, `"exists": true`},
		{[]string{"gateway", "call", "no.such.method"}, 1, "no.such.method"},
		{[]string{"gateway", "call", "agent", "--expect-final", "--params", `{"message":"x","sessionKey":"main","idempotencyKey":"k1"}`}, 0, `"completed"`},
		{[]string{"health", "--token", "wrong"}, 1, "the token is not the gateway's"},
	} {
		r := d.client(t, c.args...)
		text := r.out
		if c.code != 0 {
			text = r.err
		}
		if r.code != c.code || !strings.Contains(text, c.want) || c.code != 0 && r.err == "" {
			t.Errorf("%v: %+v, want %d %q", c.args, r, c.code, c.want)
		}
		seen.WriteString(r.out + r.err)
	}
	for _, args := range [][]string{{"health"}, {"status"}, {"sessions"}, {"actors"}, {"pairing", "list"}} {
		r := d.client(t, append(args, "--json")...)
		if r.code != 0 || !json.Valid([]byte(r.out)) {
			t.Errorf("%v --json: %+v", args, r)
		}
	}
	d.env = environ(t, d.dir)
	if r := d.client(t, "health"); r.code != 1 || !strings.Contains(r.err, "wants a credential") {
		t.Errorf("without a token: %+v", r)
	}
	seen.WriteString(d.stop(t) + d.stderr.String())
	log, err := os.ReadFile(filepath.Join(d.dir, "log", "x.log"))
	if err != nil || !bytes.Contains(log, []byte("gateway started")) {
		t.Errorf("log file: %q, %v", log, err)
	}
	if all := seen.String() + string(log); strings.Contains(all, "CANARY") {
		t.Error("the token is in the output or the log")
	}
	checkModes(t, d.dir)
}

// checkModes: everything that the gateway wrote is its user's alone.
func checkModes(t *testing.T, home string) {
	t.Helper()
	for _, dir := range []string{filepath.Join(home, ".clawdbot"), filepath.Join(home, "log")} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestDaemon_secondStartSaysWhoIsThere(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	port := d.url[strings.LastIndex(d.url, ":")+1:]
	for _, c := range []struct {
		name, port, want string
	}{
		{"same port", port, "already listening on " + d.url},
		{"same state directory", freePort(t), "lock"},
	} {
		cmd := command(t, d.env, "gateway", "--port", c.port)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		_ = cmd.Run() // the exit code says it
		if cmd.ProcessState.ExitCode() != exitFailed || !strings.HasPrefix(errs.String(), "Gateway failed to start: ") ||
			!strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%s: %d %q", c.name, cmd.ProcessState.ExitCode(), errs.String())
		}
	}
	if r := d.client(t, "health"); r.code != 0 {
		t.Errorf("the first one suffered: %+v", r)
	}
	d.stop(t)
}

// A console that was closed, or that nobody reads, neither ends the gateway nor slows it.
func TestDaemon_survivesItsConsole(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	if err := d.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if r := d.client(t, "gateway", "call", "no.such.method"); r.code != 1 || strings.Contains(r.err, "not running") {
			t.Fatalf("after the console was closed: %+v", r)
		}
	}
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("exit after SIGINT: %v, stderr %s", err, d.stderr)
	}
}

func TestDaemon_invalidConfigIs78(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environ(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte("{gateway:{prot:1},cron:{enabled:'CANARY'}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, env, "gateway")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code says it
	if cmd.ProcessState.ExitCode() != exitInvalid || strings.Count(errs.String(), "\n") != 2 || out.Len() > 0 || strings.Contains(errs.String(), "CANARY") {
		t.Errorf("%d %q %q", cmd.ProcessState.ExitCode(), out.String(), errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, ".clawdbot")); err == nil {
		t.Error("a gateway that did not start made a state directory")
	}
}
