package importer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const secret = "from outside"

// outside is a directory with a file that must never be read.
func outside(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put(t, dir, name, `{"message":{"role":"user","content":"`+secret+`"}}`+"\n")
	return dir
}

func TestSessions_unreadableStore(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		make func(t *testing.T, dir string)
		want string
	}{
		"invalid": {func(t *testing.T, dir string) { put(t, dir, sessionsFile, `{"main": {`) }, "is no JSON: line 1"},
		"empty":   {func(t *testing.T, dir string) { put(t, dir, sessionsFile, "") }, "is no JSON"},
		"a list":  {func(t *testing.T, dir string) { put(t, dir, sessionsFile, `[1]`) }, "another shape"},
		"nested": {func(t *testing.T, dir string) {
			put(t, dir, sessionsFile, strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000))
		}, "is no JSON"},
		"a folder": {func(t *testing.T, dir string) { put(t, dir, sessionsFile+"/x", "") }, "is not a regular file"},
		"too large": {func(t *testing.T, dir string) {
			put(t, dir, sessionsFile, "{}")
			if err := os.Truncate(filepath.Join(dir, sessionsFile), 500<<20); err != nil {
				t.Fatal(err)
			}
		}, "has 500 MB, and at most 128 MB are read"},
		"leads out": {func(t *testing.T, dir string) {
			put(t, dir, "sessions/x", "")
			link(t, filepath.Join(outside(t, "s.json"), "s.json"), filepath.Join(dir, sessionsFile))
		}, "leads out"},
		"its folder leads out": {func(t *testing.T, dir string) {
			link(t, outside(t, "sessions.json"), filepath.Join(dir, sessionsDir))
		}, "leads out"},
		"a pipe": {func(t *testing.T, dir string) {
			put(t, dir, "sessions/x", "")
			if err := syscall.Mkfifo(filepath.Join(dir, sessionsFile), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tc.make(t, dir)
			r, rep := imported(t, dir, Places{})
			if rep.Sessions != 0 || !said(rep, sessionsFile, tc.want) {
				t.Errorf("report: %s", show(rep))
			}
			if sessions := r.sessions(); len(sessions) != 0 {
				t.Errorf("sessions %+v", sessions)
			}
		})
	}
}

func (r *rig) sessions() (all []store.Session) {
	r.t.Helper()
	err := r.store.View(deadline(r.t), func(v *store.View) (err error) {
		all, err = v.Sessions()
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

// A store that could not be read is tried again at the next start, and once it could, never again.
func TestSessions_triedAgainUntilRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, sessionsFile, `{"main": {"sessionId": "s1", "updatedAt": 5,`)
	put(t, dir, "sessions/s1.jsonl", `{"message":{"role":"user","content":"hello","timestamp":5}}`)
	for _, tc := range []struct {
		text            string
		sessions, lines int64
	}{
		{"", 0, 0},
		{`{main: {sessionId: "s1", updatedAt: 5,}, /* by hand */}`, 1, 1},
		{`{"main": {"sessionId": "s2", "updatedAt": 9}, "other": {"sessionId": "s1", "updatedAt": 9}}`, 1, 1},
	} {
		if tc.text != "" {
			put(t, dir, sessionsFile, tc.text)
		}
		r := start(t, dir, nil, Places{})
		if rep := r.run(); rep.Sessions != tc.sessions || rep.Lines != tc.lines {
			t.Errorf("after %s: %+v", tc.text, rep)
		}
		if n := len(r.sessions()); n != int(tc.sessions) {
			t.Errorf("after %s: %d sessions", tc.text, n)
		}
		r.stop()
	}
}

func TestSessions_oddEntries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := outside(t, "x.jsonl")
	put(t, dir, "passwd.jsonl", `{"message":{"role":"user","content":"`+secret+`"}}`)
	put(t, dir, "sessions/x", "")
	link(t, filepath.Join(out, "x.jsonl"), filepath.Join(dir, "sessions/link.jsonl"))
	put(t, dir, "sessions/folder.jsonl/x", "")
	put(t, dir, "sessions/twice.jsonl", `{"message":{"role":"user","content":"once"}}`)
	put(t, dir, sessionsFile, `{
		"main": {"sessionId": "twice", "updatedAt": 3, "later": {"kept": [1]}, "skillsSnapshot": {"prompt": "p"}, "thinkingLevel": 7, "inputTokens": "many", "lastTo": "77"},
		"same id": {"sessionId": "twice", "updatedAt": 2},
		"traversal": {"sessionId": "../passwd", "updatedAt": 1},
		"absolute": {"sessionId": "/etc/passwd", "updatedAt": 1},
		"link": {"sessionId": "link", "updatedAt": 1},
		"folder": {"sessionId": "folder", "updatedAt": 1},
		"no id": {"updatedAt": -4},
		"a\u0000\n/../\u202ekey 🤖": {"sessionId": "odd", "updatedAt": 1},
		"null": null, "text": "x", "list": [],
		"deep": {"sessionId": "deep", "x": `+strings.Repeat("[", 80)+strings.Repeat("]", 80)+`},
		" ": {"sessionId": "blank", "updatedAt": 1}
	}`)
	r, rep := imported(t, dir, Places{})
	if rep.Sessions != 8 || rep.Transcripts != 1+2 || rep.Lines != 1 {
		t.Errorf("report %+v\n%s", rep, show(rep))
	}
	for path, want := range map[string][]string{
		sessionsFile: {
			`"main": inputTokens has the wrong type; thinkingLevel has the wrong type`, `"traversal": its sessionId is not the name of a file`,
			`"absolute": its sessionId`, `"null" stays behind: it is not an object`, `"text" stays behind`, `"list" stays behind`,
			`"deep" stays behind`, `" " stays behind: its key is blank`,
		},
		"sessions/link.jsonl": {"leads out"}, "sessions/folder.jsonl": {"not a regular file"},
	} {
		for _, text := range want {
			if !said(rep, path, text) {
				t.Errorf("the report lacks %s: %s\n%s", path, text, show(rep))
			}
		}
	}
	var main struct {
		wire.SessionEntry
		Later wire.Raw `json:"later"`
	}
	if err := wire.Unmarshal(r.session("main").Entry, &main); err != nil || string(main.Later) != `{"kept":[1]}` || string(r.session("main").Skills) != `{"prompt": "p"}` || main.LastTo != "77" || main.ThinkingLevel != "" {
		t.Errorf("entry %s, %v", r.session("main").Entry, err)
	}
	for _, s := range r.sessions() {
		for _, text := range r.texts(s.SessionID) {
			if strings.Contains(text, secret) {
				t.Errorf("session %q has what is outside", s.Key)
			}
		}
	}
	if got := r.texts("twice"); len(got) != 1 {
		t.Errorf("the transcript of two sessions: %q", got)
	}
}

