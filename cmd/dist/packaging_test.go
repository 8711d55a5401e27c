package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestPackaging: the description of the packages can be read, everything in it that is in the repository exists, and
// everything has the time and the mode that make packages reproducible.
func TestPackaging(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../packaging/nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Name, Version, License, MTime string
		Contents                      []struct {
			Src, Dst, Packager string
			FileInfo           struct {
				Mode  int
				MTime string
			} `yaml:"file_info"`
		}
	}
	if err := yaml.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	if p.Name != "clawdbot" || p.Version != "${VERSION}" || p.MTime != "${BUILD_DATE}" || len(p.Contents) < 10 {
		t.Errorf("%+v", p)
	}
	for module, licence := range copyleft {
		if !strings.Contains(p.License, licence) {
			t.Errorf("the packages do not say that %s is under %s", module, licence)
		}
	}
	seen := map[string]bool{}
	for _, c := range p.Contents {
		if seen[c.Packager+c.Dst] || !strings.HasPrefix(c.Dst, "/usr/") || c.FileInfo.Mode&0o022 != 0 || c.FileInfo.Mode == 0 || c.FileInfo.MTime != "${BUILD_DATE}" {
			t.Errorf("%+v", c)
		}
		seen[c.Packager+c.Dst] = true
		if !strings.HasPrefix(c.Src, "${") {
			if _, err := os.Stat(filepath.Join("../..", c.Src)); err != nil {
				t.Error(err)
			}
		}
	}
	unit, err := os.ReadFile("../../packaging/clawdbot-gateway.service")
	if err != nil || !strings.Contains(string(unit), "\nExecStart=/usr/bin/clawdbot gateway\n") || !strings.Contains(string(unit), "\nRestartPreventExitStatus=78\n") {
		t.Errorf("%v\n%s", err, unit)
	}
}
