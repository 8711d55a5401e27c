package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "write nothing, exit 1 when a generated file is stale")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "wiregen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := generate()
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(root, f.path)
		old, err := os.ReadFile(path)
		switch {
		case err == nil && bytes.Equal(old, f.data):
			continue
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return err
		case check:
			return fmt.Errorf("%s is stale: run go generate ./transport/wire", f.path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

type file struct {
	path string // relative to the module root
	data []byte
}

func generate() ([]file, error) {
	doc, err := buildDocument()
	if err != nil {
		return nil, err
	}
	text, err := doc.encode()
	if err != nil {
		return nil, err
	}
	page, err := markdown(doc)
	if err != nil {
		return nil, err
	}
	models, err := swift(doc)
	if err != nil {
		return nil, err
	}
	types, err := typescript(doc)
	if err != nil {
		return nil, err
	}
	return []file{
		{"transport/wire/schema/protocol.schema.json", text},
		{"docs/protocol.md", page},
		{"transport/wire/swift/GatewayModels.swift", models},
		{"transport/client/typescript/src/types.gen.ts", types},
	}, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
