package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/transport/wire"
)

const secretFile = `// my gateway
{
  gateway: {
    auth: { token: 'CANARY-token' }, // not: "token: CANARY-commented"
    port: 4000,
  },
  models: { providers: { p: { models: [
    { id: 'a', headers: { X: 'CANARY-a' } },
    { id: 'b', headers: { X: 'CANARY-b' } },
  ] } } },
}
`

func TestEdited(t *testing.T) {
	t.Parallel()
	const models = `"models":{"providers":{"p":{"models":[{"id":"a","headers":{"X":"__REDACTED__"}},{"id":"b","headers":{"X":"__REDACTED__"}}]}}}`
	shown := *parse(secretFile).Redacted().Raw
	for _, c := range []struct{ name, raw, want string }{
		{"what was shown, as a tree", string(parse(secretFile).Redacted().Config), secretFile},
		{"what was shown, as a text", shown, secretFile},
		{"one line", `{"gateway":{"auth":{"token":"__REDACTED__"},"port":5000},` + models + `}`, strings.Replace(secretFile, "4000", "5000", 1)},
		{"a new secret", `{"gateway":{"auth":{"token":"fresh"},"port":4000},` + models + `}`, strings.Replace(secretFile, "'CANARY-token'", `"fresh"`, 1)},
		{"with comments, as sent", "{ /* mine */ gateway: { auth: { token: \"__REDACTED__\" } } }", "{ /* mine */ gateway: { auth: { token: 'CANARY-token' } } }\n"},
		{"an item less: its neighbour keeps its own secret", `{"gateway":{"auth":{"token":"__REDACTED__"},"port":4000},"models":{"providers":{"p":{"models":[{"id":"b","headers":{"X":"__REDACTED__"}}]}}}}`,
			strings.Replace(secretFile, "    { id: 'a', headers: { X: 'CANARY-a' } },\n", "", 1)},
	} {
		got, err := parse(secretFile).Edited(c.raw)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, got, c.want)
		}
	}
}

