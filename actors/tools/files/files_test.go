package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// rig is a workspace with the tools over it, and a directory outside with a secret.
type rig struct {
	t       *testing.T
	jail    Jail
	dir     string // the workspace
	outside string
}

const canary = "CANARY-outside"

func newRig(t *testing.T) *rig {
	t.Helper()
	base := file.Real(t.TempDir())
	r := &rig{t: t, dir: filepath.Join(base, "workspace"), outside: filepath.Join(base, "outside")}
	r.jail = Jail{Roots: []string{r.dir}, Never: []string{filepath.Join(base, ".clawdbot"), filepath.Join(r.dir, "clawdbot.json")}, Home: base}
	for _, dir := range []string{r.dir, r.outside} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.put(filepath.Join(r.outside, "secret"), canary)
	return r
}

func (r *rig) put(path, text string) {
	r.t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) get(path string) string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, path))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// call calls a tool as the table does.
func (r *rig) call(ctx context.Context, name string, args map[string]any) (string, error) {
	r.t.Helper()
	raw, err := wire.Marshal(args)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, tool := range Tools(Options{Jail: func(tools.Caller) Jail { return r.jail }}) {
		if tool.Name != name {
			continue
		}
		result, err := tool.Run(ctx, tools.Caller{}, raw)
		if err != nil {
			return "", err
		}
		var text string
		if wire.Unmarshal(result, &text) != nil {
			return string(result), nil
		}
		return text, nil
	}
	r.t.Fatalf("no tool %s", name)
	return "", nil
}

// do is a call that must work.
func (r *rig) do(name string, args ...any) string {
	r.t.Helper()
	out, err := r.call(r.t.Context(), name, pairs(args))
	if err != nil {
		r.t.Errorf("%s %v: %v", name, args, err)
	}
	return out
}

func pairs(args []any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(args); i += 2 {
		m[args[i].(string)] = args[i+1]
	}
	return m
}

// refuses is a call that must be refused, for this kind of reason.
func (r *rig) refuses(kind Kind, name string, args ...any) {
	r.t.Helper()
	out, err := r.call(r.t.Context(), name, pairs(args))
	var e *Error
	switch {
	case !errors.As(err, &e) || e.Kind != kind:
		r.t.Errorf("%s %v: %q, %v, want a refusal of kind %q", name, args, out, err, kind)
	case strings.Contains(err.Error(), canary):
		r.t.Errorf("%s %v: the refusal shows a secret", name, args)
	}
}

