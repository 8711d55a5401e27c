package gateway

import (
	"path/filepath"

	"github.com/clawdbot/gateway/actors/node"
)

// nodeOptions wires what has to do with device nodes. There is no bridge yet that could connect them.
func (g *Gateway) nodeOptions() node.Options {
	return node.Options{Store: g.store, Stream: g.tree.stream, Dir: filepath.Join(g.env.StateDir, "settings")}
}
