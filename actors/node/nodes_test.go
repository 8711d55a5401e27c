package node

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// bridge has the connections that a test gives it.
type bridge struct {
	live []Live
	mu   sync.Mutex
	told []string // guarded by mu
}

func (b *bridge) Connected() []Live { return b.live }

func (b *bridge) Invoke(c *wire.Call, p wire.NodeInvokeParams) {
	c.OK(wire.NodeInvokeResult{OK: true, NodeID: p.NodeID, Command: p.Command})
}

func (b *bridge) Tell(event string, payload any) {
	raw, _ := wire.Marshal(payload)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, event+" "+string(raw))
}

// start runs the actor on a real store and gives a function that calls a method of it.
func start(t *testing.T, b Bridge) func(method, params string, peer wire.Peer) wire.Result {
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
	o := Options{Store: s, Stream: eventstream.NewStream(events, state), Bridge: b, Dir: filepath.Join(dir, "settings")}
	ref, err := actors.Spawn(sys, "nodes", Props(o))
	if err != nil {
		t.Fatal(err)
	}
	return func(method, params string, peer wire.Peer) wire.Result {
		t.Helper()
		answers := make(chan wire.Result, 1)
		for _, m := range Methods(ref, o) {
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

func TestInvoke_withABridge(t *testing.T) {
	t.Parallel()
	call := start(t, &bridge{live: []Live{{NodeID: "n1"}}})
	for params, want := range map[string]string{
		`{"nodeId":" n1 ","command":" canvas.eval ","idempotencyKey":"k"}`: "",
		`{"nodeId":"n2","command":"x","idempotencyKey":"k"}`:               "Error: UNAVAILABLE: node not connected (n2)",
		`{"nodeId":" ","command":"x","idempotencyKey":"k"}`:                "nodeId and command required",
		`{"nodeId":"n1","command":" ","idempotencyKey":"k"}`:               "nodeId and command required",
	} {
		r := call("node.invoke", params, wire.Peer{})
		got := ""
		if r.Err != nil {
			got = r.Err.Message
		} else if p := r.Payload.(wire.NodeInvokeResult); p.NodeID != "n1" || p.Command != "canvas.eval" {
			t.Errorf("invoked %+v", p)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", params, got, want)
		}
	}
}

func TestTalkMode_webchatNeedsAPhone(t *testing.T) {
	t.Parallel()
	for platform, ok := range map[string]bool{"iOS 26": true, " iPadOS": true, "ANDROID": true, "macos": false, "": false} {
		call := start(t, &bridge{live: []Live{{NodeID: "n1", Platform: platform}}})
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
	b := &bridge{}
	if r := start(t, b)("voicewake.set", `{"triggers":["hey"]}`, wire.Peer{}); r.Err != nil {
		t.Fatal(r.Err)
	}
	if d := cmp.Diff([]string{`voicewake.changed {"triggers":["hey"]}`}, b.told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
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
