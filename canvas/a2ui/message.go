package a2ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Limits. They are far beyond what a person can look at, and well below what hurts a browser on a phone.
const (
	MaxBytes      = 1 << 20 // of one push
	MaxMessages   = 1000    // in one push
	MaxComponents = 5000    // of one surface
	MaxDepth      = 64      // of components within each other
	MaxDrawn      = 20_000  // components that a surface draws, one that is referred to twice counted twice
	MaxEntries    = 20_000  // of one data model update
	maxName       = 256     // bytes of an id or key
	maxDataDepth  = 16
	maxSurfaces   = 64
)

// Kind is what a message does.
type Kind string

// Kinds of messages.
const (
	SurfaceUpdate   Kind = "surfaceUpdate"
	DataModelUpdate Kind = "dataModelUpdate"
	BeginRendering  Kind = "beginRendering"
	DeleteSurface   Kind = "deleteSurface"
	createSurface   Kind = "createSurface" // of version 0.9
)

// actions are the keys of which a message has exactly one, in the order in which the reference lists them.
var actions = []Kind{BeginRendering, SurfaceUpdate, DataModelUpdate, DeleteSurface, createSurface}

// Message is one message that has been judged by itself.
type Message struct {
	Kind    Kind
	Surface string
	Raw     wire.Raw // as it was given, one JSON object

	components []component
	root       string
	path       string
	keys       []string // of a data model update
}

// Error is a message that must not go out, and why.
type Error struct{ Problems []string }

// maxProblems are told at once; the rest is counted.
const maxProblems = 10

func (e *Error) Error() string {
	text := "invalid A2UI: " + strings.Join(e.Problems[:min(len(e.Problems), maxProblems)], "; ")
	if more := len(e.Problems) - maxProblems; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// report collects problems.
type report struct {
	at       string // where they are, "message 2"
	problems []string
}

func (r *report) add(format string, args ...any) {
	r.problems = append(r.problems, r.at+": "+fmt.Sprintf(format, args...))
}

func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{r.problems}
}

// List reads a JSON array of messages and judges each by itself.
func List(raw wire.Raw) ([]Message, error) {
	if len(raw) > MaxBytes {
		return nil, &Error{[]string{fmt.Sprintf("%d bytes, at most %d go out at once", len(raw), MaxBytes)}}
	}
	if err := wire.Valid(raw); err != nil {
		return nil, &Error{[]string{"messages: " + err.Error()}}
	}
	var list []wire.Raw
	if err := wire.Unmarshal(raw, &list); err != nil || list == nil {
		return nil, &Error{[]string{"messages must be an array of objects"}}
	}
	return read(list, func(i int) string { return fmt.Sprintf("messages[%d]", i) })
}

// read judges messages; name says what one is called.
func read(list []wire.Raw, name func(int) string) ([]Message, error) {
	switch {
	case len(list) == 0:
		return nil, &Error{[]string{"there are no messages"}}
	case len(list) > MaxMessages:
		return nil, &Error{[]string{fmt.Sprintf("%d messages, at most %d go out at once", len(list), MaxMessages)}}
	}
	var r report
	all := make([]Message, 0, len(list))
	for i, raw := range list {
		r.at = name(i)
		if m, ok := r.message(raw); ok {
			all = append(all, m)
		}
	}
	return all, r.err()
}

func (r *report) message(raw wire.Raw) (m Message, ok bool) {
	before := len(r.problems)
	var keys map[string]wire.Raw
	if err := wire.Unmarshal(raw, &keys); err != nil || keys == nil {
		r.add("expected a JSON object")
		return m, false
	}
	found := has(keys)
	switch {
	case slices.Contains(found, createSurface):
		r.add("looks like A2UI v0.9 (createSurface); the canvas supports v0.8")
		return m, false
	case len(found) != 1:
		r.add("expected exactly one of beginRendering, dataModelUpdate, deleteSurface, surfaceUpdate")
		return m, false
	}
	m = Message{Kind: found[0], Raw: raw}
	body, isObject := object(keys[string(m.Kind)])
	if !isObject {
		r.add("%s must be an object", m.Kind)
		return m, false
	}
	m.Surface = r.name(body, "surfaceId")
	switch m.Kind {
	case SurfaceUpdate:
		m.components = r.components(body["components"])
	case DataModelUpdate:
		m.path, _ = text(body["path"])
		m.keys = r.contents(body["contents"])
	case BeginRendering:
		m.root = r.name(body, "root")
		r.styles(body["styles"])
	}
	return m, len(r.problems) == before
}

