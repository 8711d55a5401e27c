package presence

import (
	"cmp"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	ttl        = 5 * time.Minute
	maxEntries = 200
)

// list is the presence map of protocol 5.2: pruned when it is read, never by a timer.
type list struct {
	self    string
	entries map[string]wire.PresenceEntry
}

func newList(self wire.PresenceEntry) *list {
	l := &list{self: key(self.Host), entries: map[string]wire.PresenceEntry{}}
	l.entries[l.self] = self
	return l
}

// read prunes and returns the entries, newest first. The gateway's own entry never expires.
func (l *list) read(now time.Time) []wire.PresenceEntry {
	ms := now.UnixMilli()
	self := l.entries[l.self]
	self.TS = ms
	l.entries[l.self] = self
	all := make([]wire.PresenceEntry, 0, len(l.entries))
	for k, e := range l.entries {
		if e.TS < ms-ttl.Milliseconds() {
			delete(l.entries, k)
			continue
		}
		all = append(all, e)
	}
	sort.Slice(all, func(i, j int) bool {
		return cmp.Or(cmp.Compare(all[j].TS, all[i].TS), cmp.Compare(all[i].Text, all[j].Text)) < 0
	})
	if len(all) > maxEntries {
		l.trim(all[maxEntries:])
		all = all[:maxEntries]
	}
	return all
}

// trim forgets the oldest entries.
func (l *list) trim(oldest []wire.PresenceEntry) {
	cut := oldest[0].TS
	excess := len(oldest)
	for k, e := range l.entries {
		if excess > 0 && e.TS <= cut && k != l.self {
			delete(l.entries, k)
			excess--
		}
	}
}

// upsertPeer records a connect or disconnect of a client (protocol 5.3). What the client left out is erased.
func (l *list) upsertPeer(p wire.Peer, reason string, now time.Time) {
	k := key(p.InstanceID)
	if k == "" {
		k = key(p.ConnID)
	}
	e := wire.PresenceEntry{
		Host: p.Name, Version: p.Version, Platform: p.Platform, DeviceFamily: p.DeviceFamily,
		ModelIdentifier: p.ModelIdentifier, Mode: p.Mode, InstanceID: p.InstanceID, Reason: reason, TS: now.UnixMilli(),
	}
	if !p.Local {
		e.IP = p.RemoteIP
	}
	e.Text = l.entries[k].Text
	e.LastInputSeconds = l.entries[k].LastInputSeconds
	if e.Text == "" {
		e.Text = "Node: " + cmp.Or(e.Host, "unknown") + " · mode " + cmp.Or(e.Mode, "unknown")
	}
	l.entries[k] = e
	l.bound()
}

// beacon lists a device node.
func (l *list) beacon(e wire.PresenceEntry, now time.Time) {
	k := key(e.InstanceID)
	old := l.entries[k]
	e.IP = cmp.Or(e.IP, old.IP)
	e.Platform, e.DeviceFamily = cmp.Or(e.Platform, old.Platform), cmp.Or(e.DeviceFamily, old.DeviceFamily)
	e.ModelIdentifier, e.Tags, e.TS = cmp.Or(e.ModelIdentifier, old.ModelIdentifier), old.Tags, now.UnixMilli()
	l.entries[k] = e
	l.bound()
}

// report merges a system-event: the fields given win over what the text says, which wins over the old entry.
func (l *list) report(text string, f wire.PresenceEntry, now time.Time) (k string, before, after wire.PresenceEntry) {
	parsed := parseLine(text)
	switch {
	case f.InstanceID != "":
		k = key(f.InstanceID)
	case parsed.Host != "":
		k = key(parsed.Host)
	case parsed.IP != "":
		k = parsed.IP
	case text != "":
		k = prefix(text, 64)
	default:
		k = l.self
	}
	before = l.entries[k]
	pick := func(a, b, c string) string { return cmp.Or(a, b, c) }
	after = wire.PresenceEntry{
		Host: pick(f.Host, parsed.Host, before.Host), IP: pick(f.IP, parsed.IP, before.IP),
		Version: pick(f.Version, parsed.Version, before.Version), Platform: cmp.Or(f.Platform, before.Platform),
		DeviceFamily:    cmp.Or(f.DeviceFamily, before.DeviceFamily),
		ModelIdentifier: cmp.Or(f.ModelIdentifier, before.ModelIdentifier),
		Mode:            pick(f.Mode, parsed.Mode, before.Mode), Reason: pick(f.Reason, parsed.Reason, before.Reason),
		InstanceID: cmp.Or(f.InstanceID, before.InstanceID), Text: text, TS: now.UnixMilli(),
	}
	after.LastInputSeconds = cmp.Or(f.LastInputSeconds, parsed.LastInputSeconds, before.LastInputSeconds)
	l.entries[k] = after
	l.bound()
	return k, before, after
}

// bound keeps the map from growing between reads.
func (l *list) bound() {
	if len(l.entries) > 2*maxEntries {
		l.read(time.Now())
	}
}

var line = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^Node:\s*(\S+)\s*\(([^)]+)\)\s*·\s*app\s+(.+?)\s*·\s*last input\s+(\d+)s ago\s*·\s*mode\s+(.+?)\s*·\s*reason\s+(.+)$`)
})

// parseLine reads a presence line (protocol 5.3); anything else yields nothing.
func parseLine(text string) wire.PresenceEntry {
	m := line().FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return wire.PresenceEntry{}
	}
	p := wire.PresenceEntry{Host: m[1], IP: m[2], Version: m[3], Mode: m[5], Reason: m[6]}
	if n, err := strconv.ParseInt(m[4], 10, 64); err == nil {
		p.LastInputSeconds = &n
	}
	return p
}

// changeLine tells the agent what is new about a node, "" when nothing is worth a line (protocol 3.2).
func changeLine(before, after wire.PresenceEntry, newContext bool) string {
	hostChanged, ipChanged := before.Host != after.Host, before.IP != after.IP
	versionChanged, modeChanged := before.Version != after.Version, before.Mode != after.Mode
	reason := strings.ToLower(after.Reason)
	reasonChanged := before.Reason != after.Reason && !strings.HasPrefix(reason, "periodic") && reason != "heartbeat"
	if !hostChanged && !ipChanged && !versionChanged && !modeChanged && !reasonChanged {
		return ""
	}
	var parts []string
	if newContext || hostChanged || ipChanged {
		s := "Node: " + cmp.Or(after.Host, "Unknown")
		if after.IP != "" {
			s += " (" + after.IP + ")"
		}
		parts = append(parts, s)
	}
	if versionChanged {
		parts = append(parts, "app "+cmp.Or(after.Version, "unknown"))
	}
	if modeChanged {
		parts = append(parts, "mode "+cmp.Or(after.Mode, "unknown"))
	}
	if reasonChanged {
		parts = append(parts, "reason "+cmp.Or(after.Reason, "event"))
	}
	return strings.Join(parts, " · ")
}

func key(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func prefix(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
