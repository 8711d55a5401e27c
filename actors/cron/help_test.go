package cron

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// rig is a process: both actors over a real store, with a stand-in for the sessions.
type rig struct {
	t     *testing.T
	dir   string
	store *store.Store
	sys   *actors.System
	cron  actors.Ref[Message]
	beat  actors.Ref[HeartbeatMessage]
	table wire.Table

	events chan wire.CronEvent
	beats  chan wire.HeartbeatEvent
	work   chan string // session keys that have new runs

	mu     sync.Mutex
	config Config
	once   sync.Once
}

type setup struct {
	dir    string // "" = a new one
	config Config
	fault  func(stage string) error
	asleep bool // jobs do not run yet
	on     func() bool
	unready,
	allow func(surface string) []string
}

func (s setup) start(t *testing.T) *rig {
	t.Helper()
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	r := &rig{t: t, dir: s.dir, config: s.config, events: make(chan wire.CronEvent, 10_000),
		beats: make(chan wire.HeartbeatEvent, 1000), work: make(chan string, 10_000)}
	log := slog.New(slog.DiscardHandler)
	var err error
	if r.store, err = store.Open(store.Options{Dir: s.dir, Fault: s.fault}); err != nil {
		t.Fatal(err)
	}
	r.sys = actors.NewSystem(actors.SystemOptions{Log: log})
	t.Cleanup(r.kill)
	if err := r.store.Start(r.sys); err != nil {
		t.Fatal(err)
	}
	state := eventstream.NewState()
	stream, err := actors.Spawn(r.sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: log}))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Store: r.store, Stream: eventstream.NewStream(stream, state), Dir: filepath.Join(s.dir, "cron"),
		StorePath: filepath.Join(s.dir, "cron", "jobs.json"), MainKey: func() string { return "main" }, Sweep: 50 * time.Millisecond,
		Config: func() Config {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.config
		},
		OpenSession: openSession, Work: func(key string) { r.work <- key },
		Unready: func(surface string) string {
			if s.unready != nil {
				return s.unready(surface)[0]
			}
			return ""
		},
		AllowFrom: func(surface string) []string {
			if s.allow != nil {
				return s.allow(surface)
			}
			return nil
		},
		HeartbeatsOn: func(context.Context) (bool, error) { return s.on == nil || s.on(), nil },
		Report:       func(ev wire.HeartbeatEvent) { r.beats <- ev },
	}
	all := make(chan struct{})
	if o.Ready = all; !s.asleep {
		close(all)
	}
	o.Stream.Join("test", r)
	if r.beat, err = actors.Spawn(r.sys, "heartbeat", HeartbeatProps(o)); err != nil {
		t.Fatal(err)
	}
	o.Heartbeat = r.beat
	if r.cron, err = actors.Spawn(r.sys, "cron", Props(o)); err != nil {
		t.Fatal(err)
	}
	r.table = Methods(r.cron)
	return r
}

// openSession is the sessions' part of accepting a run.
func openSession(tx *store.Tx, key string, now int64, _ bool) (string, bool, error) {
	row, err := tx.Session(key)
	if err != nil || row != nil {
		if row != nil {
			return row.SessionID, false, err
		}
		return "", false, err
	}
	raw, err := wire.Marshal(wire.SessionEntry{SessionID: "id-" + key, UpdatedAt: now})
	if err != nil {
		return "", false, err
	}
	return "id-" + key, true, tx.PutSession(store.Session{Key: key, SessionID: "id-" + key, UpdatedAt: now, Entry: raw})
}

// kill ends the process, whatever is in progress.
func (r *rig) kill() {
	r.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(r.sys.Stop(ctx), r.store.Close()); err != nil {
			r.t.Errorf("stop: %v", err)
		}
	})
}

// Offer takes the events of cron.
func (r *rig) Offer(frame []byte, _ bool) {
	f, err := wire.ParseServerFrame(frame)
	if err != nil || f.Event.Event != wire.EventCron {
		return
	}
	var ev wire.CronEvent
	if err := wire.Unmarshal(f.Event.Payload, &ev); err == nil {
		r.events <- ev
	}
}

