package wire

import (
	"math"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// Validate checks params against the schema of a method. It returns nil for the methods that are not
// checked (protocol 2) and for names it does not know. Absent params are the caller's "{}", as ParseRequest
// gives them. Valid params cost no allocation; a refusal lists every fault.
func Validate(method string, params []byte) *Error {
	n := compiled().methods[method]
	if n == nil || n.accepts(params) {
		return nil
	}
	t, err := parseTree(params)
	if err != nil {
		return InvalidRequest("invalid %s params: data must be JSON", method)
	}
	text := describe(n, t)
	if text == "" {
		return nil
	}
	return InvalidRequest("invalid %s params: %s", method, text)
}

// IsStrict says whether Validate checks the params of a method.
func IsStrict(method string) bool { return compiled().methods[method] != nil }

// node is one compiled schema.
type node struct {
	kind byte // as in kindOf; 0 is any

	props        []property
	index        map[string]int // quoted name -> props
	required     []int
	requiredBits uint64
	closed       bool  // other members are refused
	extra        *node // what other members must be; nil is anything

	items    *node
	anyOf    []*node
	minLen   int // UTF-16 units
	min, max *float64
	constant *string
	constRaw string // quoted
}

type property struct {
	name string
	node *node
}

var kindOf = map[string]byte{
	"object": '{', "array": '[', "string": '"', "number": '0', "integer": 'i', "boolean": 'b', "null": 'n',
}

// accepts checks exactly one value.
func (n *node) accepts(b []byte) bool {
	r := acquireReader(b)
	ok := n.walk(r) && r.end() == nil
	r.release()
	return ok
}

// walk consumes the next value of r.
func (n *node) walk(r *reader) bool {
	switch {
	case len(n.anyOf) > 0:
		v, err := r.d.ReadValue()
		return err == nil && n.acceptsValue(v)
	case n.kind == 0:
		return r.d.SkipValue() == nil
	case n.kind == '{':
		return n.walkObject(r)
	case n.kind == '[':
		return n.walkArray(r)
	}
	v, err := r.d.ReadValue()
	return err == nil && n.acceptsScalar(v)
}

func (n *node) walkObject(r *reader) bool {
	if r.d.PeekKind() != '{' {
		return false
	}
	if _, err := r.d.ReadToken(); err != nil {
		return false
	}
	var seen uint64
	for r.d.PeekKind() == '"' {
		key, err := r.d.ReadValue()
		if err != nil {
			return false
		}
		i, known := n.index[string(key)]
		if !known && !plain(key) {
			i, known = n.index[string(appendString(nil, unquote(key)))]
		}
		switch {
		case known:
			seen |= 1 << i
			if !n.props[i].node.walk(r) {
				return false
			}
		case n.closed:
			return false
		case n.extra != nil:
			if !n.extra.walk(r) {
				return false
			}
		default:
			if r.d.SkipValue() != nil {
				return false
			}
		}
	}
	if _, err := r.d.ReadToken(); err != nil {
		return false
	}
	return seen&n.requiredBits == n.requiredBits
}

func (n *node) walkArray(r *reader) bool {
	if r.d.PeekKind() != '[' {
		return false
	}
	if _, err := r.d.ReadToken(); err != nil {
		return false
	}
	for k := r.d.PeekKind(); k != ']'; k = r.d.PeekKind() {
		if n.items == nil {
			if r.d.SkipValue() != nil {
				return false
			}
		} else if !n.items.walk(r) {
			return false
		}
	}
	_, err := r.d.ReadToken()
	return err == nil
}

// acceptsValue checks a value that has been read, as the alternatives of a union need.
func (n *node) acceptsValue(v jsontext.Value) bool {
	if len(n.anyOf) > 0 {
		for _, alt := range n.anyOf {
			if alt.acceptsValue(v) {
				return true
			}
		}
		return false
	}
	switch n.kind {
	case 0:
		return true
	case '{', '[':
		return v.Kind() == jsontext.Kind(n.kind) && n.accepts(v)
	}
	return n.acceptsScalar(v)
}

func (n *node) acceptsScalar(v jsontext.Value) bool {
	k := byte(v.Kind())
	switch n.kind {
	case '"':
		return k == '"' && n.acceptsString(v)
	case 'b':
		return k == 't' || k == 'f'
	case 'n':
		return k == 'n'
	}
	return k == '0' && n.acceptsNumber(number(v))
}

func (n *node) acceptsString(v jsontext.Value) bool {
	if n.constant != nil && string(v) != n.constRaw && (plain(v) || unquote(v) != *n.constant) {
		return false
	}
	switch n.minLen {
	case 0:
		return true
	case 1:
		return len(v) > len(`""`)
	}
	return len(utf16.Encode([]rune(unquote(v)))) >= n.minLen
}

func (n *node) acceptsNumber(f float64) bool {
	return (n.kind != 'i' || isInteger(f)) &&
		(n.min == nil || f >= *n.min) && (n.max == nil || f <= *n.max)
}

func isInteger(f float64) bool { return f == math.Trunc(f) && !math.IsInf(f, 0) }

func number(v jsontext.Value) float64 {
	if i, ok := parseInt(v); ok {
		return float64(i)
	}
	return parseFloat(v)
}
