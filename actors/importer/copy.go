package importer

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxQueue is how many files a chunk is made of at most.
const maxQueue = 64

// errStale says that somebody else brought the same lines over: an actor that is gone, but whose last commit was not.
var errStale = errors.New("the plan has changed")

// run brings over the files of the plan, and ends the import. It is the body of one edge goroutine.
func (im *Importer) run(ctx context.Context) error {
	for im.Pending() {
		_, _, items, err := im.load(ctx)
		if err != nil {
			return err
		}
		err = im.copy(ctx, items)
		if errors.Is(err, errStale) {
			continue
		}
		return err
	}
	return nil
}

func (im *Importer) copy(ctx context.Context, items []*item) error {
	todo := slices.Clone(items)
	for {
		todo = slices.DeleteFunc(todo, func(it *item) bool {
			if it.Done {
				im.arrived(it.Keys)
			}
			return it.Done
		})
		if len(todo) == 0 {
			return im.finish(ctx, items)
		}
		im.favour(todo)
		c, err := fill(ctx, todo[:min(len(todo), maxQueue)])
		if err != nil {
			return err
		}
		if err := im.commit(ctx, c); err != nil {
			return err
		}
		for i, it := range c.items {
			*todo[i] = *it
		}
		im.advance(items)
	}
}

// advance notes how many messages have come over so far.
func (im *Importer) advance(items []*item) {
	n := int64(0)
	for _, it := range items {
		if it.Kind == transcript {
			n += it.Came
		}
	}
	im.mu.Lock()
	im.sofar = n
	im.mu.Unlock()
}

// favour moves what somebody waits for to the front.
func (im *Importer) favour(todo []*item) {
	im.mu.Lock()
	keys := slices.Clone(im.front)
	im.mu.Unlock()
	if len(keys) == 0 {
		return
	}
	slices.SortStableFunc(todo, func(a, b *item) int { return b.wanted(keys) - a.wanted(keys) })
}

func (it *item) wanted(keys []string) int {
	if slices.ContainsFunc(it.Keys, func(key string) bool { return slices.Contains(keys, key) }) {
		return 1
	}
	return 0
}

// arrived lets go who waits for the transcript of these sessions.
func (im *Importer) arrived(keys []string) {
	im.mu.Lock()
	defer im.mu.Unlock()
	for _, key := range keys {
		if there := im.waiting[key]; there != nil {
			close(there)
			delete(im.waiting, key)
		}
		im.front = slices.DeleteFunc(im.front, func(k string) bool { return k == key })
	}
}

// blobBytes is from where on a message is a file: written before the commit, so that the commit does not wait for it.
const blobBytes = 64 << 10

// commit stores a chunk, and how far it got, at once.
func (im *Importer) commit(ctx context.Context, c *chunk) error {
	for _, l := range c.lines {
		if len(l.Message) > blobBytes {
			if _, err := im.o.Store.PutBlob(ctx, l.Message); err != nil {
				return err
			}
		}
	}
	return im.o.Store.Do(ctx, func(tx *store.Tx) error {
		for _, it := range c.items {
			now, _, err := tx.Get(planned, it.stored())
			if err != nil {
				return err
			}
			if !bytes.Equal(now, it.was) {
				return errStale
			}
		}
		for _, l := range c.lines {
			if err := tx.ImportLine(l); err != nil {
				return err
			}
		}
		if err := importRuns(tx, c); err != nil {
			return err
		}
		for _, it := range c.items {
			raw, err := wire.Marshal(it)
			if err != nil {
				return err
			}
			if err := tx.Put(planned, it.stored(), raw); err != nil {
				return err
			}
			it.was = raw
		}
		return nil
	})
}

// importRuns stores the runs of a chunk, without those of this gateway, which writes to the same files.
func importRuns(tx *store.Tx, c *chunk) error {
	own := map[string][]int64{}
	known := map[string]int64{}
	for _, run := range c.runs {
		at, asked := own[run.JobID]
		if !asked {
			var err error
			if at, err = tx.CronRunTimes(run.JobID); err != nil {
				return err
			}
			own[run.JobID] = at
		}
		fresh := false
		if !slices.Contains(at, run.RunAt) {
			var err error
			if fresh, err = tx.ImportCronRun(run); err != nil {
				return err
			}
		}
		if !fresh {
			known[run.JobID]++
		}
	}
	for _, it := range c.items {
		if it.Kind == runLog {
			it.Came -= known[it.ID]
		}
	}
	return nil
}

// finish makes the report complete, and forgets the plan.
func (im *Importer) finish(ctx context.Context, items []*item) error {
	im.mu.Lock()
	r := im.report.clone()
	im.mu.Unlock()
	r.finish(im.o.Places, items)
	raw, err := wire.Marshal(r.ImportReport)
	if err != nil {
		return err
	}
	err = im.o.Store.Do(ctx, func(tx *store.Tx) error {
		have, found, err := tx.Get(bucket, reports)
		if err != nil {
			return err
		}
		var was report
		if found && wire.Unmarshal(have, &was.ImportReport) == nil && was.EndedAtMs != 0 {
			r = &was // by an actor that is gone
			return nil
		}
		if err := tx.Put(bucket, reports, raw); err != nil {
			return err
		}
		return tx.DropBucket(planned)
	})
	if err != nil {
		return err
	}
	im.mu.Lock()
	im.report, im.open = r, false
	im.mu.Unlock()
	im.tell(r)
	return nil
}

// tell writes the report into the log, line by line.
func (im *Importer) tell(r *report) {
	for _, it := range r.Items {
		if it.Problem {
			im.o.Log.Warn("import", "path", it.Path, "what", it.Text)
		} else {
			im.o.Log.Info("import", "path", it.Path, "what", it.Text)
		}
	}
	im.o.Log.Info("state directory imported", "from", r.From, "sessions", r.Sessions, "transcripts", r.Transcripts,
		"lines", r.Lines, "jobs", r.CronJobs, "runs", r.CronRuns, "nodes", r.Nodes, "ms", r.EndedAtMs-r.StartedAtMs)
}
