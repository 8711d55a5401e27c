package skills

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFrontMatter(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       map[string]string
	}{
		{"plain", "---\nname: a\ndescription: b: c\n---\nrest", map[string]string{"name": "a", "description": "b: c"}},
		{"quotes", "---\na: \"x\\ny\"\nb: 'it''s'\nc: \"open\n---\n", map[string]string{"a": "x\ny", "b": "it's", "c": "\"open"}},
		{"folded", "---\na: >\n  one\n  two\nb: |\n  one\n  two\n---\n", map[string]string{"a": "one two", "b": "one\ntwo"}},
		{"windows", "\ufeff---\r\na: b\r\n---\r\n", map[string]string{"a": "b"}},
		{"json over lines", "---\nm: {\n  \"a\": 1, // note\n}\n---\n", map[string]string{"m": "{\n\"a\": 1, // note\n}"}},
		{"comments and blanks", "---\n# no\n\na: b\n---\n", map[string]string{"a": "b"}},
		{"a line that is nothing", "---\na: b\nnothing\n  more\n---\n", map[string]string{"a": "b"}},
		{"no end", "---\na: b\n", nil},
		{"none", "# title\n", nil},
		{"empty", "", nil},
		{"empty block", "---\n---\n", map[string]string{}},
	} {
		if d := cmp.Diff(tc.want, frontMatter(tc.text)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add("---\nname: a\ndescription: b\nmetadata: {\"clawdbot\":{\"os\":\"linux, darwin\",\"install\":[{\"kind\":\"brew\"}]}}\n---\n")
	f.Add("---\n:\n \n---")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := describe(text)
		if err == nil && d.description == "" {
			t.Errorf("a skill without a description: %+v", d)
		}
	})
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	d, err := describe("---\ndescription: d\nmetadata: {clawdbot: {os: 'linux, darwin,', requires: {bins: ['a', 5, ' b ', '']}, install: [{kind: 'uv', package: 'p'}]}}\n---\n")
	if err != nil || !slices.Equal(d.meta.OS, words{"linux", "darwin"}) || !slices.Equal(d.meta.Requires.Bins, words{"a", "b"}) || d.meta.Install[0].Package != "p" {
		t.Errorf("%+v, %v", d, err)
	}
	for _, meta := range []string{"{", "{clawdbot: {install: 5}}", strings.Repeat("[", 1000)} {
		if d, err := describe("---\ndescription: d\nmetadata: " + meta + "\n---\n"); err == nil || d.description != "d" {
			t.Errorf("metadata %.20s: %+v, %v", meta, d, err)
		}
	}
}

// write makes a SKILL.md.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, skillFile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func text(name string) string { return "---\nname: " + name + "\ndescription: d\n---\n" }

func names(all []skill) (out []string) {
	for _, s := range all {
		out = append(out, s.name)
	}
	return out
}

// TestScan_bounds: what is too deep, too large, hidden or a link that leads away is not there.
func TestScan_bounds(t *testing.T) {
	t.Parallel()
	dir, away := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, "ok"), text("ok"))
	write(t, filepath.Join(dir, "ok", "inner"), text("inner"))
	write(t, filepath.Join(dir, "group", "nested"), text("nested"))
	write(t, filepath.Join(dir, "a", "b", "c", "d", "e"), text("deep"))
	write(t, filepath.Join(dir, ".hidden"), text("hidden"))
	write(t, filepath.Join(dir, "node_modules", "x"), text("modules"))
	write(t, filepath.Join(dir, "large"), text("large")+strings.Repeat("x", maxSkillFile))
	write(t, filepath.Join(dir, "mute"), "---\nname: mute\n---\n")
	write(t, filepath.Join(dir, "unnamed"), "---\ndescription: d\n---\n")
	write(t, filepath.Join(away, "s"), text("away"))
	for link, target := range map[string]string{"linked": filepath.Join(away, "s"), "file/SKILL.md": filepath.Join(away, "s", skillFile)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	s := &scanner{log: slog.New(slog.NewTextHandler(&log, nil))}
	places := []place{{dir, sourceManaged}, {filepath.Join(dir, "none"), sourceExtra}, {"", sourceBundled}}
	found, wrong := s.scan(places)
	if got := names(found); !slices.Equal(got, []string{"nested", "ok", "unnamed"}) {
		t.Errorf("found %q", got)
	}
	if len(wrong) != 2 || !strings.HasSuffix(wrong[0].file, "large/SKILL.md") || !strings.Contains(wrong[0].text, "larger than") || !strings.Contains(wrong[1].text, "has no header") {
		t.Errorf("problems %+v", wrong)
	}
	if !strings.Contains(log.String(), "larger than 256 KiB") || strings.Contains(log.String(), "none") {
		t.Errorf("log %s", log.String())
	}
	log.Reset()
	if s.scan(places); log.Len() > 0 {
		t.Errorf("what has not changed is reported again: %s", log.String())
	}
}

func TestScan_atMost500(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range maxSkills + 5 {
		write(t, filepath.Join(dir, fmt.Sprint("s", i)), text(fmt.Sprint("s", i)))
	}
	var log bytes.Buffer
	s := &scanner{log: slog.New(slog.NewTextHandler(&log, nil))}
	found, _ := s.scan([]place{{dir, sourceManaged}})
	if n := len(found); n != maxSkills || !strings.Contains(log.String(), "not all read") {
		t.Errorf("%d skills, log %s", n, log.String())
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	var tl tail
	for i := range 3000 {
		fmt.Fprintf(&tl, "line %d of the output of a program\n", i)
	}
	if s := tl.String(); len(s) != maxOutput || !strings.HasSuffix(s, "line 2999 of the output of a program\n") {
		t.Errorf("kept %d bytes", len(s))
	}
	if _, err := tl.Write(bytes.Repeat([]byte("y"), maxOutput+10)); err != nil || tl.String() != strings.Repeat("y", maxOutput) {
		t.Errorf("kept %d bytes, %v", len(tl.b), err)
	}
}
