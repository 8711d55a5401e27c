package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// peers are the surfaces that the test has, each with a fake platform of its own in this process.
var peers = []func(t *testing.T) providertest.Peer{
	func(t *testing.T) providertest.Peer { return whatsappfake.NewPeer(t) },
	func(t *testing.T) providertest.Peer { return discordfake.NewPeer(t) },
	func(t *testing.T) providertest.Peer { return without(slackfake.NewPeer(t)) },
	func(t *testing.T) providertest.Peer { return telegramfake.NewPeer(t) },
	func(t *testing.T) providertest.Peer { return signalfake.NewPeer(t) },
	func(t *testing.T) providertest.Peer { return imsgfake.NewPeer(t) },
}

// without leaves out the server behind a peer.
func without[S any](p providertest.Peer, _ S) providertest.Peer { return p }

// breadth is a form of the test: messages each way on each surface, kills, time.
type breadth struct {
	each, kills int
	limit       time.Duration
}

var (
	shortBreadth = breadth{each: 24, kills: 5, limit: 3 * time.Minute}
	fullBreadth  = breadth{each: 1000, kills: 30, limit: 45 * time.Minute}
)

// direct says which messages go to the direct chat: all of these share one session, so they are few.
func direct(n int) bool { return n%5 == 0 }

// TestKillSurfaces: with all surfaces at once, what was taken is answered once, and what goes out arrives once or is
// listed as ambiguous, never where the platform recognises a repeat.
func TestKillSurfaces(t *testing.T) {
	size := shortBreadth
	if isFull() {
		size = fullBreadth
	}
	seed := seedOf(t)
	t.Logf("CLAWDBOT_CRASH_SEED=%d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), size.limit)
	defer cancel()
	x := &sweep{t: t, ctx: ctx, size: size, rng: rand.New(rand.NewPCG(seed, 2)), driver: newDriver(t), sending: map[int64]bool{}, running: map[string]bool{}}
	endpoints, config := map[string]any{}, map[string]any{}
	var env []string
	for _, start := range peers {
		p := &surface{Peer: slow(t, start(t), seed)}
		x.surfaces = append(x.surfaces, p)
		config[p.Surface] = p.Config
		env = append(env, p.Env...)
		if p.Endpoint != nil {
			endpoints[p.Surface] = p.Endpoint
		}
	}
	config["dev"] = map[string]any{"endpoints": endpoints}
	x.host = newHost(t, config, env...)
	x.process = x.host.start(t)
	if err := errors.Join(x.process.waitReady(ctx), x.driver.connect(ctx, x.host.url())); err != nil {
		t.Fatal(err)
	}
	x.link()
	for range size.kills {
		x.round()
	}
	x.rest()
	x.process.terminate(t)
	view(t, x.host.state(), x.check)
}

// link has the codes scanned of the accounts that want it.
func (x *sweep) link() {
	x.t.Helper()
	for _, s := range x.surfaces {
		if s.Scan == nil {
			continue
		}
		var start wire.WebLoginStartResult
		var end wire.WebLoginWaitResult
		err := x.driver.client.Call(x.ctx, "web.login.start", nil, &start)
		if err == nil {
			err = s.Scan(x.ctx, start.QRDataURL)
		}
		if err == nil {
			err = x.driver.client.Call(x.ctx, "web.login.wait", nil, &end)
		}
		if err != nil || !end.Connected {
			x.t.Fatalf("%s is not linked: %q, %q, %v", s.Surface, start.Message, end.Message, err)
		}
	}
}

// sweep is one run of the test.
type sweep struct {
	t        *testing.T
	ctx      context.Context
	size     breadth
	rng      *rand.Rand
	surfaces []*surface
	host     *host
	process  *process
	driver   *driver
	work     sync.WaitGroup

	sending map[int64]bool  // items that were being sent at a kill
	running map[string]bool // runs that ran at one
}

// surface is one fake platform and what was said on it.
type surface struct {
	providertest.Peer

	mu   sync.Mutex
	said []said // by its people
	sent []said // by send calls
}

// said is one message: its mark is unique in its text, its id the platform's.
type said struct{ mark, chat, id string }

var marks = regexp.MustCompile(`\b(?:in|out)-[a-z]+-\d+;`)

func (s *surface) chat(n int) string {
	if direct(n) {
		return s.Direct
	}
	return s.Group
}

// say has a person write.
func (s *surface) say() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.said)
	m := said{mark: fmt.Sprintf("in-%s-%d;", s.Surface, n), chat: s.chat(n)}
	m.id = s.Say(m.chat, m.mark)
	s.said = append(s.said, m)
}

