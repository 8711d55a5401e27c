package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
)

const (
	png  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	page = "<!DOCTYPE html><html><body>sign in</body></html>"
)

// files is what is in a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSave(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "media", "inbound")
	s := New(dir, "")
	m, err := s.Save(t.Context(), strings.NewReader(png), "../../etc/holiday.jpeg", "image/jpeg", 100)
	if err != nil {
		t.Fatal(err)
	}
	if m.MIME != "image/png" || m.Name != "holiday.jpeg" || m.Size != int64(len(png)) {
		t.Errorf("saved %+v", m)
	}
	if filepath.Dir(m.Path) != dir || filepath.Ext(m.Path) != ".png" || strings.Contains(m.Path, "holiday") {
		t.Errorf("path %s", m.Path)
	}
	if b, err := os.ReadFile(m.Path); err != nil || string(b) != png {
		t.Errorf("content %q, %v", b, err)
	}
	for path, want := range map[string]os.FileMode{m.Path: 0o600, dir: 0o700} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
}

func TestSave_limits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		size  int
		limit int64
		fails bool
	}{
		"exactly the limit":     {40_000, 40_000, false},
		"one over":              {40_001, 40_000, true},
		"over, within the head": {12, 11, true},
		"default limit":         {DefaultLimit, 0, false},
		"over the default":      {DefaultLimit + 1, -1, true},
		"empty":                 {0, 10, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			m, err := New(dir, "").Save(t.Context(), bytes.NewReader(make([]byte, tt.size)), "x.bin", "", tt.limit)
			switch {
			case !tt.fails && (err != nil || m.Size != int64(tt.size)):
				t.Errorf("got %+v, %v", m, err)
			case tt.fails && (err == nil || errors.Is(err, providers.ErrTooLarge) != (tt.size > 0) || len(files(t, dir)) > 0):
				t.Errorf("err %v, left %q", err, files(t, dir))
			}
		})
	}
}

func TestSave_nothingHalfDone(t *testing.T) {
	t.Parallel()
	cut := errors.New("cut")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"at once":       {t.Context(), iotest.ErrReader(cut), cut},
		"in the middle": {t.Context(), io.MultiReader(strings.NewReader(strings.Repeat("x", 50_000)), iotest.ErrReader(cut)), cut},
		"cancelled":     {ended, strings.NewReader("x"), context.Canceled},
	} {
		dir := t.TempDir()
		if _, err := New(dir, "").Save(tt.ctx, tt.r, "a.txt", "", 1<<20); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left := files(t, dir); len(left) > 0 {
			t.Errorf("%s left %q", name, left)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.part", "b.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b.png"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	if err := Clean(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	unknown := "\x00\x01\x02\xfe\xff\x03"
	for _, tt := range []struct{ name, head, file, claimed, mime, ext string }{
		{"an image by another name", png, "a.exe", "application/x-msdownload", "image/png", ".png"},
		{"a page that calls itself an image", page, "a.jpg", "image/jpeg", "text/html", ".html"},
		{"plain text keeps its kind", "a,b\n1,2\n", "t.CSV", "text/csv; charset=utf-8", "text/csv", ".csv"},
		{"plain text is no page", "hello", "a.txt", "text/html", "text/plain", ".txt"},
		{"plain text without a name", "hello", "", "", "text/plain", ".txt"},
		{"a strange extension is not taken", "hello", "a.t x/t", "", "text/plain", ".txt"},
		{"unknown media keep the claim", unknown, "memo.caf", "audio/x-caf-memo", "audio/x-caf-memo", ".caf"},
		{"an image that is none", unknown, "a.jpg", "image/jpeg", "application/octet-stream", ".jpg"},
		{"a video that is none", unknown, "a.mp4", "video/mp4", "application/octet-stream", ".mp4"},
		{"voice", "OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x13OpusHead\x01\x01", "v", "audio/ogg", "audio/ogg", ".oga"},
	} {
		mime, ext := Sniff([]byte(tt.head), tt.file, tt.claimed)
		if mime != tt.mime || ext != tt.ext {
			t.Errorf("%s: %s %s, want %s %s", tt.name, mime, ext, tt.mime, tt.ext)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for mime, want := range map[string]Kind{
		"image/png": Image, "Audio/OGG; codecs=opus": Audio, "video/mp4": Video, "application/pdf": Document, "text/plain": Document, "": Document,
	} {
		if got := KindOf(mime); got != want {
			t.Errorf("%q is %s", mime, got)
		}
	}
}

func TestCleanName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.png": "a.png", "": "", "..": "", "photo": "photo.x", `C:\Users\me\a.TXT`: "a.TXT", "/etc/passwd": "passwd.x",
		"in\u202egnp.exe": "ingnp.exe", "a\x00b\n.txt": "ab.txt", "\xffa.txt": "a.txt", " .hidden. ": "hidden.x",
		strings.Repeat("é", 100) + ".png": strings.Repeat("é", 58) + ".png",
	} {
		if got := CleanName(in, ".x"); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"a.png", "../x", "a\u202e.exe", strings.Repeat("語", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := CleanName(in, ".bin")
		if len(got) > longestName || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\n") || got == ".." || got == "." {
			t.Errorf("%q gives %q", in, got)
		}
		if again := CleanName(got, ".bin"); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}
