package service

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

var specs = map[string]Spec{
	"default": {Program: "/usr/local/bin/clawdbot", Args: []string{"gateway"}, StateDir: "/home/ann/.clawdbot", Env: []string{"PATH=/usr/bin:/bin"}},
	"profile": {
		Profile: "work", Program: `/home/ann/my "bin"/50% off/clawdbot`, Args: []string{"gateway", "--profile", "work"}, StateDir: "/home/ann/.clawdbot-work",
		Env: []string{"PATH=/usr/bin:/bin", `CLAWDBOT_STATE_DIR=/home/ann/a b/$HOME & <c>\d`},
	},
}

func TestUnit_golden(t *testing.T) {
	t.Parallel()
	for name, spec := range specs {
		for suffix, write := range map[string]func(Spec) (string, error){".service": Unit, ".plist": Plist} {
			got, err := write(spec)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+suffix, got)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s is not what is written now (%v); run the test with -update and look at the change:\n%s", path, err, got)
	}
}

// TestUnit_verified: systemd understands all of it. What it says of the program's path is left out: there is none here.
func TestUnit_verified(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd here; the golden files are compared")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	verify := func(spec Spec, spoil func(string) string) string {
		t.Helper()
		spec.Program = self
		text, err := Unit(spec)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), spec.Name()+".service")
		if err := os.WriteFile(path, []byte(spoil(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("systemd-analyze", "verify", "--user", path)
		c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
		out, _ := c.CombinedOutput() // of other units, too: only what names ours counts
		var about []string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, spec.Name()) {
				about = append(about, line)
			}
		}
		return strings.Join(about, "")
	}
	for name, spec := range specs {
		if said := verify(spec, func(s string) string { return s }); said != "" {
			t.Errorf("%s: %s", name, said)
		}
	}
	if said := verify(specs["default"], func(s string) string { return strings.Replace(s, "WatchdogSec=60", "WatchdogSecs=60", 1) }); !strings.Contains(said, "WatchdogSecs") {
		t.Errorf("a spoiled unit passes: %q", said)
	}
}

func TestSpec_refused(t *testing.T) {
	t.Parallel()
	for _, s := range []Spec{
		{Program: "clawdbot"}, {Program: "/bin/claw\ndbot"}, {Program: "/bin/x", Env: []string{"A=b\nExecStartPre=/bin/evil"}},
	} {
		for _, write := range []func(Spec) (string, error){Unit, Plist} {
			if text, err := write(s); err == nil {
				t.Errorf("%+v: %s", s, text)
			}
		}
	}
}
