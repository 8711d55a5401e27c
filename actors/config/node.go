package config

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// appendJSON writes n as compact JSON, members in the order of the source.
func (n *node) appendJSON(dst []byte) []byte {
	switch n.kind {
	case kindNull:
		return append(dst, "null"...)
	case kindString:
		return appendString(dst, n.text)
	case kindArray:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst)
		}
		return append(dst, ']')
	case kindObject:
		dst = append(dst, '{')
		for i, m := range n.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, m.key), ':')
			dst = m.value.appendJSON(dst)
		}
		return append(dst, '}')
	default:
		return append(dst, n.text...)
	}
}

// JSON returns n as compact JSON.
func (n *node) JSON() json.RawMessage { return n.appendJSON(nil) }

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// walk calls f for n and everything below it. path are the keys down to the value; a list adds none.
func (n *node) walk(path []string, f func(path []string, n *node)) {
	f(path, n)
	for _, m := range n.members {
		m.value.walk(append(path[:len(path):len(path)], m.key), f)
	}
	for _, item := range n.items {
		item.walk(path, f)
	}
}

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}
