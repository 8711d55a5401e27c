package tools

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/transport/wire"
)

// Web is the name of the web page where a node's is expected.
const Web = "webchat"

// Options are what the tools work with. Call is required; without Workspace no files are read, without Save media are in the
// result only.
type Options struct {
	// Call calls a method of the gateway; params are encoded as JSON.
	Call func(ctx context.Context, method string, params any) (wire.Raw, error)
	// Workspace is the directory of the agent, whose files it may push.
	Workspace func() string
	// Save keeps a file for the answer and returns its path.
	Save func(mime, name string, data []byte) (path string, err error)
	// Approve is asked before a command is run on a device; nil = nobody is asked.
	Approve Approve
}

// Resolve finds a node as it is called: by id, address, name, or at least six characters of the beginning of its id.
func Resolve(nodes []wire.NodeRow, query string) (id string, err error) {
	query = strings.TrimSpace(query)
	var found, known []string
	for _, n := range nodes {
		name := n.NodeID
		if n.DisplayName != "" {
			name = n.DisplayName
		}
		known = append(known, name)
		switch {
		case n.NodeID == query:
			return n.NodeID, nil
		case query != "" && (n.RemoteIP == query || simple(n.DisplayName) == simple(query) && simple(query) != "" || len(query) >= 6 && strings.HasPrefix(n.NodeID, query)):
			found = append(found, n.NodeID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(known) == 0 {
			known = []string{"none"}
		}
		return "", fmt.Errorf("unknown node: %s (known: %s)", query, strings.Join(known, ", "))
	}
	return "", fmt.Errorf("ambiguous node: %s (matches: %s)", query, strings.Join(found, ", "))
}

var separators = regexp.MustCompile(`[^a-z0-9]+`)

// simple is a name without what people write differently.
func simple(name string) string {
	return strings.Trim(separators.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// ForCanvas finds the device that shows a canvas when none is named: the one that is connected, of several the one Mac. With
// none connected it is the web page.
func ForCanvas(nodes []wire.NodeRow) (id string, err error) {
	var able, macs []string
	for _, n := range nodes {
		if !n.Connected || len(n.Caps) > 0 && !slices.Contains(n.Caps, "canvas") {
			continue
		}
		able = append(able, n.NodeID)
		if strings.HasPrefix(strings.ToLower(n.Platform), "mac") && strings.HasPrefix(n.NodeID, "mac-") {
			macs = append(macs, n.NodeID)
		}
	}
	switch {
	case len(able) == 0:
		return Web, nil
	case len(able) == 1:
		return able[0], nil
	case len(macs) == 1:
		return macs[0], nil
	}
	return "", errors.New("node required: several nodes have a canvas (" + strings.Join(able, ", ") + "); " + Web + " is the web page")
}

// nodes asks for all nodes.
func (o Options) nodes(ctx context.Context) ([]wire.NodeRow, error) {
	raw, err := o.Call(ctx, "node.list", struct{}{})
	if err != nil {
		return nil, err
	}
	var r wire.NodeListResult
	if err := wire.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("node.list: %w", err)
	}
	return r.Nodes, nil
}

// Device finds the node for a command by how it is called; canvas commands need no name, and may go to the web page.
func (o Options) Device(ctx context.Context, name, command string) (id string, err error) {
	canvas := strings.HasPrefix(command, "canvas.")
	if name == Web && canvas {
		return Web, nil
	}
	all, err := o.nodes(ctx)
	switch {
	case err != nil:
		return "", err
	case name != "":
		return Resolve(all, name)
	case canvas:
		return ForCanvas(all)
	}
	return "", errors.New("node required")
}

// Invoke has a device, or the web page, carry out a command and returns what it answers; nil when that is nothing.
func (o Options) Invoke(ctx context.Context, device, command string, params any, timeoutMs *int64) (wire.Raw, error) {
	encoded, err := wire.Marshal(params)
	if err != nil {
		return nil, err
	}
	if device == Web {
		raw, err := o.Call(ctx, "canvas.invoke", wire.CanvasInvokeParams{Command: command, Params: encoded})
		if err != nil {
			return nil, err
		}
		return payload(raw)
	}
	raw, err := o.Call(ctx, "node.invoke", wire.NodeInvokeParams{
		NodeID: device, Command: command, Params: encoded, TimeoutMs: timeoutMs, IdempotencyKey: uuid.NewString(),
	})
	if err != nil {
		return nil, err
	}
	return payload(raw)
}

func payload(raw wire.Raw) (wire.Raw, error) {
	var r struct {
		Payload wire.Raw `json:"payload"`
	}
	if err := wire.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("the answer of the device: %w", err)
	}
	return r.Payload, nil
}
