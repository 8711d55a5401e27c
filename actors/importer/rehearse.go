package importer

import (
	"context"
	"slices"

	"github.com/clawdbot/gateway/transport/wire"
)

// Rehearse reads everything that an import would bring over, and reports what it would report. It changes nothing, and
// knows nothing of what this gateway has already. config is what would become of the configuration; nil = nothing.
func Rehearse(ctx context.Context, p Places, config *wire.ImportItem) (wire.ImportReport, error) {
	im := New(Options{Places: p})
	r := newReport(p.StateDir)
	r.keep(p)
	r.add(config)
	for _, s := range im.sources() {
		if !s.file.there() {
			continue
		}
		if _, err := s.bring(ctx, r); err != nil {
			return r.ImportReport, err
		}
	}
	slices.SortFunc(r.plan, order)
	for todo := slices.Clone(r.plan); len(todo) > 0; todo = slices.DeleteFunc(todo, func(it *item) bool { return it.Done }) {
		c, err := fill(ctx, todo[:min(len(todo), maxQueue)])
		if err != nil {
			return r.ImportReport, err
		}
		for i, it := range c.items {
			*todo[i] = *it
		}
	}
	r.finish(p, r.plan)
	return r.ImportReport, nil
}
