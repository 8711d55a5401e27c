// Command slim prepares, in bin/slim, what a slim program is built from in place of what all others are: go run ./cmd/slim GOOS GOARCH
//
// Three things are in the program otherwise that a gateway never uses, or that can be smaller without anything being lost:
//
//   - The actor engine imports OpenTelemetry, Prometheus' library and protobuf for measurements that the gateway does not ask for and a network
//     that it does not use. Modules of the same names in cmd/slim/instead have what the engine names, and do nothing.
//   - SQLite comes with two kinds of search that no query of the gateway has, FTS5 and R-Tree. They are not registered, so the linker drops them.
//   - The page and the schema of the protocol are embedded as text. They are compressed, and unpacked when they are asked for (transport/packed).
//
// The program is then built with -modfile=bin/slim/slim.mod -overlay=bin/slim/overlay.json, as "make build TAGS=slim" does.
// docs/decisions/044 says why.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/transport/packed"
)

const (
	prepared = "bin/slim"
	instead  = "cmd/slim/instead"
)

// text is what is embedded as text.
var text = []string{"transport/web/static", "transport/wire/schema"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: slim GOOS GOARCH, in the repository's root")
		os.Exit(2)
	}
	if err := prepare(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "slim:", err)
		os.Exit(1)
	}
}

func prepare(system, processor string) error {
	if err := os.RemoveAll(prepared); err != nil {
		return err
	}
	if err := pack(); err != nil {
		return err
	}
	if err := copySQLite(system, processor); err != nil {
		return err
	}
	return writeModules()
}

// writeModules makes a go.mod that has the stand-ins and the copy of SQLite, and is otherwise ours.
func writeModules() error {
	for from, to := range map[string]string{"go.mod": "slim.mod", "go.sum": "slim.sum"} {
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(prepared, to), b, 0o600); err != nil {
			return err
		}
	}
	edit := []string{"mod", "edit", "-replace=" + sqlite + "=./" + prepared + "/sqlite"}
	err := filepath.WalkDir(instead, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "go.mod" {
			dir := filepath.ToSlash(filepath.Dir(path))
			edit = append(edit, "-replace="+strings.TrimPrefix(dir, instead+"/")+"=./"+dir)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = run(nil, append(edit, prepared+"/slim.mod")...)
	return err
}

// pack compresses what is embedded as text, and tells the compiler to read that.
func pack() error {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, dir := range text {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") {
				return err
			}
			plain, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			to := filepath.Join(prepared, path)
			if err := write(to, packed.Pack(plain)); err != nil {
				return err
			}
			// Absolute: the tests read it as well, each in its directory.
			from, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			overlay.Replace[from], err = filepath.Abs(to)
			return err
		})
		if err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(overlay, "", "\t")
	if err != nil {
		return err
	}
	return write(filepath.Join(prepared, "overlay.json"), b)
}

func write(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

// run runs go with what is added to the environment, and gives what it printed.
func run(env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("go %s: %s", strings.Join(args, " "), exit.Stderr)
	}
	return out, err
}
