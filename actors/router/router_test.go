package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// rig is a router on a real store. What the router says goes to events, in order.
type rig struct {
	t      *testing.T
	sys    *actors.System
	store  *store.Store
	ref    actors.Ref[Message]
	events chan string
	turns  chan Turn

	mu     sync.Mutex
	policy Policy
	fault  func(stage string) error // of the store
}

func newRig(t *testing.T, intercept actors.Interceptor) *rig {
	t.Helper()
	r := &rig{t: t, events: make(chan string, 1000), turns: make(chan Turn, 1000), policy: Policy{AllowFrom: []string{"*"}}}
	var err error
	r.store, err = store.Open(store.Options{Dir: t.TempDir(), Fault: func(stage string) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fault == nil {
			return nil
		}
		return r.fault(stage)
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.sys = actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler), Intercept: intercept})
	if err := r.store.Start(r.sys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.sys.Stop(context.Background()), r.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) options() Options {
	return Options{
		Store: r.store,
		Policy: func(account, surface string) Policy {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.policy
		},
		BuildRequest: func(t Turn) []byte { r.turns <- t; return []byte(t.Message) },
		Accept: func(tx *store.Tx, run store.Run, _ command.Queue) (a Accepted, err error) {
			switch text := string(run.Request); {
			case strings.Contains(text, "one too many"):
				return Accepted{Refused: true}, nil
			case strings.Contains(text, "instead"):
				a.Stopped = []string{"x"}
			}
			_, err = tx.AcceptRun(run)
			return a, err
		},
		Stop: func(tx *store.Tx, key string) (ids []string, err error) {
			open, err := tx.Queued(key)
			for _, r := range open {
				ids = append(ids, r.ID)
			}
			return ids, err
		},
		Queue: func(e wire.SessionEntry, _ string) command.Queue {
			configured := command.Queue{Mode: "collect", DebounceMs: new(int64(1000)), Cap: new(int64(20)), Drop: "summarize"}
			return command.Queue{Mode: e.QueueMode, DebounceMs: e.QueueDebounceMs, Cap: e.QueueCap, Drop: e.QueueDrop}.Over(configured)
		},
		Open: func(tx *store.Tx, key string, to providers.Route, at Place) (wire.SessionEntry, bool, error) {
			e, found, err := tx.Entry(key)
			e.SessionID = cmp.Or(e.SessionID, "first")
			e.LastChannel, e.LastTo, e.Subject = to.Surface, to.Chat, cmp.Or(at.Title, e.Subject)
			return e, !found, err
		},
		Reset: func(tx *store.Tx, key string) error {
			return tx.PutEntry(key, wire.SessionEntry{SessionID: "second"})
		},
		Denied: func(_ string, e wire.SessionEntry) bool { return e.SendPolicy == "deny" },
		Model: func(name string) (Model, error) {
			switch name {
			case "default":
				return Model{Name: "a/default", Sure: true}, nil
			case "opus", "a/opus":
				return Model{"a", "opus", "a/opus", true}, nil
			case "odd":
				return Model{"a", "odd", "a/odd", false}, nil
			}
			return Model{}, errors.New("model not allowed: " + name)
		},
		Models:   func() ([]string, bool) { return []string{"a/default", "a/opus"}, false },
		Thinking: func(e wire.SessionEntry) string { return cmp.Or(e.ThinkingLevel, "minimal") },
		Status:   func(s Status) string { return "status of " + s.Key },
		Reply: func(tx *store.Tx, key string, to providers.Route, text string) error {
			_, _, err := tx.Enqueue(store.OutItem{Key: key, Account: to.Account, Surface: to.Surface, Chat: to.Chat, Payload: []byte(text)})
			return err
		},
		Work:  func(key string) { r.events <- "work " + key },
		Abort: func(key string, runs []string) { r.events <- fmt.Sprintf("abort %s %d", key, len(runs)) },
		Sent:  func() { r.events <- "sent" },
	}
}

func (r *rig) start() {
	r.t.Helper()
	var err error
	if r.ref, err = actors.Spawn(r.sys, "router", Props(r.options())); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) setPolicy(p Policy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.policy = p
}

// arrive commits a message as an account does.
func (r *rig) arrive(id, chat, text string) {
	r.t.Helper()
	m := providers.Incoming{ID: id, Chat: chat, Kind: providers.Direct, Sender: providers.Sender{ID: chat, Name: "N" + chat}, Text: text, Time: time.Now()}
	b, err := wire.Marshal(m)
	if err != nil {
		r.t.Fatal(err)
	}
	r.accept(store.Inbound{Account: "telegram", Surface: "telegram", Chat: chat, MsgID: id, Payload: b, ReceivedAt: time.Now().UnixMilli()})
}

