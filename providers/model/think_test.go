package model

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestUnthink: however a text is cut into pieces, the same is thought and the same is said.
func TestUnthink(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"hello":                              {"", "hello"},
		"<think>hm</think>\n\nhello":         {"hm", "hello"},
		"<thinking>a<b</thinking>x < y":      {"a<b", "x < y"},
		"<think>never ended":                 {"never ended", ""},
		"<think>a</think><final>b</final>c":  {"a", "bc"},
		"a <thi":                             {"", "a <thi"},
		"<think>a</think>b<think>c</think>d": {"ac", "bd"},
	} {
		rapid.Check(t, func(t *rapid.T) {
			var u Unthink
			var said, thought strings.Builder
			say, think := func(s string) { said.WriteString(s) }, func(s string) { thought.WriteString(s) }
			for rest := text; rest != ""; {
				n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
				u.Feed(rest[:n], say, think)
				rest = rest[n:]
			}
			u.End(say, think)
			if thought.String() != want[0] || said.String() != want[1] {
				t.Fatalf("%q: thought %q, said %q", text, thought.String(), said.String())
			}
		})
	}
}
