package text

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/clawdbot/gateway/providers"
)

var markups = []providers.Markup{providers.Markdown, providers.HTML, providers.Mrkdwn, providers.WhatsApp, providers.Plain}

func TestConvert(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, html, slack, whatsapp, plain string }{
		{"words", "just words", "just words", "just words", "just words", "just words"},
		{"strong", "a **b** __c__", "a <b>b</b> <b>c</b>", "a *b* *c*", "a *b* *c*", "a b c"},
		{"emphasis", "*a* and _b_", "<i>a</i> and <i>b</i>", "_a_ and _b_", "_a_ and _b_", "a and b"},
		{"both", "***a*** **b *c* d**", "<b><i>a</i></b> <b>b <i>c</i> d</b>", "*_a_* *b _c_ d*", "*_a_* *b _c_ d*", "a b c d"},
		{"struck", "~~no~~ ~yes", "<s>no</s> ~yes", "~no~ ~yes", "~no~ ~yes", "no ~yes"},
		{"names keep their underscores", "a snake_case_name and __init__.py", "a snake_case_name and __init__.py",
			"a snake_case_name and __init__.py", "a snake_case_name and __init__.py", "a snake_case_name and __init__.py"},
		{"sums are no emphasis", "2 * 3 * 4", "2 * 3 * 4", "2 * 3 * 4", "2 * 3 * 4", "2 * 3 * 4"},
		{"marks that do not close", "**a *b `c", "**a *b `c", "**a *b `c", "**a *b `c", "**a *b `c"},
		{"escapes", `\*a\* \_b`, "*a* _b", "*a* _b", "*a* _b", "*a* _b"},
		{"code", "run `a*b*c <x>` now", "run <code>a*b*c &lt;x&gt;</code> now", "run `a*b*c &lt;x&gt;` now", "run `a*b*c <x>` now", "run a*b*c <x> now"},
		{"double backticks", "``a`b``", "<code>a`b</code>", "`a`b`", "`a`b`", "a`b"},
		{"special characters", `a < b & "c"`, `a &lt; b &amp; "c"`, `a &lt; b &amp; "c"`, `a < b & "c"`, `a < b & "c"`},
		{"html is text", "<script>x</script>", "&lt;script&gt;x&lt;/script&gt;", "&lt;script&gt;x&lt;/script&gt;", "<script>x</script>", "<script>x</script>"},
		{"link", "see [the *page*](https://x.org/a?b=1&c=2)", `see <a href="https://x.org/a?b=1&amp;c=2">the <i>page</i></a>`,
			"see <https://x.org/a?b=1&amp;c=2|the _page_>", "see the _page_ (https://x.org/a?b=1&c=2)", "see the page (https://x.org/a?b=1&c=2)"},
		{"link that leads nowhere", "[a](javascript:x) [b](/c)", "[a](javascript:x) [b](/c)", "[a](javascript:x) [b](/c)", "[a](javascript:x) [b](/c)", "[a](javascript:x) [b](/c)"},
		{"address", "https://x.org/a_b_c*d <https://y.org>", `https://x.org/a_b_c*d <a href="https://y.org">https://y.org</a>`,
			"https://x.org/a_b_c*d <https://y.org>", "https://x.org/a_b_c*d https://y.org", "https://x.org/a_b_c*d https://y.org"},
		{"image", "![cat](https://x.org/c.png)", `<a href="https://x.org/c.png">cat</a>`, "<https://x.org/c.png|cat>", "cat (https://x.org/c.png)", "cat (https://x.org/c.png)"},
		{"link in a link", "[a <https://y.org>](https://x.org)", `<a href="https://x.org">a https://y.org</a>`, "<https://x.org|a https://y.org>",
			"a https://y.org (https://x.org)", "a https://y.org (https://x.org)"},
		{"heading", "## A **b** c ##\ntext", "<b>A b c</b>\ntext", "*A b c*\ntext", "*A b c*\ntext", "A b c\ntext"},
		{"a number sign is no heading", "#tag #1", "#tag #1", "#tag #1", "#tag #1", "#tag #1"},
		{"list", "* a\n  - **b**\n1. c", "• a\n  • <b>b</b>\n1. c", "• a\n  • *b*\n1. c", "- a\n  - *b*\n1. c", "- a\n  - b\n1. c"},
		{"quote", "> a **b**\n> c\nd", "<blockquote>a <b>b</b>\nc</blockquote>\nd", "> a *b*\n> c\nd", "> a *b*\n> c\nd", "> a b\n> c\nd"},
		{"fence", "x\n```go\na := **b\n```\ny", "x\n<pre><code class=\"language-go\">a := **b</code></pre>\ny", "x\n```\na := **b\n```\ny", "x\n```a := **b```\ny", "x\na := **b\ny"},
		{"fence without an end", "```\n<b>", "<pre>&lt;b&gt;</pre>", "```\n&lt;b&gt;\n```", "```<b>```", "<b>"},
		{"a fence that is all there is", "~~~~word", "word", "word", "word", "word"},
		{"a language with quotes", "```a\"><b>\nx\n```", "<pre><code class=\"language-a&quot;&gt;&lt;b&gt;\">x</code></pre>", "```\nx\n```", "```x```", "x"},
		{"mentions", "<@U12AB> <#C9|general> <!channel>", "&lt;@U12AB&gt; &lt;#C9|general&gt; &lt;!channel&gt;",
			"<@U12AB> <#C9|general> &lt;!channel&gt;", "<@U12AB> <#C9|general> <!channel>", "<@U12AB> <#C9|general> <!channel>"},
		{"other scripts", "**日本語**です 😀*x*", "<b>日本語</b>です 😀<i>x</i>", "*日本語*です 😀_x_", "*日本語*です 😀_x_", "日本語です 😀x"},
		{"invalid bytes", "\xff**a**", "\xff<b>a</b>", "\xff*a*", "\xff*a*", "\xffa"},
		{"empty", "", "", "", "", ""},
	} {
		for i, want := range []string{tt.in, tt.html, tt.slack, tt.whatsapp, tt.plain} {
			if got := Convert(tt.in, markups[i]); got != want {
				t.Errorf("%s, %s: %q, want %q", tt.name, markups[i], got, want)
			}
		}
	}
}

