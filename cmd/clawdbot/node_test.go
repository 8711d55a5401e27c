package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/bridge"
)

// nodePatience is how long a test waits for what a node must do.
const nodePatience = 60 * time.Second

// nodeProcess is a node in a process of its own.
type nodeProcess struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its output; closed at its end
	all   *bytes.Buffer
	errs  *bytes.Buffer
}

// startNode starts a node whose state is in dir.
func startNode(t *testing.T, env []string, dir, gateway string, args ...string) *nodeProcess {
	t.Helper()
	n := &nodeProcess{t: t, lines: make(chan string, 1000), all: &bytes.Buffer{}, errs: &bytes.Buffer{}}
	n.cmd = command(t, env, append([]string{"node", "--dir", dir, "--gateway", gateway}, args...)...)
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stderr = n.errs
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(n.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			n.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		if n.cmd.ProcessState == nil {
			n.kill()
		}
	})
	return n
}

// waitLine waits for a line that begins so, and returns it.
func (n *nodeProcess) waitLine(begin string) string {
	n.t.Helper()
	limit := time.NewTimer(nodePatience)
	defer limit.Stop()
	for {
		select {
		case line, open := <-n.lines:
			if !open {
				_ = n.cmd.Wait()
				n.t.Fatalf("the node ended before it said %q:\n%s%s", begin, n.all, n.errs)
			}
			n.all.WriteString(line + "\n")
			if strings.HasPrefix(line, begin) {
				return line
			}
		case <-limit.C:
			n.t.Fatalf("the node does not say %q:\n%s", begin, n.all)
		}
	}
}

// end waits for the end of the process and returns its exit code.
func (n *nodeProcess) end() int {
	n.t.Helper()
	limit := time.NewTimer(nodePatience)
	defer limit.Stop()
	for {
		select {
		case line, open := <-n.lines:
			n.all.WriteString(line + "\n")
			if !open {
				_ = n.cmd.Wait() // its code is below
				return n.cmd.ProcessState.ExitCode()
			}
		case <-limit.C:
			n.t.Fatalf("the node does not end:\n%s", n.all)
		}
	}
}

func (n *nodeProcess) kill() {
	_ = n.cmd.Process.Kill()
	for range n.lines {
	}
	_ = n.cmd.Wait()
}

// stop ends the node as a service manager does.
func (n *nodeProcess) stop() int {
	n.t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		n.t.Fatal(err)
	}
	return n.end()
}

// fakeBridge is a gateway that the test speaks for.
type fakeBridge struct {
	t *testing.T
	net.Listener
}

func newFakeBridge(t *testing.T) *fakeBridge {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &fakeBridge{t, l}
}

// bridgeConn is one node's connection.
type bridgeConn struct {
	t *testing.T
	net.Conn
	in *bridge.LineReader
}

// accept takes the next connection and its hello.
func (b *fakeBridge) accept() (*bridgeConn, bridge.Hello) {
	b.t.Helper()
	if err := b.Listener.(*net.TCPListener).SetDeadline(time.Now().Add(nodePatience)); err != nil {
		b.t.Fatal(err)
	}
	c, err := b.Accept()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	conn := &bridgeConn{b.t, c, bridge.NewLineReader(c, 64<<20, nil)}
	return conn, heard[bridge.Hello](conn)
}

