package presence

import (
	"fmt"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestParseLine(t *testing.T) {
	t.Parallel()
	p := parseLine("Node: mac-studio (192.0.2.7) · app 2.1 · last input 12s ago · mode local · reason periodic")
	if p.Host != "mac-studio" || p.IP != "192.0.2.7" || p.Version != "2.1" || *p.LastInputSeconds != 12 || p.Mode != "local" || p.Reason != "periodic" {
		t.Errorf("parsed %+v", p)
	}
	for _, text := range []string{"", "hello", "Node: x", "Node: a b (1) · app 1 · last input 1s ago · mode m · reason r"} {
		if p := parseLine(text); p.Host != "" {
			t.Errorf("%q parsed as %+v", text, p)
		}
	}
}

func TestList_expiryOrderAndBound(t *testing.T) {
	t.Parallel()
	l := newList(wire.PresenceEntry{Host: "Box"})
	now := time.Unix(1_000_000, 0)
	for i := range 250 {
		l.upsertPeer(wire.Peer{ConnID: fmt.Sprint(i), Name: "c", Mode: "ui"}, "connect", now.Add(time.Duration(i)*time.Millisecond))
	}
	all := l.read(now.Add(time.Second))
	if len(all) != maxEntries || all[0].Host != "Box" {
		t.Errorf("%d entries, first %q; want %d and the gateway first", len(all), all[0].Host, maxEntries)
	}
	for i := 1; i < len(all); i++ {
		if all[i].TS > all[i-1].TS {
			t.Fatal("the list is not newest first")
		}
	}
	if got := l.read(now.Add(ttl + time.Minute)); len(got) != 1 || got[0].Host != "Box" {
		t.Errorf("after the time limit %d entries are left", len(got))
	}
}

func TestUpsertPeer_erasesWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	l := newList(wire.PresenceEntry{Host: "box"})
	now := time.Now()
	p := wire.Peer{ConnID: "1", InstanceID: "Inst", Name: "app", Mode: "ui", Version: "1", DeviceFamily: "Mac", RemoteIP: "192.0.2.1"}
	l.upsertPeer(p, "connect", now)
	p.DeviceFamily, p.Version, p.Local = "", "2", true
	l.upsertPeer(p, "disconnect", now)
	e := l.entries["inst"]
	if e.DeviceFamily != "" || e.Version != "2" || e.IP != "" || e.Reason != "disconnect" || e.Text != "Node: app · mode ui" {
		t.Errorf("entry %+v", e)
	}
}

func TestReport_keysAndMerge(t *testing.T) {
	t.Parallel()
	l := newList(wire.PresenceEntry{Host: "box"})
	now := time.Now()
	k, _, _ := l.report("Node: Mac (192.0.2.7) · app 1 · last input 3s ago · mode local · reason launch", wire.PresenceEntry{}, now)
	if k != "mac" {
		t.Errorf("key %q, want the host", k)
	}
	_, _, after := l.report("Node: Mac (192.0.2.7) · app 2 · last input 0s ago · mode local · reason launch", wire.PresenceEntry{Platform: "macos"}, now)
	if after.Version != "2" || after.Platform != "macos" || *after.LastInputSeconds != 0 {
		t.Errorf("merged %+v", after)
	}
	if k, _, _ := l.report("free text", wire.PresenceEntry{InstanceID: " ABC "}, now); k != "abc" {
		t.Errorf("key %q, want the instance id", k)
	}
	long := fmt.Sprintf("%0100d", 1)
	if k, _, _ := l.report(long, wire.PresenceEntry{}, now); len(k) != 64 {
		t.Errorf("key of %d characters, want 64", len(k))
	}
}

func TestChangeLine(t *testing.T) {
	t.Parallel()
	before := wire.PresenceEntry{Host: "mac", IP: "192.0.2.7", Version: "1", Mode: "local", Reason: "launch"}
	with := func(f func(*wire.PresenceEntry)) wire.PresenceEntry { e := before; f(&e); return e }
	for _, c := range []struct {
		name  string
		after wire.PresenceEntry
		fresh bool
		want  string
	}{
		{"nothing", before, true, ""},
		{"periodic reason", with(func(e *wire.PresenceEntry) { e.Reason = "Periodic-3m" }), true, ""},
		{"heartbeat reason", with(func(e *wire.PresenceEntry) { e.Reason = "heartbeat" }), true, ""},
		{"version in the same context", with(func(e *wire.PresenceEntry) { e.Version = "2" }), false, "app 2"},
		{"version in a new context", with(func(e *wire.PresenceEntry) { e.Version = "2" }), true, "Node: mac (192.0.2.7) · app 2"},
		{"all", wire.PresenceEntry{Host: "b", Reason: "wake"}, false, "Node: b · app unknown · mode unknown · reason wake"},
	} {
		if got := changeLine(before, c.after, c.fresh); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
