package discovery

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC)

func home() Zone {
	return Zone{
		Hostname: "Anns-Mac.local", Instance: "Ann's \"big\" Mac (Clawdbot)", BridgePort: 18790,
		V4: netip.MustParseAddr("100.64.0.7"), V6: netip.MustParseAddr("fd7a:115c:a1e0::7"), TailnetDNS: "anns-mac.tail1.ts.net.",
	}
}

// golden is the file of home, its hash computed elsewhere.
const golden = `; clawdbot-content-hash: 02aab5e4
$ORIGIN clawdbot.internal.
$TTL 60
@ IN SOA ns1 hostmaster 2026010601 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 100.64.0.7
anns-mac IN A 100.64.0.7
anns-mac IN AAAA fd7a:115c:a1e0::7
_clawdbot-bridge._tcp IN PTR anns-mac-bridge._clawdbot-bridge._tcp
anns-mac-bridge._clawdbot-bridge._tcp IN SRV 0 0 18790 anns-mac
anns-mac-bridge._clawdbot-bridge._tcp IN TXT "displayName=Ann's \"big\" Mac (Clawdbot)" "transport=bridge" "bridgePort=18790" "tailnetDns=anns-mac.tail1.ts.net"
`

func TestZone_golden(t *testing.T) {
	t.Parallel()
	text, changed := home().Render("", noon)
	if text != golden || !changed {
		t.Errorf("changed %v\n%s\nwant\n%s", changed, text, golden)
	}
	if again, changed := home().Render(text, noon.Add(48*time.Hour)); changed || again != text {
		t.Errorf("the same content was written anew:\n%s", again)
	}
}

func TestZone_least(t *testing.T) {
	t.Parallel()
	got, _ := Zone{Hostname: "", Instance: "Clawdbot", BridgePort: 1, V4: netip.MustParseAddr("100.64.0.1")}.Render("", noon)
	const want = `; clawdbot-content-hash: 18cfab02
$ORIGIN clawdbot.internal.
$TTL 60
@ IN SOA ns1 hostmaster 2026010601 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 100.64.0.1
clawdbot IN A 100.64.0.1
_clawdbot-bridge._tcp IN PTR clawdbot-bridge._clawdbot-bridge._tcp
clawdbot-bridge._clawdbot-bridge._tcp IN SRV 0 0 1 clawdbot
clawdbot-bridge._clawdbot-bridge._tcp IN TXT "displayName=Clawdbot" "transport=bridge" "bridgePort=1"
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestEmptyZone: the gateway's own zone comes after it.
func TestEmptyZone(t *testing.T) {
	t.Parallel()
	empty := EmptyZone(home().V4, noon)
	if serialOf(empty) != 2026010601 || strings.Contains(empty, "SRV") || !strings.HasSuffix(empty, "ns1 IN A 100.64.0.7\n") {
		t.Errorf("empty zone:\n%s", empty)
	}
	if text, changed := home().Render(empty, noon); !changed || serialOf(text) != 2026010602 {
		t.Errorf("after it:\n%s", text)
	}
}

func TestZone_serial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before int64
		now    time.Time
		want   string
	}{
		{0, noon, "2026010601"}, {2026010601, noon, "2026010602"}, {2026010601, noon.Add(24 * time.Hour), "2026010701"},
		{7, noon, "2026010601"}, {2026010601, time.Date(2026, 1, 7, 0, 30, 0, 0, time.FixedZone("", 3600)), "2026010602"}, // still the 6th in UTC
	} {
		if got := nextSerial(c.before, c.now); got != c.want {
			t.Errorf("after %d at %v: %s, want %s", c.before, c.now, got, c.want)
		}
	}
	for text, want := range map[string]int64{golden: 2026010601, "": 0, "@ IN SOA ns1 hostmaster x": 0, "@ IN SOA a b -5 1": 0, "junk\x00": 0} {
		if got := serialOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestContentHash holds known values of the hash, and that it counts UTF-16 units.
func TestContentHash(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "811c9dc5", "a": "e40c292c", "foobar": "bf9cf968", "\U0001F600": "cb31c4b8"} {
		if got := contentHash(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestZone_write(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "dns", "clawdbot.internal.db")
	replace := func(p string, content []byte) error {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			return err
		}
		return os.WriteFile(p, content, 0o600)
	}
	never := func(string, []byte) error { return errors.New("written without need") }
	z := home()
	if changed, err := z.Write(dir, noon, replace); !changed || err != nil {
		t.Fatal(changed, err)
	}
	if changed, err := z.Write(dir, noon, never); changed || err != nil {
		t.Error(changed, err)
	}
	z.BridgePort++
	if changed, err := z.Write(dir, noon, replace); !changed || err != nil {
		t.Error(changed, err)
	}
	b, err := os.ReadFile(path)
	if err != nil || serialOf(string(b)) != 2026010602 {
		t.Errorf("%s, %v", b, err)
	}
	z.V4 = netip.Addr{}
	if _, err := z.Write(dir, noon, never); err == nil {
		t.Error("a zone without an address")
	}
}

func TestServerBlock(t *testing.T) {
	t.Parallel()
	got := ServerBlock("/home/ann/.clawdbot", []netip.Addr{home().V4, home().V6})
	const want = `clawdbot.internal:53 {
  bind 100.64.0.7 fd7a:115c:a1e0::7
  file /home/ann/.clawdbot/dns/clawdbot.internal.db {
    reload 10s
  }
  errors
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := quotePath("/Users/Ann B/x"); got != `"/Users/Ann B/x"` {
		t.Error(got)
	}
}

func TestTailnetName(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		`{"Self":{"DNSName":"mac.tail1.ts.net.","TailscaleIPs":["100.64.0.7"]}}`: "mac.tail1.ts.net",
		`{"Self":{"DNSName":"","TailscaleIPs":["100.64.0.7","fd7a::1"]}}`:        "100.64.0.7",
		`{"Self":{}}`: "", `{"Self":null}`: "", `not json`: "", ``: "",
	} {
		if got := tailnetName([]byte(status)); got != want {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
	env := func(string) string { return " box.example. " }
	if got := TailnetDNS(t.Context(), env); got != "box.example" {
		t.Error(got)
	}
}