func (r *rig) accept(row store.Inbound) {
	r.t.Helper()
	err := r.store.Do(r.t.Context(), func(tx *store.Tx) error { _, err := tx.AcceptInbound(row); return err })
	if err != nil {
		r.t.Fatal(err)
	}
	_ = r.ref.Tell(Wake{})
}

func (r *rig) want(event string) {
	r.t.Helper()
	select {
	case got := <-r.events:
		if got != event {
			r.t.Fatalf("got %q, want %q", got, event)
		}
	case <-time.After(time.Minute):
		r.t.Fatalf("no %q came", event)
	}
}

func (r *rig) view(f func(v *store.View) error) {
	r.t.Helper()
	if err := r.store.View(r.t.Context(), f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) runs(key string) (runs []store.Run) {
	r.t.Helper()
	r.view(func(v *store.View) (err error) { runs, err = v.PendingRuns(key, 0, 1000); return err })
	return runs
}

func (r *rig) pending() (rows []store.Inbound) {
	r.t.Helper()
	r.view(func(v *store.View) (err error) { rows, err = v.PendingInbound(1000); return err })
	return rows
}

func TestRouter_routesWithAFrozenRoute(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.start()
	r.arrive("5", "42", "hello")
	r.want("work main")
	runs := r.runs("main")
	if len(runs) != 1 || runs[0].Kind != "inbound" || !strings.HasSuffix(string(runs[0].Request), "] hello\n[message_id: 5]") || runs[0].SessionID != "first" {
		t.Fatalf("runs = %+v", runs)
	}
	var to providers.Route
	if err := wire.Unmarshal(runs[0].Route, &to); err != nil {
		t.Fatal(err)
	}
	if want := (providers.Route{Account: "telegram", Surface: "telegram", Chat: "42", ReplyTo: "5", Kind: providers.Direct}); to != want {
		t.Errorf("route = %+v, want %+v", to, want)
	}
	r.view(func(v *store.View) error {
		if e, _, err := v.Entry("main"); err != nil || e.LastChannel != "telegram" || e.LastTo != "42" {
			t.Errorf("entry = %+v, %v", e, err)
		}
		return nil
	})
	if left := r.pending(); len(left) != 0 {
		t.Errorf("inbox = %+v", left)
	}
}

func TestRouter_orderOfManyAndWhatWaitedBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for i := range 150 { // before there is a router
		r.arrive(fmt.Sprint(i), "42", fmt.Sprintf("m%03d", i))
	}
	r.start()
	r.want("work main")
	for len(r.runs("main")) < 150 {
		r.want("work main")
	}
	for i, run := range r.runs("main") {
		if !strings.Contains(string(run.Request), fmt.Sprintf("] m%03d\n", i)) {
			t.Fatalf("run %d = %s", i, run.Request)
		}
	}
}

