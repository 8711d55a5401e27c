package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(root, f.path))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(f.data) {
			t.Errorf("%s is stale: run go generate ./transport/wire", f.path)
		}
	}
}

func TestCheckSeesAStaleFile(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	if err := run(true); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Fatalf("missing files: %v", err)
	}
	if err := run(false); err != nil {
		t.Fatal(err)
	}
	if err := run(true); err != nil {
		t.Fatalf("fresh files: %v", err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs/protocol.md"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(true); err == nil {
		t.Fatal("a changed file passed")
	}
}

func TestRegistryMatchesTheLists(t *testing.T) {
	t.Parallel()
	var names []string
	for _, m := range methods() {
		names = append(names, m.name)
		if m.summary == "" || m.result == nil || m.strict && m.params == nil {
			t.Errorf("%s lacks a part", m.name)
		}
	}
	want := append([]string{wire.MethodConnect}, slices.Concat(wire.Methods(), wire.Additions())...)
	if !slices.Equal(names, want) {
		t.Errorf("methods are\n%v, want\n%v", names, want)
	}
	names = nil
	for _, e := range events() {
		names = append(names, e.name)
	}
	if !slices.Equal(names, slices.Concat(wire.Events(), wire.EventAdditions())) {
		t.Errorf("events are %v", names)
	}
}

// TestEveryReferenceResolves guards against a type that the registry forgot.
func TestEveryReferenceResolves(t *testing.T) {
	t.Parallel()
	doc, err := buildDocument()
	if err != nil {
		t.Fatal(err)
	}
	text, err := doc.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), `"$ref":"#/$defs/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if doc.Defs[name] == nil {
			t.Errorf("no definition of %s", name)
		}
	}
}
