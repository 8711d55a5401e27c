package importer

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// report is what is told of an import, with the means to write it.
type report struct {
	wire.ImportReport
	plan    []*item // files that are to come over line by line
	changes bool    // false = a rehearsal
}

// maxItems bounds the report: a damaged directory must not make one without end.
const maxItems = 500

func newReport(dir string) *report {
	return &report{ImportReport: wire.ImportReport{From: dir, StartedAtMs: nowMs(), Items: []wire.ImportItem{}}}
}

func (r *report) clone() *report {
	c := *r
	c.Items = slices.Clone(r.Items)
	return &c
}

// add puts a line into the report, unless it has it.
func (r *report) add(it *wire.ImportItem) {
	if it == nil || slices.Contains(r.Items, *it) {
		return
	}
	switch {
	case len(r.Items) < maxItems:
		r.Items = append(r.Items, *it)
	case len(r.Items) == maxItems:
		r.Items = append(r.Items, wire.ImportItem{Path: r.From, Text: "has more to tell than is shown here", Problem: it.Problem})
	}
}

func (r *report) say(path, format string, args ...any) {
	r.add(&wire.ImportItem{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (r *report) problem(path, format string, args ...any) {
	r.add(&wire.ImportItem{Path: path, Text: fmt.Sprintf(format, args...), Problem: true})
}

// forget drops what was said of a path: it is about to be said anew.
func (r *report) forget(path string) {
	r.Items = slices.DeleteFunc(r.Items, func(it wire.ImportItem) bool { return it.Path == path })
}

// keep names what is used, or stays, where it is.
func (r *report) keep(p Places) {
	dir := p.StateDir
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	}
	for _, k := range []struct{ name, text string }{
		{"clawdbot.json", "is used where it is"},
		{".env", "is used where it is"},
		{"credentials/oauth.json", "is used where it is"},
		{"agent", "is used where it is"},
		{"media", "is used where it is"},
		{"skills", "is used where it is"},
		{"settings/voicewake.json", "is used where it is"},
	} {
		if there(k.name) {
			r.say(k.name, "%s", k.text)
		}
	}
	if here, always := p.wakeWords(); !here.there() && always.there() {
		r.say(p.shown(always), "%s", copyWakeWords(always, here, r.changes))
	}
	if there("credentials/creds.json") {
		r.problem("credentials/creds.json", "WhatsApp: to be linked again; the link of another program cannot be taken over")
	}
}

// finish says what became of the files that came over line by line.
func (r *report) finish(p Places, items []*item) {
	r.forget(sessionsDir)
	others, missing := map[string]int64{}, 0
	for _, it := range items {
		switch {
		case it.Kind == runLog:
			r.CronRuns += it.Came
		case it.Line == 0 && it.Problem == "":
			missing++
		default:
			r.Transcripts++
			r.Lines += it.Came
		}
		for kind, n := range it.Others {
			others[kind] += n
		}
		path := p.shown(it.file())
		if it.Problem != "" {
			r.problem(path, "%s", it.Problem)
		}
		for _, reason := range slices.Sorted(maps.Keys(it.Left)) {
			r.problem(path, "%s: %s", it.Left[reason].lines(), reason)
		}
	}
	r.say(sessionsDir, "%d messages of %d transcripts came over", r.Lines, r.Transcripts)
	if missing > 0 {
		r.say(sessionsDir, "%d sessions have no transcript, or an empty one", missing)
	}
	for _, kind := range slices.Sorted(maps.Keys(others)) {
		r.say(sessionsDir, "%d lines of type %q are no messages and stay in the files", others[kind], kind)
	}
	if r.CronRuns > 0 {
		r.say("cron/runs", "%d runs came over", r.CronRuns)
	}
	r.EndedAtMs = nowMs()
}

// lines names the lines that stay behind.
func (l *left) lines() string {
	numbers := make([]string, len(l.First))
	for i, n := range l.First {
		numbers[i] = fmt.Sprint(n)
	}
	text := strings.Join(numbers, ", ")
	if more := l.Count - int64(len(l.First)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if l.Count == 1 {
		return "line " + text + " stays behind"
	}
	return "lines " + text + " stay behind"
}
