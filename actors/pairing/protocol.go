package pairing

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the pairing actor accepts.
type Message interface{ pairingMessage() }

// List asks for the senders who wait and those who are let in.
type List struct {
	actors.Reply[wire.PairingListResult]
}

// Approve lets the holder of a code in. The answer is who that is; a *wire.Error says what was wrong with the code.
type Approve struct {
	actors.Reply[wire.PairingSender]
	Code string
}

// RequestNode asks for a pairing on behalf of a node. Of Node the id and what the node says of itself count; a request
// of a node that waits already changes nothing.
type RequestNode struct {
	actors.Reply[wire.NodePairRequestResult]
	Node wire.NodePending
}

// ListNodes asks for the nodes that wait and those that are paired, without tokens.
type ListNodes struct {
	actors.Reply[wire.NodePairListResult]
}

// ApproveNode lets a node in. The answer has its token; a *wire.Error says that there is no such request.
type ApproveNode struct {
	actors.Reply[wire.NodePairApproveResult]
	RequestID string
}

// RejectNode turns a node away; an earlier pairing of it stays.
type RejectNode struct {
	actors.Reply[wire.NodePairRejectResult]
	RequestID string
}

// VerifyNode checks the token of a node.
type VerifyNode struct {
	actors.Reply[wire.NodePairVerifyResult]
	NodeID, Token string
}

// RevokeNode takes a node's pairing away. A *wire.Error says that there is no such node.
type RevokeNode struct {
	actors.Reply[wire.NodePairRevokeResult]
	NodeID string
}

// AwaitNode waits for the decision on a request, for 5 minutes at most. It is for the connection of the node itself,
// which is given its token that way: nobody can ask for a token later. Gone is closed when nobody waits any more; nil =
// somebody always does.
type AwaitNode struct {
	actors.Reply[NodeOutcome]
	RequestID string
	Gone      <-chan struct{}
}

// What became of a node's request.
const (
	NodeApproved = "approved"
	NodeRejected = "rejected"
	NodeExpired  = "expired" // or there was no such request
)

// NodeOutcome answers AwaitNode.
type NodeOutcome struct {
	State string
	Node  wire.NodePaired // with its token, when approved
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

// decided says what became of a request.
type decided struct {
	requestID string
	at        time.Time
	outcome   NodeOutcome
}

// looked is what AwaitNode found: how long the request may still wait, 0 = it does not.
type looked struct {
	await AwaitNode
	wait  time.Duration
	err   error
}

// lapsed ends the wait for a request.
type lapsed struct{ requestID string }

// forget drops a decision, and the token in it.
type forget struct{ requestID string }

func (List) pairingMessage()        {}
func (Approve) pairingMessage()     {}
func (RequestNode) pairingMessage() {}
func (ListNodes) pairingMessage()   {}
func (ApproveNode) pairingMessage() {}
func (RejectNode) pairingMessage()  {}
func (VerifyNode) pairingMessage()  {}
func (RevokeNode) pairingMessage()  {}
func (AwaitNode) pairingMessage()   {}
func (done) pairingMessage()        {}
func (decided) pairingMessage()     {}
func (looked) pairingMessage()      {}
func (lapsed) pairingMessage()      {}
func (forget) pairingMessage()      {}
