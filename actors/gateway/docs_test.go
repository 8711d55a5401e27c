package gateway_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocs_namedTests: every test that a document names is where it says.
func TestDocs_namedTests(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"security.md": 50, "nodes.md": 40} {
		doc, err := os.ReadFile(root + "/docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		for _, m := range regexp.MustCompile(`([\w/]+_test\.go): (Test\w+(?:, Test\w+)*)`).FindAllStringSubmatch(string(doc), -1) {
			source, err := os.ReadFile(root + "/" + m[1])
			if err != nil {
				t.Error(err)
				continue
			}
			for test := range strings.SplitSeq(m[2], ", ") {
				named++
				if !strings.Contains(string(source), "\nfunc "+test+"(t *testing.T) {") {
					t.Errorf("%s: %s is not in %s", name, test, m[1])
				}
			}
		}
		if named < least {
			t.Errorf("%s: %d tests found in the document", name, named)
		}
	}
}

// TestNodesDoc: each of the twenty things that apps rely on has a row, with a test.
func TestNodesDoc(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(root + "/docs/nodes.md")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %d \|[^|]+\|[^|]*_test\.go: Test[^|]+\|$`, n+1))
		if !row.Match(doc) {
			t.Errorf("%d has no row with a test", n+1)
		}
	}
}
