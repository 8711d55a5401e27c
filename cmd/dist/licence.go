package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// permissive are the licences that ask for no more than to be shipped.
var permissive = []string{
	"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "OFL-1.1", "Python-2.0", "Unlicense", "blessing",
}

// copyleft are the components that ask for more, and that README.md names: all of them come with WhatsApp. Without it
// (-tags nowhatsapp) none is linked.
var copyleft = map[string]string{
	"go.mau.fi/libsignal": "GPL-3.0-only",
	"go.mau.fi/util":      "MPL-2.0",
	"go.mau.fi/whatsmeow": "MPL-2.0",
}

// signs are the words by which a licence is known, the ones that contain others first.
var signs = []struct{ id, words string }{
	{"AGPL-3.0-only", "gnu affero general public license version 3"},
	{"LGPL-3.0-only", "gnu lesser general public license version 3"},
	{"LGPL-2.1-only", "gnu lesser general public license version 2.1"},
	{"GPL-3.0-only", "gnu general public license version 3"},
	{"GPL-2.0-only", "gnu general public license version 2"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"MPL-2.0", "mozilla public license, version 2.0"},
	{"OFL-1.1", "sil open font license version 1.1"},
	{"Python-2.0", "python software foundation license version 2"},
	{"Apache-2.0", "apache license version 2.0"},
	{"Apache-2.0", "licensed under the apache license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD-3-Clause", "neither the name of"},
	{"BSD-3-Clause", "names of its contributors may be used"},
	{"BSD-3-Clause", "names of contributors may not be used"},
	{"BSD-2-Clause", "redistribution and use in source and binary forms"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "cc0 1.0 universal"},
	{"blessing", "may you do good and not evil"},
}

var notWords = regexp.MustCompile(`[^a-z0-9.,/]+`)

// classify names the licence of a text; "" = it is none that is known.
func classify(text []byte) string {
	plain := strings.Trim(notWords.ReplaceAllString(strings.ToLower(string(text)), " "), " ")
	for _, s := range signs {
		if strings.Contains(plain, s.words) {
			return s.id
		}
	}
	return ""
}

var (
	licenceName = regexp.MustCompile(`(?i)^(licen[sc]e|copying|unlicense)(\.(txt|md))?$`)
	belongs     = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|copyright|patents)`)
)

// read finds the licence of a component in its directory.
func (c *component) read(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !belongs.MatchString(e.Name()) && !licenceName.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		c.files = append(c.files, file{e.Name(), text})
		if id := classify(text); licenceName.MatchString(e.Name()) && id != "" {
			c.licence = id
		}
	}
	return c.judge()
}

func (c *component) judge() error {
	switch {
	case len(c.files) == 0:
		return fmt.Errorf("%s %s has no licence: nobody may pass it on", c.name, c.version)
	case c.licence == "":
		return fmt.Errorf("%s %s has a licence that is not known: %s", c.name, c.version, c.files[0].name)
	case slices.Contains(permissive, c.licence), copyleft[c.name] == c.licence:
		return nil
	}
	return fmt.Errorf("%s %s is under %s, which asks for more than to be shipped: do without it, or name it in README.md and in copyleft", c.name, c.version, c.licence)
}

// addLicences finds the directories of modules through the Go tool, and reads them.
func addLicences(all []component) error {
	args := []string{"mod", "download", "-json"}
	for _, c := range all {
		args = append(args, c.name+"@"+c.version)
	}
	if len(all) == 0 {
		return nil
	}
	cmd := exec.Command("go", args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go mod download: %w: %s", err, said.String())
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var m struct{ Path, Version, Dir string }
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		dirs[m.Path+"@"+m.Version] = m.Dir
	}
	var errs []error
	for i := range all {
		errs = append(errs, all[i].read(dirs[all[i].name+"@"+all[i].version]))
	}
	return errors.Join(errs...)
}

// standardLibrary is Go itself.
func standardLibrary() (component, error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return component{}, fmt.Errorf("go env: %w", err)
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	c := component{kind: "golang", name: "std", version: version}
	return c, c.read(root)
}

// npmComponents are the packages that a page is bundled from, by the lock file in dir. esbuild, which bundles them, is not in
// the bundle, nor are types.
func npmComponents(dir string) (all []component, err error) {
	if dir == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return nil, err
	}
	var errs []error
	for path, p := range lock.Packages {
		at := strings.LastIndex(path, "node_modules/")
		if at < 0 { // the page itself
			continue
		}
		name := path[at+len("node_modules/"):]
		if name == "esbuild" || strings.HasPrefix(name, "@esbuild/") || strings.HasPrefix(name, "@types/") {
			continue
		}
		c := component{kind: "npm", name: name, version: p.Version}
		errs = append(errs, c.readPackage(filepath.Join(dir, path)))
		all = append(all, c)
	}
	sortComponents(all)
	return all, errors.Join(errs...)
}

// readPackage is read for a package of npm, some of which only say in package.json what they are under.
func (c *component) readPackage(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return err
	}
	var p struct{ License string }
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	if err := c.read(dir); err != nil && len(c.files) > 0 && c.licence != "" {
		return err
	}
	if c.licence = p.License; len(c.files) == 0 {
		c.files = []file{{"package.json", []byte("License: " + p.License)}}
	}
	return c.judge()
}
