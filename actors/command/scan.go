package command

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cursor reads a text from left to right, never beyond the end of a line.
type cursor struct {
	text string
	at   int
}

func space(r rune) bool { return unicode.IsSpace(r) }

// wordStart tells whether a word may begin at i, and where the space before it begins that goes away with the word.
func wordStart(text string, i int) (from int, ok bool) {
	if i == 0 {
		return 0, true
	}
	r, n := utf8.DecodeLastRuneInString(text[:i])
	return i - n, space(r)
}

// name reads letters up to the end of a word; the bot that a command names behind them ("/think@bot") is skipped. It
// is empty where no word ends.
func (c *cursor) name() string {
	i := c.at
	for i < len(c.text) && letter(c.text[i]) {
		i++
	}
	name := c.text[c.at:i]
	if i < len(c.text) && c.text[i] == '@' {
		i++
		for i < len(c.text) && (letter(c.text[i]) || digit(c.text[i]) || c.text[i] == '_') {
			i++
		}
	}
	if r, _ := utf8.DecodeRuneInString(c.text[i:]); i < len(c.text) && r != ':' && !space(r) {
		return ""
	}
	c.at = i
	return name
}

func letter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }
func digit(b byte) bool  { return '0' <= b && b <= '9' }

// blank skips spaces of the line.
func (c *cursor) blank() {
	for c.at < len(c.text) {
		r, n := utf8.DecodeRuneInString(c.text[c.at:])
		if r == '\n' || !space(r) {
			return
		}
		c.at += n
	}
}

// colon skips one colon, with the space before it. Without a colon it reads nothing.
func (c *cursor) colon() {
	before := c.at
	c.blank()
	if c.at < len(c.text) && c.text[c.at] == ':' {
		c.at++
		return
	}
	c.at = before
}

// peek is the next word of the line, and where it ends. A word that begins with a slash is no value.
func (c *cursor) peek() (word string, end int) {
	p := *c
	p.blank()
	start := p.at
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if space(r) {
			break
		}
		p.at += n
	}
	if word = p.text[start:p.at]; strings.HasPrefix(word, "/") {
		return "", c.at
	}
	return word, p.at
}

// value reads the next word of the line, without the punctuation that ends a sentence; "" where there is none.
func (c *cursor) value() string {
	word, end := c.peek()
	if word != "" {
		c.at = end
	}
	return trimEnd(word)
}

func trimEnd(word string) string { return strings.TrimRight(word, ".,;!?") }
