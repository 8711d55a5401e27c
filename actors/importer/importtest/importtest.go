// Package importtest makes state directories as the gateway kept them that this one replaces, for tests and benchmarks.
package importtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Size says how large a state directory is to be.
type Size struct {
	Sessions int
	Lines    int // messages over all sessions
	Long     int // of these, in the transcript of the session "main", which is the last updated one
}

// Key is the key of session i of a directory; 0 is "main".
func Key(i int) string {
	switch {
	case i == 0:
		return "main"
	case i%3 == 0:
		return fmt.Sprintf("telegram:group:-100%07d", i)
	case i%3 == 1:
		return fmt.Sprintf("whatsapp:group:1203630%08d@g.us", i)
	}
	return fmt.Sprintf("cron:%s", ID(i))
}

// ID is the session id of session i.
func ID(i int) string { return fmt.Sprintf("5f3c9a10-0000-4000-8000-%012d", i) }

// Text is what message n of session i says.
func Text(i, n int) string { return fmt.Sprintf("message %d of session %d", n, i) }

// Began is when the first message was said, in ms. Messages are a second apart.
var Began = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// Write makes the directory: session store, transcripts, two scheduled jobs with a log, a paired node, wake words and a
// configuration with a comment.
func Write(dir string, s Size) error {
	store := map[string]any{}
	each := 0
	if s.Sessions > 1 {
		each = (s.Lines - s.Long) / (s.Sessions - 1)
	}
	left := s.Lines - s.Long - each*(s.Sessions-1)
	for i := range s.Sessions {
		n := each
		switch i {
		case 0:
			n = s.Long
		case 1:
			n += left
		}
		store[Key(i)] = entry(i)
		if err := transcript(filepath.Join(dir, "sessions", ID(i)+".jsonl"), i, n); err != nil {
			return err
		}
	}
	files := map[string]any{
		"sessions/sessions.json":  store,
		"cron/jobs.json":          jobs(),
		"nodes/paired.json":       nodes(),
		"nodes/pending.json":      map[string]any{},
		"settings/voicewake.json": map[string]any{"triggers": []string{"clawd", "hey"}, "updatedAtMs": Began.UnixMilli()},
	}
	for name, v := range files {
		if err := writeJSON(filepath.Join(dir, name), v); err != nil {
			return err
		}
	}
	return writeTexts(dir)
}

func entry(i int) map[string]any {
	e := map[string]any{
		"sessionId": ID(i), "updatedAt": Began.UnixMilli() + int64(1_000_000-i)*1000, "systemSent": true, "abortedLastRun": false,
		"thinkingLevel": "low", "inputTokens": 1200 + i, "outputTokens": 300, "totalTokens": 1500 + i, "modelProvider": "anthropic",
		"model": "claude-opus-4-5", "contextTokens": 200000, "laterField": map[string]any{"kept": i},
		"skillsSnapshot": map[string]any{"prompt": "<available_skills></available_skills>", "skills": []any{map[string]any{"name": "weather"}}},
	}
	if i%3 != 2 && i > 0 {
		e["chatType"], e["subject"] = "group", fmt.Sprintf("Group %d", i)
	}
	if i == 0 {
		e["lastChannel"], e["lastTo"] = "telegram", "123456789"
	}
	return e
}

// transcript writes n messages in the session format, with the lines around them that a real one has.
func transcript(path string, i, n int) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriter(f)
	at := Began.Add(time.Duration(i) * time.Minute)
	stamp := func(n int) string { return at.Add(time.Duration(n) * time.Second).Format("2006-01-02T15:04:05.000Z") }
	fmt.Fprintf(w, `{"type":"session","version":2,"id":%q,"timestamp":%q,"cwd":"/home/user/clawd"}`+"\n", ID(i), stamp(0))
	fmt.Fprintf(w, `{"type":"thinking_level_change","id":"00000000","parentId":null,"timestamp":%q,"thinkingLevel":"low"}`+"\n", stamp(0))
	parent := "00000000"
	for k := range n {
		id := fmt.Sprintf("%08x", k+1)
		ms := at.UnixMilli() + int64(k)*1000
		fmt.Fprintf(w, `{"type":"message","id":%q,"parentId":%q,"timestamp":%q,"message":%s}`+"\n", id, parent, stamp(k), message(i, k, ms))
		parent = id
	}
	return w.Flush()
}

