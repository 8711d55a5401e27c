package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/bridge/discovery"
)

func dnsFor(t *testing.T) dnsSetup {
	t.Helper()
	return dnsSetup{
		stateDir: filepath.Join(t.TempDir(), "state"), conf: filepath.Join(t.TempDir(), "coredns"),
		addrs: []netip.Addr{netip.MustParseAddr("100.64.0.7"), netip.MustParseAddr("fd7a:115c:a1e0::7")},
	}
}

// TestDNS_apply: what is there of the Corefile stays, nothing is written twice, and the gateway's zone file is left alone.
func TestDNS_apply(t *testing.T) {
	t.Parallel()
	s := dnsFor(t)
	corefile := filepath.Join(s.conf, "Corefile")
	if err := os.MkdirAll(s.conf, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(corefile, []byte(". {\n  forward . 1.1.1.1\n}"), 0o644); err != nil {
		t.Fatal(err)
	}
	zone := discovery.ZonePath(s.stateDir)
	for n := range 2 {
		if err := s.apply(); err != nil {
			t.Fatal(err)
		}
		want := ". {\n  forward . 1.1.1.1\n}\nimport " + s.conf + "/conf.d/*.server\n"
		if b, _ := os.ReadFile(corefile); string(b) != want {
			t.Errorf("Corefile:\n%s\nwant\n%s", b, want)
		}
		if b, _ := os.ReadFile(s.server()); string(b) != s.block() || !strings.Contains(string(b), "bind 100.64.0.7 fd7a:115c:a1e0::7\n") {
			t.Errorf("server block:\n%s", b)
		}
		b, err := os.ReadFile(zone)
		if err != nil || n == 0 && !strings.Contains(string(b), "SOA") || n == 1 && string(b) != "the gateway's" {
			t.Errorf("zone file: %q, %v", b, err)
		}
		if err := os.WriteFile(zone, []byte("the gateway's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if i, err := os.Stat(filepath.Dir(zone)); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("the zone's directory: %v, %v", i, err)
	}
}

func TestDNS_says(t *testing.T) {
	t.Parallel()
	s := dnsFor(t)
	for _, want := range []string{"clawdbot.internal:53 {", "config set discovery.wideArea.enabled true", "restart coredns", "name server 100.64.0.7"} {
		if got := s.text(false); !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	s.enabled = true
	if got := s.text(true); strings.Contains(got, "wideArea") || !strings.Contains(got, "Written: "+s.server()) {
		t.Errorf("after apply:\n%s", got)
	}
	s.conf = ""
	if err := s.apply(); err == nil || !strings.Contains(err.Error(), "--conf") {
		t.Errorf("no CoreDNS: %v", err)
	}
}

// TestDNS_nothingAsRoot: a zone file of root's in the gateway's directory would lock the gateway out.
func TestDNS_nothingAsRoot(t *testing.T) {
	t.Parallel()
	s := dnsFor(t)
	s.root = true
	if err := s.apply(); err == nil || !strings.Contains(err.Error(), "without sudo first") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(s.stateDir); err == nil {
		t.Error("something was made in the state directory")
	}
}

func TestDNS_denied(t *testing.T) {
	t.Parallel()
	s := dnsFor(t)
	err := s.denied(&os.PathError{Op: "open", Path: s.server(), Err: os.ErrPermission})
	if err == nil || !strings.Contains(err.Error(), "sudo CLAWDBOT_STATE_DIR="+s.stateDir+" clawdbot dns setup --apply --conf "+s.conf) {
		t.Errorf("%v", err)
	}
}
