package pairing

import (
	"regexp"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
)

func TestNewCode(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Z2-9]{8}$`)
	seen := map[string]bool{}
	letters := map[rune]bool{}
	for range 2000 {
		c := NewCode()
		if !form.MatchString(c) {
			t.Fatalf("code %q", c)
		}
		if seen[c] {
			t.Fatalf("code %q twice in 2000", c)
		}
		seen[c] = true
		for _, r := range c {
			letters[r] = true
		}
	}
	if len(letters) != 32 {
		t.Errorf("%d different letters, want 32: 40 bits", len(letters))
	}
}

func TestText_codeOnALineOfItsOwn(t *testing.T) {
	t.Parallel()
	found := 0
	for line := range strings.Lines(Text("ABCD2345")) {
		if strings.TrimRight(line, "\n") == "ABCD2345" {
			found++
		}
	}
	if found != 1 {
		t.Errorf("text = %q", Text("ABCD2345"))
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	codes := []store.PairCode{{Code: "AAAA2222", ExpiresAt: 100}, {Code: "BBBB3333", ExpiresAt: 50}}
	for _, tt := range []struct {
		typed string
		now   int64
		want  string
	}{
		{"AAAA2222", 10, "AAAA2222"},
		{" aaaa-2222\n", 10, "AAAA2222"},
		{"AAAA2222", 100, ""},
		{"BBBB3333", 49, "BBBB3333"},
		{"BBBB3333", 60, ""},
		{"AAAA222", 10, ""},
		{"", 10, ""},
	} {
		if got, ok := match(codes, tt.typed, tt.now); got.Code != tt.want || ok != (tt.want != "") {
			t.Errorf("match(%q at %d) = %q, %v; want %q", tt.typed, tt.now, got.Code, ok, tt.want)
		}
	}
}

// FuzzMatch: nothing typed matches but the code itself, and nothing panics.
func FuzzMatch(f *testing.F) {
	f.Add("aaaa2222")
	f.Add("\xff")
	codes := []store.PairCode{{Code: "AAAA2222", ExpiresAt: 100}}
	f.Fuzz(func(t *testing.T, typed string) {
		if _, ok := match(codes, typed, 1); ok != (normalize(typed) == "AAAA2222") {
			t.Errorf("match(%q) = %v", typed, ok)
		}
	})
}
