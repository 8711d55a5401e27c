package text

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 30), strings.Repeat("b", 30)
	for name, tt := range map[string]struct {
		prefer string
		pieces []string
		want   []string // of Feed, joined by "|", then of End behind "||"
	}{
		"too short":            {"", []string{"hello. ", "you\n\n"}, []string{"||hello. you"}},
		"nothing":              {"", []string{"", " \n"}, []string{"||"}},
		"paragraph":            {"", []string{a + "\n", "\nnext"}, []string{a + "||next"}},
		"paragraph over line":  {"", []string{a + "\n\nc\nd"}, []string{a + "||c\nd"}},
		"line":                 {"", []string{a + "\n", "next"}, []string{a + "||next"}},
		"sentence":             {"", []string{a + ". Next"}, []string{a + ".||Next"}},
		"a number is none":     {"", []string{a + " 3.14"}, []string{"||" + a + " 3.14"}},
		"sentence not newline": {Newline, []string{a + ". Next"}, []string{"||" + a + ". Next"}},
		"line not sentence":    {Sentence, []string{a + "\nnext. And"}, []string{a + "\nnext.||And"}},
		"word when full":       {"", []string{a + " " + b}, []string{a + "||" + b}},
		"hard when full":       {"", []string{a + b}, []string{a + b[:10] + "||" + b[10:]}},
		"long at once":         {"", []string{strings.Repeat("word ", 30)}, []string{strings.TrimSpace(strings.Repeat("word ", 8)) + "|" + strings.TrimSpace(strings.Repeat("word ", 8)) + "|" + strings.TrimSpace(strings.Repeat("word ", 8)) + "||" + strings.TrimSpace(strings.Repeat("word ", 6))}},
		"code is kept whole":   {"", []string{"ok:\n```\n" + a[:20] + "\n", "x\n```\nend"}, []string{"ok:\n```\n" + a[:20] + "\nx\n```||end"}},
		"code is closed":       {"", []string{"```go\n" + a + "\n" + b + "\n```\n"}, []string{"```go\n" + a + "\n```|```go\n" + b + "\n```||"}},
	} {
		c := Blocks{Min: 20, Max: 40, Prefer: tt.prefer}
		var fed []string
		for _, p := range tt.pieces {
			fed = append(fed, c.Feed(p)...)
		}
		if got := strings.Join(fed, "|") + "||" + strings.Join(c.End(), "|"); got != tt.want[0] {
			t.Errorf("%s: %q\nwant %q", name, got, tt.want[0])
		}
	}
}

// letters is a text without white space and without the lines that begin and end code.
func letters(blocks ...string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.Join(blocks, "\n"), "\n") {
		if strings.HasPrefix(line, "```") {
			continue
		}
		for _, r := range line {
			if !unicode.IsSpace(r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// markdown makes a text with code in it, all of which is closed.
func markdown(t *rapid.T) string {
	word := rapid.StringMatching(`[a-zé😀]{1,14}[.!?]?`)
	var b strings.Builder
	for range rapid.IntRange(0, 6).Draw(t, "paragraphs") {
		words := strings.Join(rapid.SliceOfN(word, 0, 40).Draw(t, "words"), rapid.SampledFrom([]string{" ", " ", "\n", "  "}).Draw(t, "gap"))
		if rapid.IntRange(0, 2).Draw(t, "code") == 0 {
			words = rapid.SampledFrom([]string{"```\n", "```go\n"}).Draw(t, "fence") + words + "\n```"
		}
		b.WriteString(words + rapid.SampledFrom([]string{"\n", "\n\n"}).Draw(t, "end"))
	}
	return b.String()
}

// pieces cuts a text anywhere.
func pieces(t *rapid.T, s string) (all []string) {
	for s != "" {
		n := rapid.IntRange(1, min(len(s), 60)).Draw(t, "piece")
		all, s = append(all, s[:n]), s[n:]
	}
	return all
}

// TestBlocks_property: nothing is lost, no block is too long, code is closed in each, and those that go out early are not
// too short.
func TestBlocks_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := markdown(t)
		c := Blocks{Min: rapid.IntRange(1, 60).Draw(t, "min"), Prefer: rapid.SampledFrom([]string{"", Paragraph, Newline, Sentence}).Draw(t, "prefer")}
		c.Max = c.Min + rapid.IntRange(40, 100).Draw(t, "more")
		var got []string
		given := ""
		for _, p := range pieces(t, strings.ToValidUTF8(text, "")) {
			given += p
			got = append(got, c.Feed(p)...)
			if !strings.HasSuffix(strings.TrimRightFunc(given, isSpace), strings.TrimRightFunc(c.Left(), isSpace)) {
				t.Fatalf("left %q of %q", c.Left(), given)
			}
		}
		got = append(got, c.End()...)
		checkBlocks(t, text, got, c.Max)
	})
}

type failing interface {
	Fatalf(format string, args ...any)
}

func checkBlocks(t failing, text string, got []string, limit int) {
	if letters(got...) != letters(text) {
		t.Fatalf("lost or made up: %q\nof %q", got, text)
	}
	for _, b := range got {
		if Len(b) > limit || strings.TrimFunc(b, isSpace) == "" {
			t.Fatalf("a block of %d units, at most %d: %q", Len(b), limit, b)
		}
		marks := slices.DeleteFunc(strings.Split(b, "\n"), func(l string) bool { return !strings.HasPrefix(l, "```") })
		if len(marks)%2 != 0 {
			t.Fatalf("code is not closed in %q\nof %q", b, got)
		}
	}
}

// FuzzBlocks: whatever is written in whatever pieces, nothing is lost and nothing is too long.
func FuzzBlocks(f *testing.F) {
	f.Add("Hello.\n\n```go\nfunc main() {\n}\n```\nDone. "+strings.Repeat("x", 200), 5, 20, 60)
	f.Add("~~~\n```\n~~~", 1, 1, 40)
	f.Add("a\xffb 😀", 2, 3, 4)
	f.Fuzz(func(t *testing.T, text string, step, least, most int) {
		if len(text) > 10_000 {
			return
		}
		step, most = max(1, step%100), 2+max(0, most%2000)
		c := Blocks{Min: least % 2000, Max: most}
		var got []string
		for rest := text; rest != ""; rest = rest[min(step, len(rest)):] {
			got = append(got, c.Feed(rest[:min(step, len(rest))])...)
		}
		for _, b := range append(got, c.End()...) {
			if Len(b) > most {
				t.Fatalf("%d units, at most %d: %q", Len(b), most, b)
			}
		}
		if c.Left() != "" {
			t.Fatalf("left %q", c.Left())
		}
	})
}
