package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A rehearsal says what the import then says, and leaves the directory as it is.
func TestSmall_rehearsalAndImportSayTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/small")); err != nil {
		t.Fatal(err)
	}
	rehearsed, err := Rehearse(t.Context(), Places{StateDir: dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(now) != 5 {
		t.Errorf("after the rehearsal there are %v", now)
	}
	r, rep := imported(t, dir, Places{})
	rehearsed.StartedAtMs, rehearsed.EndedAtMs = rep.StartedAtMs, rep.EndedAtMs
	if d := cmp.Diff(rehearsed, rep); d != "" {
		t.Errorf("the rehearsal and the import differ:\n%s", d)
	}
	if rep.Sessions != 3 || rep.Transcripts != 2 || rep.Lines != 5 || rep.CronJobs != 2 || rep.CronRuns != 1 || rep.Nodes != 1 {
		t.Errorf("report %+v", rep)
	}
	for path, text := range map[string]string{
		sessionsFile: "3 sessions came over", sessionsDir: "1 sessions have no transcript", nodesFile: "1 paired nodes came over",
		"settings/voicewake.json": "is used where it is", "cron/runs": "1 runs came over",
		"sessions/0b9d6f6e-4a0c-4c57-9f0e-0c9f0f8b1a01.jsonl": "line 9 stays behind: no JSON",
	} {
		if !said(rep, path, text) {
			t.Errorf("the report lacks %s: %s\n%s", path, text, show(rep))
		}
	}
	all := r.texts("0b9d6f6e-4a0c-4c57-9f0e-0c9f0f8b1a01")
	if len(all) != 4 || !strings.HasPrefix(all[3], `{"role":"assistant","content":[{"type":"text","text":"It is 3 °C and it rains. ☔"}]`) {
		t.Errorf("messages %q", all)
	}
}
