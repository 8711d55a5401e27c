package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/hooks/javascript"
)

// TestHooksDoc: the configurations of docs/hooks.md start a gateway, and its commands get the answers below them.
func TestHooksDoc(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	doc, err := os.ReadFile(root + "/docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(doc), -1) {
		blocks[m[1]] = append(blocks[m[1]], m[2])
	}
	if len(blocks["json5"]) != 2 || len(blocks["js"]) != 1 || len(blocks["sh"]) != 3 {
		t.Fatalf("examples: %d configurations, %d modules, %d commands", len(blocks["json5"]), len(blocks["js"]), len(blocks["sh"]))
	}
	for i, config := range blocks["json5"] {
		s := setup{dir: t.TempDir(), config: config, options: func(o *gateway.Options) { o.JavaScript = javascript.Run }}
		if err := os.Mkdir(filepath.Join(s.dir, "hooks"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "hooks", "github.mjs"), []byte(blocks["js"][0]), 0o600); err != nil {
			t.Fatal(err)
		}
		g := s.start(t)
		for _, example := range blocks["sh"] {
			command, want, _ := strings.Cut(example, "\n# ")
			if i == 0 && strings.Contains(command, "/hooks/github") {
				continue // the second configuration has it
			}
			out, err := exec.CommandContext(deadline(t), "sh", "-c", strings.ReplaceAll(command, "127.0.0.1:18789", g.Addr())).CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), strings.TrimSpace(want)) {
				t.Errorf("%s\nprinted %s (%v), want %s", command, out, err, want)
			}
		}
		if i == 1 {
			queued(t, g, "Hook GitHub gateway: ")
		}
	}
}
