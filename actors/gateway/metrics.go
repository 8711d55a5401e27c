package gateway

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/store"
)

// readLimit is how long /metrics waits for the database. Without it the other figures are given alone.
const readLimit = 2 * time.Second

// figures are what is counted while things happen; the rest of /metrics is looked up when somebody asks.
type figures struct {
	calls      *metrics.Calls
	deliveries *metrics.Table
	runs       *metrics.Table
	surfaces   []string // in the order of their names
	asking     chan struct{}
}

func (g *Gateway) newFigures() figures {
	f := figures{
		runs: metrics.NewTable([]string{
			string(agent.KindAgent), string(agent.KindChat), string(agent.KindInbound), string(agent.KindNode), string(agent.KindSub),
			string(agent.KindReport), string(cron.KindCron), string(cron.KindHeartbeat), string(cron.KindHook),
		}, []string{string(agent.Done), string(agent.Failed), string(agent.Aborted)}),
		asking: make(chan struct{}, 1),
	}
	for _, p := range g.o.Providers {
		f.surfaces = append(f.surfaces, p.Surface)
	}
	slices.Sort(f.surfaces)
	f.deliveries = metrics.NewTable(f.surfaces, []string{store.OutSent, outbox.Retry, store.OutFailed, store.OutAmbiguous})
	return f
}

func (f *figures) ended(e agent.Ended) { f.runs.Add(string(e.Job.Kind), string(e.State)) }

