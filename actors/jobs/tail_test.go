package jobs

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTail: whatever is written in whatever pieces, the last part is kept and the rest counted.
func TestTail(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keep := rapid.IntRange(1, 20).Draw(t, "keep")
		out := tail{keep: keep}
		var all strings.Builder
		for _, s := range rapid.SliceOf(rapid.StringMatching(`[a-z]{0,30}`)).Draw(t, "pieces") {
			all.WriteString(s)
			_, _ = out.Write([]byte(s))
			at := rapid.IntRange(0, all.Len()).Draw(t, "at")
			text, total, skipped := out.since(int64(at))
			want := all.String()[max(at, all.Len()-keep):]
			if text != want || total != int64(all.Len()) || skipped != int64(max(0, all.Len()-keep-at)) {
				t.Fatalf("since(%d) of %q, %d kept: %q %d %d", at, all.String(), keep, text, total, skipped)
			}
			if len(out.buf) > 2*keep {
				t.Fatalf("%d bytes are held for %d", len(out.buf), keep)
			}
		}
	})
}

// TestTail_characters: a text does not begin in the middle of a character.
func TestTail_characters(t *testing.T) {
	t.Parallel()
	out := tail{keep: 4}
	_, _ = out.Write([]byte("äöü"))
	if text, _, skipped := out.since(0); text != "öü" || skipped != 2 {
		t.Errorf("%q %d", text, skipped)
	}
	_, _ = out.Write([]byte("x"))
	if text, _, skipped := out.since(0); text != "üx" || skipped != 4 {
		t.Errorf("%q %d", text, skipped)
	}
}
