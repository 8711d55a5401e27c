package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tests read the JSON Schema and the generated models on their own, with nothing of the generator, and
// compare what they say: a member is written as in the examples
//
//	string   integer|null   list<Skill>   map<boolean>   "a"|"b"   CronAt|CronEvery|CronExpr
type member struct {
	typ      string
	required bool
}

type model map[string]map[string]member

// compare says where the types of got are not those of want.
func compare(want, got model) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] == nil {
			out = append(out, "no type "+name)
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(want[name])) {
			w := want[name][key]
			if g, ok := got[name][key]; !ok {
				out = append(out, fmt.Sprintf("%s has no %s", name, key))
			} else if g != w {
				out = append(out, fmt.Sprintf("%s.%s is %+v, want %+v", name, key, g, w))
			}
		}
		for key := range got[name] {
			if _, ok := want[name][key]; !ok {
				out = append(out, fmt.Sprintf("%s.%s is not in the schema", name, key))
			}
		}
	}
	for name := range got {
		if want[name] == nil {
			out = append(out, name+" is not in the schema")
		}
	}
	return out
}

type schemaNode struct {
	Ref        string                     `json:"$ref"`
	Type       string                     `json:"type"`
	Const      *string                    `json:"const"`
	AnyOf      []schemaNode               `json:"anyOf"`
	Items      json.RawMessage            `json:"items"`
	Additional json.RawMessage            `json:"additionalProperties"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

type schemaFile struct {
	Defs    map[string]schemaNode `json:"$defs"`
	Methods []struct {
		Name           string
		Params, Result json.RawMessage
	} `json:"x-methods"`
	Events []struct {
		Name    string
		Payload json.RawMessage
	} `json:"x-events"`
}

func readSchema(t *testing.T) schemaFile {
	t.Helper()
	var f schemaFile
	if err := json.Unmarshal([]byte(readFile(t, "transport/wire/schema/protocol.schema.json")), &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Defs) < 100 || len(f.Methods) < 54 || len(f.Events) < 12 {
		t.Fatalf("the schema has %d types, %d methods, %d events", len(f.Defs), len(f.Methods), len(f.Events))
	}
	return f
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (f schemaFile) model(t *testing.T) model {
	t.Helper()
	m := model{}
	for name, def := range f.Defs {
		fields := map[string]member{}
		for key, text := range def.Properties {
			fields[key] = member{schemaType(t, text), slices.Contains(def.Required, key)}
		}
		m[publicName(name)] = fields
	}
	return m
}

func publicName(name string) string {
	if name == "Error" {
		return "ErrorShape"
	}
	return name
}

// schemaType says what a schema takes.
func schemaType(t *testing.T, text json.RawMessage) string {
	t.Helper()
	if len(text) == 0 || string(text) == "true" {
		return "any"
	}
	var n schemaNode
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n.describe(t)
}

func (n schemaNode) describe(t *testing.T) string {
	t.Helper()
	switch {
	case n.Ref != "":
		return publicName(strings.TrimPrefix(n.Ref, "#/$defs/"))
	case n.Const != nil:
		return fmt.Sprintf("%q", *n.Const)
	case len(n.AnyOf) > 0:
		var parts []string
		for _, a := range n.AnyOf {
			parts = append(parts, a.describe(t))
		}
		return strings.Join(parts, "|") // null comes last in the schema, as in the models
	case n.Type == "array":
		return "list<" + schemaType(t, n.Items) + ">"
	case n.Type == "object" && n.Properties == nil:
		return "map<" + schemaType(t, n.Additional) + ">"
	case n.Type == "":
		return "any"
	}
	return n.Type
}

// section cuts text at the first line that is exactly end.
func section(text, end string) string {
	body, _, _ := strings.Cut(text, "\n"+end+"\n")
	return body
}
