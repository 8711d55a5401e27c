package command

import (
	"strings"
)

// Setting is the value of a directive or command. Both fields are empty where none was given, which asks for the present
// one; Value alone is empty where Raw is no valid value.
type Setting struct {
	Raw   string // as written
	Value string // canonical
}

// Directives are the settings that a message carries; nil where it has none of a kind. Of several of one kind the last
// one counts.
type Directives struct {
	Think, Verbose, Elevated, Model *Setting
	Queue                           *Queue
	Status                          bool
	// Alone: there is nothing else in the message. Only then invalid and missing values are listed at all; beside other
	// text they are taken for that text.
	Alone bool
	Rest  string // the message without them
}

// Any says whether there are any.
func (d Directives) Any() bool {
	return d.Think != nil || d.Verbose != nil || d.Elevated != nil || d.Model != nil || d.Queue != nil || d.Status
}

// found is one directive of a text.
type found struct {
	from, to int // bytes of the text, the space before it included
	valid    bool
	apply    func(*Directives)
}

// ParseDirectives reads the directives of a text: each begins with a slash at the beginning of a word. knownModel tells whether
// a word is a model for sure; beside other text nothing else is taken for one.
func ParseDirectives(text string, knownModel func(string) bool) Directives {
	all := scan(text, knownModel)
	if len(all) > 0 && Bare(without(text, all)) == "" {
		d := Directives{Alone: true}
		for _, f := range all {
			f.apply(&d)
		}
		return d
	}
	var d Directives
	valid := all[:0]
	for _, f := range all {
		if f.valid {
			valid = append(valid, f)
			f.apply(&d)
		}
	}
	if d.Rest = strings.TrimSpace(text); len(valid) > 0 {
		d.Rest = strings.TrimSpace(without(text, valid))
	}
	return d
}

func without(text string, cut []found) string {
	var b strings.Builder
	at := 0
	for _, f := range cut {
		b.WriteString(text[at:f.from])
		at = f.to
	}
	b.WriteString(text[at:])
	return b.String()
}

// scan finds the directives of a text, in their order.
func scan(text string, knownModel func(string) bool) (all []found) {
	for i := 0; i < len(text); {
		slash := strings.IndexByte(text[i:], '/')
		if slash < 0 {
			break
		}
		slash += i
		i = slash + 1
		from, ok := wordStart(text, slash)
		if !ok {
			continue
		}
		c := &cursor{text: text, at: slash + 1}
		name := strings.ToLower(c.name())
		if name == "" {
			continue
		}
		if f, ok := read(c, name, knownModel); ok {
			f.from, f.to = from, c.at
			all = append(all, f)
			i = c.at
		}
	}
	return all
}

// read reads the value of the directive called name.
func read(c *cursor, name string, knownModel func(string) bool) (f found, ok bool) {
	switch name {
	case "thinking", "think", "t":
		s, valid := level(c, Thinking)
		return found{valid: valid, apply: func(d *Directives) { d.Think = s }}, true
	case "verbose", "v":
		s, valid := level(c, Verbose)
		return found{valid: valid, apply: func(d *Directives) { d.Verbose = s }}, true
	case "elevated", "elev":
		s, valid := level(c, Elevated)
		return found{valid: valid, apply: func(d *Directives) { d.Elevated = s }}, true
	case "model":
		c.colon()
		s := &Setting{Raw: c.value()}
		s.Value = s.Raw
		return found{valid: s.Raw != "" && knownModel(s.Raw), apply: func(d *Directives) { d.Model = s }}, true
	case "queue":
		q := readQueue(c)
		return found{valid: q.Bad == "" && !q.empty(), apply: func(d *Directives) { d.Queue = q }}, true
	case "status":
		c.colon()
		return found{valid: true, apply: func(d *Directives) { d.Status = true }}, true
	}
	return found{}, false
}

func level(c *cursor, parse func(string) (string, bool)) (s *Setting, valid bool) {
	c.colon()
	s = &Setting{Raw: c.value()}
	s.Value, _ = parse(s.Raw)
	return s, s.Value != ""
}
