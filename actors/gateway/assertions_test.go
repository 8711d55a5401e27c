package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// assertions are what the tests of the gateway that this one replaces say of it (its black-box part), and the tests
// that say it here. Files are where this gateway has them: archives and the log of a job are files, sessions and
// transcripts are in its database.
var assertions = []struct{ area, says, tests string }{
	{"handshake", "a silent socket is closed within 12 s", "TestHandshake_silence"},
	{"handshake", "hello: type, configPath, stateDir", "TestHandshake_hello"},
	{"handshake", "a protocol mismatch is refused", "TestHandshake_refusals"},
	{"handshake", "a wrong token or password: unauthorized", "TestHandshake_refusals TestHandshake_password"},
	{"handshake", "health first is refused under its id, and the socket closed", "TestHandshake_refusals"},
	{"parallel requests", "health, status, system-presence, providers.status at once", "TestParallelRequests"},
	{"heartbeat", "the event equals a following last-heartbeat; set-heartbeats echoes", "TestHeartbeat"},
	{"presence", "system-event: an event with seq and version, for all of three clients", "TestPresence_systemEvent"},
	{"presence", "an entry has what its client said; a cli client has none", "TestPresence_entry"},
	{"agent events", "any data passes; a seq; the session key", "TestEvents_agent"},
	{"shutdown", "an event with the reason comes before the close", "TestStop"},
	{"send", "a repeat of the key gets an equal payload", "TestSend"},
	{"agent", "accepted, then final; a repeat gets the final, on a new connection too", "TestAgent"},
	{"agent", "routing: stale recipient, webchat, explicit ones", "TestAgent_routing"},
	{"agent", "best effort in the main session", "TestAgent_undeliverable"},
	{"agent.wait", "before and after the end, afterMs, timeout", "TestAgentWait"},
	{"chat.history", "300, 1500 lines and 40 x 200 KB", "TestChatHistory"},
	{"chat.history", "low for a model that reasons", "TestModels_thinkByDefault"},
	{"chat.send", "an image", "TestChatSend_attachments"},
	{"chat.send", "a deny policy", "TestSendPolicy"},
	{"chat.send", "the route is kept; a webchat client needs no nodes", "TestChatSend"},
	{"chat.send", "finals in the order of the calls", "TestChatSend_fifo"},
	{"chat.abort", "in flight, unknown, mismatch, after the end", "TestChatAbort"},
	{"chat.abort", "while the store is being saved", "TestChatAbort_whileSaving"},
	{"sessions", "list: totals, activeMinutes, limit with global first", "TestSessionsList"},
	{"sessions", "patch: thinking, verbose, sendPolicy, model; what is refused", "TestSessionsPatch"},
	{"sessions", "compact leaves the last lines and an archive", "TestSessionsCompact"},
	{"sessions", "delete leaves an archive; not the main one", "TestSessionsDelete"},
	{"sessions", "reset changes the id", "TestSessionsReset"},
	{"cron", "add, list, a forced run, its log as a file and as an answer", "TestCron_forcedRun"},
	{"cron", "a job 80 ms ahead runs by itself", "TestCron_isolatedJob TestCron_byItself"},
	{"voicewake", "defaults, trimming, event, file", "TestVoicewake"},
	{"models", "order, name, contextWindow 0, extra params", "TestModelsList"}, // nothing is discovered: no network is asked
	{"providers", "telegram that is not configured; web.logout of nothing", "TestProviders_fresh"},
	{"providers", "telegram.logout keeps the rest of the section", "TestTelegramLogout"},
	{"nodes", "request once, approve, verify, list", "TestNodes_pairing"},
	{"nodes", "commands sorted", "TestNodes_rows"},
	{"hooks", "401, 200, 202, 400, 405; token in header and query", "TestHooks_answers"},
	{"hooks", "Hook Email: done", "TestHooks_run"},
	{"port", "a second start on it; free after the close", "TestStart_port"},
}

// TestAssertions: each of the tests is there.
func TestAssertions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	for _, a := range assertions {
		for _, name := range strings.Fields(a.tests) {
			if !strings.Contains(source.String(), "\nfunc "+name+"(t *testing.T) {") {
				t.Errorf("%s, %s: there is no %s", a.area, a.says, name)
			}
		}
	}
}

// TestHandshake_silence: who says nothing is let go after 10 s, without a word.
func TestHandshake_silence(t *testing.T) {
	t.Parallel()
	c := open(t, setup{}.start(t).URL(), nil)
	begin := time.Now()
	code, reason := c.ended()
	if took := time.Since(begin); code != 1000 || reason != "" || took < 9*time.Second || took > 12*time.Second {
		t.Errorf("closed %d %q after %s", code, reason, took)
	}
	if f := c.all(0); len(f) != 0 {
		t.Errorf("it was told %s", f[0].raw)
	}
}

// TestCron_forcedRun: a job that is run by hand leaves a line in its file.
func TestCron_forcedRun(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	c := dial(t, s.start(t).URL())
	var job wire.CronJob
	c.ok("cron.add", map[string]any{
		"name": "daily", "sessionTarget": "main", "wakeMode": "next-heartbeat", "schedule": map[string]any{"kind": "every", "everyMs": 60_000},
		"payload": map[string]any{"kind": "systemEvent", "text": "hello"},
	}, &job)
	var list wire.CronListResult
	if c.ok("cron.list", nil, &list); job.ID == "" || len(list.Jobs) != 1 || list.Jobs[0].ID != job.ID {
		t.Fatalf("job %q, list %+v", job.ID, list)
	}
	var ran wire.CronRunResult
	if c.ok("cron.run", map[string]any{"id": job.ID, "mode": "force"}, &ran); !ran.Ran {
		t.Errorf("%+v", ran)
	}
	var file []byte
	for ctx := deadline(t); len(file) == 0 && ctx.Err() == nil; { // it is written after the event
		file, _ = os.ReadFile(filepath.Join(s.dir, "cron", "runs", job.ID+".jsonl"))
	}
	var line wire.CronRunLog
	if err := wire.Unmarshal(file, &line); err != nil || line.Status != "ok" || line.Summary != "hello" || line.JobID != job.ID {
		t.Errorf("file %s: %v", file, err)
	}
	var runs wire.CronRunsResult
	if c.ok("cron.runs", map[string]any{"id": job.ID, "limit": 50}, &runs); len(runs.Entries) != 1 || runs.Entries[0].Summary != "hello" {
		t.Errorf("runs %+v", runs)
	}
}

// TestCron_byItself: a job that comes due tells of its end, and is off then.
func TestCron_byItself(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{}.start(t).URL())
	var job wire.CronJob
	c.ok("cron.add", map[string]any{
		"name": "soon", "sessionTarget": "main", "wakeMode": "next-heartbeat",
		"schedule": map[string]any{"kind": "at", "atMs": ms(80 * time.Millisecond)},
		"payload":  map[string]any{"kind": "systemEvent", "text": "now"},
	}, &job)
	c.wait("its end", 0, containing("cron", job.ID, `"finished"`, `"ok"`))
	var list wire.CronListResult
	if c.ok("cron.list", map[string]any{"includeDisabled": true}, &list); len(list.Jobs) != 1 || list.Jobs[0].Enabled {
		t.Errorf("afterwards: %+v", list.Jobs)
	}
}
