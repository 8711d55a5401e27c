package gateway

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/approvals"
	"github.com/clawdbot/gateway/actors/board"
	"github.com/clawdbot/gateway/actors/browser"
	"github.com/clawdbot/gateway/actors/coderun"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/conn"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/importer"
	"github.com/clawdbot/gateway/actors/jobs"
	"github.com/clawdbot/gateway/actors/mcp"
	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/node"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/actors/router"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/skills"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/usage"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/transport/wire"
)

// tree is who is there: the addresses of all actors that hang under the root, and the state that the root keeps for
// them over their restarts.
type tree struct {
	config    actors.Ref[config.Message]
	wizard    actors.Ref[wizard.Message]
	presence  actors.Ref[presence.Message]
	health    actors.Ref[health.Message]
	accounts  actors.Ref[account.Message]
	pairing   actors.Ref[pairing.Message]
	nodes     actors.Ref[node.Message]
	models    actors.Ref[models.Message]
	skills    actors.Ref[skills.Message]
	mcp       actors.Ref[mcp.Message]
	outbox    actors.Ref[outbox.Message]
	router    actors.Ref[router.Message]
	sessions  actors.Ref[session.SessionsMessage]
	cron      actors.Ref[cron.Message]
	heartbeat actors.Ref[cron.HeartbeatMessage]
	board     actors.Ref[board.Message]
	approvals actors.Ref[approvals.Message]
	browsers  actors.Ref[browser.Message]
	conns     actors.Ref[conn.ConnsMessage]

	stream    eventstream.Stream
	events    *eventstream.State
	runs      *session.State
	devices   *node.Directory
	drawn     *board.State
	asked     *approvals.State
	directory *account.Directory
	catalog   *models.Catalog
	jobs      actors.Ref[jobs.Message]
	commands  *jobs.State
	registry  *models.Registry
	ledger    *usage.Ledger
	coders    *coderun.State
	servers   *mcp.Directory
	tools     *tools.Table
	lore      *lore
	methods   map[string]wire.Method
	names     []string      // of all methods, in the order of hello-ok
	grown     chan struct{} // closed when all of the above is there
	stopping  atomic.Bool
}

// root is the actor at the top. It does no work: its part is that the others hang under it.
type root struct {
	g     *Gateway
	ready chan<- error
}

type rootMessage interface{ rootMessage() }

// Start spawns everything. A mistake here is a mistake of the start: it is reported, not retried.
func (r *root) Start(c *actors.Context[rootMessage]) error {
	r.ready <- r.g.grow(c)
	return nil
}

func (r *root) Receive(*actors.Context[rootMessage], rootMessage) error { return nil }

// plant spawns the root and waits until the tree stands.
func (g *Gateway) plant() error {
	ready, limit := make(chan error, 1), g.growLimit() // asked before the import may change the configuration
	g.imports = importer.New(g.importOptions())
	g.tree = &tree{
		events: eventstream.NewState(), runs: session.NewState(), drawn: board.NewState(time.Now()), directory: account.NewDirectory(),
		devices: node.NewDirectory(eventLine), servers: mcp.NewDirectory(), commands: jobs.NewState(), asked: approvals.NewState(), coders: coderun.NewState(),
		catalog: models.NewCatalog(filepath.Join(g.env.AgentDir, "models.json"), g.configuredModels),
		grown:   make(chan struct{}),
	}
	g.tree.ledger = g.newLedger()
	g.tree.registry, g.tree.lore = g.newRegistry(g.tree.catalog), g.newLore()
	g.tree.tools = g.newToolbox()
	if before := g.heritage.events; before != nil {
		g.tree.events.CountOn(before)
	}
	_, err := actors.Spawn(g.system, "gateway", actors.Props[rootMessage]{
		Kind: "gateway",
		New:  func() actors.Behavior[rootMessage] { return &root{g, ready} },
		OnGiveUp: func(err error) {
			err = fmt.Errorf("the root actor failed: %w", err)
			g.fail(err)
			select {
			case ready <- err:
			default: // it stood, or fell over something else
			}
		},
	})
	if err != nil {
		return err
	}
	select {
	case err := <-ready:
		return err
	case <-time.After(limit):
		return fmt.Errorf("the actors did not start")
	}
}

// grow spawns the actors, those that others are told of first.
func (g *Gateway) grow(c *actors.Context[rootMessage]) error {
	t := g.tree
	if err := g.store.Start(c); err != nil {
		return err
	}
	if err := g.importState(c); err != nil {
		return err
	}
	events, err := vital(g, c, "eventstream", eventstream.Props(eventstream.Options{State: t.events, Log: g.log}))
	if err != nil {
		return err
	}
	t.stream = eventstream.NewStream(events, t.events)
	for _, step := range []func(*actors.Context[rootMessage]) error{
		g.growTraces, g.growState, g.growSurfaces, g.growSessions, g.growClients, g.growClock, g.growPublish,
	} {
		if err := step(c); err != nil {
			return err
		}
	}
	close(t.grown)
	return g.startAccounts()
}

