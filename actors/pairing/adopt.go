package pairing

import (
	"bytes"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// AdoptNode stores a node that another gateway has paired, with its token. It is not adopted when a node of its id is
// known by another token.
func AdoptNode(tx *store.Tx, n wire.NodePaired) (adopted bool, err error) {
	hash := TokenHash(n.Token)
	known, err := tx.Node(n.NodeID)
	if err != nil || known != nil {
		return known != nil && bytes.Equal(known.TokenHash, hash), err
	}
	n.Token = ""
	return true, putNode(tx, n, hash)
}

// AdoptRequest stores a request that another gateway was asked, unless its time is over or the node waits already.
func AdoptRequest(tx *store.Tx, p wire.NodePending, now time.Time) (adopted bool, err error) {
	detail, err := wire.Marshal(p)
	if err != nil {
		return false, err
	}
	row := store.NodeRequest{ID: p.RequestID, NodeID: p.NodeID, Detail: detail, At: p.TS}
	if expired(row, now) {
		return false, nil
	}
	waiting, err := tx.NodeRequests()
	if err != nil || len(waiting) >= maxRequests {
		return false, err
	}
	for _, w := range waiting {
		if w.NodeID == p.NodeID || w.ID == p.RequestID {
			return false, nil
		}
	}
	return true, tx.PutNodeRequest(row)
}
