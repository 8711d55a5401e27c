package store

// Node is a device that was paired. Its token is known by its hash only.
type Node struct {
	ID                    string
	TokenHash, Detail     []byte // SHA-256; JSON of what the node says of itself
	CreatedAt, ApprovedAt int64
}

// NodeRequest is a device that waits to be paired. There is at most one per node.
type NodeRequest struct {
	ID, NodeID string
	Detail     []byte // JSON
	At         int64
}

const (
	nodeColumns        = `id, token_hash, detail, created_at, approved_at`
	nodeRequestColumns = `id, node_id, detail, at`

	sqlPutNode    = `INSERT OR REPLACE INTO nodes (` + nodeColumns + `) VALUES (?, ?, ?, ?, ?)`
	sqlNode       = `SELECT ` + nodeColumns + ` FROM nodes WHERE id = ?`
	sqlNodes      = `SELECT ` + nodeColumns + ` FROM nodes ORDER BY approved_at DESC, id`
	sqlDeleteNode = `DELETE FROM nodes WHERE id = ?`

	sqlPutNodeRequest    = `INSERT INTO node_requests (` + nodeRequestColumns + `) VALUES (?, ?, ?, ?)`
	sqlNodeRequests      = `SELECT ` + nodeRequestColumns + ` FROM node_requests ORDER BY at DESC, id`
	sqlDeleteNodeRequest = `DELETE FROM node_requests WHERE id = ?`
)

func nodeFields(n *Node) []any {
	return []any{&n.ID, &n.TokenHash, &n.Detail, &n.CreatedAt, &n.ApprovedAt}
}

func nodeRequestFields(r *NodeRequest) []any { return []any{&r.ID, &r.NodeID, &r.Detail, &r.At} }

// PutNode stores a paired node, in place of an older one with its id.
func (tx *Tx) PutNode(n Node) error {
	_, err := tx.h.exec(sqlPutNode, n.ID, n.TokenHash, n.Detail, n.CreatedAt, n.ApprovedAt)
	return wrap("put node", err)
}

// Node finds a paired node.
func (v *View) Node(id string) (*Node, error) {
	n, err := one(v.h, nodeFields, sqlNode, id)
	return n, wrap("find node", err)
}

// Nodes lists the paired nodes, the one approved last first.
func (v *View) Nodes() ([]Node, error) {
	ns, err := list(v.h, nodeFields, sqlNodes)
	return ns, wrap("list nodes", err)
}

// DeleteNode removes a paired node, and says whether there was one.
func (tx *Tx) DeleteNode(id string) (bool, error) {
	n, err := tx.h.change(sqlDeleteNode, id)
	return n > 0, wrap("delete node", err)
}

// PutNodeRequest stores a request. It is an error if the node waits already.
func (tx *Tx) PutNodeRequest(r NodeRequest) error {
	_, err := tx.h.exec(sqlPutNodeRequest, r.ID, r.NodeID, r.Detail, r.At)
	return wrap("put node request", err)
}

// NodeRequests lists all requests, newest first, also those that have waited too long: the caller looks at At.
func (v *View) NodeRequests() ([]NodeRequest, error) {
	rs, err := list(v.h, nodeRequestFields, sqlNodeRequests)
	return rs, wrap("list node requests", err)
}

// DeleteNodeRequest removes a request. No such request is no error.
func (tx *Tx) DeleteNodeRequest(id string) error {
	_, err := tx.h.exec(sqlDeleteNodeRequest, id)
	return wrap("delete node request", err)
}
