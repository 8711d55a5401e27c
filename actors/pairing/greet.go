package pairing

import (
	"bytes"
	"cmp"
	"maps"
	"strings"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Codes of a refused hello (bridge-canvas 1.6).
const (
	codeNotPaired    = "NOT_PAIRED"
	codeUnauthorized = "UNAUTHORIZED"
)

// Greeting is what a node's hello comes to.
type Greeting struct {
	Node    wire.NodePaired // what is known of it now, without its token
	Hash    []byte          // of its token
	Refused *wire.Error     // NOT_PAIRED or UNAUTHORIZED; then the rest is empty
	news    bool            // something of it differs from what is stored
}

// Greet judges the hello of a node. What was said at the pairing, or by rename, wins over what the node says now, but
// for what it can do and may do, and for where it is.
func Greet(v *store.View, said wire.NodePaired) (g Greeting, err error) {
	row, err := v.Node(said.NodeID)
	switch {
	case err != nil:
		return g, err
	case said.Token == "" && row == nil:
		g.Refused = &wire.Error{Code: codeNotPaired, Message: "pairing required"}
	case said.Token == "":
		g.Refused = &wire.Error{Code: codeUnauthorized, Message: "pairing required"}
	case row == nil || !tokenMatches(row.TokenHash, said.Token):
		g.Refused = &wire.Error{Code: codeUnauthorized, Message: "invalid token"}
	}
	if g.Refused != nil {
		return g, nil
	}
	stored, err := paired(*row)
	if err != nil {
		return g, err
	}
	g.Hash, g.Node = row.TokenHash, stored
	n := &g.Node
	n.DisplayName, n.Platform = cmp.Or(n.DisplayName, said.DisplayName), cmp.Or(n.Platform, said.Platform)
	n.Version, n.DeviceFamily = cmp.Or(n.Version, said.Version), cmp.Or(n.DeviceFamily, said.DeviceFamily)
	n.ModelIdentifier, n.RemoteIP = cmp.Or(n.ModelIdentifier, said.ModelIdentifier), cmp.Or(said.RemoteIP, n.RemoteIP)
	switch {
	case said.Caps != nil:
		n.Caps = said.Caps
	case n.Caps == nil && handheld(*n):
		n.Caps = []string{"canvas", "camera"}
	}
	if len(said.Commands) > 0 {
		n.Commands = said.Commands
	}
	if len(said.Permissions) > 0 {
		merged := maps.Clone(n.Permissions)
		if merged == nil {
			merged = map[string]bool{}
		}
		maps.Copy(merged, said.Permissions)
		n.Permissions = merged
	}
	was, err := wire.Marshal(stored)
	if err != nil {
		return g, err
	}
	is, err := wire.Marshal(*n)
	g.news = !bytes.Equal(was, is)
	return g, err
}

// handheld: a phone or tablet that does not say what it can do can show a canvas and has a camera.
func handheld(n wire.NodePaired) bool {
	platform := strings.ToLower(n.Platform)
	if strings.Contains(platform, "ios") || strings.Contains(platform, "ipados") || strings.Contains(platform, "android") {
		return true
	}
	switch strings.ToLower(n.DeviceFamily) {
	case "ipad", "iphone", "ios", "android":
		return true
	}
	return false
}

// News says whether Remember has something to store.
func (g Greeting) News() bool { return g.news }

// Remember stores what a hello said that was not known, unless the token has been replaced since.
func Remember(tx *store.Tx, said wire.NodePaired) error {
	g, err := Greet(&tx.View, said)
	if err != nil || g.Refused != nil || !g.news {
		return err
	}
	return putNode(tx, g.Node, g.Hash)
}
