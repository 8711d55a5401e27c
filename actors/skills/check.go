package skills

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// host is what skills find here: programs, environment, configuration.
type host struct {
	getenv func(string) string
	skills config.Skills
	config map[string]any // the file, without its secrets
	bins   map[string]bool
}

func newHost(getenv func(string) string, doc *config.Document) *host {
	h := &host{getenv: getenv, skills: doc.Config.Skills, bins: map[string]bool{}}
	if wire.Unmarshal(doc.Redacted().Config, &h.config) != nil {
		h.config = nil
	}
	return h
}

// has looks for a program on the PATH.
func (h *host) has(bin string) bool {
	found, known := h.bins[bin]
	if !known {
		found = lookPath(h.getenv("PATH"), bin) != ""
		h.bins[bin] = found
	}
	return found
}

// lookPath is the file of a program, "" = there is none.
func lookPath(list, bin string) string {
	if bin == "" || bin != filepath.Base(bin) {
		return ""
	}
	names := []string{bin}
	if runtime.GOOS == "windows" {
		names = []string{bin, bin + ".exe", bin + ".cmd"}
	}
	for _, dir := range filepath.SplitList(list) {
		for _, name := range names {
			file := filepath.Join(dir, name)
			if info, err := os.Stat(file); filepath.IsAbs(dir) && err == nil && info.Mode().IsRegular() &&
				(runtime.GOOS == "windows" || info.Mode()&0o111 != 0) {
				return file
			}
		}
	}
	return ""
}

// platform is the operating system in the words of skill files.
func platform() string {
	if runtime.GOOS == "windows" {
		return "win32"
	}
	return runtime.GOOS
}

// status says what a skill needs and lacks here (protocol 3.15).
func (h *host) status(s skill) wire.Skill {
	entry := h.skills.Entries[s.key()]
	w := wire.Skill{
		Name: s.name, Description: s.description, Source: s.source, FilePath: s.file, BaseDir: s.dir, SkillKey: s.key(),
		PrimaryEnv: s.meta.PrimaryEnv, Emoji: s.meta.Emoji, Homepage: s.homepage, Always: s.meta.Always,
		Disabled:     entry.Enabled != nil && !*entry.Enabled,
		Requirements: wire.SkillRequirements{Bins: s.meta.Requires.Bins, Env: s.meta.Requires.Env, Config: s.meta.Requires.Config, OS: s.meta.OS},
	}
	if allowed := h.skills.AllowBundled; s.source == sourceBundled && len(allowed) > 0 {
		w.BlockedByAllowlist = !slices.Contains(allowed, s.key()) && !slices.Contains(allowed, s.name)
	}
	for _, path := range w.Requirements.Config {
		w.ConfigChecks = append(w.ConfigChecks, h.check(path))
	}
	if !w.Always {
		w.Missing = h.missing(s, entry, w.ConfigChecks)
	}
	m := w.Missing
	w.Eligible = !w.Disabled && !w.BlockedByAllowlist && len(m.Bins)+len(m.Env)+len(m.Config)+len(m.OS) == 0
	if in, ok := h.preferred(s); ok {
		w.Install = []wire.SkillInstaller{{ID: in.ID, Kind: in.Kind, Label: in.Label, Bins: in.Bins}}
	}
	return w
}

func (h *host) missing(s skill, entry config.SkillEntry, checks []wire.SkillConfigCheck) (m wire.SkillRequirements) {
	for _, bin := range s.meta.Requires.Bins {
		if !h.has(bin) {
			m.Bins = append(m.Bins, bin)
		}
	}
	for _, name := range s.meta.Requires.Env {
		own := entry.Env[name] != "" || entry.APIKey != "" && s.meta.PrimaryEnv == name
		if !own && h.getenv(name) == "" {
			m.Env = append(m.Env, name)
		}
	}
	for _, c := range checks {
		if !c.Satisfied {
			m.Config = append(m.Config, c.Path)
		}
	}
	if len(s.meta.OS) > 0 && !slices.Contains(s.meta.OS, platform()) {
		m.OS = s.meta.OS
	}
	return m
}

// check looks a setting up. A secret shows as a placeholder.
func (h *host) check(path string) wire.SkillConfigCheck {
	var v any = h.config
	for key := range strings.SplitSeq(path, ".") {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	if v == nil && path == "browser.enabled" {
		v = true // it is on unless it is switched off
	}
	c := wire.SkillConfigCheck{Path: path, Satisfied: truthy(v)}
	if v != nil {
		c.Value, _ = wire.Marshal(v) // it came from JSON
	}
	return c
}

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return strings.TrimSpace(v) != ""
	}
	return true
}

// preferred is the one installer that is offered: brew if it is there and wanted, else the first kind of a fixed order.
func (h *host) preferred(s skill) (installer, bool) {
	var best installer
	rank := 0
	for i, in := range s.meta.Install {
		in = in.complete(i, h.nodeManager())
		r := map[string]int{"uv": 4, "node": 3, "brew": 2, "go": 1}[in.Kind]
		if in.Kind == "brew" && h.skills.Install.PreferBrew && h.has("brew") {
			r = 5
		}
		if r > rank {
			best, rank = in, r
		}
	}
	return best, rank > 0
}

func (h *host) nodeManager() string { return cmp.Or(h.skills.Install.NodeManager, "npm") }

// complete fills in what the skill left out.
func (in installer) complete(index int, nodeManager string) installer {
	if in.ID == "" {
		in.ID = in.Kind + "-" + strconv.Itoa(index)
	}
	if in.Label == "" {
		in.Label = "Run installer"
		if what := cmp.Or(in.Formula, in.Package, in.Module); what != "" {
			by := in.Kind
			if by == "node" {
				by = nodeManager
			}
			in.Label = "Install " + what + " (" + by + ")"
		}
	}
	return in
}