func TestEdited_refused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, raw, path, message string }{
		{"syntax", "{}", "{a:", "", "SyntaxError: JSON5: line 1, column 4"},
		{"nothing stored", "{}", `{gateway:{auth:{token:"__REDACTED__"}}}`, "gateway.auth.token", "no secret is stored"},
		{"no file", "", `{gateway:{auth:{token:"__REDACTED__"}}}`, "gateway.auth.token", "no secret is stored"},
		{"not a secret", "{gateway:{bind:'lan'}}", `{gateway:{bind:"__REDACTED__"}}`, "gateway.bind", "no secret is stored"},
		{"another path", secretFile, `{gateway:{auth:{password:"__REDACTED__"}}}`, "gateway.auth.password", "no secret is stored"},
		{"only in a comment", "{gateway:{auth:{/* token: 'CANARY' */}}}", `{gateway:{auth:{token:"__REDACTED__"}}}`, "gateway.auth.token", "no secret is stored"},
		{"inside a text", secretFile, `{gateway:{auth:{token:"x__REDACTED__"}}}`, "gateway.auth.token", "inside a text"},
		{"a key", secretFile, `{"__REDACTED__":1}`, "__REDACTED__", "cannot stand for a key"},
		{"an unknown comment", secretFile, "{} // key: __REDACTED__", "", "line 1: the comment"},
		{"an item of another id", secretFile, `{models:{providers:{p:{models:[{id:'c',headers:{X:"__REDACTED__"}}]}}}}`, "models.providers.p.models.0.headers.X", "no secret"},
		{"list of another length", "{telegram:{allowFrom:['sk-CANARYCANARYCANARYCANARY']}}", `{telegram:{allowFrom:['1',"__REDACTED__"]}}`, "telegram.allowFrom.1", "no secret"},
	} {
		stored := parse(c.file)
		if c.file == "" {
			stored = Read(filepath.Join(t.TempDir(), "none"), homeOnly)
		}
		_, err := stored.Edited(c.raw)
		e, ok := err.(*SetError)
		if !ok {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := Issue{"", e.Message}
		if len(e.Issues) > 0 {
			got = e.Issues[0]
		}
		if got.Path != c.path || !strings.Contains(got.Message, c.message) || strings.Contains(err.Error()+got.String(), "CANARY") {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// ask1 makes a client call and returns its result as JSON, or the error.
func ask1(t *testing.T, ref actors.Ref[Message], method, params string) (string, *wire.Error) {
	t.Helper()
	if err := wire.Validate(method, []byte(params)); err != nil {
		return "", err
	}
	answers := make(chan wire.Result, 2)
	for _, m := range Methods(ref) {
		if m.Name == method {
			m.Handle(&wire.Call{Method: method, Params: []byte(params), Respond: func(r wire.Result) { answers <- r }})
		}
	}
	r := <-answers
	if r.Err != nil {
		return "", r.Err
	}
	b, err := wire.Marshal(r.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "CANARY") {
		t.Errorf("%s shows a secret: %s", method, b)
	}
	return string(b), nil
}

func setParams(t *testing.T, raw string) string {
	t.Helper()
	b, err := wire.Marshal(wire.ConfigSetParams{Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConfigSet_writesAndKeepsGenerations(t *testing.T) {
	t.Parallel()
	r := newRig(t, secretFile, nil)
	config := string(parse(secretFile).Redacted().Config)
	got, err := ask1(t, r.ref, "config.set", setParams(t, strings.Replace(config, "4000", "4001", 1)))
	if err != nil || !strings.HasPrefix(got, `{"ok":true,"path":"`+r.path+`","config":{"gateway":{"auth":{"token":"__REDACTED__"},"port":4001}`) {
		t.Fatalf("%s %v", got, err)
	}
	if want := strings.Replace(secretFile, "4000", "4001", 1); read(t, r.path) != want {
		t.Errorf("the file is now\n%s", read(t, r.path))
	}
	for _, p := range []string{r.path, r.history} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", p, info.Mode(), err)
		}
	}
	got, err = ask1(t, r.ref, "config.history", "{}")
	if err != nil || !strings.HasPrefix(got, `{"generations":[{"generation":2,"at":`) || !strings.Contains(got, `"current":true},{"generation":1,`) {
		t.Errorf("history %s %v", got, err)
	}
	if got, err = ask1(t, r.ref, "config.rollback", `{"generation":1}`); err != nil || !strings.Contains(got, `"port":4000`) || read(t, r.path) != secretFile {
		t.Errorf("rollback %s %v", got, err)
	}
	if _, err = ask1(t, r.ref, "config.rollback", `{"generation":99}`); err == nil || err.Code != wire.CodeInvalidRequest {
		t.Errorf("rollback to nothing: %v", err)
	}
	torn := filepath.Join(r.history, "000077-1.json5") // what a power cut may leave of one
	if err := os.WriteFile(torn, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ = ask1(t, r.ref, "config.history", "{}"); strings.Contains(got, `"generation":77`) {
		t.Errorf("history with an empty file %s", got)
	}
	for i := range 15 {
		if _, err := ask1(t, r.ref, "config.set", setParams(t, `{gateway:{port:`+string(rune('1'+i%9))+`00}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ = ask1(t, r.ref, "config.history", "{}"); strings.Count(got, `"generation":`) != maxGenerations {
		t.Errorf("history %s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(r.path), ".*tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConfigSet_refusalsWriteNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, secretFile, nil)
	for raw, want := range map[string]string{
		"{":                                "SyntaxError: JSON5: line 1, column 2: the file ends inside an object: '}' is missing",
		"{gateway:{port:'x'}}":             "gateway.port",
		"{gateway:{prot:1}}":               "gateway.prot",
		"[]":                               "must hold an object",
		`{hooks:{token:"__REDACTED__"}}`:   "hooks.token",
		"{gateway:{bind:'lan'}} // nobody": "gateway.bind: refused by the root",
	} {
		_, err := ask1(t, r.ref, "config.set", setParams(t, raw))
		if err == nil || err.Code != wire.CodeInvalidRequest {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		b, _ := wire.Marshal(err)
		text := err.Message
		if d, ok := err.Details.(wire.ConfigIssues); ok {
			text = Issue(d.Issues[0]).String()
			if err.Message != "invalid config" {
				t.Errorf("%s: message %q", raw, err.Message)
			}
		}
		if !strings.Contains(text, want) || strings.Contains(string(b), "CANARY") {
			t.Errorf("%s: %s", raw, b)
		}
	}
	if read(t, r.path) != secretFile {
		t.Error("a refused text was written")
	}
	if _, err := ask1(t, r.ref, "config.set", `{"raw":""}`); err == nil {
		t.Error("an empty raw was accepted")
	}
}

// A file that cannot be read is not replaced: it may hold what nobody else has.
func TestConfigSet_unreadableFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{}", nil)
	if err := os.Remove(r.path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(r.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ask1(t, r.ref, "config.set", setParams(t, "{}")); err == nil || err.Code != wire.CodeUnavailable {
		t.Errorf("%v", err)
	}
}

func TestConfigSet_firstFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, "", nil)
	if _, err := ask1(t, r.ref, "config.set", setParams(t, "{ gateway: { port: 18789 } }")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r.path); got != "{ gateway: { port: 18789 } }\n" {
		t.Errorf("%q", got)
	}
}

// Who edits the file while a client sets something does not lose the edit: the change is made on what is there then.
func TestSet_racesWithAnEdit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clawdbot.json")
	write(t, path, "{cron:{maxConcurrentRuns:1}}")
	edits := 0
	l := newLive(Options{Document: Read(path, homeOnly), Getenv: homeOnly, Admit: func(*Document) error {
		if edits++; edits < 4 { // after the file was read, and before it is written
			write(t, path, fmt.Sprintf("{cron:{maxConcurrentRuns:%d}} // edit %d", edits+1, edits))
		}
		return nil
	}})
	log := slog.New(slog.DiscardHandler)
	if _, err := l.set(log, "{identity:{name:'x'},cron:{maxConcurrentRuns:9}}", ""); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "maxConcurrentRuns:9") || !strings.Contains(string(b), "// edit 3") || !strings.Contains(string(b), "name") {
		t.Errorf("%s (%v)", b, err)
	}
	edits = -10 // one edit after another: it gives up, and says so
	if _, err := l.set(log, "{identity:{name:'y'}}", ""); !errors.Is(err, file.ErrChanged) {
		t.Errorf("%v", err)
	}
	if all, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.tmp")); len(all) > 0 {
		t.Errorf("left behind: %q", all)
	}
}