// growState: config and the dialogue that edits it, presence, health.
func (g *Gateway) growState(c *actors.Context[rootMessage]) (err error) {
	t := g.tree
	if t.config, err = vital(g, c, "config", config.Props(g.configOptions())); err != nil {
		return err
	}
	if t.wizard, err = vital(g, c, "wizard", wizard.Props(g.wizardOptions())); err != nil {
		return err
	}
	t.presence, err = vital(g, c, "presence", presence.Props(presence.Options{
		Stream: t.stream, Self: g.self(),
		System: g.systemEvent,
	}))
	if err != nil {
		return err
	}
	t.health, err = vital(g, c, "health", health.Props(health.Options{
		Stream: t.stream, Probe: g.probe, Status: g.status, HeartbeatsOff: g.heritage.heartbeatsOff,
	}))
	return err
}

// growSurfaces: accounts, outbox, pairing, nodes. The functions given here and to the router close the ring account -> router
// -> session -> outbox -> account; each only says that there is work.
func (g *Gateway) growSurfaces(c *actors.Context[rootMessage]) (err error) {
	t := g.tree
	t.accounts, err = vital(g, c, "accounts", account.Props(account.Options{
		Store: g.store, Directory: t.directory, Getenv: g.o.Getenv, Endpoint: g.endpoint, StateDir: g.env.StateDir, Files: g.files,
		LockDir: g.env.LockDir, Mount: g.mounts.Mount,
		Work:    func() { _ = t.router.Tell(router.Wake{}) },
		Changed: g.accountChanged, Forget: g.forgetToken,
	}))
	if err != nil {
		return err
	}
	reply := outbox.Replier(t.directory, chunk)
	t.outbox, err = vital(g, c, "outbox", outbox.Props(outbox.Options{
		Store: g.store, Accounts: t.accounts, Directory: t.directory, Chunk: chunk, Sweep: g.o.Sweep,
		Attempted: g.attempted, Load: g.load, Expire: g.needless, Owner: g.mainKey, Delivered: g.delivered,
	}))
	if err != nil {
		return err
	}
	t.pairing, err = vital(g, c, "pairing", pairing.Props(pairing.Options{
		Store: g.store, Stream: t.stream, Reply: reply, Sent: g.sent, Now: g.o.Clock,
		Changed: func(id string) { _ = t.nodes.Tell(node.TokenChanged{NodeID: id}) },
	}))
	if err != nil {
		return err
	}
	if t.nodes, err = vital(g, c, "nodes", node.Props(g.nodeOptions())); err != nil {
		return err
	}
	if t.board, err = vital(g, c, "board", board.Props(g.boardOptions())); err != nil {
		return err
	}
	if t.approvals, err = vital(g, c, "approvals", approvals.Props(g.approvalsOptions())); err != nil {
		return err
	}
	t.browsers, err = vital(g, c, "browser", browser.Props(browser.Options{Start: g.startBrowser}))
	return err
}

// growSessions: models, skills, servers of tools, what starts runs at its time, sessions with runs under them, then the router, which has work for them as soon as it is there.
func (g *Gateway) growSessions(c *actors.Context[rootMessage]) (err error) {
	t := g.tree
	if t.models, err = vital(g, c, "models", models.Props(t.catalog, t.registry)); err != nil {
		return err
	}
	shelf := g.skillsOptions()
	shelf.Library, shelf.Prompt = t.lore.skills, g.promptOf
	if t.skills, err = vital(g, c, "skills", skills.Props(shelf)); err != nil {
		return err
	}
	if t.mcp, err = vital(g, c, "mcp", mcp.Props(g.mcpOptions())); err != nil {
		return err
	}
	if err := g.growJobs(c); err != nil {
		return err
	}
	o := g.cronOptions()
	if t.heartbeat, err = vital(g, c, "heartbeat", cron.HeartbeatProps(o)); err != nil {
		return err
	}
	o.Heartbeat = t.heartbeat
	if t.cron, err = vital(g, c, "cron", cron.Props(o)); err != nil {
		return err
	}
	if t.sessions, err = vital(g, c, "sessions", session.Props(g.sessionOptions())); err != nil {
		return err
	}
	t.router, err = vital(g, c, "router", router.Props(g.routerOptions()))
	return err
}

// sent tells the outbox that there are new rows.
func (g *Gateway) sent() { _ = g.tree.outbox.Tell(outbox.Wake{}) }

// growClients: the method table, and the connections that use it.
func (g *Gateway) growClients(c *actors.Context[rootMessage]) error {
	table, err := g.methodTable()
	if err != nil {
		return err
	}
	g.figures.calls = metrics.NewCalls(g.tree.names)
	g.tree.conns, err = vital(g, c, "conns", conn.Props(conn.Options{
		Stream: g.tree.stream, Presence: g.tree.presence, Health: g.tree.health, Methods: table, Hello: g.hello, Calls: g.figures.calls,
		AnswerLimit: g.o.AnswerLimit,
	}))
	if err != nil {
		return err
	}
	if err := g.growDiscovery(c); err != nil {
		return err
	}
	return g.serve()
}

// vital spawns an actor without which the gateway cannot go on: when it is given up, the process ends.
func vital[M any](g *Gateway, c *actors.Context[rootMessage], name string, p actors.Props[M]) (actors.Ref[M], error) {
	p.OnGiveUp = func(err error) { g.fail(fmt.Errorf("actor %s failed for good: %w", name, err)) }
	return actors.Spawn(c, name, p)
}

// ask is Ask with the patience that in-process callers have.
func ask[T, M any](ctx context.Context, to actors.Ref[M], build func(actors.Reply[T]) M) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return actors.Ask(ctx, to, build)
}
