package gateway_test

import (
	"crypto/sha256"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// imported waits until an import has ended, however long that takes as long as it gets on, and returns its report.
func imported(t testing.TB, g *gateway.Gateway) wire.ImportReport {
	t.Helper()
	ctx, lines := deadline(t), int64(-1)
	for {
		var s wire.ImportStatusResult
		if err := g.Call(ctx, "import.status", nil, &s); err != nil {
			t.Fatalf("the import does not get on: %v after %d lines", err, lines)
		}
		if s.State == "done" {
			return *s.Report
		}
		if s.Report.Lines > lines {
			ctx, lines = deadline(t), s.Report.Lines
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("the import does not get on: %+v", s)
		}
	}
}

// files are the digests of all files of a directory.
func files(t testing.TB, dir string) map[string][32]byte {
	t.Helper()
	all := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = sha256.Sum256(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func pastOf(t testing.TB, g *gateway.Gateway, key string, limit int64) wire.ChatHistoryResult {
	t.Helper()
	var h wire.ChatHistoryResult
	if err := g.Call(deadline(t), "chat.history", wire.ChatHistoryParams{SessionKey: key, Limit: &limit}, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestImport_bringsAllOnceAndChangesOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := importtest.Size{Sessions: 100, Lines: 5000, Long: 2000}
	if err := importtest.Write(dir, size); err != nil {
		t.Fatal(err)
	}
	before := files(t, dir)
	log := &records{}
	g := setup{dir: dir, log: log.handler()}.start(t)

	var list wire.SessionsListResult // at once
	if err := g.Call(deadline(t), "sessions.list", nil, &list); err != nil {
		t.Fatal(err)
	}
	if list.Count != 100 || list.Sessions[0].Key != "main" || list.Sessions[0].LastTo != "123456789" || list.Sessions[0].InputTokens == nil {
		t.Errorf("%d sessions, first %+v", list.Count, list.Sessions[0])
	}
	h := pastOf(t, g, "main", 1000) // waits for its transcript, whole
	if len(h.Messages) != 1000 || !strings.Contains(string(h.Messages[999]), importtest.Text(0, 1999)) || h.SessionID != importtest.ID(0) {
		t.Errorf("%d messages of %s, last %s", len(h.Messages), h.SessionID, h.Messages[len(h.Messages)-1])
	}

	r := imported(t, g)
	if r.Sessions != 100 || r.Transcripts != 100 || r.Lines != 5000 || r.CronJobs != 2 || r.CronRuns != importtest.JobRuns || r.Nodes != 1 {
		t.Errorf("report %+v", r)
	}
	for i := range 100 {
		if h := pastOf(t, g, importtest.Key(i), 3); len(h.Messages) != 3 || !strings.Contains(string(h.Messages[0]), "session "+itoa(i)) {
			t.Errorf("session %d: %s", i, h.Messages)
		}
	}
	for _, want := range []string{"sessions/sessions.json", "100 sessions came over", "WhatsApp: to be linked again", "state directory imported"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	checkJobs(t, g)
	checkNodes(t, g, dir)
	checkUnchanged(t, dir, before)

	stop(t, g)
	g = setup{dir: dir}.start(t)
	if again := imported(t, g); !cmp.Equal(again, r) {
		t.Errorf("after another start: %s", cmp.Diff(r, again))
	}
	if h := pastOf(t, g, importtest.Key(7), 1000); len(h.Messages) != 30 {
		t.Errorf("%d messages after another start", len(h.Messages))
	}
}

func checkJobs(t *testing.T, g *gateway.Gateway) {
	t.Helper()
	var jobs wire.CronListResult
	if err := g.Call(deadline(t), "cron.list", wire.CronListParams{IncludeDisabled: true}, &jobs); err != nil {
		t.Fatal(err)
	}
	byID := map[string]wire.CronJob{}
	for _, j := range jobs.Jobs {
		byID[j.ID] = j
	}
	daily, missed := byID[importtest.DailyJob], byID[importtest.MissedJob]
	if daily.Name != "Morning" || daily.State.RunningAtMs != nil || daily.State.NextRunAtMs == nil || *daily.State.NextRunAtMs < time.Now().UnixMilli() {
		t.Errorf("daily job %+v", daily)
	}
	if missed.Name != "Call the dentist" {
		t.Errorf("missed job %+v", missed)
	}
	var runs wire.CronRunsResult
	if err := g.Call(deadline(t), "cron.runs", wire.CronRunsParams{ID: importtest.DailyJob}, &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs.Entries) != importtest.JobRuns || runs.Entries[0].Summary != "run 0" || *runs.Entries[0].DurationMs != 500 {
		t.Errorf("%d runs, first %+v", len(runs.Entries), runs.Entries)
	}
	for ctx := deadline(t); ; { // the missed one runs, once
		if err := g.Call(ctx, "cron.runs", wire.CronRunsParams{ID: importtest.MissedJob}, &runs); err != nil {
			t.Fatal(err)
		}
		if len(runs.Entries) > 0 {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("the missed job does not run")
		}
	}
}

func checkNodes(t *testing.T, g *gateway.Gateway, dir string) {
	t.Helper()
	var v wire.NodePairVerifyResult
	p := wire.NodePairVerifyParams{NodeID: importtest.NodeID, Token: importtest.NodeToken}
	if err := g.Call(deadline(t), "node.pair.verify", p, &v); err != nil || !v.OK || v.Node.DisplayName != "Phone" || !v.Node.Permissions["camera"] {
		t.Errorf("node %+v, %v", v, err)
	}
	var words wire.Voicewake
	if err := g.Call(deadline(t), "voicewake.get", nil, &words); err != nil || !slices.Equal(words.Triggers, []string{"clawd", "hey"}) {
		t.Errorf("wake words %v, %v", words, err)
	}
	for name := range files(t, dir) {
		b, _ := os.ReadFile(filepath.Join(dir, name))
		if name != "nodes/paired.json" && strings.Contains(string(b), importtest.NodeToken) {
			t.Errorf("%s has the token of a node", name)
		}
	}
}

// checkUnchanged: of the originals, only the configuration has changed, by one line; its copy is as it was.
func checkUnchanged(t *testing.T, dir string, before map[string][32]byte) {
	t.Helper()
	after := files(t, dir)
	for name := range maps.Keys(before) {
		if name != "clawdbot.json" && after[name] != before[name] {
			t.Errorf("%s has changed", name)
		}
	}
	if after["clawdbot.json.before-import"] != before["clawdbot.json"] {
		t.Error("the copy of the configuration is not what it was")
	}
	old, _ := os.ReadFile(filepath.Join(dir, "clawdbot.json.before-import"))
	now, _ := os.ReadFile(filepath.Join(dir, "clawdbot.json"))
	for line := range strings.Lines(string(old)) {
		if !strings.Contains(string(now), strings.TrimRight(line, "\n")) {
			t.Errorf("the configuration has lost %q: %s", line, now)
		}
	}
	if !strings.Contains(string(now), `"lan"`) || strings.Count(string(now), "\n") != strings.Count(string(old), "\n")+1 {
		t.Errorf("the configuration is now %s", now)
	}
}

func itoa(i int) string { return strconv.Itoa(i) }

// A message to a session whose transcript is still to come is answered after it: the session is brought to the front.
func TestImport_aMessageMeanwhileComesAfterTheOldOnes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := importtest.Write(dir, importtest.Size{Sessions: 100, Lines: 10_000, Long: 5_050}); err != nil {
		t.Fatal(err)
	}
	g := setup{dir: dir}.start(t)
	key := importtest.Key(99) // the last one in line
	p := wire.ChatSendParams{SessionKey: key, Message: "and now?", IdempotencyKey: "k"}
	if err := g.Call(deadline(t), "chat.send", p, nil); err != nil {
		t.Fatal(err)
	}
	h := pastOf(t, g, key, 1000)
	n := len(h.Messages)
	if n != 52 || h.SessionID != importtest.ID(99) || !strings.Contains(string(h.Messages[49]), importtest.Text(99, 49)) ||
		!strings.Contains(string(h.Messages[50]), "and now?") || !strings.Contains(string(h.Messages[51]), "assistant") {
		t.Errorf("%d messages of %s, the last three: %s", n, h.SessionID, h.Messages[max(0, n-3):])
	}
	if r := imported(t, g); r.Lines != 10_000 {
		t.Errorf("report %+v", r)
	}
	var x wire.SessionsExportResult
	if err := g.Call(deadline(t), "sessions.export", wire.SessionsExportParams{Key: key}, &x); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, line := range x.Lines {
		var l struct {
			ID string `json:"id"`
		}
		if err := wire.Unmarshal(line, &l); err != nil || ids[l.ID] {
			t.Fatalf("line %s, %v: its id is not its own", line, err)
		}
		ids[l.ID] = true
	}
	if len(x.Lines) != 53 {
		t.Errorf("%d lines exported", len(x.Lines))
	}
}
