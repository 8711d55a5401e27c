package gateway_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// TestPackageDocs: every package says what it is.
func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("package %s has no package comment", p.ImportPath)
		}
	}
}

// TestFileSize: a file that grows beyond a few screens is two files.
func TestFileSize(t *testing.T) {
	walkSource(t, func(path string, b []byte) {
		limit := 400
		if strings.HasSuffix(path, "_test.go") {
			limit = 500
		}
		if strings.Contains(path, "cmd/wsload/") || strings.HasSuffix(path, ".md") { // taken over as it is; prose
			return
		}
		if n := bytes.Count(b, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, limit %d", path, n, limit)
		}
	})
}

// TestNoSleep: a sleep in an in-process test hides a race or wastes time.
func TestNoSleep(t *testing.T) {
	walkSource(t, func(path string, b []byte) {
		if strings.HasSuffix(path, "_test.go") && bytes.Contains(b, []byte("time."+"Sleep(")) && !bytes.Contains(b, []byte("synctest")) {
			t.Errorf("%s sleeps", path)
		}
	})
}

// TestStandsAlone: nothing in the repository points at this machine or beyond the repository.
func TestStandsAlone(t *testing.T) {
	forbidden := []string{"../sha" + "red", "/wo" + "rk/", "/ro" + "ot/", "proxy.golang" + ".org", "registry.npmjs" + ".org"}
	walkSource(t, func(path string, b []byte) {
		for _, f := range forbidden {
			if bytes.Contains(b, []byte(f)) {
				t.Errorf("%s contains %q", path, f)
			}
		}
	})
}

func walkSource(t *testing.T, visit func(path string, content []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == "bin" || name == "testdata" || name == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".js", ".css", ".html", ".md", ".sql", ".sh":
		default:
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		visit(strings.TrimPrefix(path, root+"/"), b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
