package main

import (
	"os"
	"regexp"
	"testing"
)

var quotation = regexp.MustCompile("(?s)<!-- the file examples/(\\S+) -->\n```go\n(.*?)```\n")

// TestDocs: the programs shown in docs/embedding.md are the ones that are compiled and tested here.
func TestDocs(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../embedding.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := quotation.FindAllSubmatch(doc, -1)
	if len(quoted) != 3 {
		t.Errorf("%d files are quoted, want 3", len(quoted))
	}
	for _, q := range quoted {
		file, err := os.ReadFile("../" + string(q[1]))
		if err != nil {
			t.Fatal(err)
		}
		if string(file) != string(q[2]) {
			t.Errorf("docs/embedding.md shows another %s than the one there is", q[1])
		}
	}
}
