package node

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// rows joins paired and connected nodes: what a connection says wins over what was stored at the pairing.
func rows(paired []wire.NodePaired, live []Live) []wire.NodeRow {
	stored := make(map[string]wire.NodePaired, len(paired))
	for _, p := range paired {
		stored[p.NodeID] = p
	}
	all := make([]wire.NodeRow, 0, len(paired)+len(live))
	for _, l := range live {
		p, isPaired := stored[l.NodeID]
		delete(stored, l.NodeID)
		all = append(all, row(l, p, isPaired, true))
	}
	for _, p := range stored {
		all = append(all, row(Live{NodeID: p.NodeID}, p, true, false))
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Connected != b.Connected {
			return a.Connected
		}
		return cmp.Or(cmp.Compare(sortName(a), sortName(b)), cmp.Compare(a.NodeID, b.NodeID)) < 0
	})
	return all
}

func sortName(r wire.NodeRow) string { return strings.ToLower(cmp.Or(r.DisplayName, r.NodeID)) }

func row(l Live, p wire.NodePaired, paired, connected bool) wire.NodeRow {
	r := wire.NodeRow{
		NodeID: l.NodeID, DisplayName: cmp.Or(l.DisplayName, p.DisplayName), Platform: cmp.Or(l.Platform, p.Platform),
		Version: cmp.Or(l.Version, p.Version), DeviceFamily: cmp.Or(l.DeviceFamily, p.DeviceFamily),
		ModelIdentifier: cmp.Or(l.ModelIdentifier, p.ModelIdentifier), RemoteIP: cmp.Or(l.RemoteIP, p.RemoteIP),
		Caps: tidy(l.Caps, p.Caps), Commands: tidy(l.Commands, p.Commands), Permissions: p.Permissions,
		Paired: paired, Connected: connected,
	}
	if l.Permissions != nil {
		r.Permissions = l.Permissions
	}
	return r
}

// tidy is the first list that is there: trimmed, without blanks and repeats, sorted.
func tidy(live, stored []string) []string {
	from := live
	if from == nil {
		from = stored
	}
	out := []string{}
	for _, s := range from {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
