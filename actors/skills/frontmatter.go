package skills

import (
	"errors"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// metadata is what a skill says of itself for this program: the member "clawdbot" of its front matter's metadata.
type metadata struct {
	Always     bool        `json:"always"`
	SkillKey   string      `json:"skillKey"`
	PrimaryEnv string      `json:"primaryEnv"`
	Emoji      string      `json:"emoji"`
	Homepage   string      `json:"homepage"`
	OS         words       `json:"os"`
	Requires   requires    `json:"requires"`
	Install    []installer `json:"install"`
}

type requires struct {
	Bins   words `json:"bins"`
	Env    words `json:"env"`
	Config words `json:"config"`
}

// installer is one way to get what is missing.
type installer struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"` // "brew", "node", "go", "uv"
	Label   string `json:"label"`
	Bins    words  `json:"bins"`
	Formula string `json:"formula"` // brew
	Package string `json:"package"` // node, uv
	Module  string `json:"module"`  // go
}

// words is a list of words; it may be written as one text with commas.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var v any
	if err := wire.Unmarshal(b, &v); err != nil {
		return err
	}
	var all []any
	switch v := v.(type) {
	case string:
		for part := range strings.SplitSeq(v, ",") {
			all = append(all, part)
		}
	case []any:
		all = v
	}
	*w = words{}
	for _, item := range all {
		if s, _ := item.(string); strings.TrimSpace(s) != "" {
			*w = append(*w, strings.TrimSpace(s))
		}
	}
	return nil
}

// described is the front matter of a SKILL.md.
type described struct {
	name, description, homepage string
	meta                        metadata
}

var errNotASkill = errors.New("it has no header, a block between two lines \"---\" at its top, with a description")

// describe reads the front matter. Metadata that cannot be read is an error beside what can.
func describe(text string) (d described, err error) {
	fields := frontMatter(text)
	d.name, d.description, d.homepage = fields["name"], fields["description"], fields["homepage"]
	if d.description == "" {
		return d, errNotASkill
	}
	if fields["metadata"] == "" {
		return d, nil
	}
	raw, err := config.JSON5(fields["metadata"])
	if err != nil {
		return d, errors.New("metadata is not JSON")
	}
	var all struct {
		Clawdbot metadata `json:"clawdbot"`
	}
	if wire.Unmarshal(raw, &all) != nil {
		return d, errors.New("metadata has members of the wrong type")
	}
	d.meta = all.Clawdbot
	if d.homepage == "" {
		d.homepage = d.meta.Homepage
	}
	return d, nil
}

// frontMatter reads the block between the two lines "---" at the top: lines "key: value", quoted or not, a value going on
// in lines that are indented. Of YAML this is the part that skills are written in; metadata is JSON.
func frontMatter(text string) map[string]string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	block, isBlock := strings.CutPrefix(text, "---\n")
	block, _, hasEnd := strings.Cut("\n"+block, "\n---")
	if !isBlock || !hasEnd {
		return nil
	}
	fields := map[string]string{}
	last, literal := "", false
	for line := range strings.SplitSeq(strings.TrimPrefix(block, "\n"), "\n") {
		key, value, isField := strings.Cut(line, ":")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case goesOn(line):
			between := " "
			if literal || strings.HasPrefix(fields[last], "{") {
				between = "\n"
			}
			if last != "" {
				fields[last] = strings.TrimSpace(fields[last] + between + strings.TrimSpace(line))
			}
		case isField:
			last = strings.TrimSpace(key)
			value = strings.TrimSpace(value)
			literal = strings.HasPrefix(value, "|")
			if literal || value == ">" || value == ">-" || value == ">+" {
				value = ""
			}
			fields[last] = value
		default:
			last = ""
		}
	}
	for key, value := range fields {
		fields[key] = unquote(value)
	}
	return fields
}

// goesOn tells a line that belongs to the value before it.
func goesOn(line string) bool { return strings.ContainsRune(" \t}]", rune(line[0])) }

func unquote(s string) string {
	if len(s) >= 2 && s[0] == s[len(s)-1] {
		switch s[0] {
		case '"':
			var text string
			if wire.Unmarshal([]byte(s), &text) == nil {
				return text
			}
			return s[1 : len(s)-1]
		case '\'':
			return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
		}
	}
	return s
}
