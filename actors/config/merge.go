package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// SetError says why a text was not taken as the new configuration. Issues are empty when the text itself cannot be
// read.
type SetError struct {
	Message string
	Issues  []Issue
}

func (e *SetError) Error() string { return e.Message }

func invalid(issues ...Issue) *SetError { return &SetError{Message: "invalid config", Issues: issues} }

// Edited returns the text of the file after a client sent raw: placeholders stand for the secrets that the file has at
// their paths, and a raw without comments changes the file only where it says something else. The error is a *SetError,
// or a failure of the patcher. Whether the result is a valid configuration is for the caller to see.
func (d *Document) Edited(raw string) (string, error) {
	root, comments, err := parseJSON5(raw)
	if err != nil {
		return "", &SetError{Message: "SyntaxError: JSON5: " + err.Error()}
	}
	m := &merger{stored: d, secrets: map[*node]bool{}, kept: map[*node]*node{}}
	if d.root != nil {
		m.secrets = secretNodes(d.root)
	}
	want := m.value("", root, d.root)
	edits := m.comments(raw, comments)
	if len(m.issues) > 0 {
		return "", invalid(m.issues...)
	}
	if len(comments) == 0 && d.hasRaw && d.root != nil && d.root.kind == kindObject && want.kind == kindObject {
		return patch(d.raw, d.root, want)
	}
	for sent, stored := range m.kept {
		edits = append(edits, edit{span{sent.start, sent.end}, d.raw[stored.start:stored.end]})
	}
	text, err := applyEdits(raw, edits)
	if err == nil && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text, err
}

// merger puts stored secrets in the place of placeholders.
type merger struct {
	stored  *Document
	secrets map[*node]bool  // what of the stored file is shown as a placeholder
	kept    map[*node]*node // placeholder -> what it stands for
	issues  []Issue
}

func (m *merger) refuse(path, message string) {
	if len(m.issues) < maxIssues {
		m.issues = append(m.issues, Issue{Path: path, Message: message})
	}
}

const noSecret = "is " + Redacted + ", but no secret is stored here to keep; write the value or remove the key"

// value returns sent with its placeholders replaced. stored is what the file has at the same path, nil = nothing.
func (m *merger) value(path string, sent, stored *node) *node {
	switch {
	case sent.kind == kindString && sent.text == Redacted:
		if stored == nil || !m.secrets[stored] {
			m.refuse(path, noSecret)
			return sent
		}
		m.kept[sent] = stored
		return stored
	case sent.kind == kindString && strings.Contains(sent.text, Redacted):
		m.refuse(path, "has "+Redacted+" inside a text; it can stand only for a whole value")
		return sent
	}
	c := *sent
	c.members = slices.Clone(sent.members)
	for i, member := range c.members {
		at := join(path, member.key)
		if strings.Contains(member.key, Redacted) {
			m.refuse(at, Redacted+" cannot stand for a key")
		}
		c.members[i].value = m.value(at, member.value, stored.get(member.key))
	}
	c.items = slices.Clone(sent.items)
	for i, item := range c.items {
		c.items[i] = m.value(join(path, strconv.Itoa(i)), item, counterpart(sent, stored, i))
	}
	return &c
}

// counterpart is the stored item that item i of a list means. An item with an id is the one with that id: were it
// found by its place, a secret would go to another item when one above is removed. Without ids the place counts, as
// long as the list has not grown or shrunk.
func counterpart(sent, stored *node, i int) *node {
	if stored == nil || stored.kind != kindArray {
		return nil
	}
	if id := sent.items[i].get("id"); id != nil {
		var found *node
		for _, item := range stored.items {
			if other := item.get("id"); other != nil && other.equal(id) {
				if found != nil {
					return nil
				}
				found = item
			}
		}
		return found
	}
	if len(stored.items) != len(sent.items) {
		return nil
	}
	return stored.items[i]
}

// comments gives comments that were shown with a placeholder their text back. A placeholder in a comment that the
// file does not have stands for nothing.
func (m *merger) comments(raw string, sent []span) []edit {
	var edits []edit
	shown := m.shownComments()
	for _, c := range sent {
		text := raw[c.start:c.end]
		if !strings.Contains(text, Redacted) {
			continue
		}
		if original, ok := shown[text]; ok {
			edits = append(edits, edit{c, original})
			continue
		}
		line, _ := position(raw, c.start)
		m.refuse("", "line "+strconv.Itoa(line)+": the comment has "+Redacted+", and the file has no such comment; remove it")
	}
	return edits
}

// shownComments are the comments of the file by what a client sees of them. Two that look the same are none.
func (m *merger) shownComments() map[string]string {
	shown := map[string]string{}
	if m.stored.root == nil {
		return shown
	}
	hide := hider(m.secrets)
	twice := map[string]bool{}
	for _, c := range m.stored.comments {
		text := m.stored.raw[c.start:c.end]
		seen := maskText(hide.Replace(text), true)
		if before, ok := shown[seen]; ok && before != text {
			twice[seen] = true
		}
		shown[seen] = text
	}
	maps.DeleteFunc(shown, func(seen, _ string) bool { return twice[seen] })
	return shown
}
