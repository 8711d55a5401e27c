package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a config text. They keep a hostile or broken file from costing more than its size.
const (
	MaxBytes  = 4 << 20
	maxDepth  = 64
	maxValues = 100_000
)

// SyntaxError is where and why a text is not JSON5. Line and Column count from 1, columns in characters.
// Msg never repeats text of the file: a misplaced quote may turn a secret into the offending word.
type SyntaxError struct {
	Line, Column int
	Msg          string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg)
}

// kind is the JSON type of a node.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one value of a parsed document. The span [start, end) is its place in the source text, so that a value
// can be replaced there without touching comments or layout.
type node struct {
	kind       kind
	start, end int
	text       string // string: its value; number: as a JSON number; bool: "true" or "false"
	items      []*node
	members    []member
}

type member struct {
	key   string
	start int // of the key
	value *node
}

// get returns the member named key of an object, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].value
		}
	}
	return nil
}

// at follows keys from n down; nil when one of them is missing.
func (n *node) at(keys ...string) *node {
	for _, k := range keys {
		n = n.get(k)
	}
	return n
}

// parseJSON5 reads one JSON5 value and says where the comments are. The error is a *SyntaxError.
func parseJSON5(src string) (*node, []span, error) {
	p := &parser{scanner: scanner{src: src}}
	n, err := p.document()
	if err != nil {
		return nil, nil, err
	}
	return n, p.comments, nil
}

type parser struct {
	scanner
	depth  int
	values int
}

func (p *parser) document() (*node, *SyntaxError) {
	if len(p.src) > MaxBytes {
		return nil, p.failAt(0, "the file is larger than %d MiB", MaxBytes>>20)
	}
	if i := invalidUTF8(p.src); i >= 0 {
		return nil, p.failAt(i, "the file is not valid UTF-8")
	}
	if err := p.space(); err != nil {
		return nil, err
	}
	if p.eof() {
		return nil, p.fail("the file is empty; an empty configuration is {}")
	}
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	if err := p.space(); err != nil {
		return nil, err
	}
	if !p.eof() {
		return nil, p.fail("unexpected text after the end of the document")
	}
	return n, nil
}

// value parses the value at the current position, which is not white space.
func (p *parser) value() (*node, *SyntaxError) {
	if p.values++; p.values > maxValues {
		return nil, p.fail("more than %d values", maxValues)
	}
	n := &node{start: p.pos}
	var err *SyntaxError
	switch c := p.peek(); {
	case p.eof():
		return nil, p.fail("the file ends where a value is expected")
	case c == '{':
		err = p.nested(n, p.object)
	case c == '[':
		err = p.nested(n, p.array)
	case c == '"' || c == '\'':
		n.kind = kindString
		n.text, err = p.str()
	case c == '+' || c == '-' || c == '.' || isDigit(c):
		n.kind = kindNumber
		n.text, err = p.number()
	default:
		err = p.word(n)
	}
	if err != nil {
		return nil, err
	}
	n.end = p.pos
	return n, nil
}

func (p *parser) nested(n *node, parse func(*node) *SyntaxError) *SyntaxError {
	if p.depth++; p.depth > maxDepth {
		return p.fail("nested deeper than %d levels", maxDepth)
	}
	p.pos++
	err := parse(n)
	p.depth--
	return err
}

func (p *parser) object(n *node) *SyntaxError {
	n.kind = kindObject
	seen := map[string]bool{}
	for {
		if err := p.space(); err != nil {
			return err
		}
		if p.take('}') {
			return nil
		}
		m := member{start: p.pos}
		var err *SyntaxError
		if m.key, err = p.key(); err != nil {
			return err
		}
		if seen[m.key] {
			return p.failAt(m.start, "the key %s appears twice in one object", showKey(m.key))
		}
		seen[m.key] = true
		if err = p.space(); err != nil {
			return err
		}
		if !p.take(':') {
			return p.fail("expected ':' after a key")
		}
		if err = p.space(); err != nil {
			return err
		}
		if m.value, err = p.value(); err != nil {
			return err
		}
		n.members = append(n.members, m)
		if err = p.separator('}', "an object"); err != nil {
			return err
		}
	}
}

func (p *parser) array(n *node) *SyntaxError {
	n.kind = kindArray
	for {
		if err := p.space(); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		item, err := p.value()
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
		if err = p.separator(']', "an array"); err != nil {
			return err
		}
	}
}

// separator takes a comma, or leaves the closing bracket for the caller.
func (p *parser) separator(closing byte, where string) *SyntaxError {
	if err := p.space(); err != nil {
		return err
	}
	switch {
	case p.take(','), p.peek() == closing && !p.eof():
		return nil
	case p.eof():
		return p.fail("the file ends inside %s: '%c' is missing", where, closing)
	default:
		return p.fail("expected ',' or '%c' in %s", closing, where)
	}
}

func (p *parser) key() (string, *SyntaxError) {
	c := p.peek()
	switch {
	case p.eof():
		return "", p.fail("the file ends inside an object: '}' is missing")
	case c == '"' || c == '\'':
		return p.str()
	}
	start := p.pos
	id, err := p.identifier()
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", p.failAt(start, "expected a key or '}'; a key that is not a plain name needs quotes")
	}
	return id, nil
}

// word parses true, false and null, and refuses every other bare word.
func (p *parser) word(n *node) *SyntaxError {
	start := p.pos
	id, err := p.identifier()
	if err != nil {
		return err
	}
	switch {
	case strings.Contains(p.src[start:p.pos], `\`):
		// An escaped keyword is no keyword.
	case id == "true" || id == "false":
		n.kind, n.text = kindBool, id
		return nil
	case id == "null":
		n.kind = kindNull
		return nil
	case id == "Infinity" || id == "NaN":
		return p.failAt(start, "Infinity and NaN are not allowed")
	}
	if id == "" {
		return p.failAt(start, "expected a value")
	}
	return p.failAt(start, "a word without quotes is not a value; put text in quotes")
}

func (p *parser) take(c byte) bool {
	if p.peek() != c || p.eof() {
		return false
	}
	p.pos++
	return true
}

// showKey makes a key fit for a message: one line, bounded.
func showKey(key string) string {
	const longest = 64
	if utf8.RuneCountInString(key) > longest {
		key = string([]rune(key)[:longest]) + "…"
	}
	return fmt.Sprintf("%q", key)
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}
