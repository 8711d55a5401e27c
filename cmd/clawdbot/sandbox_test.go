//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startSandboxed is a daemon without a model, whose commands are to be confined by a backend.
func startSandboxed(t *testing.T, backend string) (d *daemon, run func(line string) string) {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(`{logging: {file: %q, level: "trace"}, bridge: {enabled: false}, canvasHost: {enabled: false}, agent: {sandbox: {mode: "all", backend: %q}}}`,
		filepath.Join(dir, "log", "x.log"), backend)
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d = launchIn(t, dir, []string{"OPENAI_API_KEY=CANARY-key"}, "--port", freePort(t))
	return d, func(line string) string {
		t.Helper()
		r := d.client(t, "agent", "--session-key", "main", "-m", fmt.Sprintf(`!tool bash {"command":%q}`, line))
		return r.out + r.err
	}
}

// TestSandbox: what the real program has confined works in a directory of its session, and has nothing else.
func TestSandbox(t *testing.T) {
	t.Parallel()
	d, run := startSandboxed(t, "landlock")
	out := run("echo inside >f && cat f && pwd && env")
	if strings.Contains(out, "this host has no sandbox") {
		t.Skip("skipped: ", out)
	}
	if !strings.Contains(out, "inside") || !strings.Contains(out, filepath.Join(".clawdbot", "sandboxes", "main-")) || strings.Contains(out, "CANARY") {
		t.Errorf("%s", out)
	}
	state := filepath.Join(d.dir, ".clawdbot")
	if out := run("echo begin; cat " + d.dir + "/config.json5; ls " + state + "; echo x >" + d.dir + "/made; echo x >" + state + "/made; cat /proc/*/environ; echo end"); !strings.Contains(out, "begin") ||
		!strings.Contains(out, "end") || strings.Contains(out, "CANARY") || strings.Contains(out, "gateway.db") || strings.Contains(out, "backend:") {
		t.Errorf("%s", out)
	}
	for _, dir := range []string{d.dir, state} {
		if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
			t.Errorf("a file was made in %s", dir)
		}
	}
	r := d.client(t, "agent", "--session-key", "main", "-m", `!tool read {"path":"f"}`)
	if !strings.Contains(r.out, "inside") {
		t.Errorf("the tools for files work elsewhere: %+v", r)
	}
	d.stop(t)
	if left, _ := filepath.Glob(filepath.Join(state, "sandbox", "*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// TestSandbox_none: where the host has not what was asked for, commands are refused and not run without.
func TestSandbox_none(t *testing.T) {
	t.Parallel()
	d, run := startSandboxed(t, "bubblewrap")
	out := run("touch " + d.dir + "/made; echo ran")
	if strings.Contains(out, "ran\\n") || strings.Contains(out, "ran\"") {
		t.Skip("skipped: this host has bubblewrap")
	}
	if !strings.Contains(out, "this host has no sandbox to run commands in (bubblewrap: ") {
		t.Errorf("%s", out)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "made")); err == nil {
		t.Error("the command was run without a sandbox")
	}
}
