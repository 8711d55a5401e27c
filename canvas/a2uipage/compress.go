//go:build ignore

// Compresses the bundle for the program to embed: "go run compress.go FROM TO". Go's own gzip, so that one version of Go makes the
// same bytes wherever it runs, which the tool of that name does not.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/clawdbot/gateway/transport/packed"
)

func main() {
	if err := compress(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "compress the A2UI renderer:", err)
		os.Exit(1)
	}
}

func compress(from, to string) error {
	plain, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, packed.Pack(plain), 0o644)
}
