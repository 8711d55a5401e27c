package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// A gateway that is killed in the middle of its import, again and again, brings over each message once.
func TestDaemon_importSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := importtest.Size{Sessions: 60, Lines: 20_000, Long: 10_000}
	if err := importtest.Write(filepath.Join(dir, ".clawdbot"), size); err != nil {
		t.Fatal(err)
	}
	status := func(d *daemon) (s wire.ImportStatusResult) {
		t.Helper()
		r := d.client(t, "import", "--json")
		if err := wire.Unmarshal([]byte(r.out), &s); err != nil {
			t.Fatalf("%+v", r)
		}
		return s
	}
	unfinished := 0
	for range 3 {
		d := launch(t, dir, "--port", freePort(t))
		if status(d).State == "running" {
			unfinished++
		}
		if err := d.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = d.cmd.Wait()
	}
	d := launch(t, dir, "--port", freePort(t))
	s := status(d)
	for until := time.Now().Add(time.Minute); s.State != "done" && time.Now().Before(until); {
		s = status(d)
	}
	if s.State != "done" || s.Report.Lines != int64(size.Lines) || s.Report.Sessions != int64(size.Sessions) {
		t.Fatalf("after %d kills within the import: %+v", unfinished, s)
	}
	var h wire.ChatHistoryResult
	r := d.client(t, "gateway", "call", "chat.history", "--params", `{"sessionKey":"main","limit":1000}`, "--json")
	if err := wire.Unmarshal([]byte(r.out), &h); err != nil || len(h.Messages) != 1000 {
		t.Fatalf("%v, %d messages: %s", err, len(h.Messages), r.err)
	}
	for i, m := range h.Messages {
		if want := importtest.Text(0, size.Long-1000+i); !strings.Contains(string(m), `"`+want+`"`) {
			t.Fatalf("message %d is %s", i, m)
		}
	}
	d.stop(t)
}
