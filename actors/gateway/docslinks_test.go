package gateway_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	docLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	docFence = regexp.MustCompile("(?ms)^```.*?^```")
)

// TestDocs_links: every link between the documents leads somewhere, also to a heading, and docs/README.md leads to every page.
func TestDocs_links(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/providers/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	reached := map[string]bool{}
	headings := map[string]map[string]bool{} // by page
	links := 0
	for _, page := range pages {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range docLink.FindAllStringSubmatch(docFence.ReplaceAllString(string(raw), ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			path, heading, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if filepath.Base(page) == "README.md" && filepath.Base(filepath.Dir(page)) == "docs" {
				reached[target] = true
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere", page, m[1])
				continue
			}
			if heading == "" {
				continue
			}
			if headings[target] == nil {
				headings[target] = headingsOf(t, target)
			}
			if !headings[target][heading] {
				t.Errorf("%s: %s has no such heading", page, m[1])
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links found", links)
	}
	for _, page := range pages {
		if filepath.Base(filepath.Dir(page)) != "decisions" && filepath.Base(page) != "README.md" && !reached[page] {
			t.Errorf("docs/README.md does not lead to %s", page)
		}
	}
}

var punctuation = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// headingsOf are the headings of a page by the names that their links have: small letters, no punctuation, dashes for spaces.
func headingsOf(t *testing.T, path string) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		text := strings.TrimLeft(line, "#")
		if n := len(line) - len(text); n == 0 || n > 6 || !strings.HasPrefix(text, " ") {
			continue
		}
		name := punctuation.ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
		names[strings.ReplaceAll(name, " ", "-")] = true
	}
	return names
}
