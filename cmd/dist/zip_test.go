package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestZip: the archive depends on names, contents and who may run what, and on nothing else.
func TestZip(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	made := func(mode os.FileMode, touched time.Time) []byte {
		dir := t.TempDir()
		for name, m := range map[string]os.FileMode{"x/clawdbot.exe": 0o700 | mode, "x/man/a.1": 0o600 | mode, "x/README.md": 0o600} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("text of "+name), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, m); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, touched, touched); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		if err := zipOf(&out, dir, at); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	one := made(0, time.Now())
	if !bytes.Equal(one, made(0o044, at.Add(-time.Hour))) {
		t.Error("the archive depends on modes or times of the files")
	}
	r, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]os.FileMode{"x/README.md": 0o644, "x/clawdbot.exe": 0o755, "x/man/a.1": 0o644}
	for _, f := range r.File {
		if f.Mode() != want[f.Name] || !f.Modified.Equal(at) {
			t.Errorf("%s: %v %v", f.Name, f.Mode(), f.Modified)
		}
		delete(want, f.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}
