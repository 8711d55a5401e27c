package gateway_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityDoc: every test that docs/security.md names is where it says.
func TestSecurityDoc(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(root + "/docs/security.md")
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
		for name := range strings.SplitSeq(m[2], ", ") {
			named++
			if !strings.Contains(string(source), "\nfunc "+name+"(t *testing.T) {") {
				t.Errorf("%s is not in %s", name, m[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("%d tests found in the document", named)
	}
}
