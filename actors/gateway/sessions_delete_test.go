package gateway_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// archived reads a transcript file: its first line, and the texts of the others.
func archived(t *testing.T, path, pattern, sessionID string) (texts []string) {
	t.Helper()
	if ok, _ := regexp.MatchString(`^`+pattern+`\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$`, filepath.Base(path)); !ok {
		t.Errorf("the archive is called %s", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s: %v", path, info.Mode())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return transcriptFile(t, string(raw), sessionID)
}

var lineID = regexp.MustCompile(`^[0-9a-f]{8}$`)

// transcriptFile checks the form of a transcript file and gives the texts of its messages.
func transcriptFile(t *testing.T, raw, sessionID string) (texts []string) {
	t.Helper()
	parent := any(nil)
	for i, line := range strings.Split(strings.TrimSuffix(raw, "\n"), "\n") {
		var l struct {
			Type, ID, Timestamp string
			Version             int
			Cwd                 *string
			ParentID            any
			Message             struct {
				Role    string
				Content []struct{ Text string }
			}
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("line %d: %v: %s", i, err, line)
		}
		if len(l.Timestamp) != len("2026-01-02T03:04:05.006Z") {
			t.Errorf("line %d: timestamp %q", i, l.Timestamp)
		}
		if i == 0 {
			if l.Type != "session" || l.Version != 2 || l.ID != sessionID || l.Cwd == nil {
				t.Errorf("the first line is %s", line)
			}
			continue
		}
		if !lineID.MatchString(l.ID) || l.Type != "message" || l.ParentID != parent {
			t.Errorf("line %d: %s", i, line)
		}
		parent = l.ID
		texts = append(texts, l.Message.Content[0].Text)
	}
	return texts
}

func TestSessionsCompact(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), seed: func(tx *store.Tx) error {
		for key, n := range map[string]int{"ten": 10, "none": 0, "two": 2, "big": 401} {
			filling := 0
			if key == "two" {
				filling = 70_000 // each a file of its own
			}
			if err := lines(tx, "id-"+key, key, n, filling); err != nil {
				return err
			}
			if err := session(tx, key, wire.SessionEntry{SessionID: "id-" + key, UpdatedAt: 1, InputTokens: ptr(int64(1)),
				OutputTokens: ptr(int64(2)), TotalTokens: ptr(int64(3)), ContextTokens: ptr(int64(4)), Model: "m"}); err != nil {
				return err
			}
		}
		return nil
	}}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	compact := func(p map[string]any) (string, wire.SessionsCompactResult) {
		var r wire.SessionsCompactResult
		f := c.ok("sessions.compact", p, &r)
		return string(f.Payload), r
	}
	for _, tc := range []struct {
		p    map[string]any
		want string
	}{
		{map[string]any{"key": "nobody"}, `{"ok":true,"key":"nobody","compacted":false,"reason":"no sessionId"}`},
		{map[string]any{"key": "none"}, `{"ok":true,"key":"none","compacted":false,"reason":"no transcript"}`},
		{map[string]any{"key": " ten "}, `{"ok":true,"key":"ten","compacted":false,"kept":10}`},
		{map[string]any{"key": "ten", "maxLines": 10}, `{"ok":true,"key":"ten","compacted":false,"kept":10}`},
	} {
		if got, _ := compact(tc.p); got != tc.want {
			t.Errorf("%v: %s", tc.p, got)
		}
	}
	for _, p := range []map[string]any{{"key": "ten", "maxLines": 0}, {"key": ""}, {"key": "ten", "maxLines": "3"}} {
		if err := c.refused("sessions.compact", p); !strings.HasPrefix(err.Message, "invalid sessions.compact params: data/") {
			t.Errorf("%v: %v", p, err)
		}
	}
	got, r := compact(map[string]any{"key": "ten", "maxLines": 3})
	if want := fmt.Sprintf(`{"ok":true,"key":"ten","compacted":true,"archived":%q,"kept":3}`, r.Archived); got != want || filepath.Dir(r.Archived) != filepath.Join(s.dir, "sessions") {
		t.Errorf("cut: %s", got)
	}
	if texts := archived(t, r.Archived, `id-ten\.jsonl\.bak`, "id-ten"); len(texts) != 10 || texts[0] != "ten0" || texts[9] != "ten9" {
		t.Errorf("archive %q", texts)
	}
	if _, r := compact(map[string]any{"key": "big"}); !r.Compacted || *r.Kept != 400 {
		t.Errorf("without maxLines: %+v", r)
	}
	_, r = compact(map[string]any{"key": "two", "maxLines": 1})
	if texts := archived(t, r.Archived, `id-two\.jsonl\.bak`, "id-two"); len(texts) != 2 || len(texts[0]) < 70_000 {
		t.Errorf("archive of large messages: %d", len(texts))
	}
	if blobs, err := os.ReadDir(filepath.Join(s.dir, "blobs")); err != nil || len(blobs) != 1 {
		t.Errorf("files of large messages: %v %v", blobs, err)
	}
	stop(t, g)

	s.seed = nil
	c = dial(t, s.start(t).URL())
	if h := history(t, c, "ten"); !slices.Equal(h, []string{"user: ten7", "user: ten8", "user: ten9"}) {
		t.Errorf("history %q", h)
	}
	if h := history(t, c, "two"); len(h) != 1 || !strings.HasPrefix(h[0], "user: two1x") {
		t.Errorf("history %d", len(h))
	}
	f := c.ok("sessions.list", map[string]any{"activeMinutes": 60}, nil)
	if n := strings.Count(f.raw, `"totalTokens":0,"model":"m","contextTokens":4`); n != 3 || strings.Contains(f.raw, "inputTokens") {
		t.Errorf("%d rows are as new: %s", n, f.raw)
	}
}

