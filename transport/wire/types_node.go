package wire

// NodePending is a node that asks to be paired (protocol 3.12).
type NodePending struct {
	RequestID       string          `json:"requestId"`
	NodeID          string          `json:"nodeId"`
	DisplayName     string          `json:"displayName,omitempty"`
	Platform        string          `json:"platform,omitempty"`
	Version         string          `json:"version,omitempty"`
	DeviceFamily    string          `json:"deviceFamily,omitempty"`
	ModelIdentifier string          `json:"modelIdentifier,omitempty"`
	Caps            []string        `json:"caps,omitempty"`
	Commands        []string        `json:"commands,omitempty"`
	Permissions     map[string]bool `json:"permissions,omitempty"`
	RemoteIP        string          `json:"remoteIp,omitempty"`
	Silent          *bool           `json:"silent,omitempty"`
	IsRepair        bool            `json:"isRepair"`
	TS              int64           `json:"ts"` // ms
}

// NodePaired is a paired node. Token is secret; a list gives it as "".
type NodePaired struct {
	NodeID          string          `json:"nodeId"`
	Token           string          `json:"token"`
	DisplayName     string          `json:"displayName,omitempty"`
	Platform        string          `json:"platform,omitempty"`
	Version         string          `json:"version,omitempty"`
	DeviceFamily    string          `json:"deviceFamily,omitempty"`
	ModelIdentifier string          `json:"modelIdentifier,omitempty"`
	Caps            []string        `json:"caps,omitempty"`
	Commands        []string        `json:"commands,omitempty"`
	Permissions     map[string]bool `json:"permissions,omitempty"`
	RemoteIP        string          `json:"remoteIp,omitempty"`
	CreatedAtMs     int64           `json:"createdAtMs"`
	ApprovedAtMs    int64           `json:"approvedAtMs"`
}

// NodePairRequestParams asks for a pairing on behalf of a node.
type NodePairRequestParams struct {
	NodeID          string   `json:"nodeId" jsonschema:"minLength=1"`
	DisplayName     string   `json:"displayName,omitempty" jsonschema:"minLength=1"`
	Platform        string   `json:"platform,omitempty" jsonschema:"minLength=1"`
	Version         string   `json:"version,omitempty" jsonschema:"minLength=1"`
	DeviceFamily    string   `json:"deviceFamily,omitempty" jsonschema:"minLength=1"`
	ModelIdentifier string   `json:"modelIdentifier,omitempty" jsonschema:"minLength=1"`
	Caps            []string `json:"caps,omitempty" jsonschema:"minLength=1"`
	Commands        []string `json:"commands,omitempty" jsonschema:"minLength=1"`
	RemoteIP        string   `json:"remoteIp,omitempty" jsonschema:"minLength=1"`
	Silent          *bool    `json:"silent,omitempty"`
}

// NodePairRequestResult: Created is false when the node was waiting already.
type NodePairRequestResult struct {
	Status  string      `json:"status" jsonschema:"enum=pending"`
	Request NodePending `json:"request"`
	Created bool        `json:"created"`
}

// NodePairListResult has the newest first in both lists.
type NodePairListResult struct {
	Pending []NodePending `json:"pending"`
	Paired  []NodePaired  `json:"paired"`
}

// NodePairApproveParams lets a node in.
type NodePairApproveParams struct {
	RequestID string `json:"requestId" jsonschema:"minLength=1"`
}

// NodePairApproveResult has the new token, this once.
type NodePairApproveResult struct {
	RequestID string     `json:"requestId"`
	Node      NodePaired `json:"node"`
}

// NodePairRejectParams turns a node away.
type NodePairRejectParams struct {
	RequestID string `json:"requestId" jsonschema:"minLength=1"`
}

// NodePairRejectResult names the node.
type NodePairRejectResult struct {
	RequestID string `json:"requestId"`
	NodeID    string `json:"nodeId"`
}

