package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

func ms(d time.Duration) *int64 { n := time.Now().Add(d).UnixMilli(); return &n }

// TestCron_isolatedJob: a due job runs by itself, as a run of its own session, and its log is where the protocol says.
func TestCron_isolatedJob(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g := s.start(t)
	ctx := deadline(t)
	var job wire.CronJob
	err := g.Call(ctx, "cron.add", map[string]any{
		"name": "tea", "sessionTarget": "isolated", "wakeMode": "next-heartbeat",
		"schedule": map[string]any{"kind": "at", "atMs": ms(80 * time.Millisecond)},
		"payload":  map[string]any{"kind": "agentTurn", "message": "make tea"},
	}, &job)
	if err != nil {
		t.Fatal(err)
	}
	var log wire.CronRunsResult
	for len(log.Entries) == 0 && ctx.Err() == nil {
		if err := g.Call(ctx, "cron.runs", map[string]any{"id": job.ID}, &log); err != nil {
			t.Fatal(err)
		}
	}
	if e := log.Entries[0]; e.Status != "ok" || !strings.Contains(e.Summary, "make tea") {
		t.Errorf("log %+v", e)
	}
	var file []byte
	for len(file) == 0 && ctx.Err() == nil { // it is written after the event
		file, _ = os.ReadFile(filepath.Join(s.dir, "cron", "runs", job.ID+".jsonl"))
	}
	if !strings.Contains(string(file), `"action":"finished"`) {
		t.Errorf("file %s", file)
	}
	var history wire.ChatHistoryResult
	if err := g.Call(ctx, "chat.history", wire.ChatHistoryParams{SessionKey: "cron:" + job.ID}, &history); err != nil || len(history.Messages) != 2 {
		t.Errorf("history of the job's session: %d messages, %v", len(history.Messages), err)
	}
	var status wire.StatusSummary
	if err := g.Call(ctx, "status", nil, &status); err != nil || len(status.QueuedSystemEvents) != 1 {
		t.Errorf("the main session is told %q, %v", status.QueuedSystemEvents, err)
	}
}

// TestSystemEvents_surviveARestart: what was answered is kept for the main session's next turn.
func TestSystemEvents_surviveARestart(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	ctx := deadline(t)
	if err := g.Call(ctx, "system-event", map[string]any{"text": "the door is open"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Call(ctx, "wake", wire.WakeParams{Mode: "next-heartbeat", Text: "and the cat is out"}, nil); err != nil {
		t.Fatal(err)
	}
	stop(t, g)
	g = s.start(t)
	var status wire.StatusSummary
	if err := g.Call(ctx, "status", nil, &status); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(status.QueuedSystemEvents, ", "); got != "the door is open, and the cat is out" {
		t.Errorf("queued: %q", got)
	}
	if err := g.Call(ctx, "agent", wire.AgentParams{Message: "hi", SessionKey: "main", IdempotencyKey: "k"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := g.Call(ctx, "status", nil, &status); err != nil || len(status.QueuedSystemEvents) != 0 {
		t.Errorf("after a turn: %q, %v", status.QueuedSystemEvents, err)
	}
}
