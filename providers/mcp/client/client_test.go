package client

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/mcp"
)

const patience = 60 * time.Second

func start60(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open connects to a server, which ends with the test.
func open(t *testing.T, s mcp.Server) mcp.Session {
	t.Helper()
	session, err := Dialer("test")(start60(t), complete(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

func complete(s mcp.Server) mcp.Server {
	s.Name, s.Log, s.Start = "x", slog.New(slog.DiscardHandler), patience
	return s
}

func faked(how string) mcp.Server {
	return mcp.Server{Command: os.Args[0], Env: append(os.Environ(), "FAKE_MCP="+how)}
}

// drive does with the example what a gateway does.
func drive(t *testing.T, s mcp.Session) {
	t.Helper()
	ctx := start60(t)
	tools, problems, err := s.Tools(ctx)
	if err != nil || len(problems) > 0 || len(tools) != 10 {
		t.Fatalf("%d tools, %q, %v", len(tools), problems, err)
	}
	if about := s.About(); about.Name != "everything" {
		t.Errorf("the server is %+v", about)
	}
	r, err := s.Call(ctx, "greet", json.RawMessage(`{"name":"Ann"}`), nil)
	if err != nil || r.IsError || len(r.Content) != 1 || r.Content[0].Text != "Hi Ann" {
		t.Errorf("greet: %+v, %v", r, err)
	}
	r, err = s.Call(ctx, "greet (structured)", json.RawMessage(`{"name":"Ann"}`), nil)
	if err != nil || !strings.Contains(string(r.Structured), "Hi Ann") {
		t.Errorf("greet (structured): %+v, %v", r, err)
	}
	r, err = s.Call(ctx, "greet (content with ResourceLink)", json.RawMessage(`{"name":"Ann"}`), nil)
	if err != nil || len(r.Content) == 0 || r.Content[len(r.Content)-1].Type != "link" {
		t.Errorf("a link: %+v, %v", r, err)
	}
	if r, err = s.Call(ctx, "greet", json.RawMessage(`{"name":5}`), nil); err == nil && !r.IsError {
		t.Errorf("wrong arguments were taken: %+v", r)
	}
	if r, err = s.Call(ctx, "no such tool", nil, nil); err == nil && !r.IsError {
		t.Errorf("a tool that is not there: %+v", r)
	}
}

// TestExample_stdio drives the library's own example as a child.
func TestExample_stdio(t *testing.T) {
	t.Parallel()
	path, err := example()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, mcp.Server{Command: path})
	drive(t, s)
	s.Close()
	if syscall.Kill(s.About().PID, 0) == nil {
		t.Error("the process is still there")
	}
	if _, err := s.Call(start60(t), "greet", nil, nil); err == nil {
		t.Error("a call after Close was answered")
	}
}

// TestExample_http drives it over streamable HTTP.
func TestExample_http(t *testing.T) {
	t.Parallel()
	path, err := example()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx := start60(t)
	cmd := exec.CommandContext(ctx, path, "-http", addr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			break
		}
		select {
		case <-ended:
			t.Fatal("the example has ended")
		case <-ctx.Done():
			t.Fatal("the example does not listen")
		case <-time.After(20 * time.Millisecond):
		}
	}
	drive(t, open(t, mcp.Server{URL: "http://" + addr, Headers: map[string]string{"Authorization": "Bearer CANARY"}}))
}

// TestHandshake: a server that does not know the new handshake gets the old one, also if it does not say that it does not.
func TestHandshake(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"good", "silent"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			server := complete(faked(how))
			server.Start = 4 * time.Second // half of it is what silence costs
			s, err := Dialer("test")(start60(t), server)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			if r, err := s.Call(start60(t), "act", nil, nil); err != nil || r.Content[0].Text != "done" || s.About().Protocol != "2025-06-18" {
				t.Errorf("%+v, %+v, %v", s.About(), r, err)
			}
		})
	}
}

// TestMisbehaviour: whatever a server does, the call ends with words that say what it was, and the session with it.
func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"dies":         "the program ended: exit status 4; it said: out of cheese",
		"floods":       "more than 2000 messages in a second",
		"endless line": "a message of more than 16 MiB",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ctx, s := start60(t), open(t, faked(how))
			if _, err := s.Call(ctx, "act", nil, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the call: %v", err)
			}
			select {
			case <-s.Done():
			case <-ctx.Done():
				t.Fatal("the session goes on")
			}
			if err := s.Err(); !strings.Contains(err.Error(), want) {
				t.Errorf("the session: %v", err)
			}
			s.Close()
			if syscall.Kill(s.About().PID, 0) == nil {
				t.Error("the process is still there")
			}
		})
	}
}

// TestDial_fails: what does not even start says why.
func TestDial_fails(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for want, s := range map[string]mcp.Server{
		"cannot find my database":        faked("dies at once"),
		"its standard output is not the": faked("chats"),
		"no such program":                {Command: "no-such-program-anywhere"},
		"permission denied":              {Command: plain},
		"connection refused":             {URL: "http://" + l.Addr().String(), Headers: map[string]string{"X-Key": "CANARY"}},
	} {
		_, err := Dialer("test")(start60(t), complete(s))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", want, err)
		}
		if missing := want == "no such program" || want == "permission denied"; errors.Is(err, mcp.ErrMissing) != missing {
			t.Errorf("%s: is it missing? %v", want, err)
		}
	}
}

// TestLies: tools with a schema that no vendor takes are left out, each with its reason; the others are there.
func TestLies(t *testing.T) {
	t.Parallel()
	tools, problems, err := open(t, faked("lies")).Tools(start60(t))
	var names []string
	for _, tool := range tools {
		names = append(names, tool.Name)
	}
	if err != nil || strings.Join(names, " ") != "act none old" {
		t.Fatalf("%q, %v", names, err)
	}
	if s := string(tools[2].Schema); strings.Contains(s, "anyOf") || !strings.Contains(s, `"a"`) {
		t.Errorf("the old schema became %s", s)
	}
	all := strings.Join(problems, "\n")
	for _, want := range []string{`"act" is left out: the server names it twice`, `"list"`, `"kind" is left out: the type`, `"wrong"`, `"ref"`, `"huge" is left out: its schema has`, `"" is left out`} {
		if !strings.Contains(all, want) {
			t.Errorf("no word of %s in:\n%s", want, all)
		}
	}
}

// TestHangs: a call ends with its context, whatever the server does, and Close ends what does not end by itself.
func TestHangs(t *testing.T) {
	t.Parallel()
	s := open(t, faked("hangs"))
	ctx, cancel := context.WithCancelCause(start60(t))
	why := errors.New("the person said stop")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if _, err := s.Call(ctx, "act", nil, nil); !errors.Is(err, why) {
		t.Errorf("the call: %v", err)
	}
	stays := open(t, faked("stays"))
	stays.Close()
	if syscall.Kill(stays.About().PID, 0) == nil {
		t.Error("the process is still there")
	}
}

// TestForks: what a server has started goes with it.
func TestForks(t *testing.T) {
	t.Parallel()
	s := open(t, faked("forks"))
	r, err := s.Call(start60(t), "act", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(r.Content[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for ctx := start60(t); alive(pid); {
		if ctx.Err() != nil {
			t.Fatal("the grandchild lives on")
		}
	}
}

// alive is false for a process that has ended and was not reaped, too.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
