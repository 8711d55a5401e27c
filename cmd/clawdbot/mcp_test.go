//go:build !nomcp && !slim

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/providers/mcp/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestMCP has a gateway use a server of tools that is "clawdbot mcp serve" of itself, and drives that with the protocol's own
// client, too: each over the standard streams of a process.
func TestMCP(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePort(t)
	file := filepath.Join(dir, "config.json5")
	write := func(servers string) {
		text := fmt.Sprintf(`{logging: {file: %q}, bridge: {enabled: false}, canvasHost: {enabled: false}, mcp: {servers: {%s}}}`, filepath.Join(dir, "log", "x.log"), servers)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf(`self: {command: %q, args: ["mcp", "serve"], env: {CLAWDBOT_CONFIG_PATH: %q, CLAWDBOT_GATEWAY_PORT: "${MY_PORT}"}, tools: {deny: ["why"]}},
		gone: {command: "no-such-program-anywhere"}, off: {url: "http://127.0.0.1:9/", enabled: false}`, path, file))
	d := launchIn(t, dir, []string{"MY_PORT=" + port}, "--port", port)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()

	var server wire.MCPServer
	status := func() wire.MCPStatusResult { return servers(t, d) }
	for server.Phase != "up" {
		r := status()
		if len(r.Servers) != 3 || r.Servers[1].Phase != "disabled" {
			t.Fatalf("%+v", r)
		}
		server = r.Servers[2]
		awaitSomeTime(t, ctx, fmt.Sprintf("the server is %+v", server))
	}
	if server.Server != "clawdbot" || len(server.Tools) < 10 || strings.Contains(strings.Join(server.Tools, " "), "mcp_self_why") {
		t.Errorf("%+v", server)
	}
	for args, want := range map[string]string{
		"mcp list":         "no such program",
		"mcp status self":  "mcp_self_sessions_list",
		"mcp restart gone": "gone begins anew",
		"agent --session-key main --message !tool|mcp_self_sessions_list|{}": `"path"`,
	} {
		fields := strings.Fields(args)
		for i := range fields {
			fields[i] = strings.ReplaceAll(fields[i], "|", " ")
		}
		if out, err := command(t, d.env, append(fields, "--url", d.url)...).CombinedOutput(); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s", args, err, out)
		}
	}
	drive(t, ctx, mcp.Server{Command: path, Args: []string{"mcp", "serve", "--url", d.url, "--write"}, Env: d.env})

	write("") // while it runs
	for len(status().Servers) > 0 {
		awaitSomeTime(t, ctx, "the servers did not go with the configuration")
	}
	gone(t, ctx, int(server.PID))
	write(fmt.Sprintf(`self: {command: %q, args: ["mcp", "serve"], env: {CLAWDBOT_CONFIG_PATH: %q}}`, path, file))
	for r := status(); len(r.Servers) == 0 || r.Servers[0].Phase != "up"; r = status() {
		awaitSomeTime(t, ctx, "the server did not come back with the configuration")
	}
	server = status().Servers[0]
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	gone(t, ctx, int(server.PID))
}

// servers is how the servers of tools stand.
func servers(t *testing.T, d *daemon) (r wire.MCPStatusResult) {
	t.Helper()
	out, err := command(t, d.env, "mcp", "list", "--json", "--url", d.url).Output()
	if err != nil || json.Unmarshal(out, &r) != nil {
		t.Fatalf("mcp list: %v, %s", err, out)
	}
	return r
}

