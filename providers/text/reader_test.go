package text

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReader(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		shown, tag string
		files      []string
	}{
		"hello":                                                  {"hello", "", nil},
		"[[reply_to_current]] hello":                             {"hello", "current", nil},
		"a [[reply_to_current]] b":                               {"a b", "current", nil},
		"hello\n[[reply_to: 42 ]]":                               {"hello", "42", nil},
		"[[reply_to_current]]\nhello":                            {"hello", "current", nil},
		"[[reply_to:1]] a [[reply_to:2]]":                        {"a", "2", nil},
		"[[reply_to:]] a [[b]] [c]":                              {"[[reply_to:]] a [[b]] [c]", "", nil},
		"one\nMEDIA:/tmp/a.png\ntwo":                             {"one\ntwo", "", []string{"/tmp/a.png"}},
		"see `MEDIA: https://x.org/a.png`":                       {"see", "", []string{"https://x.org/a.png"}},
		"the word MEDIA: is nothing by itself":                   {"the word MEDIA: is nothing by itself", "", nil},
		"XMEDIA:/a":                                              {"XMEDIA:/a", "", nil},
		"[[reply_to:7]]```\nMEDIA:/a\n[[reply_to_current]]\n```": {"```\nMEDIA:/a\n[[reply_to_current]]\n```", "7", nil},
		"```\nMEDIA:/a\n[[reply_to_current]]\n```":               {"```\nMEDIA:/a\n[[reply_to_current]]\n```", "", nil},
		"[[reply_to_current":                                     {"[[reply_to_current", "", nil},
	} {
		for step := 1; step <= len(in); step++ {
			var r Reader
			shown := ""
			for rest := in; rest != ""; rest = rest[min(step, len(rest)):] {
				shown += r.Feed(rest[:min(step, len(rest))])
			}
			shown += r.End()
			tag := ""
			if r.Tag != nil {
				if tag = r.Tag.ID; r.Tag.Current {
					tag = "current"
				}
			}
			if strings.TrimSpace(shown) != want.shown || tag != want.tag || !slices.Equal(r.Files, want.files) {
				t.Errorf("%q by %d: %q, tag %q, files %q", in, step, shown, tag, r.Files)
			}
		}
	}
}

// TestReader_pieces: what is shown does not depend on the pieces that the text came in, but for space around tags.
func TestReader_pieces(t *testing.T) {
	t.Parallel()
	part := rapid.SampledFrom([]string{"a", "MEDIA:", "/tmp/x", " ", "\n", "`", "[[", "]]", "[[reply_to_current]]", "[[reply_to:7]]", "```\n", "ME", "[", "é", "https://h/p"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 20).Draw(t, "text"), "")
		want, files, _ := Read(text)
		var r Reader
		got := ""
		for _, p := range pieces(t, text) {
			got += r.Feed(p)
		}
		got += r.End()
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(got) != squeeze(want) || !slices.Equal(r.Files, files) {
			t.Fatalf("%q: %q in pieces, %q at once; files %q, %q", text, got, want, r.Files, files)
		}
	})
}

func TestTrimToken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"NO_REPLY": "|true", " NO_REPLY\nNO_REPLY ": "|true", "NO_REPLY hello": "hello|true", "hello\n\nyou NO_REPLY": "hello\n\nyou|true",
		"say NO_REPLY to it": "say NO_REPLY to it|false", "NO_REPLYING": "NO_REPLYING|false", "": "|false",
	} {
		rest, found := TrimToken(in, "NO_REPLY")
		if got := rest + "|" + map[bool]string{true: "true", false: "false"}[found]; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
