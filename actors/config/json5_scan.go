package config

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the tokens of JSON5 from valid UTF-8.
type scanner struct {
	src      string
	pos      int
	comments []span
}

// span is a piece of the source, [start, end).
type span struct{ start, end int }

func (s *scanner) eof() bool { return s.pos >= len(s.src) }

// peek returns the byte at the current position, 0 at the end.
func (s *scanner) peek() byte { return s.peekAt(0) }

func (s *scanner) peekAt(n int) byte {
	if s.pos+n >= len(s.src) {
		return 0
	}
	return s.src[s.pos+n]
}

func (s *scanner) rune() (rune, int) { return utf8.DecodeRuneInString(s.src[s.pos:]) }

func (s *scanner) fail(format string, args ...any) *SyntaxError {
	return s.failAt(s.pos, format, args...)
}

func (s *scanner) failAt(pos int, format string, args ...any) *SyntaxError {
	line, column := position(s.src, pos)
	return &SyntaxError{Line: line, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// position turns a byte offset into line and column, both from 1. CR LF is one line end.
func position(src string, pos int) (line, column int) {
	line, column = 1, 1
	var prev rune
	for _, r := range src[:pos] {
		switch {
		case r == '\n' && prev == '\r':
		case isLineEnd(r):
			line, column = line+1, 1
		case r == '\ufeff' && line == 1 && column == 1: // a byte order mark is not a character of the line
		default:
			column++
		}
		prev = r
	}
	return line, column
}

func isLineEnd(r rune) bool {
	return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029'
}

func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\v', '\f', '\u00a0', '\ufeff':
		return true
	}
	return isLineEnd(r) || unicode.Is(unicode.Zs, r)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// space skips white space and comments.
func (s *scanner) space() *SyntaxError {
	for !s.eof() {
		if s.peek() == '/' {
			start := s.pos
			if err := s.comment(); err != nil {
				return err
			}
			s.comments = append(s.comments, span{start, s.pos})
			continue
		}
		r, n := s.rune()
		if !isSpace(r) {
			return nil
		}
		s.pos += n
	}
	return nil
}

func (s *scanner) comment() *SyntaxError {
	start := s.pos
	switch s.peekAt(1) {
	case '/':
		if i := strings.IndexFunc(s.src[s.pos:], isLineEnd); i >= 0 {
			s.pos += i
		} else {
			s.pos = len(s.src)
		}
		return nil
	case '*':
		i := strings.Index(s.src[s.pos+2:], "*/")
		if i < 0 {
			return s.failAt(start, "the comment is not closed")
		}
		s.pos += 2 + i + 2
		return nil
	}
	return s.fail("'/' does not begin a comment; put text in quotes")
}

// identifier reads an unquoted name; "" when there is none here.
func (s *scanner) identifier() (string, *SyntaxError) {
	var b strings.Builder
	for !s.eof() {
		r, n := s.rune()
		if r == '\\' {
			start := s.pos
			s.pos++
			if s.peek() != 'u' {
				return "", s.failAt(start, `only \u escapes are allowed in a key without quotes`)
			}
			s.pos++
			v, err := s.hex(4)
			if err != nil {
				return "", err
			}
			if r, n = v, 0; !isNameRune(r, b.Len() == 0) {
				return "", s.failAt(start, "the escape is not a character of a name")
			}
		} else if !isNameRune(r, b.Len() == 0) {
			break
		}
		b.WriteRune(r)
		s.pos += n
	}
	return b.String(), nil
}

func isNameRune(r rune, first bool) bool {
	if r == '$' || r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) {
		return true
	}
	return !first && (r == '\u200c' || r == '\u200d' || unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc))
}

// str reads a quoted string.
func (s *scanner) str() (string, *SyntaxError) {
	start, quote := s.pos, s.peek()
	s.pos++
	var b strings.Builder
	for !s.eof() {
		c := s.peek()
		switch {
		case c == quote:
			s.pos++
			return b.String(), nil
		case c == '\n' || c == '\r':
			return "", s.failAt(start, "the string is not closed on its line")
		case c == '\\':
			if err := s.escape(&b); err != nil {
				return "", err
			}
		default:
			_, n := s.rune()
			b.WriteString(s.src[s.pos : s.pos+n])
			s.pos += n
		}
	}
	return "", s.failAt(start, "the string is not closed")
}