// TestMCP_killed: nothing of a server of tools outlives a gateway that is killed, though it has started something that takes no
// notice of what it is told.
func TestMCP_killed(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	const script = `(trap "" TERM HUP INT; while :; do sleep 0.2; done) & exec "$0" mcp serve`
	killInTime(t, func() (*daemon, []int) {
		dir, port := t.TempDir(), freePort(t)
		file := filepath.Join(dir, "config.json5")
		text := fmt.Sprintf(`{logging: {file: %q}, bridge: {enabled: false}, canvasHost: {enabled: false}, mcp: {servers: {self: {
			command: "sh", args: ["-c", %q, %q], env: {CLAWDBOT_CONFIG_PATH: %q, CLAWDBOT_GATEWAY_PORT: %q}}}}}`, filepath.Join(dir, "log", "x.log"), script, path, file, port)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d := launch(t, dir, "--port", port)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		for r := servers(t, d); len(r.Servers) == 0 || r.Servers[0].Phase != "up"; r = servers(t, d) {
			awaitSomeTime(t, ctx, fmt.Sprintf("the server is %+v", r.Servers))
		}
		all := descendants(t, d.cmd.Process.Pid)
		if len(all) < 3 {
			t.Fatalf("the server is %d processes", len(all))
		}
		return d, all
	})
}

// drive has the protocol's own client talk to "clawdbot mcp serve".
func drive(t *testing.T, ctx context.Context, server mcp.Server) {
	t.Helper()
	server.Log = slog.New(slog.DiscardHandler)
	s, err := client.Dialer("test")(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tools, problems, err := s.Tools(ctx)
	if err != nil || len(problems) > 0 || len(tools) != len(servedMethods) {
		t.Fatalf("%d tools, %q, %v", len(tools), problems, err)
	}
	for _, tool := range tools {
		if tool.Name == "cron_add" && (tool.ReadOnly || !strings.Contains(string(tool.Schema), `"$defs"`)) {
			t.Errorf("%+v", tool)
		}
	}
	r, err := s.Call(ctx, "chat_send", json.RawMessage(`{"sessionKey":"main","message":"hello there"}`), nil)
	if err != nil || r.IsError {
		t.Errorf("chat_send: %+v, %v", r, err)
	}
	r, err = s.Call(ctx, "chat_history", json.RawMessage(`{"sessionKey":"main"}`), nil)
	if err != nil || !strings.Contains(string(r.Structured), "hello there") {
		t.Errorf("chat_history: %+v, %v", r, err)
	}
	r, err = s.Call(ctx, "chat_history", json.RawMessage(`{"session":5}`), nil)
	if err != nil || !r.IsError || !strings.Contains(r.Content[0].Text, "sessionKey") {
		t.Errorf("wrong arguments: %+v, %v", r, err)
	}
}

// awaitSomeTime is the pause between two looks.
func awaitSomeTime(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	select {
	case <-ctx.Done():
		t.Fatal(what)
	case <-time.After(50 * time.Millisecond):
	}
}

// gone waits for a process to end.
func gone(t *testing.T, ctx context.Context, pid int) {
	t.Helper()
	for syscall.Kill(pid, 0) == nil {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(b), ") Z ") {
			return // its parent is gone, and nobody reaps it here
		}
		awaitSomeTime(t, ctx, fmt.Sprintf("process %d lives on", pid))
	}
}

// TestMCPServe_readOnly: without --write there is nothing that changes anything, and with no gateway each call says so.
func TestMCPServe_readOnly(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := client.Dialer("test")(ctx, mcp.Server{
		Command: path, Args: []string{"mcp", "serve", "--url", "ws://127.0.0.1:" + freePort(t)}, Env: environ(t, t.TempDir()), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tools, _, err := s.Tools(ctx)
	if err != nil || len(tools) < 10 || len(tools) >= len(servedMethods) {
		t.Fatalf("%d tools, %v", len(tools), err)
	}
	for _, tool := range tools {
		if !tool.ReadOnly {
			t.Errorf("%s is not read-only", tool.Name)
		}
	}
	r, err := s.Call(ctx, "status", nil, nil)
	if err != nil || !r.IsError || !strings.Contains(r.Content[0].Text, "gateway is not running") {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := s.Call(ctx, "send", json.RawMessage(`{}`), nil); err == nil && !r.IsError {
		t.Errorf("send: %+v", r)
	}
}
