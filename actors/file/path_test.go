package file

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWithin(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/a/b": true, "/a/b/c": true, "/a/b/../b/c": true, "/a/b/..c": true, "/a": false, "/a/bc": false, "/a/b/../c": false} {
		if Within(path, "/a/b") != want {
			t.Errorf("%s within /a/b: %v", path, !want)
		}
	}
}

func TestReal(t *testing.T) {
	t.Parallel()
	dir := Real(t.TempDir())
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if got := Real(link); got != dir {
		t.Errorf("the link leads to %s, want %s", got, dir)
	}
	if got := Real(link + "/missing/../x"); got != filepath.Join(link, "x") {
		t.Errorf("what is not there is %s", got)
	}
}
