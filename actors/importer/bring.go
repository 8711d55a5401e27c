package importer

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// bringSessions brings over the session entries, and plans their transcripts. ok is false when the file cannot be read:
// then the next start tries again.
func (im *Importer) bringSessions(ctx context.Context, r *report) (ok bool, err error) {
	f := im.o.Places.sessions()
	path := im.o.Places.shown(f)
	r.forget(path)
	entries, stay, err := readEntries(f)
	if err != nil {
		r.problem(path, "%s; it is tried again at the next start", why(err))
		return false, nil
	}
	plan := im.o.Places.transcripts(entries)
	for _, it := range plan {
		r.plan = append(r.plan, it)
	}
	kept := 0
	for len(entries) > 0 {
		n := portion(entries)
		var skipped int
		err := im.do(ctx, func(tx *store.Tx) (err error) {
			skipped, err = putEntries(tx, entries[:n], plan)
			return err
		})
		if err != nil {
			return false, err
		}
		r.Sessions += int64(n - skipped)
		kept += skipped
		for _, e := range entries[:n] {
			if e.noted != "" {
				r.problem(path, "session %q: %s", e.Key, e.noted)
			}
		}
		entries = entries[n:]
	}
	for _, key := range slices.Sorted(maps.Keys(stay)) {
		r.problem(path, "session %q stays behind: %s", key, stay[key])
	}
	r.say(path, "%d sessions came over", r.Sessions)
	if kept > 0 {
		r.problem(path, "%d sessions stay as this gateway has them already", kept)
	}
	return true, nil
}

// portion is how many entries make a chunk.
func portion(entries []entry) int {
	size := 0
	for n, e := range entries {
		if size += len(e.Entry) + len(e.Skills); n == chunkRows || size > chunkBytes && n > 0 {
			return n
		}
	}
	return len(entries)
}

// putEntries stores entries that are not there, with the plan for their transcripts.
func putEntries(tx *store.Tx, entries []entry, plan map[string]*item) (kept int, err error) {
	for _, e := range entries {
		have, err := tx.Session(e.Key)
		switch {
		case err != nil:
			return kept, err
		case have == nil:
			err = tx.PutSession(e.Session)
		case !bytes.Equal(have.Entry, e.Entry): // not what an attempt before this one has stored
			kept++
		}
		if it := plan[e.SessionID]; err == nil && it != nil && (have == nil || have.SessionID == e.SessionID) {
			err = putItem(tx, it)
		}
		if err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// putItem adds a file to the plan.
func putItem(tx *store.Tx, it *item) error {
	raw, err := wire.Marshal(it)
	if err != nil {
		return err
	}
	return tx.Put(planned, it.stored(), raw)
}

// transcripts plans the transcript of each session id, once.
func (p Places) transcripts(entries []entry) map[string]*item {
	plan := map[string]*item{}
	for _, e := range entries {
		if e.SessionID == "" {
			continue
		}
		it := plan[e.SessionID]
		if it == nil {
			f := p.transcript(e.SessionID)
			it = &item{Kind: transcript, ID: e.SessionID, Folder: f.folder, Name: f.name, At: e.UpdatedAt}
			plan[e.SessionID] = it
		}
		it.Keys = append(it.Keys, e.Key)
	}
	return plan
}

// transcript is where the transcript of a session is, or would be: beside a store of its own, else in its place.
func (p Places) transcript(id string) file {
	usual := file{p.StateDir, filepath.Join(sessionsDir, id+".jsonl")}
	candidates := []file{usual}
	if p.SessionStore != "" {
		candidates = []file{{filepath.Dir(p.SessionStore), id + ".jsonl"}, usual}
	}
	if p.Home != "" {
		candidates = append(candidates, file{filepath.Join(p.Home, ".clawdbot"), filepath.Join(sessionsDir, id+".jsonl")})
	}
	for _, f := range candidates {
		if f.there() {
			return f
		}
	}
	return usual
}

// maxRunLog is more than a log of a job ever was.
const maxRunLog = 64 << 20

// bringJobs brings over the scheduled jobs, and plans the logs of their runs.
func (im *Importer) bringJobs(ctx context.Context, r *report) (ok bool, err error) {
	f := im.o.Places.jobs()
	path := im.o.Places.shown(f)
	r.forget(path)
	jobs, err := readJobs(f, path, r)
	if err != nil {
		r.problem(path, "%s; it is tried again at the next start", why(err))
		return false, nil
	}
	logs := im.runLogs(r)
	r.plan = append(r.plan, logs...)
	kept := 0
	err = im.do(ctx, func(tx *store.Tx) error {
		kept = 0
		for _, row := range jobs {
			have, err := tx.CronJob(row.ID)
			if err == nil && have == nil {
				err = tx.PutCronJob(row)
			}
			if err != nil {
				return err
			}
			if have != nil && !bytes.Equal(have.Definition, row.Definition) {
				kept++
			}
		}
		for _, it := range logs {
			if err := putItem(tx, it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	r.CronJobs += int64(len(jobs) - kept)
	r.say(path, "%d jobs came over", len(jobs)-kept)
	if kept > 0 {
		r.problem(path, "%d jobs stay as this gateway has them already", kept)
	}
	return true, nil
}

// readJobs reads the scheduled jobs. What is wrong with one of them is said, and the others come over.
func readJobs(f file, path string, r *report) (rows []store.CronJob, err error) {
	var doc struct {
		Jobs []wire.Raw `json:"jobs"`
	}
	if err := readJSON(f, &doc); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, raw := range doc.Jobs {
		var j wire.CronJob
		if err := wire.Unmarshal(raw, &j); err != nil || j.ID == "" || len(j.ID) > 256 {
			r.problem(path, "job %d stays behind: it cannot be read", i+1)
			continue
		}
		if seen[j.ID] {
			r.problem(path, "job %d stays behind: its id %q is there twice", i+1, j.ID)
			continue
		}
		seen[j.ID] = true
		row, err := cron.Adopt(j, nowMs())
		if err != nil {
			r.problem(path, "job %q is switched off: %v", j.ID, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// runLogs plans the logs of jobs, also of those that are gone.
func (im *Importer) runLogs(r *report) (items []*item) {
	jobs := im.o.Places.jobs()
	dir := file{jobs.folder, filepath.Join(filepath.Dir(jobs.name), "runs")}
	path := im.o.Places.shown(dir)
	r.forget(path)
	names, err := dir.list(".jsonl")
	if err != nil {
		if !os.IsNotExist(err) {
			r.problem(path, "%s", why(err))
		}
		return nil
	}
	for _, id := range names {
		f := file{dir.folder, filepath.Join(dir.name, id+".jsonl")}
		switch info, err := os.Lstat(f.path()); {
		case !fileName(id):
			r.problem(im.o.Places.shown(f), "its name is not the id of a job")
		case err == nil && info.Mode().Type() == 0 && info.Size() > maxRunLog:
			r.problem(im.o.Places.shown(f), "has %d MB, and at most %d MB are read", info.Size()>>20, maxRunLog>>20)
		case err != nil && !os.IsNotExist(err):
			r.problem(im.o.Places.shown(f), "%s", why(err))
		default:
			items = append(items, &item{Kind: runLog, ID: id, Folder: f.folder, Name: f.name})
		}
	}
	return items
}
