package prompt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func facts() Facts {
	return Facts{
		Name: "Clawd", Emoji: "🦞", Theme: "dry.", Workspace: "/w", Silent: "NO_REPLY", Ack: "HEARTBEAT_OK", Heartbeat: "HEARTBEAT",
		Tools:  []Tool{{"read", "reads a file"}, {"bash", "runs\na command"}},
		Skills: []Skill{{"weather", "tells the weather", "/s/weather/SKILL.md"}},
		Files: []File{{Name: "AGENTS.md", Path: "/w/AGENTS.md", Text: "Be good.", Cut: true, Size: 99}, {Name: "SOUL.md", Path: "/w/SOUL.md", Missing: true},
			{Name: "USER.md", Path: "/w/USER.md", Problem: "it is not a file"}},
		Owners: []string{"+15550001"}, Host: "desk", OS: "linux", Arch: "amd64", Version: "1", Model: "p/m", Zone: "Europe/Berlin", Thinking: "low",
		Sandbox: "bubblewrap", Extra: "Say please.",
	}
}

// TestBuild: every part is there where it has something to say, and only there.
func TestBuild(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Facts)
		has    []string
		lacks  []string
	}{
		"all": {nil, []string{"You are Clawd 🦞,", "Your manner: dry.", "- bash: runs a command", "/s/weather/SKILL.md", "directory is /w", "+15550001", "bubblewrap",
			"answer exactly NO_REPLY", "answer exactly HEARTBEAT_OK", "[[reply_to_current]]", "MEDIA:", "Say please.", "Be good.\n[CUT] The file has 99 bytes",
			"[MISSING] Expected at: /w/SOUL.md", "[NOT READ] /w/USER.md: it is not a file",
			"host=desk | os=linux | arch=amd64 | clawdbot=1 | model=p/m | time zone=Europe/Berlin | thinking=low"}, []string{"<think>", "is a group"}},
		"no tools":  {func(f *Facts) { f.Tools = nil }, []string{"You have no tools"}, []string{"/s/weather", "bubblewrap"}},
		"no read":   {func(f *Facts) { f.Tools = f.Tools[1:] }, []string{"- bash"}, []string{"/s/weather"}},
		"a group":   {func(f *Facts) { f.Shared, f.Surface = true, "Telegram" }, []string{"is a group on Telegram"}, nil},
		"a person":  {func(f *Facts) { f.Stranger, f.Surface = true, "Telegram" }, []string{"is a direct chat on Telegram"}, nil},
		"tags":      {func(f *Facts) { f.Tags = true }, []string{"<think>", "</final>"}, nil},
		"little":    {func(f *Facts) { *f = Facts{Name: "X", Silent: "NO_REPLY"} }, []string{"You are X,"}, []string{"## Workspace", "## Owner", "## Skills", "## For this turn", "## Files", "HEARTBEAT"}},
		"long tool": {func(f *Facts) { f.Tools[0].Description = strings.Repeat("é", 1000) }, []string{"é…"}, []string{strings.Repeat("é", 200)}},
	} {
		f := facts()
		if tt.change != nil {
			tt.change(&f)
		}
		got := Build(f)
		for _, want := range tt.has {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, got)
			}
		}
		for _, no := range tt.lacks {
			if strings.Contains(got, no) {
				t.Errorf("%s: %q is in\n%s", name, no, got)
			}
		}
		if got != Build(f) {
			t.Errorf("%s: another prompt of the same facts", name)
		}
	}
}

func names(dir string) string {
	var all []string
	for _, name := range Names {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ensure(t *testing.T, dir string) {
	t.Helper()
	if err := Ensure(dir); err != nil {
		t.Fatal(err)
	}
}

func TestEnsure(t *testing.T) {
	t.Parallel()
	fresh, old := filepath.Join(t.TempDir(), "a", "b"), t.TempDir()
	ensure(t, fresh)
	if got := names(fresh); got != strings.Join(Names, " ") {
		t.Errorf("a new workspace has %s", got)
	}
	if err := os.Remove(filepath.Join(fresh, bootstrap)); err != nil {
		t.Fatal(err)
	}
	put(t, fresh, "SOUL.md", "mine")
	ensure(t, fresh)
	if b, err := os.ReadFile(filepath.Join(fresh, "SOUL.md")); err != nil || string(b) != "mine" || strings.Contains(names(fresh), bootstrap) {
		t.Errorf("the second time: %q, %v, %s", b, err, names(fresh))
	}
	put(t, old, "AGENTS.md", "old")
	if err := os.Symlink(filepath.Join(t.TempDir(), "nowhere"), filepath.Join(old, "USER.md")); err != nil {
		t.Fatal(err)
	}
	ensure(t, old)
	if got := names(old); got != "AGENTS.md SOUL.md TOOLS.md IDENTITY.md USER.md" {
		t.Errorf("an old workspace has %s", got)
	}
	put(t, old, "file", "")
	if err := Ensure(filepath.Join(old, "file")); err == nil {
		t.Error("a file is a workspace")
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir, away := t.TempDir(), t.TempDir()
	put(t, dir, "AGENTS.md", strings.Repeat("é", maxFile))
	put(t, dir, "SOUL.md", "\n soul\xff \n")
	put(t, away, "secret", "secret")
	if err := os.Symlink(filepath.Join(away, "secret"), filepath.Join(dir, "TOOLS.md")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "IDENTITY.md"), 0o700); err != nil {
		t.Fatal(err)
	}
	files := Read(dir)
	if len(files) != 5 {
		t.Fatalf("%d files: %+v", len(files), files)
	}
	if f := files[0]; !f.Cut || f.Text != strings.Repeat("é", maxFile/2) || f.Size != 2*maxFile {
		t.Errorf("a long file: %d bytes of %d, cut %v", len(f.Text), f.Size, f.Cut)
	}
	if f := files[1]; f.Text != "soul\ufffd" || f.Cut {
		t.Errorf("%+v", f)
	}
	if files[2].Problem == "" || files[2].Text != "" || files[3].Problem == "" || !files[4].Missing || files[4].Path != filepath.Join(dir, "USER.md") {
		t.Errorf("%+v", files[2:])
	}
	if all := Read(filepath.Join(dir, "none")); len(all) != 5 || !all[0].Missing {
		t.Errorf("no workspace: %+v", all)
	}
	for _, name := range []string{"AGENTS.md", "SOUL.md", "USER.md", bootstrap} {
		put(t, dir, name, strings.Repeat("x", maxFile))
	}
	total := 0
	for _, f := range Read(dir) {
		total += len(f.Text)
	}
	if total != maxFiles {
		t.Errorf("%d bytes of all files", total)
	}
}
