package config

import (
	"strings"
	"unicode/utf8"
)

// remove takes the slots of n that are gone out of the text, with their commas. Comments stay; a line that is left
// blank goes.
func (p *patcher) remove(n *node, gone []bool) {
	slots := n.slots()
	last := -1 // the last slot that stays
	for i := range slots {
		if !gone[i] {
			last = i
		}
	}
	if last >= 0 && last < len(slots)-1 && p.comma(slots[len(slots)-1].end) < 0 {
		c := p.comma(slots[last].end) // it would be left before the bracket, where plain JSON allows none
		p.edit(c, c+1, "")
	}
	for i, s := range slots {
		if gone[i] {
			p.removeSlot(s, i > 0 && !gone[i-1])
		}
	}
}

func (p *patcher) removeSlot(s span, afterKept bool) {
	start, end := s.start, s.end
	if c := p.comma(end); c >= 0 {
		if strings.TrimFunc(p.src[end:c], isSpace) == "" {
			end = c + 1
		} else {
			p.edit(c, c+1, "") // a comment lies between
		}
	}
	lineStart, next := p.lineStart(start), p.skipBlank(end)
	switch atEnd := next == len(p.src) || p.atLineEnd(next); {
	case p.blank(lineStart, start) && atEnd:
		start, end = lineStart, next+p.lineEndLength(next)
	case p.blank(lineStart, start) || !atEnd && p.src[next] != '}' && p.src[next] != ']':
		end = next
	case afterKept:
		start = p.skipBlankBack(start)
	}
	p.edit(start, end, "")
}

// insert writes fresh behind the slot before index at, or before all of them.
func (p *patcher) insert(n *node, at int, fresh []member) {
	if len(fresh) == 0 {
		return
	}
	slots := n.slots()
	switch {
	case len(slots) == 0:
		p.fill(n, fresh)
	case at == 0:
		s := slots[0]
		between, indent := " ", p.indentAt(s.start)
		if p.blank(p.lineStart(s.start), s.start) {
			between = p.style.newline + indent
		}
		p.edit(s.start, s.start, p.list(fresh, p.quotes(n), between, indent)+","+between)
	default:
		p.insertAfter(n, slots[at-1], at == len(slots), fresh)
	}
}

func (p *patcher) insertAfter(n *node, s span, last bool, fresh []member) {
	base, trailing := s.end, ""
	if c := p.comma(s.end); c >= 0 {
		base, trailing = c+1, ","
	} else {
		p.edit(s.end, s.end, ",")
	}
	indent := p.indentAt(s.start)
	end, ownLine := p.restOfLine(base)
	if !ownLine {
		p.edit(base, base, " "+p.list(fresh, p.quotes(n), " ", indent)+trailing)
		return
	}
	if !p.blank(p.lineStart(s.start), s.start) && p.lineStart(s.start) == p.lineStart(n.start) {
		indent += p.style.unit // the slot stands on the line of the bracket
	}
	between := p.style.newline + indent
	p.edit(end, end, between+p.list(fresh, p.quotes(n), between, indent)+trailing)
}

// fill writes fresh into n, which holds nothing but perhaps comments.
func (p *patcher) fill(n *node, fresh []member) {
	inner := p.indentAt(n.start)
	outer := p.style.newline + inner
	inner += p.style.unit
	between := p.style.newline + inner
	closing := n.end - 1
	text := between + p.list(fresh, p.quotes(n), between, inner)
	if p.blankOrLines(n.start+1, closing) {
		p.edit(n.start+1, closing, text+outer)
		return
	}
	at := p.skipBlankBack(closing)
	if p.lineStart(at) == at && at > n.start { // the bracket is on a line of its own
		at -= p.lineEndBefore(at)
		outer = ""
	} else {
		at = closing
	}
	p.edit(at, at, text+outer)
}

// list renders members or items with a comma between them.
func (p *patcher) list(fresh []member, quotes bool, between, indent string) string {
	parts := make([]string, len(fresh))
	st := p.style
	st.quoted = quotes
	for i, m := range fresh {
		if m.start >= 0 {
			parts[i] = st.key(m.key) + ": "
		}
		parts[i] += st.render(m.value, indent)
	}
	return strings.Join(parts, ","+between)
}

// quotes tells whether keys in n are written with quotes.
func (p *patcher) quotes(n *node) bool {
	if len(n.members) == 0 {
		return p.style.quoted
	}
	c := p.src[n.members[0].start]
	return c == '"' || c == '\''
}

// comma returns the place of the comma after a value that ends at pos, or -1.
func (p *patcher) comma(pos int) int {
	s := scanner{src: p.src, pos: pos}
	if s.space() != nil || s.peek() != ',' {
		return -1
	}
	return s.pos
}

// restOfLine skips blanks and comments after pos. ownLine: nothing else follows on the line that ends at end.
func (p *patcher) restOfLine(pos int) (end int, ownLine bool) {
	for {
		pos = p.skipBlank(pos)
		if !p.commentAt(pos) {
			return pos, pos < len(p.src) && p.atLineEnd(pos)
		}
		s := scanner{src: p.src, pos: pos}
		if s.comment() != nil {
			return pos, false
		}
		pos = s.pos
	}
}

func (p *patcher) commentAt(pos int) bool { return pos < len(p.src) && p.src[pos] == '/' }

func (p *patcher) atLineEnd(pos int) bool {
	r, _ := utf8.DecodeRuneInString(p.src[pos:])
	return isLineEnd(r)
}

func (p *patcher) lineEndLength(pos int) int {
	if strings.HasPrefix(p.src[pos:], "\r\n") {
		return 2
	}
	if pos == len(p.src) || !p.atLineEnd(pos) {
		return 0
	}
	_, n := utf8.DecodeRuneInString(p.src[pos:])
	return n
}

func (p *patcher) lineEndBefore(pos int) int {
	if strings.HasSuffix(p.src[:pos], "\r\n") {
		return 2
	}
	_, n := utf8.DecodeLastRuneInString(p.src[:pos])
	return n
}

func (p *patcher) lineStart(pos int) int {
	if i := strings.LastIndexFunc(p.src[:pos], isLineEnd); i >= 0 {
		_, n := utf8.DecodeRuneInString(p.src[i:])
		return i + n
	}
	return 0
}

func (p *patcher) skipBlank(pos int) int {
	return len(p.src) - len(strings.TrimLeftFunc(p.src[pos:], isBlank))
}

func (p *patcher) skipBlankBack(pos int) int { return len(strings.TrimRightFunc(p.src[:pos], isBlank)) }

func (p *patcher) blank(start, end int) bool {
	return strings.TrimLeftFunc(p.src[start:end], isBlank) == ""
}

func (p *patcher) blankOrLines(start, end int) bool {
	return strings.TrimLeftFunc(p.src[start:end], isSpace) == ""
}

// indentAt is the white space at the start of the line of pos.
func (p *patcher) indentAt(pos int) string {
	start := p.lineStart(pos)
	return strings.TrimPrefix(p.src[start:min(p.skipBlank(start), pos)], "\ufeff")
}

// isBlank is white space within a line.
func isBlank(r rune) bool { return isSpace(r) && !isLineEnd(r) }
