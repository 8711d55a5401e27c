package node

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// socket is a connection that keeps what it is told.
type socket struct {
	mu   sync.Mutex
	told []string // guarded by mu
}

func (s *socket) put(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, what)
	return true
}

// saw says whether it was told that.
func (s *socket) saw(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.told, what)
}

func (s *socket) Welcome(words wire.Voicewake) bool {
	return s.put("welcome " + strings.Join(words.Triggers, ","))
}
func (s *socket) Invoke(id, command string, _ *string) bool { return s.put("invoke " + command) }
func (s *socket) Respond(id string, r wire.Result) {
	b, _ := wire.Marshal(r.Payload)
	s.put("res " + id + " " + string(b))
}
func (s *socket) Refuse(e *wire.Error)           { s.put("error " + e.Message) }
func (s *socket) Offer(line []byte, _ bool) bool { return s.put(string(line)) }
func (s *socket) Ended() bool                    { return false }
func (s *socket) Check(limit time.Duration)      { s.put("check " + limit.String()) }
func (s *socket) Close()                         { s.put("close") }

// directory has these nodes connected, each on a socket of its own.
func directory(live ...Live) (*Directory, map[string]*socket) {
	d := NewDirectory(func(event string, payload wire.Raw) []byte { return []byte(event + " " + string(payload)) })
	sockets := map[string]*socket{}
	for _, l := range live {
		sockets[l.NodeID] = &socket{}
		d.put(l, sockets[l.NodeID], wakeState{words: []string{"w"}})
	}
	return d, sockets
}

// rig is the actor on a real store.
type rig struct {
	t      *testing.T
	o      Options
	ref    actors.Ref[Message]
	method func(*wire.Call) // what every method does that a node calls

	mu    sync.Mutex
	heard []string // guarded by mu: the presence of nodes, the last part of each reason
}

func newRig(t *testing.T, d *Directory) *rig {
	t.Helper()
	dir := t.TempDir()
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(sys.Stop(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	state := eventstream.NewState()
	events, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: sys.Log()}))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t}
	r.o = Options{
		Store: s, Stream: eventstream.NewStream(events, state), Directory: d, Dir: filepath.Join(dir, "settings"),
		Running: func() bool { return true },
		Method: func(name string) (wire.Method, bool) {
			return wire.Method{Name: name, Handle: func(c *wire.Call) { r.method(c) }}, true
		},
		Presence: func(e wire.PresenceEntry) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.heard = append(r.heard, e.InstanceID+" "+strings.TrimPrefix(e.Reason, "node-"))
		},
	}
	if r.ref, err = actors.Spawn(sys, "nodes", Props(r.o)); err != nil {
		t.Fatal(err)
	}
	return r
}

// start gives a function that calls a method of the actor.
func start(t *testing.T, d *Directory) func(method, params string, peer wire.Peer) wire.Result {
	t.Helper()
	r := newRig(t, d)
	return func(method, params string, peer wire.Peer) wire.Result {
		t.Helper()
		answers := make(chan wire.Result, 1)
		for _, m := range Methods(r.ref, r.o) {
			if m.Name == method {
				m.Handle(&wire.Call{Method: method, Params: []byte(params), Peer: peer, Respond: func(r wire.Result) { answers <- r }})
				return <-answers
			}
		}
		t.Fatalf("no method %s", method)
		return wire.Result{}
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	paired := []wire.NodePaired{
		{NodeID: "b", DisplayName: "stored", Platform: "ios", Caps: []string{"y", " x", "y", ""}, Permissions: map[string]bool{"p": true}},
		{NodeID: "a", DisplayName: "Zed"}, {NodeID: "c", DisplayName: "alpha"},
	}
	live := []Live{{NodeID: "b", DisplayName: "live", Version: "2", Commands: []string{"z", "a"}}, {NodeID: "new"}}
	got := rows(paired, live)
	want := []wire.NodeRow{
		{NodeID: "b", DisplayName: "live", Platform: "ios", Version: "2", Caps: []string{"x", "y"}, Commands: []string{"a", "z"},
			Permissions: map[string]bool{"p": true}, Paired: true, Connected: true},
		{NodeID: "new", Caps: []string{}, Commands: []string{}, Connected: true},
		{NodeID: "c", DisplayName: "alpha", Caps: []string{}, Commands: []string{}, Paired: true},
		{NodeID: "a", DisplayName: "Zed", Caps: []string{}, Commands: []string{}, Paired: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestTalkMode_webchatNeedsAPhone(t *testing.T) {
	t.Parallel()
	for platform, ok := range map[string]bool{"iOS 26": true, " iPadOS": true, "ANDROID": true, "macos": false, "": false} {
		d, _ := directory(Live{NodeID: "n1", Platform: platform})
		call := start(t, d)
		for _, web := range []wire.Peer{{Mode: "webchat"}, {Name: "webchat-ui"}} {
			if r := call("talk.mode", `{"enabled":true}`, web); (r.Err == nil) != ok {
				t.Errorf("platform %q: %+v", platform, r.Err)
			}
		}
		if r := call("talk.mode", `{"enabled":true}`, wire.Peer{Mode: "app"}); r.Err != nil {
			t.Errorf("platform %q, an app: %+v", platform, r.Err)
		}
	}
}

func TestVoicewake_nodesAreTold(t *testing.T) {
	t.Parallel()
	d, sockets := directory(Live{NodeID: "n1"}, Live{NodeID: "n2"})
	if r := start(t, d)("voicewake.set", `{"triggers":["hey"]}`, wire.Peer{}); r.Err != nil {
		t.Fatal(r.Err)
	}
	for id, s := range sockets {
		if d := cmp.Diff([]string{"welcome w", `voicewake.changed {"triggers":["hey"]}`}, s.told); d != "" {
			t.Errorf("%s was told (-want +got):\n%s", id, d)
		}
	}
	late := &socket{} // it read the words before they were set, and comes after
	d.put(Live{NodeID: "n3"}, late, wakeState{n: 0, words: []string{"old"}})
	if d := cmp.Diff([]string{"welcome hey"}, late.told); d != "" {
		t.Errorf("the late one was told (-want +got):\n%s", d)
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ in, want string }{
		{"abc", "abc"},
		{string(make([]rune, 63)) + "😀", string(make([]rune, 63))}, // two units, of which one would fit
		{string(make([]rune, 62)) + "😀x", string(make([]rune, 62)) + "😀"},
	} {
		if got := shorten(tc.in); got != tc.want {
			t.Errorf("shorten(%q) = %q", tc.in, got)
		}
	}
}
