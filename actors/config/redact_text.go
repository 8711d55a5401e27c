package config

import (
	"regexp"
	"strings"
)

var textKey = regexp.MustCompile(`(?i)[\w$.-]*(?:token|passw|secret|api[ _-]?key|authorization|bearer|headers|credential|\benv\b)[\w$.-]*`)

// maskText hides secrets in text that cannot be parsed: a comment, or a file with a syntax error. What follows a
// telling word is hidden. In a comment it must be written like a setting ("token: abc"), or prose would suffer; in a
// broken file the colon may be what is missing, so there the doubt goes against the text.
func maskText(text string, comment bool) string {
	text = HideSecrets(text, Redacted)
	var b strings.Builder
	for {
		at := textKey.FindStringIndex(text)
		if at == nil {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at[1]])
		text = text[at[1]:]
		gap, colon := gapLength(text, comment)
		if comment && !colon {
			continue
		}
		b.WriteString(text[:gap])
		text = text[gap:]
		n := maskLength(text, comment)
		if n > 0 {
			b.WriteString(Redacted)
		}
		text = text[n:]
	}
}

// gapLength is how many bytes lie between a key and its value: a closing quote, white space, comments, a colon.
func gapLength(text string, comment bool) (n int, colon bool) {
	s := scanner{src: text}
	skip := func() {
		if !comment {
			_ = s.space() // an open comment is left to be hidden as the value
			return
		}
		s.pos += len(s.src[s.pos:]) - len(strings.TrimLeftFunc(s.src[s.pos:], isSpace))
	}
	if c := s.peek(); c == '"' || c == '\'' || c == '`' {
		s.pos++
	}
	skip()
	if c := s.peek(); c == ':' || c == '=' {
		s.pos++
		colon = true
	}
	skip()
	return s.pos, colon
}

// maskLength is how many bytes at the start of text may be a secret value.
func maskLength(text string, comment bool) int {
	if text == "" {
		return 0
	}
	switch c := text[0]; {
	case c == '"' || c == '\'' || c == '`':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case c:
				return i + 1
			}
		}
		return len(text)
	case !comment && (c == '{' || c == '[' || strings.HasPrefix(text, "/*")):
		return len(text) // which of the values inside are secrets is anyone's guess
	}
	ends := "\r\n"
	if comment {
		ends = " \t\r\n,;)"
	}
	if i := strings.IndexAny(text, ends); i >= 0 {
		return i
	}
	return len(text)
}