// serveMetrics answers GET /metrics: for programs on this host, and for others that show the gateway's credential. The figures
// are put together for one at a time.
func (g *Gateway) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if !g.doc.Load().Config.Gateway.Metrics.Enabled {
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	if ok, wait := g.sockets.Vouched(r); !ok {
		status, why := http.StatusUnauthorized, "only for programs on this host, and for others with the gateway's token as Authorization: Bearer"
		if wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
			status, why = http.StatusTooManyRequests, "too many failed attempts"
		} else {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		http.Error(w, why, status)
		return
	}
	text := g.metricsText(r.Context()) // whole before it is sent: somebody who does not read must not keep the others waiting
	w.Header().Set("Content-Type", metrics.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodHead {
		_, _ = w.Write(text)
	}
}

// metricsText puts the text together; nil when ctx ends before its turn has come.
func (g *Gateway) metricsText(ctx context.Context) []byte {
	select {
	case g.figures.asking <- struct{}{}:
		defer func() { <-g.figures.asking }()
	case <-ctx.Done():
		return nil
	}
	t := &metrics.Text{}
	t.Family("clawdbot_build_info", metrics.Gauge, "The version that runs.")
	t.Sample(1, "version", g.o.Version, "commit", g.o.Commit)
	t.One("clawdbot_uptime_seconds", metrics.Gauge, "Since the gateway began, restarts within the process included.", time.Since(g.heritage.began).Seconds())
	g.writeReadiness(t)
	g.writeActors(t)
	g.writeSurfaces(t)
	g.writeClients(t)
	g.figures.calls.Write(t)
	g.figures.runs.Write(t, "clawdbot_runs_total", "Agent runs that have ended.", "kind", "state")
	g.writeTraces(t)
	g.writeStore(ctx, t)
	metrics.WriteProcess(t)
	return t.Bytes()
}

func (g *Gateway) writeReadiness(t *metrics.Text) {
	t.Family("clawdbot_ready", metrics.Gauge, "1 while the part is ready, as /readyz says.")
	for _, p := range g.readiness() {
		t.Sample(oneIf(p.OK), "part", p.Name)
	}
}

func (g *Gateway) writeActors(t *metrics.Text) {
	kinds := g.system.Kinds()
	for _, f := range []struct {
		name, kind, help string
		value            func(i int) float64
	}{
		{"clawdbot_actors", metrics.Gauge, "Actors that exist.", func(i int) float64 { return float64(kinds[i].Count) }},
		{"clawdbot_actors_suspended", metrics.Gauge, "Actors that have failed and wait for their restart.", func(i int) float64 { return float64(kinds[i].Suspended) }},
		{"clawdbot_actor_mailbox_depth_max", metrics.Gauge, "Messages in the fullest mailbox.", func(i int) float64 { return float64(kinds[i].Depth) }},
		{"clawdbot_actor_oldest_message_seconds_max", metrics.Gauge, "Age of the message that has waited longest.", func(i int) float64 { return kinds[i].Oldest.Seconds() }},
		{"clawdbot_actor_busy_seconds_max", metrics.Gauge, "The longest that an actor has handled the message in its hands.", func(i int) float64 { return kinds[i].Busy.Seconds() }},
		{"clawdbot_actor_messages_total", metrics.Counter, "Messages handled.", func(i int) float64 { return float64(kinds[i].Handled) }},
		{"clawdbot_actor_restarts_total", metrics.Counter, "Restarts after a failure.", func(i int) float64 { return float64(kinds[i].Restarts) }},
		{"clawdbot_actor_dropped_total", metrics.Counter, "Messages lost because a mailbox was full.", func(i int) float64 { return float64(kinds[i].Dropped) }},
	} {
		t.Family(f.name, f.kind, f.help)
		for i := range kinds {
			t.Sample(f.value(i), "kind", kinds[i].Kind)
		}
	}
}

func (g *Gateway) writeClients(t *metrics.Text) {
	s := g.sockets.Stats()
	t.One("clawdbot_clients", metrics.Gauge, "WebSocket connections.", float64(s.Open))
	t.One("clawdbot_clients_accepted_total", metrics.Counter, "Connects that were let in.", float64(s.Accepted))
	t.One("clawdbot_unauthorized_total", metrics.Counter, "Connects and requests that did not show the credential.", float64(s.Unauthorized))
	t.One("clawdbot_slow_clients_total", metrics.Counter, "Connections that were closed because they did not keep up with the events.", float64(s.Slow))
	t.One("clawdbot_events_skipped_total", metrics.Counter, "Events that a slow connection did not get.", float64(s.Skipped))
	t.One("clawdbot_events_total", metrics.Counter, "Events broadcast; the number of the last one.", float64(g.tree.events.Seq()))
	t.One("clawdbot_event_listeners", metrics.Gauge, "Who gets the events: clients, the bridge and parts of the gateway.", float64(g.tree.events.Listeners()))
	t.One("clawdbot_nodes", metrics.Gauge, "Device nodes that are connected.", float64(len(g.tree.devices.Connected())))
}

// writeStore adds what is in the database, and how it does.
func (g *Gateway) writeStore(ctx context.Context, t *metrics.Text) {
	s := g.store.Stats()
	t.One("clawdbot_store_commits_total", metrics.Counter, "Commits, each with a sync to the disk.", float64(s.Commits))
	t.One("clawdbot_store_operations_total", metrics.Counter, "Operations in these commits.", float64(s.Ops))
	t.One("clawdbot_store_failures_total", metrics.Counter, "Commits that failed; what they held was not accepted.", float64(s.Failures))
	t.One("clawdbot_store_waiting", metrics.Gauge, "Operations that wait for a commit.", float64(s.QueueDepth))
	t.One("clawdbot_store_commit_seconds", metrics.Gauge, "Median of the last 64 commits.", s.MedianSync.Seconds())
	t.One("clawdbot_store_log_bytes", metrics.Gauge, "Length of the write-ahead log.", float64(s.WALBytes))

	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	var b store.Backlogs
	err := g.store.View(ctx, func(v *store.View) (err error) {
		b, err = v.Backlogs()
		return err
	})
	t.One("clawdbot_store_readable", metrics.Gauge, "0 when the figures of the database below could not be read in time, and are left out.", oneIf(err == nil))
	if err != nil {
		return
	}
	now := time.Now().UnixMilli()
	for _, q := range []struct {
		name, what string
		store.Backlog
	}{
		{"clawdbot_inbox_pending", "inbound messages that are not decided on", b.Inbound},
		{"clawdbot_runs_waiting", "runs that have not started", b.Waiting},
		{"clawdbot_runs_running", "runs in progress", b.Running},
		{"clawdbot_outbox_queued", "outgoing messages that wait", b.Queued},
		{"clawdbot_outbox_sending", "outgoing messages that a platform is being asked to take", b.Sending},
	} {
		age := 0.0
		if q.Count > 0 {
			age = max(0, float64(now-q.Oldest)/1000)
		}
		t.One(q.name, metrics.Gauge, "Number of "+q.what+".", float64(q.Count))
		t.One(q.name+"_oldest_seconds", metrics.Gauge, "Age of the oldest of the "+q.what+"; 0 when there are none.", age)
	}
	t.Family("clawdbot_dead_letters", metrics.Gauge, "Outgoing messages that will not be sent (failed), or may not have arrived (ambiguous), and that nobody has dealt with.")
	t.Sample(float64(b.Failed), "state", store.OutFailed)
	t.Sample(float64(b.Unsure), "state", store.OutAmbiguous)
}

func oneIf(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