// escape reads what follows a backslash in a string.
func (s *scanner) escape(b *strings.Builder) *SyntaxError {
	start := s.pos
	s.pos++
	if s.eof() {
		return s.failAt(start, "the string is not closed")
	}
	r, n := s.rune()
	s.pos += n
	switch {
	case r == 'x':
		v, err := s.hex(2)
		if err != nil {
			return err
		}
		b.WriteRune(v)
	case r == 'u':
		v, err := s.unicodeEscape(start)
		if err != nil {
			return err
		}
		b.WriteRune(v)
	case r == '0' && !isDigit(s.peek()):
		b.WriteByte(0)
	case r >= '0' && r <= '9':
		return s.failAt(start, "octal escapes are not allowed")
	case r == '\r':
		if s.peek() == '\n' {
			s.pos++
		}
	case isLineEnd(r): // a line continuation adds nothing
	default:
		if i := strings.IndexRune("bfnrtv", r); i >= 0 {
			b.WriteByte("\b\f\n\r\t\v"[i])
		} else {
			b.WriteRune(r)
		}
	}
	return nil
}

// unicodeEscape reads the digits after \u, and the second half of a surrogate pair.
func (s *scanner) unicodeEscape(start int) (rune, *SyntaxError) {
	v, err := s.hex(4)
	if err != nil || v < 0xd800 || v > 0xdfff {
		return v, err
	}
	if v < 0xdc00 && s.peek() == '\\' && s.peekAt(1) == 'u' {
		s.pos += 2
		low, err := s.hex(4)
		if err != nil {
			return 0, err
		}
		if low >= 0xdc00 && low <= 0xdfff {
			return (v-0xd800)<<10 + (low - 0xdc00) + 0x10000, nil
		}
	}
	return 0, s.failAt(start, "half of a surrogate pair is not a character")
}

func (s *scanner) hex(digits int) (rune, *SyntaxError) {
	var v rune
	for i := range digits {
		c := s.peekAt(i)
		switch {
		case isDigit(c):
			v = v<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, s.fail("the escape needs %d hexadecimal digits", digits)
		}
	}
	s.pos += digits
	return v, nil
}

// longestNumber bounds the work on one number; no setting needs a fraction of it.
const longestNumber = 400

// number reads a number and returns it as JSON writes it.
func (s *scanner) number() (string, *SyntaxError) {
	start, sign := s.pos, ""
	if c := s.peek(); c == '-' || c == '+' {
		if c == '-' {
			sign = "-"
		}
		s.pos++
	}
	from := s.pos
	for !s.eof() {
		c := s.peek()
		exponentSign := (c == '+' || c == '-') && s.pos > from && s.src[s.pos-1]|0x20 == 'e'
		if r, _ := s.rune(); c != '.' && !exponentSign && !isNameRune(r, false) {
			break
		}
		_, n := s.rune()
		s.pos += n
	}
	t := s.src[from:s.pos]
	if t == "Infinity" || t == "NaN" {
		return "", s.failAt(start, "Infinity and NaN are not allowed")
	}
	digits, ok := jsonNumber(t)
	if !ok {
		return "", s.failAt(start, "not a number")
	}
	return sign + digits, nil
}

// jsonNumber rewrites an unsigned JSON5 number as JSON: 0x10 -> 16, .5 -> 0.5, 5. -> 5.
func jsonNumber(t string) (string, bool) {
	if len(t) > longestNumber {
		return "", false
	}
	if len(t) > 2 && t[0] == '0' && t[1]|0x20 == 'x' {
		if strings.Contains(t, "_") {
			return "", false
		}
		n, ok := new(big.Int).SetString(t[2:], 16)
		if !ok {
			return "", false
		}
		return finite(n.String())
	}
	whole, rest := cutDigits(t)
	fraction, exponent := "", ""
	if strings.HasPrefix(rest, ".") {
		fraction, rest = cutDigits(rest[1:])
		if whole == "" && fraction == "" {
			return "", false
		}
	}
	if rest != "" && rest[0]|0x20 == 'e' {
		signed := strings.TrimLeft(rest[1:], "+-")
		digits, tail := cutDigits(signed)
		if digits == "" || len(rest)-1-len(signed) > 1 {
			return "", false
		}
		exponent, rest = rest[:len(rest)-len(tail)], tail
	}
	if rest != "" || whole == "" && fraction == "" || len(whole) > 1 && whole[0] == '0' {
		return "", false
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return finite(whole + fraction + exponent)
}

// finite refuses what no float64 holds.
func finite(n string) (string, bool) {
	_, err := strconv.ParseFloat(n, 64)
	return n, err == nil
}

func cutDigits(t string) (digits, rest string) {
	i := 0
	for i < len(t) && isDigit(t[i]) {
		i++
	}
	return t[:i], t[i:]
}
