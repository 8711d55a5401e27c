package text

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{"": 0, "abc": 3, "é": 1, "😀": 2, "a😀b": 4, "\xff": 1} {
		if got := Len(in); got != want {
			t.Errorf("Len(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestChunk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		in    string
		limit int
		want  []string
	}{
		{"empty", "", 10, nil},
		{"fits exactly", "0123456789", 10, []string{"0123456789"}},
		{"fits untouched", "  a  ", 10, []string{"  a  "}},
		{"no limit", strings.Repeat("x", 50), 0, []string{strings.Repeat("x", 50)}},
		{"negative limit", "abc", -1, []string{"abc"}},
		{"hard cut", "abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"newline before a later space", "ab\ncd efgh", 8, []string{"ab", "cd efgh"}},
		{"last newline wins", "a\nb\ncdefgh", 6, []string{"a\nb", "cdefgh"}},
		{"last space", "aa bb cc", 6, []string{"aa bb", "cc"}},
		{"newline at index 0 is no break", "\nabcdef", 4, []string{"\nabc", "def"}},
		{"space at index 0 is no break", " abcdef", 4, []string{" abc", "def"}},
		{"separator right after the limit", "abcd efgh", 4, []string{"abcd", "efgh"}},
		{"runs of space vanish at the cut", "ab    \n\n  cd", 4, []string{"ab", "cd"}},
		{"piece of white space is dropped", strings.Repeat(" ", 20) + "ab", 4, []string{"ab"}},
		{"only white space", strings.Repeat(" ", 20), 4, nil},
		{"tail keeps its trailing space", "abc def ", 5, []string{"abc", "def "}},
		{"byte order mark is a space", "ab\uFEFFcd", 4, []string{"ab", "cd"}},
		{"next line is not a space", "ab\u0085cd", 4, []string{"ab\u0085c", "d"}},
		{"pair at the limit moves whole", "abc😀d", 4, []string{"abc", "😀d"}},
		{"pairs", "😀😀😀", 4, []string{"😀😀", "😀"}},
		{"pair wider than the limit", "a😀b", 1, []string{"a", "😀", "b"}},
		{"only a pair wider than the limit", "😀", 1, []string{"😀"}},
		{"two-byte letters count once", "éééé", 2, []string{"éé", "éé"}},
		{"invalid bytes survive", "\xff\xfe\xfd", 2, []string{"\xff\xfe", "\xfd"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Chunk(tt.in, tt.limit)); diff != "" {
				t.Errorf("Chunk(%q, %d): %s", tt.in, tt.limit, diff)
			}
		})
	}
}

// The pieces are substrings in order, what lies between them is white space, each is within the limit.
func TestChunk_losesOnlyWhiteSpace(t *testing.T) {
	t.Parallel()
	alphabet := rapid.SampledFrom([]rune("ab \n\t\u00a0\uFEFF\u0085é語😀🧵"))
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.StringOf(alphabet), rapid.String()).Draw(t, "in")
		limit := rapid.IntRange(2, 12).Draw(t, "limit")
		rest := in
		for _, c := range Chunk(in, limit) {
			if n := len(utf16.Encode([]rune(c))); n > limit || n == 0 {
				t.Fatalf("piece %q has %d units, limit %d", c, n, limit)
			}
			if !utf8.ValidString(c) {
				t.Fatalf("piece %q cuts a character", c)
			}
			before, after, found := strings.Cut(rest, c)
			if !found || strings.TrimLeftFunc(before, isSpace) != "" {
				t.Fatalf("piece %q does not continue %q", c, rest)
			}
			rest = after
		}
		if strings.TrimLeftFunc(rest, isSpace) != "" {
			t.Fatalf("lost %q", rest)
		}
	})
}

// The same algorithm written down literally over UTF-16 units, as the oracle for texts without pairs.
func TestChunk_sameAsOracle(t *testing.T) {
	t.Parallel()
	alphabet := rapid.SampledFrom([]rune("abc  \n\té語"))
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(alphabet).Draw(t, "in")
		limit := rapid.IntRange(1, 9).Draw(t, "limit")
		if diff := cmp.Diff(oracle([]rune(in), limit), Chunk(in, limit)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func oracle(rest []rune, limit int) []string {
	var out []string
	for len(rest) > limit {
		cut := limit
		if i := strings.LastIndex(string(rest[:limit]), "\n"); i > 0 {
			cut = len([]rune(string(rest[:limit])[:i]))
		} else if i := strings.LastIndexFunc(string(rest[:limit]), isSpace); i > 0 {
			cut = len([]rune(string(rest[:limit])[:i]))
		}
		if c := strings.TrimRightFunc(string(rest[:cut]), isSpace); c != "" {
			out = append(out, c)
		}
		rest = []rune(strings.TrimLeftFunc(string(rest[cut:]), isSpace))
	}
	if len(rest) > 0 {
		out = append(out, string(rest))
	}
	return out
}