func TestSessionsDelete(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), seed: func(tx *store.Tx) error {
		for _, key := range []string{"main", "discord:group:dev", "kept", "../../evil"} {
			if err := lines(tx, "id-"+key, key, 3, 0); err != nil {
				return err
			}
			if err := session(tx, key, wire.SessionEntry{SessionID: "id-" + key}); err != nil {
				return err
			}
		}
		return nil
	}}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	remove := func(p map[string]any) (string, wire.SessionsDeleteResult) {
		var r wire.SessionsDeleteResult
		f := c.ok("sessions.delete", p, &r)
		return string(f.Payload), r
	}
	if err := c.refused("sessions.delete", map[string]any{"key": "main "}); err.Code != wire.CodeInvalidRequest || err.Message != "Cannot delete the main session (main)." {
		t.Errorf("main: %v", err)
	}
	for _, key := range []string{"nobody", "global"} {
		if got, _ := remove(map[string]any{"key": key}); got != `{"ok":true,"key":"`+key+`","deleted":false,"archived":[]}` {
			t.Errorf("%s: %s", key, got)
		}
	}
	if got, _ := remove(map[string]any{"key": "kept", "deleteTranscript": false}); got != `{"ok":true,"key":"kept","deleted":true,"archived":[]}` {
		t.Errorf("kept: %s", got)
	}
	got, r := remove(map[string]any{"key": "discord:group:dev"})
	if len(r.Archived) != 1 || got != fmt.Sprintf(`{"ok":true,"key":"discord:group:dev","deleted":true,"archived":[%q]}`, r.Archived[0]) {
		t.Fatalf("dev: %s", got)
	}
	if texts := archived(t, r.Archived[0], `[0-9a-f]{32}\.jsonl\.deleted`, "id-discord:group:dev"); len(texts) != 3 {
		t.Errorf("archive %q", texts)
	}
	if _, r := remove(map[string]any{"key": "../../evil"}); len(r.Archived) != 1 || filepath.Dir(r.Archived[0]) != filepath.Join(s.dir, "sessions") {
		t.Errorf("an id that is no file name: %+v", r)
	}
	stop(t, g)

	s.seed = nil
	c = dial(t, s.start(t).URL())
	var list wire.SessionsListResult
	if c.ok("sessions.list", nil, &list); list.Count != 1 || list.Sessions[0].Key != "main" {
		t.Errorf("after a restart: %+v", list.Sessions)
	}
	c.send("a", "agent", map[string]any{"message": "hello again", "sessionId": "id-kept", "idempotencyKey": "k"})
	c.wait("the final", 0, final("a"))
	if h := history(t, c, "id-kept"); len(h) != 5 {
		t.Errorf("the transcript that was kept: %q", h)
	}
	c.ok("chat.send", chatSend("discord:group:dev", "hello", "k"), nil)
	if h := history(t, c, "discord:group:dev"); len(h) != 2 {
		t.Errorf("the session after its deletion: %q", h)
	}
}

// TestSessionsDelete_global: with one session for everything, that is the one that stays.
func TestSessionsDelete_global(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{config: `{session: {scope: "global"}}`}.start(t).URL())
	if err := c.refused("sessions.delete", map[string]any{"key": "global"}); err.Message != "Cannot delete the main session (global)." {
		t.Errorf("global: %v", err)
	}
	c.ok("sessions.delete", map[string]any{"key": "main"}, nil)
}