// has lists the keys of a message that say what it does.
func has(keys map[string]wire.Raw) (found []Kind) {
	for _, k := range actions {
		if _, ok := keys[string(k)]; ok {
			found = append(found, k)
		}
	}
	return found
}

// name reads a required text that is an id or a key.
func (r *report) name(body map[string]wire.Raw, key string) string {
	s, ok := text(body[key])
	switch {
	case !ok || strings.TrimSpace(s) == "":
		r.add("%s must be a text that is not blank", key)
	case len(s) > maxName:
		r.add("%s is longer than %d bytes", key, maxName)
	}
	return s
}

// styles are free but for the colour, of which the renderer makes a palette.
func (r *report) styles(raw wire.Raw) {
	if raw == nil {
		return
	}
	body, ok := object(raw)
	if !ok {
		r.add("styles must be an object")
		return
	}
	if colour, there := body["primaryColor"]; there {
		s, ok := text(colour)
		if !ok || len(s) != 7 || s[0] != '#' || strings.Trim(strings.ToLower(s[1:]), "0123456789abcdef") != "" {
			r.add("styles.primaryColor must be a colour like #00BFFF")
		}
	}
	if font, there := body["font"]; there {
		if s, ok := text(font); !ok || len(s) > maxName {
			r.add("styles.font must be a text of at most %d bytes", maxName)
		}
	}
}

// contents judges a data model update and names its keys.
func (r *report) contents(raw wire.Raw) (keys []string) {
	entries := 0
	var walk func(raw wire.Raw, depth int)
	walk = func(raw wire.Raw, depth int) {
		var list []wire.Raw
		if wire.Unmarshal(raw, &list) != nil || list == nil {
			r.add("contents and valueMap must be arrays")
			return
		}
		for _, one := range list {
			if entries++; entries > MaxEntries {
				return
			}
			entry, ok := object(one)
			if !ok {
				r.add("an entry of contents must be an object with a key and a value")
				continue
			}
			key := r.name(entry, "key")
			if depth == 0 {
				keys = append(keys, key)
			}
			r.value(key, entry, depth, walk)
		}
	}
	walk(raw, 0)
	if entries > MaxEntries {
		r.add("more than %d data entries", MaxEntries)
	}
	return keys
}

// value judges the one value of an entry.
func (r *report) value(key string, entry map[string]wire.Raw, depth int, walk func(wire.Raw, int)) {
	count := 0
	for k, v := range entry {
		ok := true
		switch k {
		case "valueString":
			_, ok = text(v)
		case "valueNumber":
			ok = isNumber(v)
		case "valueBoolean":
			ok = isBool(v)
		case "valueMap":
			if depth >= maxDataDepth {
				r.add("data is nested deeper than %d", maxDataDepth)
				return
			}
			walk(v, depth+1)
		default:
			continue
		}
		count++
		if !ok {
			r.add("data entry %s: %s has the wrong type", quoted(key), k)
		}
	}
	if count != 1 {
		r.add("data entry %s: expected exactly one of valueString, valueNumber, valueBoolean, valueMap", quoted(key))
	}
}

func object(raw wire.Raw) (map[string]wire.Raw, bool) {
	var m map[string]wire.Raw
	return m, raw != nil && wire.Unmarshal(raw, &m) == nil && m != nil
}

func text(raw wire.Raw) (string, bool) {
	var s *string
	if raw == nil || wire.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

func isNumber(raw wire.Raw) bool {
	var n *float64
	return raw != nil && wire.Unmarshal(raw, &n) == nil && n != nil
}

func isBool(raw wire.Raw) bool { return string(raw) == "true" || string(raw) == "false" }

// quoted is a name as it is shown in a message: cut, and with its control characters escaped.
func quoted(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
