package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/bridge/discovery"
)

func TestDiscover_usage(t *testing.T) {
	t.Parallel()
	if r := invoke(home(t, ""), "discover", "--timeout", "0s"); r.code != exitUsage {
		t.Errorf("%+v", r)
	}
	if r := invoke(home(t, ""), "discover", "--interface", "nosuch0"); r.code != exitFailed || !strings.Contains(r.err, "nosuch0") {
		t.Errorf("%+v", r)
	}
}

// TestDaemon_isDiscovered: one process announces its bridge, another one finds it; on this machine alone.
func TestDaemon_isDiscovered(t *testing.T) {
	t.Parallel()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	if i < 0 {
		t.Skip("this machine has no loopback interface")
	}
	lo := all[i].Name
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := discovery.Check(ctx, []string{lo}); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	text := "{logging: {file: '" + filepath.Join(dir, "log", "x.log") + "'}, canvasHost: {enabled: false}}"
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	d := launchIn(t, dir, []string{"CLAWDBOT_MDNS_INTERFACE=" + lo, "CLAWDBOT_BRIDGE_PORT=" + freePort(t)}, "--port", port)
	found := false
	for end := time.Now().Add(time.Minute); !found && time.Now().Before(end); {
		c := command(t, d.env, "discover", "--json", "--interface", lo, "--timeout", "1s")
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		var r struct{ Gateways []discovered }
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		found = slices.ContainsFunc(r.Gateways, func(g discovered) bool {
			return g.Text["gatewayPort"] == port && g.Text["bridgePort"] == strconv.Itoa(g.Port) && g.Address == "127.0.0.1"
		})
	}
	if !found {
		t.Error("the other process does not find it")
	}
	if r := d.client(t, "status"); r.code != 0 || !strings.Contains(r.out, `announced as "`) {
		t.Errorf("status: %+v", r)
	}
	d.stop(t)
}
