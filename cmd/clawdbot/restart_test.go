package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SIGUSR1 and a changed port start the gateway anew in the same process; what was accepted is still there.
func TestDaemon_restarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(port string) {
		t.Helper()
		text := fmt.Sprintf("{logging: {file: '%s/log/x.log'}, gateway: {port: %s, reload: {debounceMs: 1}}, bridge: {enabled: false}, canvasHost: {enabled: false}}", dir, port)
		if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ports := []string{freePort(t), freePort(t)}
	write(ports[0])
	d := launch(t, dir)
	at := func(port string) {
		t.Helper()
		if want := "ws://127.0.0.1:" + port; d.url != want {
			t.Errorf("listens at %s, not %s", d.url, want)
		}
		if r := d.client(t, "sessions"); r.code != 0 {
			t.Errorf("sessions: %+v", r)
		}
	}
	at(ports[0])
	if r := d.client(t, "agent", "--session-key", "main", "-m", "good morning"); r.code != 0 {
		t.Errorf("agent: %+v", r)
	}
	if err := d.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	d.listens(t)
	at(ports[0])
	write(ports[1])
	d.listens(t)
	at(ports[1])
	d.stop(t)
}
