package faulttest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/client"
)

const (
	patience    = 150 * time.Second      // for anything that should happen soon, on a busy machine
	answerLimit = 10 * time.Second       // gateway.Options.AnswerLimit
	sweep       = 500 * time.Millisecond // gateway.Options.Sweep
	friend      = int64(7)               // has been let in
	stranger    = int64(8)               // has not
)

// scene is one gateway and those who talk to it.
type scene struct {
	t      *testing.T
	ctx    context.Context
	cell   cell
	dir    string
	fake   *telegramfake.Server
	faults *actortest.Faults
	g      *gateway.Gateway

	calm   *watcher // uninvolved: reads every event and asks for health
	phone  *phone   // a node
	busy   *caller  // repeats a call with the same key until it has a final answer
	teller *teller  // calls once
	tools  *toolServer

	posted map[string]int // calls of hooks by name, with the status of their last answer; programs' until it has returned

	mu     sync.Mutex // guards the fields below
	keys   []keyed    // every accepted or attempted call with a key
	pushed []string   // texts of inbound messages that a run answers

	jobs []string // ids of acknowledged cron jobs; schedule's until it has returned
}

// keyed is one call with an idempotency key: whoever repeats it gets the same end.
type keyed struct {
	method, key string
	params      any
}

// play runs one cell and returns what was seen of it.
func play(t *testing.T, c cell) seen {
	s := &scene{t: t, cell: c, dir: stateDir(t), tools: &toolServer{marks: map[string]int{}}}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.start()
	if c.kind == "node" || c.faulty() && c.crashed() {
		s.admit()
	}
	c.inject(s, rand.New(rand.NewPCG(seed, uint64(c.number))))
	s.faults.Enable(true)
	s.talk()
	s.faults.Enable(false)
	s.settle()
	sn := s.checkLive()
	s.stop()
	if s.t.Failed() {
		t.Log("injected: ", strings.Join(s.faults.Fired(), "; "))
	}
	s.checkStore()
	return sn
}

// start opens the gateway on a copy of a prepared state, and the clients, and waits until all is up.
func (s *scene) start() {
	t := s.t
	s.fake = telegramfake.Start(t, telegramfake.Options{})
	s.faults = actortest.NewFaults(seed)
	s.faults.Enable(false)
	copyState(t, s.dir)
	conf := fmt.Sprintf(`{%shooks: {enabled: true, token: "faulttest"}, routing: {queue: {mode: "followup", debounceMs: 50}}, telegram: {botToken: %q}, dev: {endpoints: {telegram: %q}}}`, settings[s.cell.kind], s.fake.Token(), s.fake.URL())
	if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})) // seen when the cell fails
	guard, err := gateway.GuardSelf()
	if err != nil {
		t.Fatal(err)
	}
	s.g, err = gateway.New(gateway.Options{
		AnyPort: true, Guard: guard, Log: log, Intercept: s.faults, AnswerLimit: answerLimit, Sweep: sweep,
		Providers:  []providers.Factory{telegram.Factory()},
		StoreFault: s.cell.storeFault(), MCP: s.tools.dial,
		Getenv: func(name string) string {
			return map[string]string{"HOME": s.dir, "CLAWDBOT_STATE_DIR": s.dir}[name]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	if err := s.fake.WaitPolling(s.ctx); err != nil {
		t.Fatal("telegram does not poll: ", err)
	}
	s.calm = watch(s)
	s.busy = newCaller(s, "busy")
	s.teller = dialTeller(t, s.g.URL())
}

// settings are what cells of a kind have in their configuration besides.
var settings = map[string]string{
	"approvals": `agent: {tools: {exec: {ask: "on-miss"}}}, `, "mcp": oneServer, "mcpserver": oneServer,
}

const oneServer = `mcp: {servers: {fake: {url: "http://127.0.0.1:1"}}}, `

func (s *scene) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.faults.Enable(false)
	if err := s.g.Stop(ctx); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	s.tools.mu.Lock()
	defer s.tools.mu.Unlock()
	if s.tools.live != 0 {
		s.t.Errorf("%d connections to servers of tools are left", s.tools.live)
	}
}

// fatal reports what the gateway has given up for.
func (s *scene) fatal() error {
	select {
	case err := <-s.g.Failed():
		return err
	default:
		return nil
	}
}

var templateDir string // removed at the end

// template is a state directory with the friend let in, made once: migrations cost time.
var template = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "faulttest")
	if err != nil {
		return "", err
	}
	templateDir = dir
	st, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return "", err
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = st.Start(sys)
	if err == nil {
		err = st.Do(ctx, func(tx *store.Tx) error {
			return tx.Allow(store.Allowed{Account: "telegram", SenderID: fmt.Sprint(friend), Name: "Ann"})
		})
	}
	return dir, errors.Join(err, sys.Stop(ctx), st.Close())
})

// stateDir is in memory where there is such a place: many gateways on one disk wait for each other's syncs, and what a disk
// does is the business of other tests.
func stateDir(t *testing.T) string {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "faulttest")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func copyState(t *testing.T, dir string) {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(from, "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// soon is how long a state may take to come that must come by itself.
const soon = 20 * time.Second

// every calls f at once and then each d, until it is done. It is an error if that takes too long.
func (s *scene) every(d time.Duration, f func() (done bool)) error {
	tick := time.NewTicker(d)
	defer tick.Stop()
	limit := time.NewTimer(soon)
	defer limit.Stop()
	for more := true; !f(); {
		select {
		case <-tick.C:
		case <-limit.C:
			if !more {
				return context.DeadlineExceeded
			}
			more = false
			limit.Reset(10 * s.calm.starved()) // what takes 20 s on a machine that has no time for it may take longer
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	return nil
}

func (s *scene) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

func (s *scene) note(k keyed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, k)
}

func (s *scene) options(name string) client.Options {
	o := client.Options{URL: s.g.URL()}
	o.Client.Name, o.Client.Mode = name, "test"
	return o
}
