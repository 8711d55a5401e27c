package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestTokenChanged: a token that is taken away or replaced closes the socket that was opened with it within a second, and
// the presence says so before it says that the node is back. A node that has only taken another way is not said to be gone.
func TestTokenChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]store.Op{
		"revoked":  func(tx *store.Tx) error { _, err := tx.DeleteNode("n1"); return err },
		"replaced": knows("n1", "second"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, _ := directory()
				r := newRig(t, d)
				first, other := r.connect("n1", "first"), r.connect("n2", "n2")
				moved := r.connect("n1", "first")
				if !first.saw("close") || moved.saw("close") {
					t.Error("the older connection is open, or the younger one is not")
				}
				if err := r.o.Store.Do(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				if err := r.ref.Tell(TokenChanged{"n1"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if !moved.saw("close") || other.saw("close") || d.IsConnected("n1") || !d.IsConnected("n2") {
					t.Error("after a second the socket is still open, or that of another node is not")
				}
				want := "n1 connected, n2 connected, n1 connected, n1 disconnected"
				if name == "replaced" { // it has the new token by the time it comes back
					r.connect("n1", "second")
					want += ", n1 connected"
				}
				synctest.Wait()
				r.mu.Lock()
				defer r.mu.Unlock()
				if got := strings.Join(r.heard, ", "); got != want {
					t.Errorf("presence: %s, want %s", got, want)
				}
			})
		})
	}
}

// TestTokenChanged_newOneFirst: the node that was let in again comes before the word that its token has changed.
func TestTokenChanged_newOneFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := directory()
		r := newRig(t, d)
		old := r.connect("n1", "first")
		if err := r.o.Store.Do(t.Context(), knows("n1", "second")); err != nil {
			t.Fatal(err)
		}
		young := r.connect("n1", "second")
		if err := r.ref.Tell(TokenChanged{"n1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if got, want := strings.Join(r.heard, ", "), "n1 connected, n1 disconnected, n1 connected"; got != want || !old.saw("close") || young.saw("close") {
			t.Errorf("presence: %s, want %s", got, want)
		}
	})
}

// knows has the store know a node by this token.
func knows(id, token string) store.Op {
	return func(tx *store.Tx) error {
		if _, err := tx.DeleteNode(id); err != nil {
			return err
		}
		_, err := pairing.AdoptNode(tx, wire.NodePaired{NodeID: id, Token: token, CreatedAtMs: 1, ApprovedAtMs: 1})
		return err
	}
}

// connect has a node come in, with a token that is then the stored one if nothing is stored.
func (r *rig) connect(id, token string) *socket {
	r.t.Helper()
	if err := r.o.Store.Do(r.t.Context(), func(tx *store.Tx) error {
		if row, err := tx.Node(id); row != nil || err != nil {
			return err
		}
		return knows(id, token)(tx)
	}); err != nil {
		r.t.Fatal(err)
	}
	s := &socket{}
	r.node(id, token, s)
	return s
}

// node makes a socket that of a node.
func (r *rig) node(id, token string, s *socket) actors.Ref[NodeMessage] {
	r.t.Helper()
	ref, err := Connect(r.t.Context(), r.ref, r.o, Live{NodeID: id, TokenHash: pairing.TokenHash(token)}, s)
	if err != nil {
		r.t.Fatal(err)
	}
	return ref
}

// TestCheck: every connected node is asked for a sign of life.
func TestCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := directory()
		r := newRig(t, d)
		one, two := r.connect("n1", "first"), r.connect("n2", "second")
		if err := r.ref.Tell(Check{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if want := "check 30s"; !one.saw(want) || !two.saw(want) {
			t.Errorf("not checked: %v %v", one.told, two.told)
		}
	})
}
