package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// style is what a mark does to what stands in it.
type style int

const (
	plain style = iota
	code
	strong
	emphasis
	strike
	link
)

// span is a part of a line: text, or marked parts.
type span struct {
	style style
	text  string // of plain and code
	to    string // of link
	parts []span
}

// deepest is how many marks may stand in one another; deeper ones are text.
const deepest = 8

// inline reads the marks of one line. Marks that do not come in pairs are text.
func inline(line string) []span { return read(line, 0) }

func read(s string, depth int) []span {
	var out []span
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			out = append(out, span{text: lit.String()})
			lit.Reset()
		}
	}
	hopeless := map[string]bool{} // marks that nothing closes in the rest of s
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("\\`*_{}[]()#+-.!~>|<", s[i+1]) >= 0 {
			lit.WriteByte(s[i+1])
			i += 2
			continue
		}
		sp, n := marked(s, i, depth, hopeless)
		if n == 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			if c := s[i]; c == '`' || c == '*' || c == '_' || c == '~' { // a run of marks is one thing
				for i+size < len(s) && s[i+size] == c {
					size++
				}
			}
			lit.WriteString(s[i : i+size])
			i += size
			continue
		}
		flush()
		out = append(out, sp)
		i += n
	}
	flush()
	return out
}

// marked reads the marked part that begins at s[i]. n is its length in bytes, 0 when there is none.
func marked(s string, i, depth int, hopeless map[string]bool) (sp span, n int) {
	switch s[i] {
	case '`':
		return codeSpan(s[i:], hopeless)
	case '<':
		return autolink(s[i:])
	case '!':
		if i+1 < len(s) && s[i+1] == '[' {
			if sp, n = linkSpan(s[i+1:], depth); n > 0 {
				return sp, n + 1
			}
		}
	case '[':
		return linkSpan(s[i:], depth)
	case 'h':
		return bareLink(s, i)
	case '*', '_', '~':
		return emphasised(s, i, depth, hopeless)
	}
	return span{}, 0
}

func run(s string, c byte) int { return len(s) - len(strings.TrimLeft(s, string(c))) }

// codeSpan: as many backticks as opened it close it; nothing within means anything.
func codeSpan(s string, hopeless map[string]bool) (span, int) {
	n := run(s, '`')
	mark := s[:n]
	if hopeless[mark] {
		return span{}, 0
	}
	for at := n; ; {
		i := strings.Index(s[at:], mark)
		if i < 0 {
			hopeless[mark] = true
			return span{}, 0
		}
		at += i
		if m := run(s[at:], '`'); m != n {
			at += m
			continue
		}
		text := s[n:at]
		if strings.TrimSpace(text) == "" {
			return span{}, 0
		}
		if strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") {
			text = text[1 : len(text)-1]
		}
		return span{style: code, text: text}, at + n
	}
}

// address says whether a link may lead there.
func address(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == '"' || r == 0x7F }) {
		return false
	}
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

func autolink(s string) (span, int) {
	end := strings.IndexByte(s[:min(len(s), longestLink)], '>')
	if end < 0 || !address(s[1:end]) {
		return span{}, 0
	}
	return span{style: link, to: s[1:end], parts: []span{{text: s[1:end]}}}, end + 1
}

// bareLink is an address in the text: kept as it is, so that no mark is read in it.
func bareLink(s string, i int) (span, int) {
	if i > 0 && wordByte(s[i-1]) || !strings.HasPrefix(s[i:], "http://") && !strings.HasPrefix(s[i:], "https://") {
		return span{}, 0
	}
	n := strings.IndexFunc(s[i:], func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>\"`*[]()", r) })
	if n < 0 {
		n = len(s) - i
	}
	return span{text: s[i : i+n]}, n
}

