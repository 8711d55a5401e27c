package account

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/store/sqlstore"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/providers/whatsapp"
)

const singletonConfig = `{"web":{"heartbeatSeconds":1,"reconnect":{"initialMs":250,"maxMs":250,"maxAttempts":0}}}`

// host is a machine on which gateways with the same WhatsApp credentials are started.
type host struct {
	t     *testing.T
	ctx   context.Context
	s     *whatsappfake.Server
	locks string
}

// gate is as much of one gateway as has to do with accounts.
type gate struct {
	h      *host
	dir    string
	store  *store.Store
	sys    *actors.System
	slots  *Directory
	ref    actors.Ref[Message]
	events chan struct{}
}

func newHost(t *testing.T) *host {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	return &host{t: t, ctx: ctx, s: whatsappfake.Start(t, whatsappfake.Options{}), locks: filepath.Join(t.TempDir(), "locks")}
}

// linkInto links a device and leaves its credentials in a state directory.
func (h *host) linkInto(dir string) {
	h.t.Helper()
	g := h.gate(dir)
	db, err := g.store.OpenSide(h.ctx, "whatsapp", providers.ErrFenced)
	if err != nil {
		h.t.Fatal(err)
	}
	c := sqlstore.NewWithDB(db, "sqlite", nil)
	if err := c.Upgrade(h.ctx); err != nil {
		h.t.Fatal(err)
	}
	if err := h.s.Adopt(h.ctx, c.NewDevice()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		h.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		h.t.Fatal(err)
	}
	g.stop()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// gate starts the accounts of one gateway; no account is wanted yet.
func (h *host) gate(dir string) *gate {
	h.t.Helper()
	g := &gate{h: h, dir: dir, slots: NewDirectory(), events: make(chan struct{}, 1)}
	var err error
	if g.store, err = store.Open(store.Options{Dir: dir}); err != nil {
		h.t.Fatal(err)
	}
	faults := actortest.NewFaults(1)
	faults.On(actortest.Kind("account"), actortest.Message[typing]()).Crash()
	g.sys = actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: faults})
	if err := g.store.Start(g.sys); err != nil {
		h.t.Fatal(err)
	}
	endpoint, err := json.Marshal(h.s.Endpoint())
	if err != nil {
		h.t.Fatal(err)
	}
	g.ref, err = actors.Spawn(g.sys, "accounts", Props(Options{
		Store: g.store, Directory: g.slots, Work: func() {}, StateDir: dir, LockDir: h.locks,
		Endpoint: func(string) string { return string(endpoint) },
		Changed: func(State) {
			select {
			case g.events <- struct{}{}:
			default:
			}
		},
	}))
	if err != nil {
		h.t.Fatal(err)
	}
	return g
}

// stop ends the gateway: when it returns no socket of it is open.
func (g *gate) stop() {
	g.h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(g.sys.Stop(ctx), g.slots.Wait(ctx), g.store.Close()); err != nil {
		g.h.t.Error(err)
	}
}

func (g *gate) tell(m Message) { _ = g.ref.Tell(m) }

func (g *gate) start() {
	g.tell(Start{Account: "whatsapp", Factory: whatsapp.Factory(), Config: []byte(singletonConfig)})
}

func (g *gate) state() State {
	s, _ := g.slots.Surface("whatsapp")
	return s
}

// await waits until the account is in a phase.
func (g *gate) await(p Phase) State {
	g.h.t.Helper()
	for g.state().Phase != p {
		select {
		case <-g.events:
		case <-time.After(200 * time.Millisecond): // the directory may know before the event
		case <-g.h.ctx.Done():
			g.h.t.Fatalf("the account is %+v, want %s", g.state(), p)
		}
	}
	return g.state()
}

