package file

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	path, link := filepath.Join(dir, "f"), filepath.Join(dir, "link")
	for _, put := range []func(string, []byte) error{Swap, Replace} {
		if err := put(path, []byte("one")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("f", link); err != nil {
		t.Fatal(err)
	}
	if err := Replace(link, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "two" {
		t.Errorf("%s %v", b, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v %v", info, err)
	}
	for p, want := range map[string]os.FileMode{path: 0o600, dir: 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", p, info, err)
		}
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 2 {
		t.Errorf("left over: %v %v", all, err)
	}
}

// TestReplace_cannot: the old content stays, and nothing is left beside it.
func TestReplace_cannot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(dir, "d"), []byte("x")); err == nil {
		t.Error("a directory was replaced")
	}
	if err := Replace(filepath.Join(dir, "d", "e", "\x00"), []byte("x")); err == nil {
		t.Error("a name that cannot be was written")
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("left over: %v %v", all, err)
	}
}