// linkSpan reads [text](address) with an optional title.
func linkSpan(s string, depth int) (span, int) {
	end := closing(s, '[', ']')
	if depth >= deepest || end < 0 || end+1 >= len(s) || s[end+1] != '(' {
		return span{}, 0
	}
	stop := closing(s[end+1:], '(', ')')
	if stop < 0 {
		return span{}, 0
	}
	to, _, _ := strings.Cut(strings.TrimSpace(s[end+2:end+1+stop]), " ")
	to = strings.TrimSuffix(strings.TrimPrefix(to, "<"), ">")
	if !address(to) {
		return span{}, 0
	}
	parts := unlinked(read(s[1:end], depth+1))
	if len(parts) == 0 {
		parts = []span{{text: to}}
	}
	return span{style: link, to: to, parts: parts}, end + 1 + stop + 1
}

// unlinked is the text of a link without the links in it.
func unlinked(parts []span) []span {
	var out []span
	for _, p := range parts {
		p.parts = unlinked(p.parts)
		if p.style == link {
			out = append(out, p.parts...)
			continue
		}
		out = append(out, p)
	}
	return out
}

// longestLink bounds the search for the end of a link, in bytes.
const longestLink = 2000

// closing finds the bracket that closes the one at s[0].
func closing(s string, open, closed byte) int {
	level := 0
	for i := 0; i < min(len(s), longestLink); i++ {
		switch s[i] {
		case '\\':
			i++
		case open:
			level++
		case closed:
			if level--; level == 0 {
				return i
			}
		}
	}
	return -1
}

// emphasised reads **strong**, __strong__, *emphasis*, _emphasis_ and ~~struck~~.
func emphasised(s string, i, depth int, hopeless map[string]bool) (span, int) {
	n := run(s[i:], s[i])
	st := emphasis
	switch {
	case s[i] == '~' && n == 2:
		st = strike
	case s[i] == '~' || n > 3:
		return span{}, 0
	case n == 2:
		st = strong
	}
	mark := s[i : i+n]
	if depth >= deepest || hopeless[mark] || !opens(s, i, n) {
		return span{}, 0
	}
	for at := i + n; ; {
		j := strings.Index(s[at:], mark)
		if j < 0 {
			hopeless[mark] = true
			return span{}, 0
		}
		at += j
		if m := run(s[at:], s[i]); m != n {
			if m > n && n < 3 && m == 3 && closesAt(s, at+m-n, n) { // the inner of two ends first
				at += m - n
			} else {
				at += m
				continue
			}
		}
		if !closesAt(s, at, n) || at == i+n || escaped(s, at) {
			at += n
			continue
		}
		sp := span{style: st, parts: read(s[i+n:at], depth+1)}
		if n == 3 {
			sp = span{style: strong, parts: []span{{style: emphasis, parts: sp.parts}}}
		}
		return sp, at - i + n
	}
}

// opens: a mark opens when text follows it, and an underscore not in the middle of a word.
func opens(s string, i, n int) bool {
	next, _ := utf8.DecodeRuneInString(s[i+n:])
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	if i+n >= len(s) || unicode.IsSpace(next) {
		return false
	}
	if s[i] == '_' && wordRune(before) {
		return false
	}
	return !unicode.IsPunct(next) || i == 0 || unicode.IsSpace(before) || unicode.IsPunct(before)
}

func closesAt(s string, at, n int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	next, _ := utf8.DecodeRuneInString(s[at+n:])
	if unicode.IsSpace(before) {
		return false
	}
	if s[at] == '_' && at+n < len(s) && (wordRune(next) || joins(s[at+n:])) {
		return false
	}
	return !unicode.IsPunct(before) || at+n >= len(s) || unicode.IsSpace(next) || unicode.IsPunct(next)
}

// joins: "__init__.py" and "_a_/b" are names, not words with marks.
func joins(rest string) bool {
	return (rest[0] == '.' || rest[0] == '/') && len(rest) > 1 && wordByte(rest[1])
}

func escaped(s string, at int) bool { return at > 0 && s[at-1] == '\\' }

func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func wordByte(b byte) bool { return wordRune(rune(b)) || b == '_' }