func message(i, k int, ms int64) string {
	text := fmt.Sprintf(`[{"type":"text","text":%q}]`, Text(i, k))
	if k%2 == 0 {
		return fmt.Sprintf(`{"role":"user","content":%s,"timestamp":%d}`, text, ms)
	}
	return fmt.Sprintf(`{"role":"assistant","content":%s,"api":"anthropic-messages","provider":"anthropic","model":"claude-opus-4-5",`+
		`"usage":{"input":10,"output":5,"cacheRead":0,"cacheWrite":0,"totalTokens":15,"cost":{"input":0,"output":0,"cacheRead":0,`+
		`"cacheWrite":0,"total":0}},"stopReason":"stop","timestamp":%d}`, text, ms)
}

// The jobs: a recurring one that is marked as running, and a one-shot that was missed. JobRuns are the runs in the log
// of the first.
const (
	DailyJob, MissedJob = "7d0f1f3e-1111-4111-8111-000000000001", "7d0f1f3e-1111-4111-8111-000000000002"
	JobRuns             = 25
)

func jobs() map[string]any {
	ms := Began.UnixMilli()
	return map[string]any{"version": 1, "jobs": []any{
		map[string]any{
			"id": DailyJob, "name": "Morning", "enabled": true, "createdAtMs": ms, "updatedAtMs": ms,
			"schedule": map[string]any{"kind": "cron", "expr": "0 7 * * *", "tz": "Europe/Berlin"}, "sessionTarget": "isolated",
			"wakeMode": "next-heartbeat", "payload": map[string]any{"kind": "agentTurn", "message": "What is new?"},
			"state": map[string]any{"nextRunAtMs": ms, "runningAtMs": ms, "lastRunAtMs": ms, "lastStatus": "ok", "lastDurationMs": 1234},
		},
		map[string]any{ // from before jobs had names
			"id": MissedJob, "enabled": true, "createdAtMs": ms, "updatedAtMs": ms,
			"schedule": map[string]any{"kind": "at", "atMs": ms}, "sessionTarget": "main", "wakeMode": "next-heartbeat",
			"payload": map[string]any{"kind": "systemEvent", "text": "Call the dentist"}, "state": map[string]any{"nextRunAtMs": ms},
		},
	}}
}

// The paired node and its token.
const (
	NodeID    = "ios-node-1"
	NodeToken = "0123456789abcdef0123456789abcdef"
)

func nodes() map[string]any {
	ms := Began.UnixMilli()
	return map[string]any{NodeID: map[string]any{
		"nodeId": NodeID, "token": NodeToken, "displayName": "Phone", "platform": "iOS 18.2", "version": "2026.1.5", "deviceFamily": "iPhone",
		"caps": []string{"canvas", "camera"}, "commands": []string{"canvas.eval"}, "permissions": map[string]bool{"camera": true},
		"createdAtMs": ms, "approvedAtMs": ms + 1000,
	}}
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return write(path, b)
}

func write(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func writeTexts(dir string) error {
	var log []byte
	for n := range JobRuns {
		at := Began.AddDate(0, 0, n-JobRuns).UnixMilli()
		log = fmt.Appendf(log, `{"ts":%d,"jobId":%q,"action":"finished","status":"ok","summary":"run %d","runAtMs":%d,"durationMs":500,"nextRunAtMs":%d}`+"\n",
			at+500, DailyJob, n, at, at+86_400_000)
	}
	config := "// how it was\n{\n  \"identity\": { \"name\": \"Clawd\" }, // the name\n}\n"
	for name, text := range map[string]string{
		"cron/runs/" + DailyJob + ".jsonl": string(log), "clawdbot.json": config,
		"credentials/creds.json": "{}", "credentials/oauth.json": "{}",
	} {
		if err := write(filepath.Join(dir, name), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}