func next[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// event waits for one with this action, past others.
func (r *rig) event(action string) wire.CronEvent {
	r.t.Helper()
	for {
		if ev := next(r.t, "event "+action, r.events); ev.Action == action {
			return ev
		}
	}
}

// goCall calls a method; the answer comes over the channel.
func (r *rig) goCall(method, params string) <-chan wire.Result {
	r.t.Helper()
	if err := wire.Validate(method, []byte(params)); err != nil {
		r.t.Fatalf("%s %s: %v", method, params, err)
	}
	done := make(chan wire.Result, 1)
	for _, m := range r.table {
		if m.Name == method {
			m.Handle(&wire.Call{Method: method, Params: []byte(params), Respond: func(a wire.Result) { done <- a }})
		}
	}
	return done
}

func (r *rig) call(method, params string, result any) {
	r.t.Helper()
	a := next(r.t, "answer to "+method, r.goCall(method, params))
	if a.Err != nil {
		r.t.Fatalf("%s %s: %v", method, params, a.Err)
	}
	raw, err := wire.Marshal(a.Payload)
	if err == nil && result != nil {
		reflect.ValueOf(result).Elem().SetZero()
		err = wire.Unmarshal(raw, result)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) refused(method, params string) string {
	r.t.Helper()
	a := next(r.t, "answer to "+method, r.goCall(method, params))
	if a.Err == nil {
		r.t.Fatalf("%s %s was accepted: %+v", method, params, a.Payload)
	}
	return a.Err.Code + " " + a.Err.Message
}

// readStore reads the store.
func readStore[T any](r *rig, f func(v *store.View) (T, error)) (t T) {
	r.t.Helper()
	err := r.store.View(context.Background(), func(v *store.View) (err error) {
		t, err = f(v)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return t
}

func (r *rig) notes() (texts []string) {
	for _, n := range readStore(r, func(v *store.View) ([]store.Note, error) { return v.Notes("main") }) {
		texts = append(texts, n.Text)
	}
	return texts
}

func (r *rig) openRuns() []store.Run {
	return readStore(r, func(v *store.View) ([]store.Run, error) { return v.OpenRuns() })
}

func (r *rig) write(op store.Op) {
	r.t.Helper()
	if err := r.store.Do(context.Background(), op); err != nil {
		r.t.Fatal(err)
	}
}

// finish ends an accepted run as the sessions do, and says what of it would be sent.
func (r *rig) finish(run store.Run, a agent.Answer, s agent.State, errText string) (said string) {
	r.t.Helper()
	said, err := r.end(run, a, s, errText)
	if err != nil {
		r.t.Fatal(err)
	}
	return said
}

func (r *rig) tryFinish(run store.Run) error {
	_, err := r.end(run, agent.Answer{Text: "done"}, agent.Done, "")
	return err
}

func (r *rig) end(run store.Run, a agent.Answer, s agent.State, errText string) (said string, err error) {
	j := agent.Job{ID: run.ID, Kind: agent.Kind(run.Kind), SessionKey: run.SessionKey, SessionID: run.SessionID}
	if err := wire.Unmarshal(run.Request, &j.Request); err != nil {
		return "", err
	}
	if len(run.Route) > 0 {
		j.Route = &providers.Route{}
		if err := wire.Unmarshal(run.Route, j.Route); err != nil {
			return "", err
		}
	}
	err = r.store.Do(context.Background(), func(tx *store.Tx) error {
		j.StartedAt = time.Now().UnixMilli()
		if ok, err := tx.StartRun(j.ID, j.SessionID, j.StartedAt); err != nil || !ok {
			return fmt.Errorf("run not started (%w)", err)
		}
		row, err := tx.Session(j.SessionKey)
		if err != nil {
			return err
		}
		e, _, err := tx.Entry(j.SessionKey)
		if err != nil {
			return err
		}
		e.UpdatedAt = j.StartedAt // as the sessions do at a run's end
		raw, err := wire.Marshal(e)
		if err != nil {
			return err
		}
		if err := tx.PutSession(store.Session{Key: j.SessionKey, SessionID: row.SessionID, UpdatedAt: e.UpdatedAt, Entry: raw}); err != nil {
			return err
		}
		return agent.EndOp(j, a, s, errText, time.Now().UnixMilli(), func(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) (err error) {
			if j.Kind == KindHeartbeat {
				said, err = EndHeartbeat(tx, j, a, s)
				return err
			}
			return End(tx, j, a, s)
		})(tx)
	})
	_ = r.cron.Tell(RunEnded{})
	return said, err
}
