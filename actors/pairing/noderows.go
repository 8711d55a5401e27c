package pairing

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	requestLife = 5 * time.Minute // of a node's request, and of a token for whoever waits for it
	maxRequests = 100             // nodes that wait at one time
)

// requestNode lists a node as waiting, unless it waits already.
func requestNode(tx *store.Tx, p wire.NodePending, now time.Time) (wire.NodePending, bool, error) {
	if p.NodeID = strings.TrimSpace(p.NodeID); p.NodeID == "" {
		return p, false, wire.Unavailable("Error: nodeId required")
	}
	waiting, err := nodeRequests(&tx.View, now)
	if err != nil {
		return p, false, err
	}
	for _, w := range waiting {
		if w.NodeID == p.NodeID {
			return w, false, nil
		}
	}
	if len(waiting) >= maxRequests {
		return p, false, wire.Unavailable("Error: %d nodes wait to be paired already; decide on some of them first", len(waiting))
	}
	known, err := tx.Node(p.NodeID)
	if err != nil {
		return p, false, err
	}
	if err := dropOldRequests(tx, now); err != nil {
		return p, false, err
	}
	p.RequestID, p.IsRepair, p.TS = uuid.NewString(), known != nil, now.UnixMilli()
	detail, err := wire.Marshal(p)
	if err != nil {
		return p, false, fmt.Errorf("encode node request: %w", err)
	}
	return p, true, tx.PutNodeRequest(store.NodeRequest{ID: p.RequestID, NodeID: p.NodeID, Detail: detail, At: p.TS})
}

// nodeRequests lists the nodes that wait, newest first.
func nodeRequests(v *store.View, now time.Time) ([]wire.NodePending, error) {
	rows, err := v.NodeRequests()
	if err != nil {
		return nil, err
	}
	all := []wire.NodePending{}
	for _, r := range rows {
		if expired(r, now) {
			continue
		}
		var p wire.NodePending
		if err := wire.Unmarshal(r.Detail, &p); err != nil {
			return nil, fmt.Errorf("read node request %s: %w", r.ID, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func expired(r store.NodeRequest, now time.Time) bool {
	return now.UnixMilli()-r.At > requestLife.Milliseconds()
}

func dropOldRequests(tx *store.Tx, now time.Time) error {
	rows, err := tx.NodeRequests()
	if err != nil {
		return err
	}
	for _, r := range rows {
		if expired(r, now) {
			if err := tx.DeleteNodeRequest(r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeRequest removes the request that is decided on.
func takeRequest(tx *store.Tx, id string, now time.Time) (wire.NodePending, error) {
	waiting, err := nodeRequests(&tx.View, now)
	if err != nil {
		return wire.NodePending{}, err
	}
	for _, w := range waiting {
		if w.RequestID == id {
			return w, tx.DeleteNodeRequest(id)
		}
	}
	return wire.NodePending{}, wire.InvalidRequest("unknown requestId")
}

// approveNode makes a node that waits a paired one, with a new token. What the node said this time replaces all that it
// said before, except when it was first paired.
func approveNode(tx *store.Tx, requestID string, now time.Time) (wire.NodePaired, error) {
	p, err := takeRequest(tx, requestID, now)
	if err != nil {
		return wire.NodePaired{}, err
	}
	n := wire.NodePaired{
		NodeID: p.NodeID, DisplayName: p.DisplayName, Platform: p.Platform, Version: p.Version, DeviceFamily: p.DeviceFamily,
		ModelIdentifier: p.ModelIdentifier, Caps: p.Caps, Commands: p.Commands, Permissions: p.Permissions, RemoteIP: p.RemoteIP,
		CreatedAtMs: now.UnixMilli(), ApprovedAtMs: now.UnixMilli(),
	}
	old, err := tx.Node(p.NodeID)
	if err != nil {
		return n, err
	}
	if old != nil {
		n.CreatedAtMs = old.CreatedAt
	}
	token := newToken()
	err = putNode(tx, n, TokenHash(token))
	n.Token = token
	return n, err
}

// putNode stores a node; n.Token must be empty.
func putNode(tx *store.Tx, n wire.NodePaired, tokenHash []byte) error {
	detail, err := wire.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode node: %w", err)
	}
	return tx.PutNode(store.Node{
		ID: n.NodeID, TokenHash: tokenHash, Detail: detail, CreatedAt: n.CreatedAtMs, ApprovedAt: n.ApprovedAtMs,
	})
}

// verifyNode checks a token. The node in the answer has none: whoever asks has it.
func verifyNode(v *store.View, nodeID, token string) (wire.NodePairVerifyResult, error) {
	row, err := v.Node(strings.TrimSpace(nodeID))
	if err != nil || row == nil || !tokenMatches(row.TokenHash, token) {
		return wire.NodePairVerifyResult{}, err
	}
	n, err := paired(*row)
	return wire.NodePairVerifyResult{OK: err == nil, Node: &n}, err
}

func paired(row store.Node) (n wire.NodePaired, err error) {
	if err := wire.Unmarshal(row.Detail, &n); err != nil {
		return n, fmt.Errorf("read node %s: %w", row.ID, err)
	}
	return n, nil
}

// Nodes lists the paired nodes without their tokens, the one approved last first.
func Nodes(v *store.View) ([]wire.NodePaired, error) {
	rows, err := v.Nodes()
	all := []wire.NodePaired{}
	for _, r := range rows {
		n, err := paired(r)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, err
}

// RenameNode gives a paired node another name; false when there is no such node.
func RenameNode(tx *store.Tx, nodeID, name string) (bool, error) {
	row, err := tx.Node(nodeID)
	if err != nil || row == nil {
		return false, err
	}
	n, err := paired(*row)
	if err != nil {
		return false, err
	}
	n.DisplayName = name
	return true, putNode(tx, n, row.TokenHash)
}
