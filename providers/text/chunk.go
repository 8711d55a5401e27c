package text

import (
	"strings"
	"unicode/utf8"
)

// Len is the length of s in UTF-16 code units. A byte that is not valid UTF-8 counts as one unit, because it is sent
// as one replacement character.
func Len(s string) int {
	n := 0
	for _, r := range s {
		n += units(r)
	}
	return n
}

// Chunk cuts s into pieces of at most limit UTF-16 units. A text within the limit comes back as it is; an empty one
// gives no piece; a limit of zero or less means no limit.
//
// A piece ends at the last newline that lies within the limit, else at the last white space, else at the limit.
// White space around a cut is dropped, and so is a piece of nothing else; all other text is kept, in order.
// A character of two units is never cut in half: with a limit of one it makes a piece of two.
func Chunk(s string, limit int) []string {
	if s == "" {
		return nil
	}
	if limit <= 0 {
		return []string{s}
	}
	var chunks []string
	for {
		cut, whole := window(s, limit)
		if whole {
			break
		}
		if c := strings.TrimRightFunc(s[:cut], isSpace); c != "" {
			chunks = append(chunks, c)
		}
		s = strings.TrimLeftFunc(s[cut:], isSpace)
	}
	if s != "" {
		chunks = append(chunks, s)
	}
	return chunks
}

// window looks at the first limit units of s. It returns the byte offset at which to cut, or whole when s fits.
func window(s string, limit int) (cut int, whole bool) {
	newline, space, n := 0, 0, 0
	for i, r := range s {
		if n += units(r); n > limit {
			switch {
			case newline > 0:
				return newline, false
			case space > 0:
				return space, false
			case i > 0:
				return i, false
			}
			// The very first character is wider than the limit. Cutting after it is the only way on.
			_, size := utf8.DecodeRuneInString(s)
			return size, len(s) == size
		}
		if r == '\n' {
			newline = i
		} else if isSpace(r) {
			space = i
		}
	}
	return len(s), true
}

// units is the number of UTF-16 code units of r.
func units(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// isSpace is ECMAScript's idea of white space: the clients that show the text were written against it. It differs
// from unicode.IsSpace in U+FEFF (a space there) and U+0085 (not one).
func isSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
		return true
	}
	return r >= 0x2000 && r <= 0x200A
}