func TestRouter_pairing(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.setPolicy(Policy{})
	r.start()
	r.arrive("1", "42", "hello")
	r.want("sent")
	var codes []store.PairCode
	var out []store.OutItem
	r.view(func(v *store.View) (err error) {
		if codes, err = v.Codes(); err != nil {
			return err
		}
		out, err = v.OutNext("telegram", "42", 10)
		return err
	})
	if len(codes) != 1 || codes[0].SenderID != "42" || codes[0].SenderName != "N42" || codes[0].Chat != "42" {
		t.Fatalf("codes = %+v", codes)
	}
	if line := regexp.MustCompile(`(?m)^` + codes[0].Code + `$`); len(out) != 1 || !line.Match(out[0].Payload) {
		t.Errorf("replies = %+v", out)
	}
	r.arrive("2", "42", "hello?") // within the minute: no second reply
	r.arrive("1", "43", "hello")  // behind it, so the other has been dealt with
	r.want("sent")
	err := r.store.Do(t.Context(), func(tx *store.Tx) error {
		return tx.Allow(store.Allowed{Account: "telegram", SenderID: "42", At: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.arrive("3", "42", "now?")
	r.want("work main")
	runs := r.runs("main")
	if last := runs[len(runs)-1]; !strings.Contains(string(last.Request), "] now?") {
		t.Errorf("runs = %+v", runs)
	}
}

func TestRouter_stopWordAbortsWhatWasOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.arrive("1", "42", "one")
	r.arrive("2", "42", "two")
	r.arrive("3", "42", "stop")
	r.arrive("4", "42", "three")
	r.start()
	r.want("work main")
	r.want("abort main 2") // not the message behind it
	r.want("sent")
	r.view(func(v *store.View) error {
		out, err := v.OutNext("telegram", "42", 10)
		if err != nil || len(out) != 1 || string(out[0].Payload) != "Stopped." {
			t.Errorf("replies = %+v, %v", out, err)
		}
		return nil
	})
}

// TestRouter_asTheSessionCanTakeIt: a message that is refused leaves no run, one that interrupts ends others.
func TestRouter_asTheSessionCanTakeIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.arrive("1", "42", "one too many")
	r.arrive("2", "42", "this instead")
	r.start()
	r.want("work main")
	r.want("abort main 1")
	if runs := r.runs("main"); len(runs) != 1 || !strings.Contains(string(runs[0].Request), "instead\n") {
		t.Errorf("runs = %+v", runs)
	}
	if left := r.pending(); len(left) != 0 {
		t.Errorf("inbox = %+v", left)
	}
}

func TestRouter_unreadableRowIsDropped(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.start()
	r.accept(store.Inbound{Account: "telegram", Surface: "telegram", Chat: "42", MsgID: "0", Payload: []byte("{"), ReceivedAt: 1})
	r.arrive("1", "42", "after")
	r.want("work main")
	if left := r.pending(); len(left) != 0 {
		t.Errorf("inbox = %+v", left)
	}
}

func TestRouter_storeFailureKeepsOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for i := range 10 {
		r.arrive(fmt.Sprint(i), "42", fmt.Sprintf("m%d", i))
	}
	ops := 0
	r.mu.Lock()
	r.fault = func(stage string) error {
		if stage == "op" {
			if ops++; ops == 4 {
				return errors.New("disk full")
			}
		}
		return nil
	}
	r.mu.Unlock()
	r.start()
	for len(r.runs("main")) < 10 {
		r.want("work main")
	}
	for i, run := range r.runs("main") {
		if !strings.Contains(string(run.Request), fmt.Sprintf("] m%d\n", i)) {
			t.Errorf("run %d = %s", i, run.Request)
		}
	}
}

// TestRouter_crashes lets the router die at every few messages it handles: each inbound message becomes one run, no more
// and no fewer, in order, and the session hears of the last one.
func TestRouter_crashes(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]func(*actortest.Faults){
		"on the pass": func(f *actortest.Faults) {
			f.On(actortest.Kind("router"), actortest.Message[pulled]()).Every(2).Times(5).Crash()
		},
		"after the pass": func(f *actortest.Faults) {
			f.On(actortest.Kind("router"), actortest.Message[pulled]()).Every(2).Times(5).CrashAfter()
		},
		"on the wake": func(f *actortest.Faults) {
			f.On(actortest.Kind("router"), actortest.Message[Wake]()).Every(3).Times(5).Crash()
		},
		"wake-ups are doubled": func(f *actortest.Faults) { f.On(actortest.Kind("router"), actortest.Message[Wake]()).Duplicate() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := actortest.NewFaults(1)
			rule(faults)
			r := newRig(t, faults)
			r.start()
			const n = 40
			for i := range n {
				r.arrive(fmt.Sprint(i), "42", fmt.Sprintf("m%02d", i))
			}
			for len(r.runs("main")) < n {
				r.want("work main")
			}
			r.arrive("think", "42", "/think high")
			for event := ""; event != "sent"; { // a doubled word of work may come before it
				select {
				case event = <-r.events:
				case <-time.After(time.Minute):
					t.Fatal("the command was not answered")
				}
			}
			r.view(func(v *store.View) error { // the command's answer is there once, and so is what it did
				out, err := v.OutNext("telegram", "42", 10)
				e, _, _ := v.Entry("main")
				if err != nil || len(out) != 1 || string(out[0].Payload) != "Thinking level set to high." || e.ThinkingLevel != "high" {
					t.Errorf("answers %+v, entry %+v, %v", out, e, err)
				}
				return nil
			})
			var got []string
			for _, run := range r.runs("main") {
				_, text, _ := strings.Cut(string(run.Request), "] ")
				got = append(got, text[:3])
			}
			if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
				t.Errorf("runs = %v", got)
			}
		})
	}
}
