package gateway

import (
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/metrics"
)

// phases are the states of an account, all of them shown, so that one that nobody is in is 0.
var phases = []account.Phase{
	account.Starting, account.Up, account.Degraded, account.Backoff, account.Stuck, account.Terminal, account.Disabled,
}

// surfaceFigures are the accounts of one surface together.
type surfaceFigures struct {
	phases           map[account.Phase]int
	deaf, inFlight   int
	ups, accounts    uint64
	inbound          uint64
	lastIn, lastOut  int64 // ms, of the account that was last
	leastSeen, known int64 // ms: of the running account that has seen no traffic for longest; how many those are
}

func (f *surfaceFigures) add(s account.State) {
	f.phases[s.Phase]++
	f.inFlight += s.InFlight
	f.inbound += s.Inbound
	if s.Ups > 0 {
		f.ups += s.Ups
		f.accounts++
	}
	if s.Deaf != "" {
		f.deaf++
	}
	f.lastIn, f.lastOut = max(f.lastIn, s.LastInbound), max(f.lastOut, s.LastOutbound)
	if s.Running() && s.LastSeen > 0 {
		if f.known == 0 || s.LastSeen < f.leastSeen {
			f.leastSeen = s.LastSeen
		}
		f.known++
	}
}

// writeSurfaces sums the accounts up by surface: their names are their owner's words, and no labels.
func (g *Gateway) writeSurfaces(t *metrics.Text) {
	by := map[string]*surfaceFigures{}
	for _, name := range g.figures.surfaces {
		by[name] = &surfaceFigures{phases: map[account.Phase]int{}}
	}
	for _, s := range g.tree.directory.States() {
		if f := by[s.Surface]; f != nil {
			f.add(s)
		}
	}
	each := func(name, kind, help string, value func(f *surfaceFigures) (v float64, known bool)) {
		t.Family(name, kind, help)
		for _, surface := range g.figures.surfaces {
			if v, known := value(by[surface]); known {
				t.Sample(v, "surface", surface)
			}
		}
	}
	t.Family("clawdbot_surface_accounts", metrics.Gauge, "Accounts by state.")
	for _, surface := range g.figures.surfaces {
		for _, p := range phases {
			t.Sample(float64(by[surface].phases[p]), "surface", surface, "state", string(p))
		}
	}
	each("clawdbot_surface_deaf_accounts", metrics.Gauge, "Accounts that are connected and seem to hear nothing.", func(f *surfaceFigures) (float64, bool) { return float64(f.deaf), true })
	each("clawdbot_surface_reconnects_total", metrics.Counter, "How often accounts have come up again after their first time.", func(f *surfaceFigures) (float64, bool) {
		return float64(f.ups - f.accounts), true
	})
	each("clawdbot_surface_inbound_total", metrics.Counter, "Messages taken in.", func(f *surfaceFigures) (float64, bool) { return float64(f.inbound), true })
	each("clawdbot_surface_sends_in_flight", metrics.Gauge, "Sends in progress.", func(f *surfaceFigures) (float64, bool) { return float64(f.inFlight), true })
	now := time.Now().UnixMilli()
	age := func(at int64) (float64, bool) { return max(0, float64(now-at)/1000), at > 0 }
	each("clawdbot_surface_last_inbound_age_seconds", metrics.Gauge, "Since the last message came in; absent before the first.", func(f *surfaceFigures) (float64, bool) { return age(f.lastIn) })
	each("clawdbot_surface_last_outbound_age_seconds", metrics.Gauge, "Since the last message went out; absent before the first.", func(f *surfaceFigures) (float64, bool) { return age(f.lastOut) })
	each("clawdbot_surface_silence_seconds", metrics.Gauge, "Since the platform itself was last heard of, an empty poll included, by the running account that has waited longest.", func(f *surfaceFigures) (float64, bool) {
		return age(f.leastSeen)
	})
	g.figures.deliveries.Write(t, "clawdbot_deliveries_total", "Attempts to deliver a message, by their outcome.", "surface", "outcome")
}
