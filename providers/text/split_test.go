package text

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		in    string
		limit int
		want  []string
	}{
		{"no code", "aa bb cc", 6, []string{"aa bb", "cc"}},
		{"fits", "```\ncode\n```", 12, []string{"```\ncode\n```"}},
		{"the block goes to the next piece", "some words\n```\na\nb\n```", 16, []string{"some words", "```\na\nb\n```"}},
		{"closed and opened again", "```go\nline one\nline two\nline three\n```\nend", 30,
			[]string{"```go\nline one\nline two\n```", "```go\nline three\n```\nend"}},
		{"indentation within code stays", "```\nif x {\n    y()\n    z()\n}\n```", 22,
			[]string{"```\nif x {\n```", "```\n    y()\n```", "```\n    z()\n}\n```"}},
		{"a long line of code is cut hard", "```\n" + strings.Repeat("x", 30) + "\n```", 20,
			[]string{"```\nxxxxxxxxxxxx\n```", "```\nxxxxxxxxxxxx\n```", "```\nxxxxxx\n```"}},
		{"what the fence says is said again", "``````😀\n```\nword word word ", 24, []string{"``````😀\n```\n``````", "``````😀\nword word word "}},
		{"longer fences", "~~~~\n```\nnot the end\nmore words\n~~~~", 26,
			[]string{"~~~~\n```\nnot the end\n~~~~", "~~~~\nmore words\n~~~~"}},
		{"a fence that never ends", "```\naaaa bbbb cccc dddd eeee", 20, []string{"```\naaaa bbbb cc\n```", "```\ncc dddd eeee"}},
		{"a limit too small for fences", "```\naaaa\n```", 6, []string{"```", "aaaa", "```"}},
		{"the cut would be right before the end", "```\naaaa bbbb\n```\nthe rest of it", 18, []string{"```\naaaa bbbb\n```", "the rest of it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Split(tt.in, tt.limit)); diff != "" {
				t.Errorf("Split(%q, %d): %s", tt.in, tt.limit, diff)
			}
		})
	}
}

// bones is what no cut may take: everything but white space and fences.
func bones(s string) string {
	return strings.Map(func(r rune) rune {
		if isSpace(r) || r == '`' || r == '~' {
			return -1
		}
		return r
	}, s)
}

// informed: what stands behind a fence is said again where the block is begun anew. Marks in the middle of a line are meant,
// too: a cut right before them makes them a fence.
var informed = regexp.MustCompile("(?:```|~~~)[^\\n]*[^\\s`~]")

// Pieces are within the limit, valid, lose nothing, and end no code but where it ends.
func splitHolds(t interface{ Fatalf(string, ...any) }, in string, limit int) {
	pieces := Split(in, limit)
	all := ""
	for i, p := range pieces {
		if n := Len(p); n > limit || n == 0 {
			t.Fatalf("piece %q has %d units, limit %d", p, n, limit)
		}
		if utf8.ValidString(in) && !utf8.ValidString(p) {
			t.Fatalf("piece %q cuts a character", p)
		}
		if f, open := fenceAt(p, len(p)); open && i < len(pieces)-1 && limit >= 40 && Len(f.opening)+Len(f.mark)+12 <= limit {
			t.Fatalf("piece %q of %q leaves code open", p, in)
		}
		all += bones(p)
	}
	if !informed.MatchString(in) && all != bones(in) {
		t.Fatalf("pieces %q of %q lose or add text", pieces, in)
	}
}

func TestSplit_holds(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"word ", "\n", "```", "```\n", "\n```\n", "~~~\n", "    ", "😀", "e", "\n\n", "x y z"})
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOf(piece).Draw(t, "in"), "")
		splitHolds(t, in, rapid.IntRange(4, 60).Draw(t, "limit"))
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("a\n```\nb\n```\nc", 10)
	f.Add("~~~~\n```\n"+strings.Repeat("x ", 50), 44)
	f.Fuzz(func(t *testing.T, in string, limit int) {
		if limit < 2 || limit > 1<<20 {
			return
		}
		for _, p := range Split(in, limit) {
			if n := Len(p); n > limit {
				t.Fatalf("piece %q has %d units, limit %d", p, n, limit)
			}
		}
	})
}
