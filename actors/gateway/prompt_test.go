package gateway_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestPrompt: what a model is told is shown, and made of the workspace, the skills that are ready and the configuration. A
// session goes on with the skills that it began with.
func TestPrompt(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), config: `{identity: {name: "Molty", emoji: "🦞"}, whatsapp: {allowFrom: ["+15550001", "*"]},
		skills: {entries: {plain: {env: {PLAIN_HOME: "/x"}, apiKey: "CANARY-key"}}}}`}
	managed := filepath.Join(s.dir, "skills")
	skillFile(t, managed, "plain", "description: does it plainly\nmetadata: {\"clawdbot\":{\"primaryEnv\":\"PLAIN_KEY\",\"requires\":{\"env\":[\"PLAIN_KEY\"]}}}")
	skillFile(t, managed, "lacking", "description: lacks a program\nmetadata: {\"clawdbot\":{\"requires\":{\"bins\":[\"no-such-program\"]}}}")
	if err := os.MkdirAll(filepath.Join(managed, "broken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(managed, "broken", "SKILL.md"), []byte("---\nname: broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.start(t).URL())
	var status wire.SkillsStatusResult
	c.ok("skills.status", nil, &status)
	if len(status.Problems) != 1 || !strings.HasSuffix(status.Problems[0].FilePath, "broken/SKILL.md") || !strings.Contains(status.Problems[0].Problem, "no header") {
		t.Errorf("problems %+v", status.Problems)
	}
	ask := func() (r wire.AgentPromptResult) {
		t.Helper()
		c.ok("agent.prompt", nil, &r)
		return r
	}
	r := ask()
	clawd := filepath.Join(s.dir, "clawd")
	if r.SessionKey != "main" || r.WorkspaceDir != clawd || len(r.Files) != 6 || r.Files[5].Name != "BOOTSTRAP.md" || r.Files[0].Missing {
		t.Errorf("%+v", r)
	}
	if len(r.Skills) != 1 || r.Skills[0].FilePath != filepath.Join(managed, "plain", "SKILL.md") || !slices.Contains(r.Tools, "canvas") {
		t.Errorf("skills %+v, tools %q", r.Skills, r.Tools)
	}
	for _, want := range []string{"You are Molty 🦞", "+15550001", clawd, "- canvas: ", "# How you work here", "clawdbot="} {
		if !strings.Contains(r.Prompt, want) {
			t.Errorf("%q is not in the prompt\n%s", want, r.Prompt)
		}
	}
	read := func(path string) string {
		t.Helper()
		c.ok("chat.send", wire.ChatSendParams{SessionKey: "main", Message: `!tool read {"path":"` + path + `"}`, IdempotencyKey: path}, nil)
		var h wire.ChatHistoryResult
		c.ok("chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &h)
		return string(h.Messages[len(h.Messages)-1])
	}
	if got := read(r.Skills[0].FilePath); !strings.Contains(got, "does it plainly") {
		t.Errorf("a skill is read: %s", got)
	}
	if got := read(filepath.Join(managed, "lacking", "SKILL.md")); strings.Contains(got, "lacks a program") {
		t.Errorf("a file of the state is read: %s", got)
	}
	if strings.Contains(r.Prompt, "CANARY") || strings.Contains(r.Prompt, "lacks a program") {
		t.Errorf("this is in the prompt: %s", r.Prompt)
	}
	if err := os.WriteFile(filepath.Join(clawd, "SOUL.md"), []byte("I am mine."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(clawd, "USER.md")); err != nil {
		t.Fatal(err)
	}
	if r = ask(); !strings.Contains(r.Prompt, "I am mine.") || !strings.Contains(r.Prompt, "[MISSING] Expected at: "+filepath.Join(clawd, "USER.md")) {
		t.Errorf("after changes: %s", r.Prompt)
	}
}