var (
	anyTag = regexp.MustCompile(`<(/?)([a-z]+)[^<>]*>`)
	marks  = regexp.MustCompile("[`*_~#>•+!\\\\\\[\\]() -]")
)

// balanced says whether every tag is closed in its turn.
func balanced(s string) bool {
	var open []string
	for _, m := range anyTag.FindAllStringSubmatch(s, -1) {
		if m[1] == "" {
			open = append(open, m[2])
		} else if len(open) == 0 || open[len(open)-1] != m[2] {
			return false
		} else {
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

// What a person sees has every letter of what was written, in order; what is counted never grows for HTML.
func TestConvert_losesNothing(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"word", " ", "\n", "*", "**", "***", "_", "__", "~~", "`", "```\n", "> ", "- ", "# ", "[", "]", "(", ")", "\\", "&", "😀", "é", "."})
	rapid.Check(t, func(t *rapid.T) {
		in := strings.Join(rapid.SliceOf(piece).Draw(t, "in"), "")
		want := strings.ReplaceAll(marks.ReplaceAllString(in, ""), "\n", "")
		for _, m := range markups {
			out := Convert(in, m)
			shown := Shown(out, m)
			if m == providers.Mrkdwn {
				shown = strings.ReplaceAll(shown, "&amp;", "&")
				shown = strings.ReplaceAll(shown, "&gt;", ">")
			}
			if got := strings.ReplaceAll(marks.ReplaceAllString(shown, ""), "\n", ""); got != want && !informed.MatchString(in) { // a language is not shown
				t.Fatalf("%s of %q is %q: letters %q, want %q", m, in, out, got, want)
			}
			if m == providers.HTML && (!balanced(out) || Len(shown) > Len(in)) {
				t.Fatalf("HTML of %q is %q", in, out)
			}
		}
	})
}

func FuzzConvert(f *testing.F) {
	for _, s := range []string{"**a**", "[a](https://b)", "```\nx", "> q\n# h", "_*_*_*", "`a``b`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, m := range markups {
			out := Convert(in, m)
			if utf8.ValidString(in) && !utf8.ValidString(out) {
				t.Fatalf("%s of %q is %q", m, in, out)
			}
			if m == providers.HTML && !balanced(out) {
				t.Fatalf("HTML of %q is %q", in, out)
			}
		}
	})
}

// A line of nothing but marks costs time in proportion to its length, not to its square.
func TestConvert_hostileLines(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"*", "* ", "**a", "_a ", "`", "`` ", "[", "](", "[a](", "<http://", "~~a", "***a**", "\\", "\u200b", "a*b_c~~"} {
		in := strings.Repeat(unit, 20_000/len(unit))
		start := time.Now()
		for _, m := range markups {
			Convert(in, m)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%d times %q took %v", len(in)/len(unit), unit, took)
		}
	}
}
