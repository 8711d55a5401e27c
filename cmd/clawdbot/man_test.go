package main

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra/doc"
)

var (
	manDir         = flag.String("man", "", "write the man pages to this directory")
	completionsDir = flag.String("completions", "", "write the completions to this directory")
)

// TestMan: there is a man page for every command, and completions for the shells that packages serve. .ci/dist takes both from
// here: the program itself need not be able to write them.
func TestMan(t *testing.T) {
	t.Parallel()
	dir := orElse(*manDir, t.TempDir())
	at := time.Unix(0, 0)
	if s := os.Getenv("SOURCE_DATE_EPOCH"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		at = time.Unix(n, 0)
	}
	at = at.UTC()
	a := &app{lookup: func(string) (string, bool) { return "", false }}
	root := a.root()
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "CLAWDBOT", Section: "1", Source: "clawdbot", Manual: "clawdbot", Date: &at}, dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "clawdbot*.1"))
	if err != nil || len(pages) < 50 {
		t.Errorf("%d pages, %v", len(pages), err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "clawdbot-logs.1"))
	if err != nil || !strings.Contains(string(page), `.TH "CLAWDBOT" "1"`) || !strings.Contains(string(page), `\fB--grep\fP`) {
		t.Errorf("%v\n%s", err, page)
	}
	shells := orElse(*completionsDir, t.TempDir())
	for shell, name := range map[string]string{"bash": "clawdbot.bash", "zsh": "_clawdbot", "fish": "clawdbot.fish"} {
		var out strings.Builder
		a := &app{out: &out, err: &out, lookup: func(string) (string, bool) { return "", false }}
		if code := a.run([]string{"completion", shell}); code != 0 || !strings.Contains(out.String(), "clawdbot") {
			t.Errorf("%s: %d %s", shell, code, out.String())
		}
		if err := os.WriteFile(filepath.Join(shells, name), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