func (c *bridgeConn) say(frames ...bridge.Frame) {
	c.t.Helper()
	for _, f := range frames {
		if _, err := c.Write(bridge.Append(nil, f)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// heard waits for the next frame that is an F.
func heard[F bridge.Frame](c *bridgeConn) F {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(nodePatience)); err != nil {
		c.t.Fatal(err)
	}
	for {
		line, err := c.in.ReadLine()
		if err != nil {
			c.t.Fatal(err)
		}
		f, err := bridge.Decode(line)
		if err != nil {
			c.t.Fatal(err)
		}
		if have, ok := f.(F); ok {
			return have
		}
	}
}

// invoke has the node carry out a command.
func (c *bridgeConn) invoke(id, command, params string) bridge.InvokeRes {
	c.t.Helper()
	c.say(bridge.Invoke{ID: id, Command: command, ParamsJSON: &params})
	r := heard[bridge.InvokeRes](c)
	if r.ID != id {
		c.t.Fatalf("%+v answers %s", r, id)
	}
	return r
}

// TestNode: a node is let in, keeps its token to itself, does what it may, and comes back by itself and after a restart.
func TestNode(t *testing.T) {
	t.Parallel()
	g := newFakeBridge(t)
	dir := filepath.Join(t.TempDir(), "node")
	env := environ(t, t.TempDir())
	args := []string{"--name", "Desk", "--no-canvas", "--allow-run", "echo hi", "--location", "1,2,3"}
	n := startNode(t, env, dir, g.Addr().String(), args...)
	c, hello := g.accept()
	if hello.Token != "" || hello.DisplayName != "Desk" || !strings.HasPrefix(hello.NodeID, nodePlatform()[:3]) || hello.Platform != nodePlatform() ||
		strings.Join(hello.Commands, " ") != "location.get system.run system.notify" || strings.Join(hello.Caps, " ") != "location" {
		t.Errorf("%+v", hello)
	}
	c.say(bridge.ErrorFrame{Code: bridge.CodeNotPaired, Message: "pairing required"})
	if q := heard[bridge.PairRequest](c); q.NodeID != hello.NodeID || q.DisplayName != "Desk" {
		t.Errorf("%+v", q)
	}
	if line := n.waitLine("Waits to be let in"); !strings.HasSuffix(line, "clawdbot nodes approve "+hello.NodeID) {
		t.Error(line)
	}
	c.say(bridge.PairOK{Token: "CANARY-node-token"}, bridge.HelloOK{ServerName: "gw"})
	n.waitLine("Connected to gw.")
	for i, x := range []struct{ command, params, want string }{
		{"location.get", `{}`, `"lat":1,"lon":2`}, {"system.run", `{"command":["echo","hi","there"]}`, `"stdout":"hi there`},
		{"system.run", `{"command":["echo","no"]}`, "SYSTEM_RUN_DENIED: "}, {"canvas.hide", `{}`, "CANVAS_DISABLED: "},
		{"camera.snap", `{}`, "CAMERA_DISABLED: "}, {"no.such", `{}`, "INVALID_REQUEST: unknown command"},
	} {
		r, _ := json.Marshal(c.invoke(string(rune('a'+i)), x.command, x.params))
		if !strings.Contains(strings.ReplaceAll(string(r), `\"`, `"`), x.want) {
			t.Errorf("%s: %s, want %s", x.command, r, x.want)
		}
	}
	checkNodeModes(t, dir)
	if r := invoke(envMap(env), "node", "--dir", dir); r.code != exitFailed || !strings.Contains(r.err, "another node runs") {
		t.Errorf("a second node with the same state: %+v", r)
	}
	c.Close()
	n.waitLine("Not connected: ")
	c, hello = g.accept()
	if hello.Token != "CANARY-node-token" {
		t.Errorf("%+v", hello)
	}
	c.say(bridge.HelloOK{ServerName: "gw"})
	n.waitLine("Connected to gw.")
	if code := n.stop(); code != 0 || !strings.Contains(n.all.String(), "Stopped.") || strings.Contains(n.all.String()+n.errs.String(), "CANARY") {
		t.Errorf("exit code %d:\n%s%s", code, n.all, n.errs)
	}

	id := hello.NodeID
	n = startNode(t, env, dir, g.Addr().String(), args...)
	if c, hello = g.accept(); hello.NodeID != id || hello.Token != "CANARY-node-token" {
		t.Errorf("after a restart: %+v", hello)
	}
	c.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "invalid token"}) // somebody has taken it back
	heard[bridge.PairRequest](c)
	c.say(bridge.ErrorFrame{Code: bridge.CodeUnauthorized, Message: "pairing rejected"})
	if code := n.end(); code != exitFailed || !strings.Contains(n.errs.String(), "turned this computer away") {
		t.Errorf("exit code %d:\n%s%s", code, n.all, n.errs)
	}

	other := newFakeBridge(t) // no gateway gets another's token
	n = startNode(t, env, dir, other.Addr().String(), args...)
	if _, hello = other.accept(); hello.Token != "" || hello.NodeID != id {
		t.Errorf("another gateway hears %+v", hello)
	}
	n.kill()
}

func envMap(env []string) map[string]string {
	vars := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	return vars
}

// checkNodeModes: nobody else on the host can read what the node keeps, and its token is there.
func checkNodeModes(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{".", "node.json", "node.lock", "scratch"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "node.json")); err != nil || !bytes.Contains(b, []byte("CANARY-node-token")) {
		t.Errorf("the token is not kept: %s %v", b, err)
	}
}

// TestNode_wrongUse: what cannot work is said before anything is connected.
func TestNode_wrongUse(t *testing.T) {
	t.Parallel()
	vars := envMap(environ(t, t.TempDir()))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--gateway", "http://x"}, exitUsage, "HOST or HOST:PORT"}, {[]string{"--gateway", "x:99999"}, exitUsage, "HOST or HOST:PORT"},
		{[]string{"--location", "here"}, exitUsage, "a location looks like"}, {[]string{"--allow-run", "no-such-program-here"}, exitUsage, "cannot be run here"},
		{[]string{"extra"}, exitUsage, ""},
	} {
		if r := invoke(vars, append([]string{"node", "--dir", t.TempDir()}, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: %+v", c.args, r)
		}
	}
	for text, want := range map[string]string{`{"camra":true}`: "camra", `{"camera":"yes"}`: "camera", `{`: "settings.json"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := invoke(vars, "node", "--dir", dir); r.code != exitInvalid || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", text, r)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := invoke(vars, "node", "--dir", dir); r.code != exitFailed || !strings.Contains(r.err, "damaged") {
		t.Errorf("%+v", r)
	}
}

// TestNode_settings: the file says what flags do not.
func TestNode_settings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := `{"gateway":"a:1","name":"File","allowRun":["true"],"allowEnv":["A"],"location":"1,2","camera":true,"canvas":false,"chromium":"/c"}`
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := readNodeSettings(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.add(nodeSettings{Name: "Flag", AllowRun: []string{"echo"}, Screen: true})
	if s.Gateway != "a:1" || s.Name != "Flag" || len(s.AllowRun) != 2 || !s.Camera || !s.Screen || s.Window || *s.Canvas || s.Chromium != "/c" {
		t.Errorf("%+v", s)
	}
	a := &app{lookup: func(string) (string, bool) { return "", false }}
	for in, want := range map[string]string{"": "127.0.0.1:18790", "host": "host:18790", "host:7": "host:7", "::1": "[::1]:18790", "[::1]:7": "[::1]:7"} {
		if have, err := a.bridgeAddress(in); err != nil || have != want {
			t.Errorf("%q: %q %v", in, have, err)
		}
	}
}