// next is a message for a send call.
func (s *surface) next() said {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.sent)
	m := said{mark: fmt.Sprintf("out-%s-%d;", s.Surface, n), chat: s.chat(n)}
	s.sent = append(s.sent, m)
	return m
}

// round gives every surface a share of its work and kills the gateway in the middle of it.
func (x *sweep) round() {
	share := (x.size.each + x.size.kills - 1) / x.size.kills
	for _, s := range x.surfaces {
		for range share {
			x.later(s.say)
			x.later(func() { x.send(s) })
		}
	}
	select {
	case <-x.process.ready:
	case <-x.process.done:
		x.t.Fatalf("the gateway ended by itself: %v\n%s", x.process.err, x.process.output())
	}
	timer := time.NewTimer(time.Duration(x.rng.Int64N(int64(anyLife))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.process.done:
		x.t.Fatalf("the gateway ended by itself: %v\n%s", x.process.err, x.process.output())
	}
	x.process.kill()
	m := x.host.look(x.t, nil)
	for id := range m.sending {
		x.sending[id] = true
	}
	for id := range m.running {
		x.running[id] = true
	}
	x.process = x.host.start(x.t)
}

// later does something in the next moments.
func (x *sweep) later(f func()) {
	pause := time.Duration(x.rng.Int64N(int64(spread)))
	x.work.Go(func() {
		select {
		case <-time.After(pause):
			f()
		case <-x.ctx.Done():
		}
	})
}

// send calls send until it is answered, over all kills.
func (x *sweep) send(s *surface) {
	m := s.next()
	p := wire.SendParams{To: m.chat, Message: m.mark, Provider: s.Surface, IdempotencyKey: m.mark}
	for {
		x.driver.mu.Lock()
		socket := x.driver.socket
		x.driver.mu.Unlock()
		if err := wait(x.ctx, socket.up); err != nil {
			x.t.Errorf("%s: no connection: %v", m.mark, err)
			return
		}
		err := x.driver.client.Call(x.ctx, "send", p, nil)
		we, answered := errors.AsType[*wire.Error](err)
		switch {
		case err == nil:
			return
		case answered && we.Retryable:
			continue
		case answered: // ambiguous or failed: the books say which
			return
		}
		if wait(x.ctx, socket.down) != nil {
			x.t.Errorf("%s: %v", m.mark, err)
			return
		}
	}
}

// rest waits until all that was said and sent has come to its end.
func (x *sweep) rest() {
	x.t.Helper()
	x.work.Wait()
	err := poll(x.ctx, func() error {
		for _, s := range x.surfaces {
			for _, m := range s.said {
				if s.Acked != nil && !s.Acked(m.id) {
					return fmt.Errorf("%s is not acknowledged", m.mark)
				}
			}
		}
		var st wire.StatusSummary
		if err := x.driver.client.Call(x.ctx, "status", nil, &st); err != nil {
			return err
		}
		if st.Outbox == nil || st.Outbox.Queued+st.Outbox.Sending > 0 {
			return fmt.Errorf("outbox %+v", st.Outbox)
		}
		return nil
	})
	if err == nil {
		err = poll(x.ctx, x.quiet)
	}
	if err != nil {
		x.t.Fatalf("the gateway does not come to rest: %v\n%s", err, x.process.output())
	}
}

// quiet: nothing is being sent, and every message has a run that is over, as the daemon's own list has it.
func (x *sweep) quiet() error {
	var l wire.ActorsListResult
	if err := x.driver.client.Call(x.ctx, "actors.list", nil, &l); err != nil {
		return err
	}
	for _, a := range l.Actors {
		if a.Kind == "run" {
			return fmt.Errorf("%s is at work", a.Path)
		}
	}
	var st wire.StatusSummary
	if err := x.driver.client.Call(x.ctx, "status", nil, &st); err != nil {
		return err
	}
	if st.Outbox.Queued+st.Outbox.Sending > 0 {
		return fmt.Errorf("outbox %+v", st.Outbox)
	}
	for _, s := range x.surfaces { // an answer, or an apology, for each
		for _, chat := range []string{s.Direct, s.Group} {
			want := 0
			for _, m := range append(s.said, s.sent...) {
				if m.chat == chat {
					want++
				}
			}
			if have := len(s.Replies(chat)) + int(st.Outbox.Ambiguous); have < want {
				return fmt.Errorf("%s: %d messages in %s, want %d", s.Surface, have, chat, want)
			}
		}
	}
	return nil
}
