package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// smallDisk mounts a file system of so many bytes at dir. Only root may; for others the test is skipped.
func smallDisk(t *testing.T, dir, options string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// ready asks /readyz.
func (d *daemon) ready(t *testing.T) (status int, reasons string) {
	t.Helper()
	r, err := http.Get("http" + strings.TrimPrefix(d.url, "ws") + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// TestFullDisk: on a full disk nothing is acknowledged that is not kept, refusals say what to do, and the gateway goes on by itself once
// there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, ".clawdbot")
	smallDisk(t, state, "size=12m,mode=700")
	plenty(t, dir)
	d := launch(t, dir, "--port", freePort(t))
	l := startLoad(t, d.url, 3)
	defer l.end()
	await(t, "no load", func() bool { _, n := l.soFar(); return n > 30 })

	ballast := filepath.Join(state, "ballast")
	fill(t, ballast)
	await(t, "nothing is refused", func() bool { return len(l.refusals()) > 15 })
	if status, reasons := d.ready(t); status != http.StatusServiceUnavailable || !strings.Contains(reasons, "make room") {
		t.Errorf("/readyz: %d %s", status, reasons)
	}
	for _, err := range l.refusals() {
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != wire.CodeUnavailable || !e.Retryable || !strings.Contains(e.Message, "make room") {
			t.Fatalf("a refusal that does not say what to do: %v", err)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	_, then := l.soFar()
	await(t, "it does not go on by itself", func() bool { // for longer than the disk could hold the log of
		_, now := l.soFar()
		return now > then+200
	})
	await(t, "/readyz stays bad", func() bool { status, _ := d.ready(t); return status == http.StatusOK })
	l.end()
	want, _ := l.soFar()
	wantAll(t, d.url, want)
	d.stop(t)
	again := launch(t, dir, "--port", freePort(t))
	wantAll(t, again.url, want)
	again.stop(t)
}

// fill leaves no room on a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size >= 512; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadOnlyState: a start on a state directory that cannot be written says so in one line, and nothing else happens: what was
// acknowledged is there once it can be written again.
func TestReadOnlyState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, ".clawdbot")
	smallDisk(t, state, "size=64m,mode=700")
	plenty(t, dir)
	d := launch(t, dir, "--port", freePort(t))
	l := startLoad(t, d.url, 2)
	defer l.end()
	await(t, "no load", func() bool { _, n := l.soFar(); return n > 30 })
	l.end()
	want, _ := l.soFar()
	d.stop(t)
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tmpfs", state, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	c := command(t, environ(t, dir), "gateway", "--port", freePort(t))
	out, _ := c.CombinedOutput() // the exit code says it
	if c.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "read-only file system") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%d %s", c.ProcessState.ExitCode(), out)
	}
	remount(0)
	again := launch(t, dir, "--port", freePort(t))
	wantAll(t, again.url, want)
	again.stop(t)
}
