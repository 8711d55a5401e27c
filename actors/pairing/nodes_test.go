package pairing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

func (r *rig) requestNode(id string) (wire.NodePairRequestResult, error) {
	return actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.NodePairRequestResult]) Message {
		return RequestNode{p, wire.NodePending{NodeID: id, Permissions: map[string]bool{"camera": true}}}
	})
}

func (r *rig) waits(id string) string {
	r.t.Helper()
	res, err := r.requestNode(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.Request.RequestID
}

func (r *rig) approveNode(requestID string) (wire.NodePairApproveResult, error) {
	return actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.NodePairApproveResult]) Message { return ApproveNode{p, requestID} })
}

func (r *rig) listNodes() wire.NodePairListResult {
	r.t.Helper()
	l, err := actors.Ask(r.t.Context(), r.ref, func(p actors.Reply[wire.NodePairListResult]) Message { return ListNodes{p} })
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// await asks for the decision; the answer comes on the channel.
func (r *rig) await(requestID string) <-chan NodeOutcome {
	r.t.Helper()
	out := make(chan NodeOutcome, 1)
	reply := actors.ReplyTo(func(o NodeOutcome, err error) {
		if err != nil {
			o.State = err.Error()
		}
		out <- o
	})
	if err := r.ref.Tell(AwaitNode{Reply: reply, RequestID: requestID}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// next reads the outcome that a waiting node is given.
func next(t *testing.T, out <-chan NodeOutcome) NodeOutcome {
	t.Helper()
	select {
	case o := <-out:
		return o
	case <-time.After(30 * time.Second):
		t.Fatal("no outcome")
		return NodeOutcome{}
	}
}

func TestNode_waitingConnectionsGetTheToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.waits("n1")
	first, second := r.await(id), r.await(id)
	approved, err := r.approveNode(id)
	if err != nil || !approved.Node.Permissions["camera"] {
		t.Fatalf("approve: %+v, %v", approved, err)
	}
	late := r.await(id)
	for _, out := range []<-chan NodeOutcome{first, second, late} {
		if o := next(t, out); o.State != NodeApproved || o.Node.Token != approved.Node.Token || len(o.Node.Token) != 32 {
			t.Errorf("outcome %+v", o)
		}
	}
	rejected := r.waits("n2")
	out := r.await(rejected)
	_, err = actors.Ask(t.Context(), r.ref, func(p actors.Reply[wire.NodePairRejectResult]) Message { return RejectNode{p, rejected} })
	if o := next(t, out); err != nil || o.State != NodeRejected || o.Node.Token != "" {
		t.Errorf("outcome %+v, %v", o, err)
	}
	if o := next(t, r.await("unknown")); o.State != NodeExpired {
		t.Errorf("outcome of nothing: %+v", o)
	}
	if n := r.listNodes().Paired[0]; n.Token != "" || strings.Contains(fmt.Sprint(n), approved.Node.Token) {
		t.Errorf("the list has the token: %+v", n)
	}
}

func TestNode_requestsExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.waits("n1")
	r.later(requestLife)
	if got := r.waits("n1"); got != id {
		t.Error("a request of five minutes is gone")
	}
	r.later(time.Millisecond)
	if l := r.listNodes(); len(l.Pending) != 0 {
		t.Errorf("still pending: %+v", l.Pending)
	}
	if _, err := r.approveNode(id); err == nil || err.Error() != "unknown requestId" {
		t.Errorf("approved after it expired: %v", err)
	}
	if got := r.waits("n1"); got == id {
		t.Error("the expired request is used again")
	}
}

func TestNode_hundredMayWait(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range maxRequests {
		r.waits(fmt.Sprint("n", i))
	}
	if _, err := r.requestNode("more"); err == nil || !strings.Contains(err.Error(), "100 nodes wait") {
		t.Errorf("one more: %v", err)
	}
	if res, err := r.requestNode("n7"); err != nil || res.Created {
		t.Errorf("a repeat: %+v, %v", res, err)
	}
}

func TestNode_storedTokenIsAHash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	approved, err := r.approveNode(r.waits("n1"))
	if err != nil {
		t.Fatal(err)
	}
	err = r.store.View(t.Context(), func(v *store.View) error {
		row, err := v.Node("n1")
		if err == nil && (strings.Contains(string(row.Detail), approved.Node.Token) || string(row.TokenHash) != string(TokenHash(approved.Node.Token))) {
			t.Errorf("row %s, hash %x", row.Detail, row.TokenHash)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestGreet_codes: a hello is refused with one of two codes; apps give up on any other (bridge-canvas 1.6).
func TestGreet_codes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := r.do(func(tx *store.Tx) error {
		_, err := AdoptNode(tx, wire.NodePaired{NodeID: "known", Token: "good", CreatedAtMs: 1, ApprovedAtMs: 1})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ id, token, want string }{
		{"known", "good", ""},
		{"known", "", "UNAUTHORIZED pairing required"},
		{"known", "bad", "UNAUTHORIZED invalid token"},
		{"unknown", "", "NOT_PAIRED pairing required"},
		{"unknown", "good", "UNAUTHORIZED invalid token"},
		{"KNOWN", "good", "UNAUTHORIZED invalid token"},
	} {
		var g Greeting
		err := r.store.View(t.Context(), func(v *store.View) (err error) {
			g, err = Greet(v, wire.NodePaired{NodeID: tc.id, Token: tc.token})
			return err
		})
		got := ""
		if g.Refused != nil {
			got = g.Refused.Code + " " + g.Refused.Message
		}
		if err != nil || got != tc.want {
			t.Errorf("%q with %q: %q, %v; want %q", tc.id, tc.token, got, err, tc.want)
		}
	}
}