// A second gateway on the host, with another state directory and a copy of the credentials, is refused with the name of
// the one that has them; when that one is gone it may have them.
func TestWhatsApp_secondGatewayIsRefused(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	one, two := t.TempDir(), t.TempDir()
	h.linkInto(one)
	copyFile(t, filepath.Join(one, "whatsapp.db"), filepath.Join(two, "whatsapp.db"))
	first, second := h.gate(one), h.gate(two)
	first.start()
	if s := first.await(Up); s.Holder == nil || !s.Holder.Ours || s.Holder.StateDir != one || s.Holder.PID != os.Getpid() {
		t.Errorf("holder %+v", s.Holder)
	}
	second.start()
	s := second.await(Terminal)
	for _, want := range []string{"same credentials", "pid " + strconv.Itoa(os.Getpid()), one, "since"} {
		if !strings.Contains(s.Reason, want) {
			t.Errorf("reason %q does not say %q", s.Reason, want)
		}
	}
	if s.Holder == nil || s.Holder.Ours || s.Holder.StateDir != one {
		t.Errorf("the second gateway's holder %+v", s.Holder)
	}
	r := statusResult(time.Now(), second.slots.States(), func(string) Setup { return Setup{} })
	if l := r.WhatsApp.Lease; l == nil || l.Ours || l.StateDir != one || !r.WhatsApp.Linked || r.WhatsApp.Connected {
		t.Errorf("providers.status %+v, lease %+v", r.WhatsApp, l)
	}
	if first.state().Phase != Up {
		t.Errorf("the first gateway is %+v", first.state())
	}
	first.stop()
	second.tell(Restart{"whatsapp"})
	if s := second.await(Up); s.Holder == nil || !s.Holder.Ours {
		t.Errorf("holder %+v", s.Holder)
	}
	second.stop()
	if open, most := h.s.Sockets(); most != 1 || open != 0 {
		t.Errorf("%d sockets are open, at most %d were", open, most)
	}
}

// Two hundred times something happens to one of two gateways that share their credentials: started, stopped, begun anew,
// its actor crashed, the whole gateway ended, the connection dropped, replaced or restarted by the server. There is never
// more than one socket.
func TestWhatsApp_neverTwoSockets(t *testing.T) {
	t.Parallel()
	runs := 200
	if testing.Short() {
		runs = 40
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, seed))
	h := newHost(t)
	dirs := []string{t.TempDir(), t.TempDir()}
	h.linkInto(dirs[0])
	copyFile(t, filepath.Join(dirs[0], "whatsapp.db"), filepath.Join(dirs[1], "whatsapp.db"))
	gates := []*gate{h.gate(dirs[0]), h.gate(dirs[1])}
	gates[0].start()
	gates[1].start()
	said := map[string]int{}
	for range runs {
		k := rng.IntN(2)
		g := gates[k]
		what := []string{"start", "start", "stop", "restart", "restart", "crash", "end", "drop", "replace", "515"}[rng.IntN(10)]
		said[what]++
		switch what {
		case "start":
			g.start()
		case "stop":
			g.tell(Stop{"whatsapp", "stopped"})
		case "restart":
			g.tell(Restart{"whatsapp"})
		case "crash":
			g.tell(Typing{"whatsapp", "+15550002222"})
		case "end":
			g.stop()
			gates[k] = h.gate(dirs[k])
			gates[k].start()
		case "drop":
			h.s.Drop()
		case "replace":
			h.s.Replace()
		case "515":
			h.s.StreamError("515")
		}
		if wait := rng.IntN(250); wait > 100 { // sometimes there is no time to connect
			ctx, cancel := context.WithTimeout(h.ctx, time.Duration(wait)*time.Millisecond)
			_ = h.s.WaitOnline(ctx)
			cancel()
		}
		if _, most := h.s.Sockets(); most > 1 {
			t.Fatalf("%d sockets at once after %v", most, said)
		}
	}
	gates[1].tell(Stop{"whatsapp", "stopped"})
	gates[1].await(Disabled)
	if err := gates[1].slots.Wait(h.ctx); err != nil {
		t.Fatal(err)
	}
	gates[0].start() // whatever happened before, it can be brought back
	gates[0].await(Up)
	for _, g := range gates {
		g.stop()
	}
	if open, most := h.s.Sockets(); most != 1 || open != 0 {
		t.Errorf("%d sockets are open, at most %d were", open, most)
	}
	t.Logf("%v, %d logins", said, h.s.Logins())
}
