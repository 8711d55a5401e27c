package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/config-reference.md")

const referenceDoc = "../../docs/config-reference.md"

// TestReference: docs/config-reference.md is what the types of this package say.
func TestReference(t *testing.T) {
	t.Parallel()
	var root keyDoc
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Every key of the configuration\n\nWritten from the program itself (`go test ./actors/config -run TestReference -update`). " +
		"`*` stands for a name of yours.\nHow the file is read and what a change does is in [config.md](config.md); a gateway that runs says the same with\n`clawdbot config schema`.\n")
	hints := Hints()
	for _, section := range root.names() {
		fmt.Fprintf(&b, "\n## %s\n\n| key | type | default | |\n|---|---|---|---|\n", section)
		root.Properties[section].walk(section, func(path string, n keyDoc) {
			def := ""
			if n.Default != nil {
				raw, err := json.Marshal(n.Default)
				if err != nil {
					t.Fatal(err)
				}
				def = "`" + cell(string(raw)) + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", path, cell(n.typeName()), def, cell(hints[path].Help))
		})
	}
	if *update {
		if err := os.WriteFile(referenceDoc, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(referenceDoc)
	if err != nil || string(have) != b.String() {
		t.Errorf("docs/config-reference.md is not what the program says (%v); run: go test ./actors/config -run TestReference -update", err)
	}
}

// keyDoc is what of a JSON Schema is shown.
type keyDoc struct {
	Type                 any
	Enum                 []any
	Default              any
	Minimum, Maximum     *float64
	Properties           map[string]keyDoc
	AdditionalProperties json.RawMessage
	Items                *keyDoc
}

func (n keyDoc) names() (all []string) {
	for name := range n.Properties {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// walk visits the values below a path, in the order of their names.
func (n keyDoc) walk(path string, visit func(string, keyDoc)) {
	for _, name := range n.names() {
		n.Properties[name].walk(path+"."+name, visit)
	}
	var any keyDoc
	if json.Unmarshal(n.AdditionalProperties, &any) == nil && (any.Type != nil || len(any.Properties) > 0) {
		any.walk(path+".*", visit)
		return
	}
	if n.Items != nil && len(n.Items.Properties) > 0 {
		n.Items.walk(path+"[]", visit)
		return
	}
	if len(n.Properties) == 0 {
		visit(path, n)
	}
}

func (n keyDoc) typeName() string {
	if len(n.Enum) > 0 {
		options := make([]string, len(n.Enum))
		for i, e := range n.Enum {
			options[i] = fmt.Sprint(e)
		}
		return strings.Join(options, ", ")
	}
	kind := fmt.Sprint(n.Type)
	if list, ok := n.Type.([]any); ok {
		kind = strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", " or "), "[]")
	}
	if n.Items != nil {
		kind = "list of " + n.Items.typeName()
	}
	switch {
	case n.Minimum != nil && n.Maximum != nil:
		return fmt.Sprintf("%s, %v to %v", kind, *n.Minimum, *n.Maximum)
	case n.Minimum != nil:
		return fmt.Sprintf("%s, at least %v", kind, *n.Minimum)
	case n.Maximum != nil:
		return fmt.Sprintf("%s, at most %v", kind, *n.Maximum)
	}
	return kind
}

// cell makes a text fit for a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
