package importer

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for an import. Store and Log are required.
type Options struct {
	Store  *store.Store
	Places Places
	Log    *slog.Logger
	// Config makes the configuration say what the other gateway took for granted, and what came of it; nil = nothing did.
	// It is called once per attempt, before anything is noted as done, and may find its own work done already.
	Config func() *wire.ImportItem
}

// Importer is one import: it outlives the incarnations of its actor.
type Importer struct {
	o Options

	mu      sync.Mutex
	report  *report                  // guarded by mu: nil = nothing was found
	open    bool                     // guarded by mu: files are still coming over
	sofar   int64                    // guarded by mu: messages that have come from those
	waiting map[string]chan struct{} // guarded by mu: by session key, closed when its transcript is there
	front   []string                 // guarded by mu: keys that somebody waits for
}

// New makes an import. Nothing happens before Begin.
func New(o Options) *Importer { return &Importer{o: o, waiting: map[string]chan struct{}{}} }

// Buckets of the store.
const (
	bucket  = "import"       // "report", and "source/<name>" for each source that has come over
	planned = "import.files" // one item per file that comes over line by line
	reports = "report"
	source  = "source/"
)

// Begin brings over what must be there before the gateway takes work. It blocks. Its errors are the store's: what is
// wrong with the files is in the report.
func (im *Importer) Begin(ctx context.Context) error {
	if !im.o.Places.Found() {
		return nil
	}
	done, r, _, err := im.load(ctx)
	if err != nil {
		return err
	}
	if r == nil {
		r = newReport(im.o.Places.StateDir)
		r.changes = true
		r.keep(im.o.Places)
		if im.o.Config != nil {
			r.add(im.o.Config())
		}
	}
	for _, s := range im.sources() {
		if done[s.name] || !s.file.there() {
			continue
		}
		r.EndedAtMs = 0
		if err := im.o.Store.Do(ctx, (*store.Tx).MakeRoom); err != nil {
			return err
		}
		ok, err := s.bring(ctx, r)
		if err != nil {
			return err
		}
		if err := im.note(ctx, r, s.name, ok); err != nil {
			return err
		}
	}
	_, _, items, err := im.load(ctx)
	if err == nil {
		im.adopt(r, items)
	}
	return err
}

// sourceOf is a file that is brought over as a whole.
type sourceOf struct {
	name  string
	file  file
	bring func(context.Context, *report) (ok bool, err error)
}

func (im *Importer) sources() []sourceOf {
	return []sourceOf{
		{"nodes", im.o.Places.nodes(), im.bringNodes}, // first: a phone that is refused asks to be paired anew
		{"sessions", im.o.Places.sessions(), im.bringSessions},
		{"cron", im.o.Places.jobs(), im.bringJobs},
	}
}

// do runs an operation of the store; in a rehearsal it does nothing.
func (im *Importer) do(ctx context.Context, op store.Op) error {
	if im.o.Store == nil {
		return nil
	}
	return im.o.Store.Do(ctx, op)
}

// load reads how far the import is.
func (im *Importer) load(ctx context.Context) (done map[string]bool, r *report, pending []*item, err error) {
	done = map[string]bool{}
	err = im.o.Store.View(ctx, func(v *store.View) error {
		pairs, err := v.Bucket(bucket)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			if p.Key == reports {
				r = &report{}
				if err := wire.Unmarshal(p.Value, &r.ImportReport); err != nil {
					return err
				}
				continue
			}
			done[p.Key[len(source):]] = true
		}
		files, err := v.Bucket(planned)
		for _, p := range files {
			it := &item{was: p.Value}
			if err := wire.Unmarshal(p.Value, it); err != nil {
				return err
			}
			pending = append(pending, it)
		}
		return err
	})
	slices.SortFunc(pending, order)
	return done, r, pending, err
}

// note makes the report durable, and with ok that this source has come over.
func (im *Importer) note(ctx context.Context, r *report, name string, ok bool) error {
	raw, err := wire.Marshal(r.ImportReport)
	if err != nil {
		return err
	}
	return im.o.Store.Do(ctx, func(tx *store.Tx) error {
		if ok {
			if err := tx.Put(bucket, source+name, nil); err != nil {
				return err
			}
		}
		return tx.Put(bucket, reports, raw)
	})
}

// adopt makes r and the plan what others see.
func (im *Importer) adopt(r *report, items []*item) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.report, im.open = r, len(items) > 0
	for _, it := range items {
		for _, key := range it.Keys {
			if im.waiting[key] == nil && !it.Done {
				im.waiting[key] = make(chan struct{})
			}
		}
	}
}

// Pending tells whether files are still to come over: then the actor has work.
func (im *Importer) Pending() bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.report != nil && (im.open || im.report.EndedAtMs == 0)
}

// Wait returns when the transcript of a session is there as far as it can be, or when ctx ends. It brings it to the front.
func (im *Importer) Wait(ctx context.Context, key string) {
	im.mu.Lock()
	there := im.waiting[key]
	if there != nil && !slices.Contains(im.front, key) {
		im.front = append(im.front, key)
	}
	im.mu.Unlock()
	if there == nil {
		return
	}
	select {
	case <-there:
	case <-ctx.Done():
	}
}

// Status says how the import stands, also that of an earlier start.
func (im *Importer) Status(ctx context.Context) (wire.ImportStatusResult, error) {
	im.mu.Lock()
	r, running := im.report, false
	if r != nil {
		if r, running = r.clone(), r.EndedAtMs == 0; running {
			r.Lines += im.sofar
		}
	}
	im.mu.Unlock()
	if r == nil { // the files are gone, or there never were any
		var err error
		if _, r, _, err = im.load(ctx); err != nil || r == nil {
			return wire.ImportStatusResult{State: "none"}, err
		}
	}
	s := wire.ImportStatusResult{State: "done", Report: &r.ImportReport}
	if running {
		s.State = "running"
	}
	return s, nil
}

func nowMs() int64 { return time.Now().UnixMilli() }
