package config

import (
	"encoding/json"
	"log/slog"
	"slices"
)

// Setting is what one value of the file is to be.
type Setting struct {
	Path  []string        // the keys down to it
	Value json.RawMessage // nil = the key is removed, if it is there
	// Prune removes the object around a key that is removed, when nothing else is in it.
	Prune bool
}

// Assigned is the file after an Assign.
type Assigned struct {
	View
	Changed []bool // which settings said something new
}

// JSON5 reads a JSON5 value and returns it as strict JSON. The error is a *SyntaxError.
func JSON5(text string) (json.RawMessage, error) {
	n, _, err := parseJSON5(text)
	if err != nil {
		return nil, err
	}
	return n.JSON(), nil
}

// assign changes single values of the file and leaves everything else in it as it is. A file that is not valid is not
// touched. What it says is in force when assign returns, unless a restart must bring it into force.
func (l *live) assign(log *slog.Logger, settings []Setting) (Assigned, error) {
	a, err := l.writeSettings(log, settings)
	if err == nil && l.o.Watch && slices.Contains(a.Changed, true) {
		l.check(log, true)
	}
	return a, err
}

func (l *live) writeSettings(log *slog.Logger, settings []Setting) (Assigned, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := Read(l.o.Document.Path, l.o.Getenv)
	if !stored.Valid {
		return Assigned{}, invalid(stored.Issues...)
	}
	raw, root := stored.raw, stored.root
	if !stored.hasRaw {
		raw = "{}\n"
		var err error
		if root, _, err = parseJSON5(raw); err != nil {
			return Assigned{}, err
		}
	}
	a := Assigned{Changed: make([]bool, len(settings))}
	want := root
	for i, s := range settings {
		var value *node
		if s.Value != nil {
			var err error
			if value, _, err = parseJSON5(string(s.Value)); err != nil {
				return Assigned{}, err
			}
		}
		want, a.Changed[i] = want.assigned(s.Path, value, s.Prune)
	}
	if !slices.Contains(a.Changed, true) {
		a.View = stored.Redacted()
		return a, nil
	}
	text, err := patch(raw, root, want)
	if err == nil {
		a.View, err = l.write(log, stored, text)
	}
	return a, err
}

// assigned returns n with another value at path, nil = none, and whether that makes a difference. n stays as it is.
func (n *node) assigned(path []string, value *node, prune bool) (*node, bool) {
	if len(path) == 0 {
		return value, n == nil || !n.equal(value)
	}
	c := node{kind: kindObject}
	if n != nil && n.kind == kindObject {
		c = *n
	}
	c.members = slices.Clone(c.members)
	at := slices.IndexFunc(c.members, func(m member) bool { return m.key == path[0] })
	var old *node
	if at >= 0 {
		old = c.members[at].value
	}
	if value == nil && (old == nil || len(path) > 1 && old.kind != kindObject) {
		return n, false
	}
	fresh := value
	if len(path) > 1 || value != nil {
		changed := false
		if fresh, changed = old.assigned(path[1:], value, prune); !changed {
			return n, false
		}
		if value == nil && prune && len(fresh.members) == 0 {
			fresh = nil
		}
	}
	switch {
	case fresh == nil:
		c.members = slices.Delete(c.members, at, at+1)
	case at < 0:
		c.members = append(c.members, member{key: path[0], value: fresh})
	default:
		c.members[at].value = fresh
	}
	return &c, true
}