func (r *rig) link(target, name string) {
	r.t.Helper()
	if err := os.Symlink(target, filepath.Join(r.dir, name)); err != nil {
		r.t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("a.txt", "one\ntwo\r\nthree")
	r.put("empty", "")
	r.put("long", strings.Repeat("x", 5000)+"\nnext\n")
	r.put("many", strings.Repeat("line\n", 5000))
	r.put("zero", "a\x00b")
	r.put("odd", "Stra\xdfe and more than that, which is still a text\n")
	for _, c := range []struct {
		args []any
		want string
	}{
		{[]any{"path", "a.txt"}, "     1\tone\n     2\ttwo\n     3\tthree\n"},
		{[]any{"path", filepath.Join(r.dir, "a.txt"), "offset", 2, "limit", 1}, "     2\ttwo\n(lines 2 to 2 of 3; go on with offset 3)\n"},
		{[]any{"path", "x/../a.txt", "offset", 3}, "     3\tthree\n"},
		{[]any{"path", "~/workspace/a.txt", "limit", 1}, "     1\tone\n(lines 1 to 1 of 3; go on with offset 2)\n"},
		{[]any{"path", "a.txt", "offset", 9}, "(the file has 3 lines; there is no line 9)"},
		{[]any{"path", "empty"}, "(the file is empty)"},
		{[]any{"path", "odd"}, "     1\tStra\uFFFDe and more than that, which is still a text\n"},
	} {
		if got := r.do("read", c.args...); got != c.want {
			t.Errorf("%v: %q, want %q", c.args, got, c.want)
		}
	}
	if got := r.do("read", "path", "long"); len(got) > 2200 || !strings.Contains(got, "(3000 more bytes)") && !strings.Contains(got, "(3001 more bytes)") || !strings.Contains(got, "     2\tnext") {
		t.Errorf("a long line: %d bytes, %q", len(got), got[max(0, len(got)-80):])
	}
	if got := r.do("read", "path", "many"); !strings.HasSuffix(got, "(lines 1 to 2000 of 5000; go on with offset 2001)\n") {
		t.Errorf("many lines end with %q", got[max(0, len(got)-80):])
	}
	r.refuses(Binary, "read", "path", "zero")
	r.refuses(Missing, "read", "path", "nothing")
	r.refuses(Missing, "read", "path", "a.txt/b")
	r.refuses(Special, "read", "path", ".")
}

// TestRead_picture: a picture comes as one, whatever it is called.
func TestRead_picture(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\x01", 20)
	r.put("p.txt", png)
	if got := r.do("read", "path", "p.txt"); !strings.Contains(got, `"mimeType":"image/png"`) || !strings.Contains(got, `"data":"iVBORw0KGgo`) {
		t.Errorf("%s", got)
	}
	r.put("big.png", png+strings.Repeat("x", maxPicture))
	r.refuses(Large, "read", "path", "big.png")
}

func TestWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if got := r.do("write", "path", "new/deep/a.txt", "content", "hello"); got != "made new/deep/a.txt, 5 bytes" || r.get("new/deep/a.txt") != "hello" {
		t.Errorf("%q", got)
	}
	if err := os.Chmod(filepath.Join(r.dir, "new/deep/a.txt"), 0o751); err != nil {
		t.Fatal(err)
	}
	if got := r.do("write", "path", "new/deep/a.txt", "content", ""); got != "wrote new/deep/a.txt, 0 bytes" || r.get("new/deep/a.txt") != "" {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(filepath.Join(r.dir, "new/deep/a.txt")); err != nil || info.Mode().Perm() != 0o751 {
		t.Errorf("the mode is now %v, %v", info.Mode(), err)
	}
	r.put("real", "x")
	r.link("real", "alias")
	r.do("write", "path", "alias", "content", "through")
	if info, err := os.Lstat(filepath.Join(r.dir, "alias")); err != nil || info.Mode()&os.ModeSymlink == 0 || r.get("real") != "through" {
		t.Error("a link inside is written through, and stays one")
	}
	r.refuses(Other, "write", "path", "a")
	r.refuses(Special, "write", "path", "new", "content", "x")
	r.refuses(Special, "write", "path", ".", "content", "x")
	r.refuses(Missing, "write", "path", "real/b", "content", "x")
	if names, _ := filepath.Glob(filepath.Join(r.dir, "*", "*", ".clawdbot-*")); len(names) > 0 {
		t.Errorf("left over: %v", names)
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("f", "a\nb\nb\n\tc d\n")
	if got := r.do("edit", "path", "f", "oldText", "a\n", "newText", "A\n"); got != "changed f at line 1" {
		t.Errorf("%q", got)
	}
	if got := r.do("edit", "path", "f", "oldText", "b", "newText", "$1 B", "replaceAll", true); got != "changed f at line 2 and 1 more places" || r.get("f") != "A\n$1 B\n$1 B\n\tc d\n" {
		t.Errorf("%q %q", got, r.get("f"))
	}
	r.refuses(Other, "edit", "path", "f", "oldText", "B", "newText", "x")
	r.refuses(Missing, "edit", "path", "f", "oldText", "c  d", "newText", "x")
	if _, err := r.call(t.Context(), "edit", map[string]any{"path": "f", "oldText": "c  d", "newText": "x"}); err == nil || !strings.Contains(err.Error(), "line 4 begins like it") {
		t.Errorf("%v", err)
	}
	r.refuses(Other, "edit", "path", "f", "oldText", "", "newText", "x")
	r.refuses(Other, "edit", "path", "f", "oldText", "x", "newText", "x")
	r.put("dos", "one\r\ntwo\r\n")
	r.do("edit", "path", "dos", "oldText", "one\ntwo", "newText", "1\n2")
	if got := r.get("dos"); got != "1\r\n2\r\n" {
		t.Errorf("%q", got)
	}
	r.put("bin", "a\x00")
	r.refuses(Binary, "edit", "path", "bin", "oldText", "a", "newText", "b")
	r.refuses(Missing, "edit", "path", "none", "oldText", "a", "newText", "b")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for path, text := range map[string]string{
		"a.go": "package a\nfunc One() {}\n", "src/b.go": "func Two() {}\n// one more\n", "src/deep/c.ts": "function three() {}\n",
		"out/built.go": "func Built() {}", "src/.gitignore": "*.log\n!keep.log\n/deep/private/\n", ".gitignore": "out/\n# words\n", "src/x.log": "func Log", "src/keep.log": "func Kept",
		"src/deep/private/p.go": "func P", ".git/config": "func git", "bin": "func\x00",
	} {
		r.put(path, text)
	}
	r.link(r.outside, "away")
	lines := func(s string) []string {
		all := strings.Split(strings.TrimSpace(s), "\n")
		slices.Sort(all)
		return all
	}
	for _, c := range []struct {
		name string
		args []any
		want []string
	}{
		{"grep", []any{"pattern", "^func"}, []string{"a.go:2:func One() {}", "src/b.go:1:func Two() {}", "src/deep/c.ts:1:function three() {}", "src/keep.log:1:func Kept"}},
		{"grep", []any{"pattern", "ONE", "ignoreCase", true, "glob", "*.go"}, []string{"a.go:2:func One() {}", "src/b.go:2:// one more"}},
		{"grep", []any{"pattern", "() {}", "literal", true, "path", "src", "glob", "deep/**"}, []string{"src/deep/c.ts:1:function three() {}"}},
		{"grep", []any{"pattern", "more", "path", "src/b.go", "context", 1}, []string{"src/b.go-1-func Two() {}", "src/b.go:2:// one more"}},
		{"grep", []any{"pattern", "Built|Log|git", "includeIgnored", true}, []string{"out/built.go:1:func Built() {}", "src/x.log:1:func Log"}},
		{"grep", []any{"pattern", canary}, []string{"no matches"}},
		{"find", []any{"pattern", "*.go"}, []string{"a.go (24 bytes)", "src/b.go (26 bytes)"}},
		{"find", []any{"pattern", "src/**/*.{ts,log}"}, []string{"src/deep/c.ts (20 bytes)", "src/keep.log (9 bytes)"}},
		{"find", []any{"pattern", "deep", "path", "src"}, []string{"src/deep/"}},
		{"find", []any{"pattern", "secret"}, []string{"nothing found"}},
		{"ls", nil, []string{".git/", ".gitignore (13 bytes)", "a.go (24 bytes)", "away@", "bin (5 bytes)", "out/", "src/"}},
		{"ls", []any{"path", "a.go"}, []string{"a.go (24 bytes)"}},
	} {
		if got := lines(r.do(c.name, c.args...)); !slices.Equal(got, c.want) {
			t.Errorf("%s %v:\n%s\nwant\n%s", c.name, c.args, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	if got := r.do("grep", "pattern", ".", "limit", 1); !strings.Contains(got, "(stopped after 1 matches in 1 files") {
		t.Errorf("%q", got)
	}
	if got := r.do("find", "pattern", "*", "limit", 2); !strings.Contains(got, "(stopped after 2:") {
		t.Errorf("%q", got)
	}
	for _, args := range []map[string]any{{"pattern": "("}, {"pattern": ""}, {"pattern": "x", "glob": "[", "path": "."}} {
		if out, err := r.call(t.Context(), "grep", args); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stop it")
	cancel(why)
	if _, err := r.call(ctx, "grep", map[string]any{"pattern": "x"}); !errors.Is(err, why) {
		t.Errorf("after the end of the run: %v", err)
	}
}

// TestEscapes: no way out, under whatever name.
func TestEscapes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.link(r.outside, "abs")
	r.link("../outside", "rel")
	r.link("../outside/secret", "file")
	r.put("in/x", "y")
	r.link("in/../../outside", "winding")
	r.link("loop", "loop")
	r.link("chain2", "chain1")
	r.link("abs", "chain2")
	for _, path := range []string{
		"../outside/secret", "in/../../outside/secret", filepath.Join(r.outside, "secret"), "abs/secret", "rel/secret", "file", "winding/secret",
		"loop", "loop/x", "chain1/secret", "~/outside/secret", "/etc/passwd", "/proc/self/environ", "/dev/null", "", "~", "a\x00b", strings.Repeat("x/", 5000),
		r.dir + "/../outside/secret", r.dir + "x/secret",
	} {
		for _, c := range []struct {
			name string
			args []any
		}{
			{"read", nil}, {"write", []any{"content", "gone"}}, {"edit", []any{"oldText", canary, "newText", "gone"}}, {"grep", []any{"pattern", canary}},
			{"find", []any{"pattern", "secret"}}, {"ls", nil},
		} {
			if path == "" && c.name != "read" && c.name != "edit" && c.name != "write" {
				continue // the workspace itself
			}
			out, err := r.call(t.Context(), c.name, pairs(append([]any{"path", path}, c.args...)))
			var e *Error
			if !errors.As(err, &e) || strings.Contains(err.Error(), canary) {
				t.Errorf("%s %.60q: %.80q, %v", c.name, path, out, err)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(r.outside, "secret"))
	if err != nil || string(b) != canary {
		t.Errorf("the file outside is now %q, %v", b, err)
	}
	if names, _ := os.ReadDir(r.outside); len(names) != 1 {
		t.Errorf("outside there are now %v", names)
	}
}

// TestSpecial: what is no file is not opened, and nobody waits for it.
func TestSpecial(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if err := syscall.Mkfifo(filepath.Join(r.dir, "pipe"), 0o600); err != nil {
		t.Skip("skipped: no pipes here: ", err)
	}
	r.refuses(Special, "read", "path", "pipe")
	r.refuses(Special, "write", "path", "pipe", "content", "x")
	r.refuses(Special, "edit", "path", "pipe", "oldText", "a", "newText", "b")
	r.refuses(Special, "grep", "path", "pipe", "pattern", "x")
	if got := r.do("ls"); got != "pipe?\n" {
		t.Errorf("%q", got)
	}
	if got := r.do("grep", "pattern", "x"); got != "no matches" {
		t.Errorf("%q", got)
	}
}

// TestSecret: the gateway's own stays closed also where the directories are wide, under every name it has.
func TestSecret(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	base := filepath.Dir(r.dir)
	r.jail.Roots = append(r.jail.Roots, base)
	r.put(filepath.Join(base, ".clawdbot", "credentials", "oauth.json"), canary)
	r.put(filepath.Join(base, "notes.txt"), "hello\n")
	r.put("clawdbot.json", canary)
	r.link(filepath.Join(base, ".clawdbot"), "state")
	if err := os.Link(filepath.Join(r.dir, "clawdbot.json"), filepath.Join(r.dir, "other-name")); err != nil {
		t.Fatal(err)
	}
	if got := r.do("read", "path", filepath.Join(base, "notes.txt")); got != "     1\thello\n" {
		t.Errorf("a directory that was given is not read: %q", got)
	}
	if err := os.Symlink(".clawdbot", filepath.Join(base, "also-state")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"clawdbot.json", "other-name", filepath.Join(base, ".clawdbot"), filepath.Join(base, ".clawdbot", "credentials", "oauth.json"), "~/.clawdbot/new",
		filepath.Join(base, "also-state", "credentials", "oauth.json"), filepath.Join(base, "outside", "..", ".clawdbot", "x"),
	} {
		r.refuses(Secret, "read", "path", path)
		r.refuses(Secret, "write", "path", path, "content", "x")
	}
	r.refuses(Secret, "grep", "path", "~/.clawdbot", "pattern", canary)
	r.refuses(Secret, "ls", "path", "~/.clawdbot/credentials")
	r.refuses(Outside, "read", "path", "state/credentials/oauth.json") // the link leads out of its own root
	if got := r.do("grep", "path", base, "pattern", "CANARY-out", "includeIgnored", true); strings.Contains(got, "oauth") || strings.Contains(got, "clawdbot.json") || !strings.Contains(got, "secret") {
		t.Errorf("%s", got)
	}
	if got := r.do("ls", "path", base); strings.Contains(got, ".clawdbot/") {
		t.Errorf("%s", got)
	}
}

// TestRaces: whoever exchanges a directory for a link meanwhile gets nobody out.
func TestRaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put("d/secret", "inside")
	r.put("d/f", "inside")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		d, kept := filepath.Join(r.dir, "d"), filepath.Join(r.dir, "kept")
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(d, kept)
			_ = os.Symlink(r.outside, d)
			_ = os.Remove(d)
			_ = os.Rename(kept, d)
		}
	}()
	for i := range 300 {
		out, err := r.call(t.Context(), "read", map[string]any{"path": "d/secret"})
		if strings.Contains(out, canary) {
			t.Fatalf("read got out, %v", err)
		}
		_, _ = r.call(t.Context(), "write", map[string]any{"path": "d/w" + fmt.Sprint(i%3), "content": "x"})
		if out, _ := r.call(t.Context(), "grep", map[string]any{"path": "d", "pattern": canary}); strings.Contains(out, canary) {
			t.Fatal("grep got out")
		}
	}
	close(stop)
	<-stopped
	if names, _ := os.ReadDir(r.outside); len(names) != 1 {
		t.Errorf("written outside: %v", names)
	}
}

// TestWhole: programs that edit files by themselves read and write whole ones, in the same directories.
func TestWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	j := Jail{Roots: []string{r.dir}}
	if err := j.WriteText(t.Context(), filepath.Join(r.dir, "new/a.txt"), "1\n2\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := j.ReadText("new/a.txt"); err != nil || got != "1\n2\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := j.ReadText("new/b.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	r.link(r.outside, "abs")
	for _, path := range []string{"../outside/secret", "abs/secret", filepath.Join(r.outside, "secret")} {
		if got, err := j.ReadText(path); err == nil {
			t.Errorf("%s: %q", path, got)
		}
		if err := j.WriteText(t.Context(), path, "gone"); err == nil {
			t.Errorf("%s was written", path)
		}
	}
	if b, err := os.ReadFile(filepath.Join(r.outside, "secret")); err != nil || string(b) != canary {
		t.Errorf("the file outside is now %q, %v", b, err)
	}
}
