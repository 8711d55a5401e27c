package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const sqlite = "modernc.org/sqlite"

// copySQLite copies what a program for this system has of SQLite, without its searches.
func copySQLite(system, processor string) error {
	out, err := run([]string{"GOOS=" + system, "GOARCH=" + processor, "CGO_ENABLED=0"}, "list", "-deps", "-json=Dir,Module,GoFiles,SFiles", sqlite)
	if err != nil {
		return err
	}
	found := 0
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir             string
			Module          *struct{ Path, Dir string }
			GoFiles, SFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if p.Module == nil || p.Module.Path != sqlite {
			continue
		}
		dir, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			return err
		}
		files := append(p.GoFiles, p.SFiles...)
		if dir == "." {
			files = append(files, "go.mod")
		}
		for _, name := range files {
			code, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return err
			}
			code, n := withoutSearches(code)
			found += n
			if err := write(filepath.Join(prepared, "sqlite", dir, name), code); err != nil {
				return err
			}
		}
	}
	if found != len(searches) {
		return fmt.Errorf("%d of SQLite's searches are registered by its code for %s/%s, want %d: it has changed, see cmd/slim/sqlite.go", found, system, processor, len(searches))
	}
	return nil
}

// searches are the functions that register a search with a database that is opened. SQLite calls what a table of such functions has; the last in
// it does nothing, and is there in place of these.
var searches = []string{"_sqlite3Fts5Init", "_sqlite3RtreeInit"}

const nothing = "_sqlite3TestExtInit"

var (
	registered = regexp.MustCompile(`__ccgo_fp\((` + strings.Join(searches, "|") + `)\)`)
	// A table of functions is filled when the program starts, and all that it names is linked.
	table    = regexp.MustCompile(`(?m)^func init\(\) \{\n\tp := unsafe\.Pointer\(&\w+\)\n(?:\t.*\n)*\}\n`)
	function = regexp.MustCompile(`__ccgo_fp\((\w+)\)`)
	search   = regexp.MustCompile(`^_(?:fts5|rtree|geopoly)`)
)

// withoutSearches gives the code without what registers the searches, and without the tables that have functions of searches and no other. Only
// what registers them uses those tables; .ci/slim sees to it that none is in the program. It tells how many registered themselves.
func withoutSearches(code []byte) ([]byte, int) {
	found := len(registered.FindAll(code, -1))
	code = registered.ReplaceAll(code, []byte("__ccgo_fp("+nothing+")"))
	return table.ReplaceAllFunc(code, func(t []byte) []byte {
		functions := function.FindAllSubmatch(t, -1)
		for _, f := range functions {
			if !search.Match(f[1]) {
				return t
			}
		}
		if len(functions) == 0 {
			return t
		}
		return nil
	}), found
}
