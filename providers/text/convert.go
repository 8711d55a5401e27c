package text

import (
	"html"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Convert rewrites Markdown in the markup of a platform. Every character that is no mark comes through. The result may be
// longer than s: by escapes and tags where a platform does not count them, and by little elsewhere.
func Convert(s string, m providers.Markup) string {
	w := writers[m]
	if w == nil {
		return s // Markdown, or one that nobody here knows
	}
	var out strings.Builder
	lines := strings.Split(s, "\n")
	for i := 0; i < len(lines); {
		if i > 0 {
			out.WriteByte('\n')
		}
		i += w.block(&out, lines[i:])
	}
	return out.String()
}

// writer is how one platform writes things.
type writer struct {
	escape func(string) string // of text
	pair   map[style][2]string // what stands before and behind
	// code writes a block of code; lang may be empty.
	code func(lang, body string) string
	link func(to, text, plain string) string
	// quote writes lines that were quoted, converted already.
	quote  func(lines []string) string
	bullet string // in place of "-", "*", "+"
}

var writers = map[providers.Markup]*writer{
	providers.HTML: {
		escape: escapeHTML,
		pair: map[style][2]string{
			strong: {"<b>", "</b>"}, emphasis: {"<i>", "</i>"}, strike: {"<s>", "</s>"}, code: {"<code>", "</code>"},
		},
		code: func(lang, body string) string {
			if lang == "" {
				return "<pre>" + escapeHTML(body) + "</pre>"
			}
			return `<pre><code class="language-` + escapeAttr(lang) + `">` + escapeHTML(body) + "</code></pre>"
		},
		link:   func(to, text, _ string) string { return `<a href="` + escapeAttr(to) + `">` + text + "</a>" },
		quote:  func(lines []string) string { return "<blockquote>" + strings.Join(lines, "\n") + "</blockquote>" },
		bullet: "•",
	},
	providers.Mrkdwn: {
		escape: escapeSlack,
		pair:   map[style][2]string{strong: {"*", "*"}, emphasis: {"_", "_"}, strike: {"~", "~"}, code: {"`", "`"}},
		code:   func(_, body string) string { return "```\n" + escapeSlack(body) + "\n```" },
		link: func(to, text, plain string) string {
			to = strings.ReplaceAll(escapeSlack(to), "|", "%7C")
			if plain == to {
				return "<" + to + ">"
			}
			return "<" + to + "|" + strings.ReplaceAll(text, "|", "¦") + ">"
		},
		quote: quoteLines, bullet: "•",
	},
	providers.WhatsApp: {
		pair: map[style][2]string{strong: {"*", "*"}, emphasis: {"_", "_"}, strike: {"~", "~"}, code: {"`", "`"}},
		code: func(_, body string) string { return "```" + body + "```" },
		link: plainLink, quote: quoteLines, bullet: "-",
	},
	providers.Plain: {
		code: func(_, body string) string { return body },
		link: plainLink, quote: quoteLines, bullet: "-",
	},
}

func escapeHTML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func escapeAttr(s string) string { return strings.ReplaceAll(escapeHTML(s), `"`, "&quot;") }

// slackMention is what Slack's markup means by a person or a channel, which an agent may write; a call to everybody
// ("<!channel>") is none of it.
var slackMention = regexp.MustCompile(`<[@#][A-Z0-9]+(?:\|[^<>|]*)?>`)

func escapeSlack(s string) string {
	var out strings.Builder
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	at := 0
	for _, m := range slackMention.FindAllStringIndex(s, -1) {
		out.WriteString(escape.Replace(s[at:m[0]]))
		out.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	out.WriteString(escape.Replace(s[at:]))
	return out.String()
}

func plainLink(to, text, plain string) string {
	if plain == to || "mailto:"+plain == to {
		return plain
	}
	return text + " (" + to + ")"
}

func quoteLines(lines []string) string { return "> " + strings.Join(lines, "\n> ") }

var (
	heading = regexp.MustCompile(`^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$`)
	item    = regexp.MustCompile(`^([ \t]*)[-*+]([ \t]+)(\S.*)$`)
	quoted  = regexp.MustCompile(`^ {0,3}> ?(.*)$`)
)

// block writes what begins with the first of lines and returns how many of them that was.
func (w *writer) block(out *strings.Builder, lines []string) int {
	line := lines[0]
	if mark := fenceMark(line); mark != "" {
		return w.fenced(out, lines, mark)
	}
	if quoted.MatchString(line) {
		var inner []string
		for _, l := range lines {
			m := quoted.FindStringSubmatch(l)
			if m == nil {
				break
			}
			inner = append(inner, w.line(m[1]))
		}
		out.WriteString(w.quote(inner))
		return len(inner)
	}
	out.WriteString(w.line(line))
	return 1
}

// fenced writes a block of code. One that is not closed goes to the end. What stands behind its mark is the name of a
// language, unless there is no code: then it is all that somebody wrote.
func (w *writer) fenced(out *strings.Builder, lines []string, mark string) int {
	f := fence{opening: lines[0], mark: mark}
	info := strings.TrimSpace(strings.TrimLeft(strings.TrimLeft(lines[0], " "), mark[:1]))
	n := 1
	for n < len(lines) && !closes(lines[n], f) {
		n++
	}
	body := strings.Join(lines[1:n], "\n")
	if strings.TrimSpace(body) == "" && info != "" {
		out.WriteString(w.line(info))
	} else {
		lang, _, _ := strings.Cut(info, " ")
		out.WriteString(w.code(lang, body))
	}
	return min(n+1, len(lines))
}

// line writes a line that is no code.
func (w *writer) line(s string) string {
	if m := heading.FindStringSubmatch(s); m != nil {
		return w.around(strong, w.spans(inline(m[1]), strong))
	}
	if m := item.FindStringSubmatch(s); m != nil {
		return m[1] + w.bullet + m[2] + w.spans(inline(m[3]), plain)
	}
	return w.spans(inline(s), plain)
}

// spans writes marked text. within is a style that is on already.
func (w *writer) spans(parts []span, within style) string {
	var out strings.Builder
	for _, p := range parts {
		switch {
		case p.style == plain:
			out.WriteString(w.text(p.text))
		case p.style == code:
			out.WriteString(w.around(code, w.text(p.text)))
		case p.style == link:
			out.WriteString(w.link(p.to, w.spans(p.parts, within), w.text(spell(p.parts))))
		case p.style == within:
			out.WriteString(w.spans(p.parts, within))
		default:
			out.WriteString(w.around(p.style, w.spans(p.parts, p.style)))
		}
	}
	return out.String()
}

func (w *writer) text(s string) string {
	if w.escape == nil {
		return s
	}
	return w.escape(s)
}

func (w *writer) around(st style, s string) string {
	p := w.pair[st]
	if s == "" {
		return ""
	}
	return p[0] + s + p[1]
}

// spell is the text of marked parts without the marks.
func spell(parts []span) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString(p.text)
		out.WriteString(spell(p.parts))
	}
	return out.String()
}

var tag = regexp.MustCompile(`</?(?:b|i|s|code|pre|a|blockquote)(?: [a-z]+="[^"<>]*")?>`)

// Shown is what a person sees of a text in the markup of a platform: for HTML, which is counted so.
func Shown(s string, m providers.Markup) string {
	if m != providers.HTML {
		return s
	}
	return html.UnescapeString(tag.ReplaceAllString(s, ""))
}
