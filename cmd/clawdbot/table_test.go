package main

import (
	"strings"
	"testing"
)

func TestTable_fits(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	long := strings.Repeat("a long name ", 12)
	for i, name := range []string{long, "short", "日本語の名前" + strings.Repeat("とても長い", 10), "e\u0301a\u0300", "\x1b[31mred\nline"} {
		l.ok("cron", "add", "--name", name, "--every", "1h", "--system-event", "x", "--description", string(rune('a'+i)))
	}
	for _, width := range []string{"60", "80", "200"} {
		out := l.wide(width, "cron", "list")
		if n := strings.Count(out, "\n"); n != 6 {
			t.Errorf("at %s: %d lines\n%s", width, n, out)
		}
		if !strings.Contains(out, "…") || strings.Contains(out, "\x1b") {
			t.Errorf("at %s:\n%s", width, out)
		}
		l.wide(width, "actors")
		l.wide(width, "status")
	}
	if out := l.ok("cron", "list"); strings.Contains(out, "…") || !strings.Contains(out, long) {
		t.Errorf("what is no terminal gets the whole text:\n%s", out)
	}
	if out := l.wide("200", "actors"); !strings.Contains(out, "gateway/eventstream") {
		t.Errorf("there is room, but:\n%s", out)
	}
}

func TestTable_columns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, "NAME        N  WHAT\n日本        1  a longer text\na name too  2\n"},
		{23, "NAME       N  WHAT\n日本       1  a longer…\na name t…  2\n"},
		{22, "NAME       N  WHAT\n日本       1  a longe…\na name t…  2\n"},
		{15, "NAME    N  WHAT\n日本    1  a l…\na nam…  2\n"}, // not below six columns: the line is cut
	} {
		var b strings.Builder
		tb := &table{w: &b, width: c.width}
		tb.row("NAME", "N", "WHAT")
		tb.row("日本", "1", "a longer text")
		tb.row("a name too", "2", "")
		if err := tb.flush(); err != nil || b.String() != c.want {
			t.Errorf("at %d:\n%s\nwant\n%s", c.width, b.String(), c.want)
		}
	}
}
