package gateway_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

var figureName = regexp.MustCompile(`\b(?:clawdbot|process|go)_[a-z_]+`)

// TestMonitoringDocs: the board and the alerts use figures that there are, and docs/monitoring.md has all of them.
func TestMonitoringDocs(t *testing.T) {
	t.Parallel()
	text := get(t, "http://"+setup{}.start(t).Addr()+"/metrics")
	exists := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		exists[m[1]] = true
		if m[2] == "histogram" {
			exists[m[1]+"_bucket"], exists[m[1]+"_count"] = true, true
		}
	}
	board, err := os.ReadFile(root + "/docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(root + "/docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for where, text := range map[string]string{"grafana.json": string(board), "monitoring.md": string(page)} {
		for _, name := range figureName.FindAllString(text, -1) {
			if used++; !exists[name] {
				t.Errorf("%s names %s, which there is not", where, name)
			}
		}
	}
	if used < 100 {
		t.Errorf("only %d names found", used)
	}
	for name := range exists {
		if !strings.HasSuffix(name, "_bucket") && !strings.HasSuffix(name, "_count") && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/monitoring.md does not say what %s is", name)
		}
	}
	checkBoard(t, board)
}

// checkBoard: what Grafana would stumble over.
func checkBoard(t *testing.T, board []byte) {
	t.Helper()
	var b struct {
		Panels []struct {
			ID      int
			Type    string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(board, &b); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range b.Panels {
		if seen[p.ID] || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d: its number or its place", p.ID)
		}
		seen[p.ID] = true
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("panel %d of type %s has %d queries", p.ID, p.Type, len(p.Targets))
		}
		for _, q := range p.Targets {
			if strings.Count(q.Expr, "(") != strings.Count(q.Expr, ")") || strings.Count(q.Expr, "{") != strings.Count(q.Expr, "}") || !strings.Contains(q.Expr, `instance="$instance"`) {
				t.Errorf("panel %d: %s", p.ID, q.Expr)
			}
		}
	}
}
