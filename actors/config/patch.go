package config

import (
	"errors"
	"sort"
	"strings"
)

// errPatch is a mistake of the patcher. The file is then left as it is: better no change than a wrong one.
var errPatch = errors.New("the change could not be worked into the file; write the file as a whole, with a comment in it")

// patch returns src, whose tree is old, changed so that its tree equals want. What does not have to differ stays as
// it is, byte for byte: comments, layout, order and notation of what is equal.
//
// Removals and new values come first and additions second, on the text that those leave: within one pass no two
// edits touch.
func patch(src string, old, want *node) (string, error) {
	for _, pass := range []func(*patcher, *node, *node){(*patcher).replace, (*patcher).add} {
		p := &patcher{src: src, style: styleOf(src, old)}
		pass(p, old, want)
		var err error
		if src, err = applyEdits(src, p.edits); err != nil {
			return "", err
		}
		if old, _, err = parseJSON5(src); err != nil {
			return "", errPatch // err could not say more: its position is in no text that anyone has
		}
	}
	if !old.equal(want) {
		return "", errPatch
	}
	return src, nil
}

// edit replaces a span of the source.
type edit struct {
	span
	text string
}

func applyEdits(src string, edits []edit) (string, error) {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var b strings.Builder
	pos := 0
	for _, e := range edits {
		if e.start < pos || e.end < e.start {
			return "", errPatch
		}
		b.WriteString(src[pos:e.start])
		b.WriteString(e.text)
		pos = e.end
	}
	b.WriteString(src[pos:])
	return b.String(), nil
}

// equal tells whether two values mean the same. The order of members means nothing.
func (n *node) equal(o *node) bool {
	if n.kind != o.kind || n.text != o.text || len(n.items) != len(o.items) || len(n.members) != len(o.members) {
		return false
	}
	for i, item := range n.items {
		if !item.equal(o.items[i]) {
			return false
		}
	}
	theirs := o.byKey()
	for _, m := range n.members {
		if v := theirs[m.key]; v == nil || !m.value.equal(v) {
			return false
		}
	}
	return true
}

// byKey are the members of n by name.
func (n *node) byKey() map[string]*node {
	all := make(map[string]*node, len(n.members))
	for _, m := range n.members {
		all[m.key] = m.value
	}
	return all
}

type patcher struct {
	src   string
	style style
	edits []edit
}

func (p *patcher) edit(start, end int, text string) {
	if start != end || text != "" {
		p.edits = append(p.edits, edit{span{start, end}, text})
	}
}

// replace is the first pass: it removes what want does not have, and writes values that differ.
func (p *patcher) replace(old, want *node) {
	switch {
	case old.kind == kindObject && want.kind == kindObject:
		wanted := want.byKey()
		gone := make([]bool, len(old.members))
		for i, m := range old.members {
			if v := wanted[m.key]; v != nil {
				p.replace(m.value, v)
			} else {
				gone[i] = true
			}
		}
		p.remove(old, gone)
	case old.kind == kindArray && want.kind == kindArray:
		a := align(old.items, want.items)
		for i := range a.common {
			p.replace(old.items[a.prefix+i], want.items[a.prefix+i])
		}
		gone := make([]bool, len(old.items))
		for i := a.prefix + a.common; i < len(old.items)-a.suffix; i++ {
			gone[i] = true
		}
		p.remove(old, gone)
	case !old.equal(want):
		p.edit(old.start, old.end, p.style.render(want, p.indentAt(old.start)))
	}
}

// add is the second pass: it writes what old lacks. By now every member of old is also in want.
func (p *patcher) add(old, want *node) {
	switch {
	case old.kind == kindObject && want.kind == kindObject:
		have := old.byKey()
		var fresh []member
		for _, m := range want.members {
			if v := have[m.key]; v != nil {
				p.add(v, m.value)
			} else {
				fresh = append(fresh, m)
			}
		}
		p.insert(old, len(old.members), fresh)
	case old.kind == kindArray && want.kind == kindArray:
		a := align(old.items, want.items)
		for i := range a.common {
			p.add(old.items[a.prefix+i], want.items[a.prefix+i])
		}
		var fresh []member
		for _, item := range want.items[a.prefix+a.common : len(want.items)-a.suffix] {
			fresh = append(fresh, member{start: -1, value: item})
		}
		p.insert(old, a.prefix+a.common, fresh)
	}
}

// alignment pairs two lists: the equal items at both ends, and between them as many as both have.
type alignment struct{ prefix, common, suffix int }

func align(old, want []*node) (a alignment) {
	least := min(len(old), len(want))
	if len(old) == len(want) { // every item has its counterpart: the other's place
		return alignment{common: least}
	}
	for a.prefix < least && old[a.prefix].equal(want[a.prefix]) {
		a.prefix++
	}
	for a.suffix < least-a.prefix && old[len(old)-1-a.suffix].equal(want[len(want)-1-a.suffix]) {
		a.suffix++
	}
	a.common = least - a.prefix - a.suffix
	return a
}

// slots are the places of the members or items of n; a member's begins with its key.
func (n *node) slots() []span {
	var all []span
	for _, m := range n.members {
		all = append(all, span{m.start, m.value.end})
	}
	for _, item := range n.items {
		all = append(all, span{item.start, item.end})
	}
	return all
}
