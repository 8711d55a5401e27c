package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDocs: docs/troubleshooting.md has every id that there is, and no other.
func TestDocs(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	id := regexp.MustCompile(`"((?:account|actor|audit|clock|config|cron|database|discovery|disk|env|gateway|login|models|network|outbox|port|program|service|skills|state|tailscale|tls|traces|usage)\.[a-z-]+)"`)
	for _, name := range files {
		if name == "help_test.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range id.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
	}
	for _, method := range []string{"cron.list", "outbox.list", "skills.status", "models.status", "usage.status", "bridge.port", "gateway.port", "gateway.db", "gateway.db-wal", "gateway.pem"} {
		delete(there, method)
	}
	doc, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z]+\\.[a-z-]+)`").FindAllStringSubmatch(string(doc), -1) {
		said[m[1]] = true
	}
	for id := range there {
		if !said[id] {
			t.Errorf("%s is not in the page", id)
		}
	}
	for id := range said {
		if !there[id] && id != "agent.workspace" {
			t.Errorf("the page has %s, which is not found", id)
		}
	}
}
