package service

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestNotifier(t *testing.T) {
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
	vars := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	n := NewNotifier(lookup)
	if n.Watchdog != time.Minute {
		t.Errorf("watchdog %v", n.Watchdog)
	}
	if err := n.Tell("READY=1", "STATUS=well"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	k, err := l.Read(b)
	if err != nil || string(b[:k]) != "READY=1\nSTATUS=well" {
		t.Errorf("%q %v", b[:k], err)
	}
	vars["WATCHDOG_PID"] = "1"
	if n := NewNotifier(lookup); n.Watchdog != 0 {
		t.Errorf("the watchdog of another process: %v", n.Watchdog)
	}
	vars["NOTIFY_SOCKET"] = filepath.Join(dir, "nobody")
	if err := NewNotifier(lookup).Tell("READY=1"); err == nil {
		t.Error("nobody listens, and it was told")
	}
	for _, addr := range []string{"", "vsock:2:1"} {
		vars["NOTIFY_SOCKET"] = addr
		if err := NewNotifier(lookup).Tell("READY=1"); err != nil {
			t.Errorf("%q: %v", addr, err)
		}
	}
}
