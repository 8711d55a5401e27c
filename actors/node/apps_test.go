package node

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestDirectory_welcomeFirst: however much is told meanwhile, the first line of a connection is its welcome
// (bridge-canvas 1.9).
func TestDirectory_welcomeFirst(t *testing.T) {
	t.Parallel()
	d, _ := directory(Live{NodeID: "other"})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 200 {
				d.tellWords([]string{"new"})
				d.Hear(eventstream.Event{Name: wire.EventTick, Payload: wire.Raw(`{}`)})
			}
		})
	}
	for i := range 100 {
		s := &socket{}
		d.put(Live{NodeID: "n1"}, s, wakeState{words: []string{"w"}})
		d.follow("n1", s, "main")
		s.mu.Lock()
		if !strings.HasPrefix(s.told[0], "welcome ") {
			t.Errorf("connection %d was told %q first", i, s.told[0])
		}
		s.mu.Unlock()
	}
	all.Wait()
}

// TestHear: who hears of what (bridge-canvas 1.12).
func TestHear(t *testing.T) {
	t.Parallel()
	d, sockets := directory(Live{NodeID: "follows"}, Live{NodeID: "elsewhere"}, Live{NodeID: "deaf"})
	d.follow("follows", sockets["follows"], "main")
	d.follow("elsewhere", sockets["elsewhere"], "other")
	names := []string{
		wire.EventChat, wire.EventAgent, wire.EventHealth, wire.EventTick, wire.EventPresence, wire.EventTalkMode, wire.EventHeartbeat,
		wire.EventCron, wire.EventShutdown, wire.EventNodePairRequested, wire.EventNodePairResolved,
	}
	for _, name := range names {
		d.Hear(eventstream.Event{Name: name, SessionKey: "main", Payload: wire.Raw(`1`)})
	}
	d.Hear(eventstream.Event{Name: wire.EventAgent, Payload: wire.Raw(`"of no session"`)})
	for id, want := range map[string][]string{
		"follows":   {"chat 1", "agent 1", "health 1", "tick 1"},
		"elsewhere": {"health 1", "tick 1"},
		"deaf":      {},
	} {
		if diff := cmp.Diff(want, sockets[id].told[1:]); diff != "" {
			t.Errorf("%s heard (-want +got):\n%s", id, diff)
		}
	}
}

// TestChatSend_inTime: a chat.send of a node is answered after 30 s at the latest, or when the node's own patience ends,
// with the run going on; one whose run ends before that has the run's answer (bridge-canvas 1.10).
func TestChatSend_inTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := directory()
		r := newRig(t, d)
		var seen []string // params as they are passed on
		r.method = func(c *wire.Call) {
			var p wire.ChatSendParams
			if err := wire.Unmarshal(c.Params, &p); err != nil {
				t.Error(err)
			}
			seen = append(seen, fmt.Sprint(p.IdempotencyKey, " ", p.TimeoutMs))
			c.Hold()
			if p.Message == "quick" {
				time.AfterFunc(3*time.Second, func() {
					c.Respond(wire.Result{Payload: wire.RunResult{RunID: p.IdempotencyKey, Status: wire.RunOK}})
				})
			}
		}
		s := r.connect("n1", "n1")
		node := r.node("n1", "n1", s)
		for _, tc := range []struct {
			key, message, timeout string
			after                 time.Duration
			want                  string
		}{
			{"a", "long", ``, 30 * time.Second, `{"runId":"a","status":"accepted"}`},
			{"b", "long", `,"timeoutMs":600000`, 30 * time.Second, `{"runId":"b","status":"accepted"}`},
			{"c", "long", `,"timeoutMs":5000`, 5 * time.Second, `{"runId":"c","status":"accepted"}`},
			{"d", "quick", ``, 3 * time.Second, `{"runId":"d","status":"ok"}`},
		} {
			params := fmt.Sprintf(`{"sessionKey":"main","message":%q,"idempotencyKey":%q%s}`, tc.message, tc.key, tc.timeout)
			done := make(chan struct{})
			if err := node.Tell(NewCall(s, tc.key, "chat.send", &params, func() { close(done) })); err != nil {
				t.Fatal(err)
			}
			at := time.Now()
			<-done
			if took := time.Since(at); took != tc.after || !s.saw("res "+tc.key+" "+tc.want) {
				t.Errorf("%s: answered after %v with %q", params, took, s.told)
			}
		}
		if diff := cmp.Diff([]string{"a <nil>", "b <nil>", "c <nil>", "d <nil>"}, seen); diff != "" {
			t.Errorf("passed on (-want +got): a node's patience is not the run's\n%s", diff)
		}
	})
}