func TestTranscript_hostileLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, sessionsFile, `{"main": {"sessionId": "s", "updatedAt": 1}}`)
	big := strings.Repeat("x", 200<<10)
	put(t, dir, "sessions/s.jsonl", strings.Join([]string{
		`{"type":"session","version":2,"id":"s","timestamp":"2026-01-05T08:00:00.000Z","cwd":"/"}`, // 1
		`{"message":{"role":"user","content":"one","timestamp":1}}`,
		"",
		"{\"message\":{\"role\":\"user\",\"content\":\"\x00\"}}", // 4
		"{\"message\":{\"role\":\"user\",\"content\":\"caf\xe9\"}}",
		`{"message":{"role":"user","content":"cut`, // 6
		`{"message":"a text"}`,
		`{"role":"user","content":"invisible"}`,
		`{"message":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, // 9
		`{"message":{"role":"assistant","content":"` + big + `"}}`,
		`{"message":{"role":"user","content":"` + strings.Repeat("y", maxLine) + `"}}`, // 11
		`[1]`,
		`{"type":"compaction","summary":"s","firstKeptEntryId":"1","tokensBefore":1}`,
		`{"type":7,"timestamp":"2026-01-05T08:00:01.000Z","message":{"role":5,"content":"last"}}`,
	}, "\n"))
	r, rep := imported(t, dir, Places{})
	got := r.texts("s")
	if len(got) != 4 || rep.Lines != 4 || !strings.Contains(got[1], "caf\ufffd") || !strings.Contains(got[2], big) || !strings.Contains(got[3], "last") {
		t.Errorf("%d messages, report %s", len(got), show(rep))
	}
	for _, text := range []string{"lines 4, 6, 9, 12 stay behind: no JSON", "line 7 stays behind: its message is no object", "line 11 stays behind: longer than 32 MB"} {
		if !said(rep, "sessions/s.jsonl", text) {
			t.Errorf("the report lacks %q: %s", text, show(rep))
		}
	}
	for _, text := range []string{`1 lines of type "session"`, `1 lines of type "compaction"`, `1 lines of type "unknown"`} {
		if !said(rep, sessionsDir, text) {
			t.Errorf("the report lacks %q: %s", text, show(rep))
		}
	}
}