// TestSessionsDelete_running: the run in progress and those behind it are ended, their callers are answered, and all of
// them are in the archive. Other sessions see nothing of it.
func TestSessionsDelete_running(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	c.send("other", "chat.send", chatSend("other", "!sleep 1s", "other"))
	for i := range 4 {
		c.send(fmt.Sprint("s", i), "chat.send", chatSend("busy", fmt.Sprint("!sleep 6", i, "s"), fmt.Sprint("k", i)))
	}
	c.send("ag", "agent", map[string]any{"message": "an agent's", "sessionKey": "busy", "idempotencyKey": "ag"})
	c.wait("the first words", 0, chat("k0", "delta"))
	c.send("del", "sessions.delete", map[string]any{"key": "busy"})
	at, f := c.wait("the answer", 0, response("del"))
	var r wire.SessionsDeleteResult
	if f.decode(t, &r); !f.OK || !r.Deleted || len(r.Archived) != 1 {
		t.Fatalf("answer %s", f.raw)
	}
	for i := range 4 {
		if n, f := c.wait("a caller's answer", 0, response(fmt.Sprint("s", i))); !f.OK || n > at {
			t.Errorf("caller %d: %s", i, f.raw)
		}
	}
	if n, _ := c.wait("the agent's final", 0, final("ag")); n > at {
		t.Errorf("the agent's caller hears at %d, the deleter at %d", n, at)
	}
	texts := archived(t, r.Archived[0], `[0-9a-f-]{36}\.jsonl\.deleted`, strings.Split(filepath.Base(r.Archived[0]), ".")[0])
	for i := range 4 {
		if !slices.Contains(texts, fmt.Sprint("!sleep 6", i, "s")) {
			t.Errorf("message %d is lost: %q", i, texts)
		}
	}
	for _, run := range []string{"k0", "k3"} { // one that worked, and one that waited
		c.endedBy(run, "its session was deleted")
	}
	if h := history(t, c, "busy"); len(h) != 0 {
		t.Errorf("history %q", h)
	}
	if _, f := c.wait("the other session", 0, response("other")); !f.OK || len(history(t, c, "other")) != 2 {
		t.Errorf("the other session: %s", f.raw)
	}
	stop(t, g)

	c = dial(t, s.start(t).URL())
	if f := c.call("chat.send", chatSend("busy", "!sleep 60s", "k0")); !f.OK {
		t.Errorf("a repeat after a restart: %s", f.raw)
	}
	var list wire.SessionsListResult
	if c.ok("sessions.list", nil, &list); list.Count != 1 || list.Sessions[0].Key != "other" {
		t.Errorf("after a restart: %+v", list.Sessions)
	}
}

// TestSessionsDelete_stillActive: a run that cannot be ended keeps its session.
func TestSessionsDelete_stillActive(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 15 s")
	}
	faults := actortest.NewFaults(1)
	faults.On(actortest.Message[agent.Abort]()).Drop()
	g := setup{options: func(o *gateway.Options) { o.Intercept = actors.Interceptor(faults) }}.start(t)
	c := dial(t, g.URL())
	c.send("s", "chat.send", chatSend("busy", "!sleep 20s", "k"))
	c.wait("the first words", 0, chat("k", "delta"))
	if err := c.refused("sessions.delete", map[string]any{"key": "busy"}); err.Code != wire.CodeUnavailable || err.Message != "Session busy is still active; try again in a moment." {
		t.Errorf("delete: %v", err)
	}
	c.wait("the run's answer", 0, response("s"))
	var r wire.SessionsDeleteResult
	if c.ok("sessions.delete", map[string]any{"key": "busy"}, &r); !r.Deleted {
		t.Errorf("once it has ended: %+v", r)
	}
}

// TestSessionsDelete_meanwhile: of what is said while a session is deleted again and again, each message is answered and
// stands in one archive, or in the session that is there at the end.
func TestSessionsDelete_meanwhile(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g := s.start(t)
	c, other := dial(t, g.URL()), dial(t, g.URL())
	const n = 30
	for i := range n {
		c.send(fmt.Sprint("s", i), "chat.send", chatSend("k", fmt.Sprint("message ", i), fmt.Sprint("k", i)))
		if i%5 == 4 {
			other.ok("sessions.delete", map[string]any{"key": "k"}, nil)
		}
	}
	for i := range n {
		if _, f := c.wait("an answer", 0, response(fmt.Sprint("s", i))); !f.OK {
			t.Errorf("message %d: %s", i, f.raw)
		}
	}
	where := map[string]int{}
	for _, line := range history(t, c, "k") {
		where[strings.TrimPrefix(line, "user: ")]++
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "sessions", "*.deleted.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range transcriptFile(t, string(raw), strings.Split(filepath.Base(f), ".")[0]) {
			where[text]++
		}
	}
	for i := range n {
		if text := fmt.Sprint("message ", i); where[text] != 1 {
			t.Errorf("%q is in %d places", text, where[text])
		}
	}
}

// endedBy checks what is told of the end of a run that was aborted.
func (c *socket) endedBy(run, cause string) {
	c.t.Helper()
	var w wire.WhyResult
	c.ok("why", map[string]any{"id": run}, &w)
	if len(w.Runs) != 1 || w.Runs[0].State != "aborted" || !strings.HasPrefix(w.Runs[0].Explanation, "it was ended early: "+cause) {
		c.t.Errorf("why %s: %+v", run, w)
	}
}
