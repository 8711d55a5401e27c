package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// skillsRig is a gateway with skills in all places, and a PATH of its own.
type skillsRig struct {
	*socket
	dir string // state directory
	bin string // the PATH
}

// skillFile makes a skill.
func skillFile(t *testing.T, dir, name, fields string) {
	t.Helper()
	path := filepath.Join(dir, name, "SKILL.md")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("---\nname: "+name+"\n"+fields+"\n---\n\n# "+name+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program puts a shell script on the PATH.
func (r *skillsRig) program(name, script string) {
	r.t.Helper()
	childtest.Write(r.t, filepath.Join(r.bin, name), "#!/bin/sh\n"+script+"\n")
}

const demo = `description: "demo skill"
homepage: https://example.org
metadata: {"clawdbot": {emoji: "🧪", "primaryEnv": "DEMO_KEY", "requires": {"bins": ["demo"], "env": ["DEMO_KEY"], "config": ["demo.on", "browser.enabled"]},
  "install": [{"id": "go", "kind": "go", "module": "example.org/demo@latest"}, {"kind": "node", "package": "@demo/cli", "bins": ["demo"]},
  {"kind": "brew", "formula": "demo", "bins": ["demo"]}]}}`

func newSkillsRig(t *testing.T, config string) *skillsRig {
	t.Helper()
	r := &skillsRig{dir: t.TempDir(), bin: t.TempDir()}
	bundled := t.TempDir()
	skillFile(t, bundled, "demo", demo)
	skillFile(t, bundled, "plain", "description: >-\n  goes on\n  in two lines")
	skillFile(t, filepath.Join(r.dir, "skills"), "plain", "description: 'the owner''s'\nmetadata: {\"clawdbot\":{\"always\":true,\"skillKey\":\"plain-key\",\"requires\":{\"bins\":[\"nothing\"]}}}")
	skillFile(t, filepath.Join(r.dir, "clawd", "skills"), "mine", "description: of the workspace\nmetadata: {\"clawdbot\":{\"os\":[\"plan9\"]}}")
	skillFile(t, filepath.Join(r.dir, "extra"), "far", "description: elsewhere")
	s := setup{dir: r.dir, config: config, env: map[string]string{
		"CLAWDBOT_BUNDLED_SKILLS_DIR": bundled, "PATH": r.bin + ":/usr/bin:/bin", "SECRET_TOKEN": "not for installers",
	}}
	r.socket = dial(t, s.start(t).URL())
	return r
}

func (r *skillsRig) status() map[string]wire.Skill {
	r.t.Helper()
	var s wire.SkillsStatusResult
	r.ok("skills.status", nil, &s)
	if s.WorkspaceDir != filepath.Join(r.dir, "clawd") || s.ManagedSkillsDir != filepath.Join(r.dir, "skills") {
		r.t.Errorf("directories %q, %q", s.WorkspaceDir, s.ManagedSkillsDir)
	}
	all := map[string]wire.Skill{}
	for _, sk := range s.Skills {
		all[sk.Name] = sk
	}
	return all
}

// TestSkillsStatus: where skills come from, and what they need and lack.
func TestSkillsStatus(t *testing.T) {
	t.Parallel()
	r := newSkillsRig(t, `{skills: {load: {extraDirs: ["~/extra", "relative"]}, entries: {far: {enabled: false}}}}`)
	all := r.status()
	if len(all) != 4 {
		t.Errorf("%d skills: %v", len(all), all)
	}
	d := all["demo"]
	if d.Eligible || d.Source != "clawdbot-bundled" || d.SkillKey != "demo" || d.Emoji != "🧪" || d.Homepage != "https://example.org" || d.PrimaryEnv != "DEMO_KEY" {
		t.Errorf("demo %+v", d)
	}
	if !slices.Equal(d.Missing.Bins, []string{"demo"}) || !slices.Equal(d.Missing.Env, []string{"DEMO_KEY"}) || !slices.Equal(d.Missing.Config, []string{"demo.on"}) || len(d.Missing.OS) != 0 {
		t.Errorf("demo lacks %+v", d.Missing)
	}
	if len(d.ConfigChecks) != 2 || d.ConfigChecks[0].Satisfied || !d.ConfigChecks[1].Satisfied || string(d.ConfigChecks[1].Value) != "true" {
		t.Errorf("demo checks %+v", d.ConfigChecks)
	}
	if len(d.Install) != 1 || d.Install[0].ID != "node-1" || d.Install[0].Label != "Install @demo/cli (npm)" {
		t.Errorf("demo is installed by %+v", d.Install)
	}
	if p := all["plain"]; p.Source != "clawdbot-managed" || p.Description != "the owner's" || p.SkillKey != "plain-key" || !p.Always || !p.Eligible || len(p.Missing.Bins) != 0 || len(p.Requirements.Bins) != 1 {
		t.Errorf("plain %+v", p)
	}
	if m := all["mine"]; m.Source != "clawdbot-workspace" || m.Eligible || !slices.Equal(m.Missing.OS, []string{"plan9"}) || m.FilePath != filepath.Join(r.dir, "clawd", "skills", "mine", "SKILL.md") {
		t.Errorf("mine %+v", m)
	}
	if f := all["far"]; f.Source != "clawdbot-extra" || !f.Disabled || f.Eligible {
		t.Errorf("far %+v", f)
	}
	r.program("demo", "")
	r.program("brew", "")
	skillFile(t, filepath.Join(r.dir, "extra"), "far", "description: changed")
	all = r.status()
	if d := all["demo"]; len(d.Missing.Bins) != 0 || d.Install[0].ID != "brew-2" {
		t.Errorf("demo with its program lacks %+v, is installed by %+v", d.Missing, d.Install)
	}
	if all["far"].Description != "changed" {
		t.Errorf("a changed file: %+v", all["far"])
	}
	if raw := r.ok("skills.status", nil, nil).raw; !strings.Contains(raw, `"requirements":{"bins":[],"env":[],"config":[],"os":[]}`) {
		t.Errorf("empty lists are left out: %s", raw)
	}
}

// TestSkillsUpdate: the file changes by lines, secrets do not come back, and the change shows at once.
func TestSkillsUpdate(t *testing.T) {
	t.Parallel()
	r := newSkillsRig(t, "{\n  // what I use\n  skills: {\n    allowBundled: [\"other\"], // not much\n  },\n}\n")
	if !r.status()["demo"].BlockedByAllowlist {
		t.Error("demo is not blocked")
	}
	update := func(params map[string]any) string {
		t.Helper()
		params["skillKey"] = "demo"
		return string(r.ok("skills.update", params, nil).Payload)
	}
	if got := update(map[string]any{"enabled": true, "apiKey": " k1 ", "env": map[string]string{" DEMO_KEY ": " v ", "OLD": "", " ": "x"}}); got != `{"ok":true,"skillKey":"demo","config":{"enabled":true,"apiKey":"__REDACTED__","env":{"DEMO_KEY":"__REDACTED__"}}}` {
		t.Errorf("update %s", got)
	}
	if missing := r.status()["demo"].Missing.Env; len(missing) != 0 {
		t.Errorf("after the update demo lacks %v", missing)
	}
	file := func() string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(r.dir, "clawdbot.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, want := range []string{"// what I use", "// not much", `"k1"`, `"v"`} {
		if !strings.Contains(file(), want) {
			t.Errorf("file lacks %s:\n%s", want, file())
		}
	}
	if got := update(map[string]any{"apiKey": "__REDACTED__", "enabled": false}); !strings.Contains(got, `"enabled":false,"apiKey":"__REDACTED__"`) || !strings.Contains(file(), `"k1"`) {
		t.Errorf("a placeholder sent back: %s\n%s", got, file())
	}
	if got := update(map[string]any{"apiKey": "", "env": map[string]string{"DEMO_KEY": ""}}); got != `{"ok":true,"skillKey":"demo","config":{"enabled":false}}` {
		t.Errorf("emptied: %s\n%s", got, file())
	}
	if e := r.refused("skills.update", map[string]any{"skillKey": "demo", "apiKey": "__REDACTED__"}); e.Code != wire.CodeInvalidRequest {
		t.Errorf("a placeholder for nothing: %+v", e)
	}
	if e := r.refused("skills.update", map[string]any{"skillKey": "demo", "env": map[string]any{"A": 1}}); !strings.HasPrefix(e.Message, "invalid skills.update params: data/env/A must be string") {
		t.Errorf("wrong type: %+v", e)
	}
	if !r.status()["demo"].Disabled {
		t.Error("demo is not disabled")
	}
}

// TestSkillsInstall: with package managers that are scripts.
func TestSkillsInstall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	r := newSkillsRig(t, "")
	skillFile(t, filepath.Join(r.dir, "skills"), "odd", `description: x
metadata: {"clawdbot":{"install":[{"kind":"brew","formula":"--cask"},{"kind":"uv","package":"tool"}]}}`)
	install := func(name, id string) (f frame, res wire.SkillsInstallResult) {
		t.Helper()
		f = r.call("skills.install", wire.SkillsInstallParams{Name: name, InstallID: id, TimeoutMs: ptr(int64(60_000))})
		if len(f.Payload) > 0 {
			f.decode(t, &res)
		}
		return f, res
	}
	r.program("npm", `echo "$@"; env >&2; touch `+filepath.Join(r.dir, "was-here"))
	f, res := install("demo", "node-1")
	if !f.OK || res.Message != "Installed" || !res.OK || *res.Code != 0 || res.Stdout != "install -g @demo/cli\n" {
		t.Errorf("install %s", f.raw)
	}
	if strings.Contains(res.Stderr, "not for installers") || !strings.Contains(res.Stderr, "HOME="+r.dir) {
		t.Errorf("environment of the installer:\n%s", res.Stderr)
	}
	r.program("npm", `echo first >&2; echo "no such package" >&2; exit 7`)
	r.program("brew", "sleep 600 & wait")
	for _, tc := range []struct{ name, id, message, code string }{
		{"demo", "node-1", "Install failed (exit 7): no such package", "7"},
		{"nobody", "x", "Skill not found: nobody", "null"},
		{"demo", "x", "Installer not found: x", "null"},
		{"demo", "go", "go is not installed", "null"},
		{"odd", "uv-1", "uv is not installed", "null"},
		{"odd", "brew-0", "the skill names no package that brew could install", "null"},
	} {
		f, res := install(tc.name, tc.id)
		if f.OK || f.Error == nil || f.Error.Code != wire.CodeUnavailable || f.Error.Message != tc.message || res.Message != tc.message || res.OK {
			t.Errorf("%s %s: %s", tc.name, tc.id, f.raw)
		}
		if !strings.Contains(f.raw, `"code":`+tc.code+`}`) {
			t.Errorf("%s %s: %s", tc.name, tc.id, f.raw)
		}
	}
	f = r.call("skills.install", wire.SkillsInstallParams{Name: "demo", InstallID: "brew-2", TimeoutMs: ptr(int64(1000))})
	if f.OK || f.Error.Message != "Install failed: not done after 1s" || !strings.Contains(f.raw, `"code":null`) {
		t.Errorf("an installer that hangs: %s", f.raw)
	}
	if e := r.refused("skills.install", map[string]any{"name": "demo", "installId": "x", "timeoutMs": 999}); e.Message != "invalid skills.install params: data/timeoutMs must be >= 1000" {
		t.Errorf("short timeout: %+v", e)
	}
	r.program("brew", fmt.Sprintf("head -c %d /dev/zero | tr '\\0' x; echo end", 1<<20))
	if _, res := install("demo", "brew-2"); len(res.Stdout) != 64<<10 || !strings.HasSuffix(res.Stdout, "xend\n") {
		t.Errorf("%d bytes of output", len(res.Stdout))
	}
}
