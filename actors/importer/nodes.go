package importer

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// bringNodes brings over the paired nodes, which keep their tokens, and those that wait.
func (im *Importer) bringNodes(ctx context.Context, r *report) (ok bool, err error) {
	f := im.o.Places.nodes()
	path := im.o.Places.shown(f)
	r.forget(path)
	nodes, err := readNodes(f, path, r)
	if err != nil {
		r.problem(path, "%s; it is tried again at the next start", why(err))
		return false, nil
	}
	waiting := readRequests(file{f.folder, filepath.Join(filepath.Dir(f.name), filepath.Base(pendingFile))})
	var kept, asked int
	err = im.do(ctx, func(tx *store.Tx) error {
		kept, asked = 0, 0
		for _, n := range nodes {
			adopted, err := pairing.AdoptNode(tx, n)
			if err != nil {
				return err
			}
			if !adopted {
				kept++
			}
		}
		for _, p := range waiting {
			adopted, err := pairing.AdoptRequest(tx, p, time.Now())
			if err != nil {
				return err
			}
			if adopted {
				asked++
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	r.Nodes += int64(len(nodes) - kept)
	r.say(path, "%d paired nodes came over, with their tokens", len(nodes)-kept)
	if kept > 0 {
		r.problem(path, "%d nodes stay as this gateway has them already", kept)
	}
	if asked > 0 {
		r.say(path, "%d nodes that wait to be paired came over", asked)
	}
	return true, nil
}

func readNodes(f file, path string, r *report) (nodes []wire.NodePaired, err error) {
	var raw map[string]wire.Raw
	if err := readJSON(f, &raw); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		var n wire.NodePaired
		if err := wire.Unmarshal(raw[key], &n); err != nil {
			r.problem(path, "node %q stays behind: it cannot be read", key)
			continue
		}
		if n.NodeID = strings.TrimSpace(cmp.Or(n.NodeID, key)); n.NodeID == "" || n.Token == "" {
			r.problem(path, "node %q stays behind: it has no token", key)
			continue
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// readRequests reads the nodes that wait, for a few minutes each. What cannot be read asks again.
func readRequests(f file) (all []wire.NodePending) {
	var raw map[string]wire.Raw
	if readJSON(f, &raw) != nil {
		return nil
	}
	for _, b := range raw {
		var p wire.NodePending
		if wire.Unmarshal(b, &p) == nil && p.RequestID != "" && p.NodeID != "" {
			all = append(all, p)
		}
	}
	return all
}
