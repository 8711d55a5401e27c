package web_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// axeSource is the accessibility checker, which npm fetches once. Where it cannot, the test skips and says why, unless
// CLAWDBOT_REQUIRE_NODE=1.
func axeSource(t *testing.T) string {
	t.Helper()
	const dir = "testdata/axe"
	file := filepath.Join(dir, "node_modules/axe-core/axe.min.js")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			if os.Getenv("CLAWDBOT_REQUIRE_NODE") == "1" {
				t.Fatalf("npm did not fetch axe-core: %v\n%s", err, out)
			}
			t.Skipf("no accessibility check: npm did not fetch axe-core: %v\n%s", err, out)
		}
		b, err = os.ReadFile(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAccessible: axe finds nothing serious in the chat, in any view, or in a form. Contrast is TestViews' business, which
// looks at both schemes.
func TestAccessible(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	g := newFake(t)
	gallery(g)
	controls(g, same)
	p := open(t, g)
	p.Eval(source+";0", nil)
	check := func(state, where string) {
		t.Helper()
		var found []struct {
			ID, Impact, Help string
			Nodes            []string
		}
		p.Eval(`axe.run(document.querySelector('`+where+`'), {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], rules: {'color-contrast': {enabled: false}}}).then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
			.map((v) => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200))})))`, &found)
		for _, f := range found {
			b, _ := json.Marshal(f.Nodes) // strings
			t.Errorf("%s: %s (%s, %s): %s", state, f.Help, f.ID, f.Impact, b)
		}
	}
	p.WaitText("[data-role=assistant]", "Shall I add it?")
	check("chat", "html")
	for _, v := range views {
		visit(p, v.name, v.sel, v.text)
		p.Eval(`document.querySelector('.row-toggle')?.click()`, nil)
		check(v.name, "#view") // the rest is the same everywhere
	}
	for _, words := range []string{"This asks", "Which model", "Which surfaces?", "Folder", "Token of the bot", "elsewhere", "Write them?"} {
		p.WaitText(".setup", words)
		check("setup: "+words, "#view")
		if words != "Write them?" {
			p.Click(".setup [type=submit]")
		}
	}
	visit(p, "cron/j1", ".table", "model overloaded")
	p.Click(`#view .primary`)
	p.WaitText("dialog.ask", "New job")
	check("form", "dialog.ask")
}
