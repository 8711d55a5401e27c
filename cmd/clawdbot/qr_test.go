package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A code as long as WhatsApp's fits a terminal of 80 columns.
func TestDrawQR(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	drawQR(&b, "2@"+strings.Repeat("aB3/", 35)+","+strings.Repeat("k9+Z", 11)+","+strings.Repeat("k9+Z", 11)+","+strings.Repeat("k9+Z", 11))
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) < 20 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Fatalf("a line of %d columns", n)
		}
	}
}
