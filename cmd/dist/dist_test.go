package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// linked are the modules of which packages are linked into the program, on every system that is built for.
func linked(t *testing.T, goos, goarch string) (all []component) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "../clawdbot")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path != "" && !seen[path] {
			seen[path] = true
			all = append(all, component{kind: "golang", name: path, version: version})
		}
	}
	return all
}

// TestLicences_linked: everything that is linked has a licence under which it may be passed on, and README.md says which ask
// for more.
func TestLicences_linked(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		all := linked(t, goos, "arm64")
		if len(all) < 50 {
			t.Fatalf("%s: %d modules", goos, len(all))
		}
		if err := addLicences(all); err != nil {
			t.Error(goos, err)
		}
		for _, c := range all {
			if known := copyleft[c.name]; known != "" && (known != c.licence || !strings.Contains(string(readme), c.name)) {
				t.Errorf("%s is under %s; README.md must name it", c.name, c.licence)
			}
		}
	}
}

func TestLicence_judged(t *testing.T) {
	t.Parallel()
	const mit = "Permission is hereby granted, free of charge, to any person\n   obtaining a copy of this"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // of the error, or the licence
	}{
		{"none", map[string]string{"README.md": "MIT"}, "has no licence"},
		{"unknown", map[string]string{"LICENSE": "All rights reserved."}, "not known"},
		{"MIT", map[string]string{"LICENSE.md": mit, "NOTICE": "notice"}, "MIT"},
		{"a notice alone", map[string]string{"NOTICE": mit}, "not known"},
		{"GPL", map[string]string{"COPYING": "GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007"}, "asks for more"},
		{"AGPL", map[string]string{"LICENSE": "GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007. Like the GNU General Public License version 3"}, "asks for more"},
		{"BSD", map[string]string{"LICENCE": "Redistribution and use in source and binary forms ... * Neither the name of"}, "BSD-3-Clause"},
	} {
		dir := t.TempDir()
		for name, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := component{name: "example.org/x", version: "v1"}
		got := ""
		if err := c.read(dir); err != nil {
			got = err.Error()
		} else {
			got = c.licence
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestNPM: what a page is bundled from is judged, too; some packages only say in package.json what they are under.
func TestNPM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("package-lock.json", `{"packages": {"": {"version": "0"}, "node_modules/esbuild": {"version": "1"}, "node_modules/@esbuild/x": {"version": "1"},
		"node_modules/@lit/context": {"version": "1.1.6"}, "node_modules/a/node_modules/b": {"version": "2.0.0"}}}`)
	write("node_modules/@lit/context/package.json", `{"license": "BSD-3-Clause"}`)
	write("node_modules/@lit/context/LICENSE", "Redistribution and use in source and binary forms ... neither the name of")
	write("node_modules/a/node_modules/b/package.json", `{"license": "MIT"}`)
	all, err := npmComponents(dir)
	if err != nil || len(all) != 2 || all[0].name != "@lit/context" || all[0].files[0].name != "LICENSE" || all[1].name != "b" || all[1].licence != "MIT" {
		t.Errorf("%+v %v", all, err)
	}
	write("node_modules/a/node_modules/b/package.json", `{"license": "GPL-3.0-only"}`)
	if _, err := npmComponents(dir); err == nil || !strings.Contains(err.Error(), "b 2.0.0 is under GPL-3.0-only") {
		t.Errorf("%v", err)
	}
	if all, err := npmComponents(""); err != nil || all != nil {
		t.Errorf("%v %v", all, err)
	}
}

// TestSBOM: of a small program of this repository. Twice the same, with everything that the binary was built from.
func TestSBOM(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("CGO_ENABLED", "0")
	bin := filepath.Join(t.TempDir(), "limit")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", bin, "../wsload").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var texts [2]strings.Builder
	for i := range texts {
		if err := run([]string{"sbom", "-version", "1.2.3", bin}, &texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0].String() != texts[1].String() {
		t.Error("two runs differ")
	}
	var b bom
	d := json.NewDecoder(strings.NewReader(texts[0].String()))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.Spec != "1.6" || b.Metadata.Timestamp != "2023-11-14T22:13:20Z" || b.Metadata.Component.Version != "1.2.3" ||
		!regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.SerialNumber) {
		t.Errorf("%+v", b.Metadata)
	}
	refs := map[string]bool{}
	found := false
	for _, c := range b.Components {
		if refs[c.Ref] || c.Version == "" || len(c.Licences) != 1 || c.Licences[0].Licence.ID == "" || !strings.HasPrefix(c.PURL, "pkg:golang/") {
			t.Errorf("%+v", c)
		}
		refs[c.Ref] = true
		found = found || c.Name == "github.com/coder/websocket" && c.Licences[0].Licence.ID == "ISC" && len(c.Properties) == 1
	}
	for _, ref := range b.Dependencies[0].DependsOn {
		if !refs[ref] {
			t.Errorf("%s is no component", ref)
		}
	}
	if !found || len(b.Dependencies[0].DependsOn) != len(b.Components) {
		t.Errorf("components %+v", b.Components)
	}
	var text strings.Builder
	if err := run([]string{"licences", bin}, &text); err != nil || !strings.Contains(text.String(), "github.com/coder/websocket v1") || !strings.Contains(text.String(), "std go1.") {
		t.Errorf("%v\n%.300s", err, text.String())
	}
}

func TestPURL(t *testing.T) {
	t.Parallel()
	for want, in := range map[string][3]string{
		"pkg:golang/github.com/workiva/go-datastructures@v1.1.3": {"golang", "github.com/Workiva/go-datastructures", "v1.1.3"},
		"pkg:golang/example.org/x/v3@v3.0.0%2Bincompatible":      {"golang", "example.org/x/v3", "v3.0.0+incompatible"},
		"pkg:npm/%40lit/context@1.1.6":                           {"npm", "@lit/context", "1.1.6"},
	} {
		if got := purl(in[0], in[1], in[2]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"sbom"}, {"licences"}, {"other", "x"}, {"sbom", filepath.Join(t.TempDir(), "none")}} {
		if err := run(args, &strings.Builder{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