// NodePairVerifyParams checks a token.
type NodePairVerifyParams struct {
	NodeID string `json:"nodeId" jsonschema:"minLength=1"`
	Token  string `json:"token" jsonschema:"minLength=1"`
}

// NodePairVerifyResult: Node is absent when the token is wrong.
type NodePairVerifyResult struct {
	OK   bool        `json:"ok"`
	Node *NodePaired `json:"node,omitempty"`
}

// NodePairResolvedEvent tells the decision.
type NodePairResolvedEvent struct {
	RequestID string `json:"requestId" jsonschema:"minLength=1"`
	NodeID    string `json:"nodeId" jsonschema:"minLength=1"`
	Decision  string `json:"decision" jsonschema:"enum=approved,enum=rejected"`
	TS        int64  `json:"ts" jsonschema:"minimum=0"` // ms
}

// NodeRenameParams gives a paired node a name.
type NodeRenameParams struct {
	NodeID      string `json:"nodeId" jsonschema:"minLength=1"`
	DisplayName string `json:"displayName" jsonschema:"minLength=1"`
}

// NodeRenameResult has the trimmed name.
type NodeRenameResult struct {
	NodeID      string `json:"nodeId"`
	DisplayName string `json:"displayName"`
}

// NodeListResult has connected nodes first.
type NodeListResult struct {
	TS    int64     `json:"ts"` // ms
	Nodes []NodeRow `json:"nodes"`
}

// NodeRow is one node, paired or connected or both.
type NodeRow struct {
	NodeID          string          `json:"nodeId"`
	DisplayName     string          `json:"displayName,omitempty"`
	Platform        string          `json:"platform,omitempty"`
	Version         string          `json:"version,omitempty"`
	DeviceFamily    string          `json:"deviceFamily,omitempty"`
	ModelIdentifier string          `json:"modelIdentifier,omitempty"`
	RemoteIP        string          `json:"remoteIp,omitempty"`
	Caps            []string        `json:"caps"`
	Commands        []string        `json:"commands"`
	Permissions     map[string]bool `json:"permissions,omitempty"`
	Paired          bool            `json:"paired"`
	Connected       bool            `json:"connected"`
}

// NodeDescribeParams asks for one node.
type NodeDescribeParams struct {
	NodeID string `json:"nodeId" jsonschema:"minLength=1"`
}

// NodeDescribeResult is a row with a time.
type NodeDescribeResult struct {
	TS int64 `json:"ts"` // ms
	NodeRow
}

// NodeInvokeParams runs a command on a node. Params is nil when absent. MailboxMs is how long the command may wait for a
// node that is not connected; absent or 0 = not at all.
type NodeInvokeParams struct {
	NodeID         string `json:"nodeId" jsonschema:"minLength=1"`
	Command        string `json:"command" jsonschema:"minLength=1"`
	Params         Raw    `json:"params,omitzero"`
	TimeoutMs      *int64 `json:"timeoutMs,omitempty" jsonschema:"minimum=0"`
	IdempotencyKey string `json:"idempotencyKey" jsonschema:"minLength=1"`
	MailboxMs      *int64 `json:"mailboxMs,omitempty" jsonschema:"minimum=0"`
}

// NodeInvokeResult has the node's answer, parsed and as text.
type NodeInvokeResult struct {
	OK          bool    `json:"ok"`
	NodeID      string  `json:"nodeId"`
	Command     string  `json:"command"`
	Payload     Raw     `json:"payload,omitzero"`
	PayloadJSON *string `json:"payloadJSON" jsonschema:"nullable"`
}

// NodeErrorDetails is the details of a refused invoke.
type NodeErrorDetails struct {
	NodeError *NodeError `json:"nodeError" jsonschema:"nullable"`
}

// NodeError is the error in the node's own words.
type NodeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// NodePairRevokeParams takes a node's token away.
type NodePairRevokeParams struct {
	NodeID string `json:"nodeId" jsonschema:"minLength=1"`
}

// NodePairRevokeResult names the node, which is not paired any more.
type NodePairRevokeResult struct {
	NodeID string `json:"nodeId"`
}
