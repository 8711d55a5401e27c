package config

import "strings"

// style is how a file is written, so that what is added looks like what is there.
type style struct {
	unit    string // one step of indentation
	newline string
	quoted  bool // keys stand in quotes, as plain JSON wants it
}

func styleOf(src string, root *node) style {
	s := style{unit: "  ", newline: "\n", quoted: true}
	if strings.Contains(src, "\r\n") {
		s.newline = "\r\n"
	}
	if len(root.members) == 0 {
		return s
	}
	first := root.members[0].start
	s.quoted = src[first] == '"' || src[first] == '\''
	p := patcher{src: src}
	if unit := p.indentAt(first); unit != "" && p.blank(p.lineStart(first), first) && len(unit) <= 8 {
		s.unit = unit
	}
	return s
}

func (s style) key(key string) string {
	if !s.quoted && isPlainName(key) {
		return key
	}
	return string(appendString(nil, key))
}

// isPlainName is stricter than JSON5: a reader should not have to know which letters a name may have.
func isPlainName(key string) bool {
	for i, r := range key {
		if r != '_' && r != '$' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return key != ""
}

// render writes a value: lists of scalars on one line, everything else one member a line. indent is that of the line
// on which the value begins.
func (s style) render(n *node, indent string) string {
	switch {
	case n.kind == kindObject && len(n.members) > 0:
		lines := make([]string, len(n.members))
		for i, m := range n.members {
			lines[i] = s.key(m.key) + ": " + s.render(m.value, indent+s.unit)
		}
		return s.block("{", lines, "}", indent)
	case n.kind == kindArray && n.hasContainer():
		lines := make([]string, len(n.items))
		for i, item := range n.items {
			lines[i] = s.render(item, indent+s.unit)
		}
		return s.block("[", lines, "]", indent)
	case n.kind == kindArray:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = s.render(item, indent)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return string(n.JSON())
}

func (s style) block(opening string, lines []string, closing, indent string) string {
	step := s.newline + indent + s.unit
	return opening + step + strings.Join(lines, ","+step) + s.newline + indent + closing
}

func (n *node) hasContainer() bool {
	for _, item := range n.items {
		if item.kind == kindObject || item.kind == kindArray {
			return true
		}
	}
	return false
}
