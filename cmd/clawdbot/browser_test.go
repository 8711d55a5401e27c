//go:build !nobrowser && !slim

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/chromium"
)

// TestBrowser: the commands reach the agent's browser, and say what to install where there is none.
func TestBrowser(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	if _, err := chromium.Find(""); err != nil {
		l.fails(exitFailed, "install chromium", "browser", "tabs")
		return
	}
	if out := l.ok("browser", "status"); !strings.Contains(out, `"profiles":["clawd"],"running":[]`) {
		t.Errorf("status: %q", out)
	}
	l.fails(exitFailed, "only http and https addresses are opened", "browser", "open", "file:///etc/passwd")
	l.fails(exitFailed, "pages of this computer and its network are not reached", "browser", "navigate", "https://127.0.0.1:1/")
	l.fails(exitFailed, "the configuration has no \"Default\"", "browser", "tabs", "--profile", "Default")
	l.ok("browser", "navigate", "about:blank")
	if out := l.ok("browser", "snapshot"); !strings.Contains(out, "(an empty page)") {
		t.Errorf("snapshot: %q", out)
	}
	l.fails(exitFailed, "take a new snapshot", "browser", "click", "e1")
	png := filepath.Join(t.TempDir(), "p.png")
	l.ok("browser", "screenshot", "--out", png)
	if b, err := os.ReadFile(png); err != nil || !strings.HasPrefix(string(b), "\x89PNG") {
		t.Errorf("screenshot: %d bytes, %v", len(b), err)
	}
	if out := l.ok("browser", "stop"); !strings.Contains(out, `"wasRunning":true`) {
		t.Errorf("stop: %q", out)
	}
}

// TestBrowser_killed: no process of the browser outlives a gateway that is killed, and the next one opens it again.
func TestBrowser_killed(t *testing.T) {
	t.Parallel()
	if _, err := chromium.Find(""); err != nil {
		t.Skip("no Chromium here")
	}
	open := func(d *daemon) {
		t.Helper()
		if out, err := command(t, d.env, "browser", "navigate", "about:blank", "--url", d.url).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	var d *daemon
	killInTime(t, func() (*daemon, []int) {
		d = launch(t, t.TempDir(), "--port", freePort(t))
		open(d)
		all := descendants(t, d.cmd.Process.Pid)
		if len(all) < 3 {
			t.Fatalf("the browser is %d processes", len(all))
		}
		return d, all
	})
	next := launch(t, d.dir, "--port", freePort(t))
	open(next)
	all := descendants(t, next.cmd.Process.Pid)
	next.stop(t)
	die(t, all) // before their directory goes
}
