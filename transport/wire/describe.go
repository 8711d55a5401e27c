package wire

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// maxFaults bounds a refusal: a frame of a hundred thousand unknown keys is not answered by a megabyte.
const maxFaults = 32

// describe lists the faults of t in the words and the order that clients of protocol 2 know: of an object
// first what is missing, then what is too much, then its members in the schema's order. "" means none.
func describe(n *node, t *tree) string {
	f := faults{}
	f.check(n, t, "data")
	return strings.Join(f.list, "; ")
}

func requestFrame() *node { return compiled().request }

type faults struct{ list []string }

func (f *faults) add(path, text string) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, path+" "+text)
	}
}

func (f *faults) full() bool { return len(f.list) >= maxFaults }

func (f *faults) check(n *node, t *tree, path string) {
	if f.full() {
		return
	}
	if len(n.anyOf) > 0 {
		f.checkUnion(n, t, path)
		return
	}
	switch n.kind {
	case 0:
	case '{':
		f.checkObject(n, t, path)
	case '[':
		f.checkArray(n, t, path)
	case '"':
		f.checkString(n, t, path)
	case '0', 'i':
		f.checkNumber(n, t, path)
	case 'b':
		if t.kind != 't' && t.kind != 'f' {
			f.add(path, "must be boolean")
		}
	case 'n':
		if t.kind != 'n' {
			f.add(path, "must be null")
		}
	}
}

func (f *faults) checkUnion(n *node, t *tree, path string) {
	var all faults
	for _, alt := range n.anyOf {
		one := faults{}
		one.check(alt, t, path)
		if len(one.list) == 0 {
			return
		}
		all.list = append(all.list, one.list...)
	}
	for _, text := range all.list {
		if !f.full() {
			f.list = append(f.list, text)
		}
	}
	f.add(path, "must match a schema in anyOf")
}

func (f *faults) checkObject(n *node, t *tree, path string) {
	if t.kind != '{' {
		f.add(path, "must be object")
		return
	}
	for _, i := range n.required {
		if name := n.props[i].name; t.member(name) == nil {
			f.add(path, "must have required property '"+name+"'")
		}
	}
	if n.closed || n.extra != nil {
		for i, name := range t.names {
			if f.full() {
				return
			}
			if _, known := n.index[string(appendString(nil, name))]; known {
				continue
			}
			if n.closed {
				f.add(path, "must NOT have additional properties")
			} else {
				f.check(n.extra, t.members[i], path+"/"+pointerEscape(name))
			}
		}
	}
	for _, p := range n.props {
		if m := t.member(p.name); m != nil {
			f.check(p.node, m, path+"/"+pointerEscape(p.name))
		}
	}
}

func (f *faults) checkArray(n *node, t *tree, path string) {
	if t.kind != '[' {
		f.add(path, "must be array")
		return
	}
	if n.items == nil {
		return
	}
	for i, m := range t.members {
		if f.full() {
			return
		}
		f.check(n.items, m, path+"/"+strconv.Itoa(i))
	}
}

func (f *faults) checkString(n *node, t *tree, path string) {
	if t.kind != '"' {
		f.add(path, "must be string")
		if n.constant != nil {
			f.add(path, "must be equal to constant")
		}
		return
	}
	if n.minLen > 0 && len(utf16.Encode([]rune(t.str))) < n.minLen {
		f.add(path, "must NOT have fewer than "+strconv.Itoa(n.minLen)+" characters")
	}
	if n.constant != nil && t.str != *n.constant {
		f.add(path, "must be equal to constant")
	}
}

func (f *faults) checkNumber(n *node, t *tree, path string) {
	switch {
	case t.kind != '0' && n.kind == 'i', t.kind == '0' && n.kind == 'i' && !isInteger(t.num):
		f.add(path, "must be integer")
		return
	case t.kind != '0':
		f.add(path, "must be number")
		return
	}
	if n.max != nil && t.num > *n.max {
		f.add(path, "must be <= "+limit(*n.max))
	}
	if n.min != nil && t.num < *n.min {
		f.add(path, "must be >= "+limit(*n.min))
	}
}

func limit(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func pointerEscape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
