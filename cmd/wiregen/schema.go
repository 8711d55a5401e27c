package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/clawdbot/gateway/transport/wire"
)

// document is the schema file.
type document struct {
	Schema  string
	Title   string
	Methods []methodEntry
	Events  []eventEntry
	Defs    map[string]*jsonschema.Schema
}

type methodEntry struct {
	Name    string             `json:"name"`
	Strict  bool               `json:"strict"`
	Params  *jsonschema.Schema `json:"params,omitempty"`
	Result  *jsonschema.Schema `json:"result"`
	summary string
}

type eventEntry struct {
	Name      string             `json:"name"`
	Payload   *jsonschema.Schema `json:"payload"`
	droppable string
	summary   string
}

// encode writes one entry to a line, so that a change of a type is a change of a line.
func (d *document) encode() ([]byte, error) {
	var out bytes.Buffer
	var failed error
	put := func(prefix string, v any, suffix string) {
		text, err := json.Marshal(v)
		if err != nil {
			failed = err
		}
		out.WriteString(prefix)
		out.Write(text)
		out.WriteString(suffix)
	}
	put("{\n\"$schema\":", d.Schema, ",\n")
	put("\"title\":", d.Title, ",\n\"x-methods\":[")
	for i, m := range d.Methods {
		put(separator(i), m, "")
	}
	out.WriteString("\n],\n\"x-events\":[")
	for i, e := range d.Events {
		put(separator(i), e, "")
	}
	out.WriteString("\n],\n\"$defs\":{")
	for i, name := range slices.Sorted(maps.Keys(d.Defs)) {
		put(separator(i), name, ":")
		put("", d.Defs[name], "")
	}
	out.WriteString("\n}\n}\n")
	return out.Bytes(), failed
}

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

func buildDocument() (*document, error) {
	b := &builder{defs: map[string]*jsonschema.Schema{}}
	b.reflector = &jsonschema.Reflector{Anonymous: true, Mapper: b.mapType}
	doc := &document{
		Schema: jsonschema.Version,
		Title:  fmt.Sprintf("clawdbot gateway protocol %d", wire.ProtocolVersion),
	}
	for _, t := range extraTypes() {
		b.schemaOf(t)
	}
	for _, m := range methods() {
		e := methodEntry{Name: m.name, Strict: m.strict, Result: b.schemaOf(m.result), summary: m.summary}
		if m.params != nil {
			e.Params = b.schemaOf(m.params)
		}
		doc.Methods = append(doc.Methods, e)
	}
	for _, v := range events() {
		doc.Events = append(doc.Events, eventEntry{v.name, b.schemaOf(v.payload), v.droppable, v.summary})
	}
	for _, s := range b.defs {
		normalize(s)
	}
	doc.Defs = b.defs
	return doc, b.err
}

type builder struct {
	reflector *jsonschema.Reflector
	defs      map[string]*jsonschema.Schema
	err       error
}

// orNull marks a result that may be null in place of a value.
type orNull struct{ value any }

// schemaOf reflects v and gives a reference to it.
func (b *builder) schemaOf(v any) *jsonschema.Schema {
	if n, ok := v.(orNull); ok {
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{b.schemaOf(n.value), {Type: "null"}}}
	}
	s := b.reflector.Reflect(v)
	for name, def := range s.Definitions {
		if b.defs[name] == nil {
			b.defs[name] = def
		}
	}
	s.Definitions, s.Version = nil, ""
	return s
}

// mapType gives the schema of types whose Go form does not show it.
func (b *builder) mapType(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[wire.Nullable[string]]():
		return &jsonschema.Schema{Type: "string"}
	case reflect.TypeFor[wire.Raw]():
		return &jsonschema.Schema{}
	}
	for _, u := range unions() {
		if u.name == t.Name() {
			return union(u.alternatives...)
		}
	}
	if strings.HasPrefix(t.Name(), "Nullable[") {
		b.err = fmt.Errorf("no schema for %s", t)
	}
	if t.Kind() == reflect.Interface {
		return &jsonschema.Schema{}
	}
	return nil
}

func union(names ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, n := range names {
		s.AnyOf = append(s.AnyOf, &jsonschema.Schema{Ref: "#/$defs/" + n})
	}
	return s
}

// normalize rewrites what the reflector says into the few forms that the check knows: an enumeration is a
// union of constants, a nullable type a union with null.
func normalize(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			normalize(p.Value)
		}
	}
	normalize(s.Items)
	if s.AdditionalProperties != jsonschema.FalseSchema && s.AdditionalProperties != jsonschema.TrueSchema {
		normalize(s.AdditionalProperties)
	}
	for _, alt := range s.OneOf {
		normalize(alt)
		if len(alt.AnyOf) > 0 {
			s.AnyOf = append(s.AnyOf, alt.AnyOf...)
		} else {
			s.AnyOf = append(s.AnyOf, alt)
		}
	}
	s.OneOf = nil
	switch {
	case len(s.Enum) == 1:
		s.Const, s.Enum = s.Enum[0], nil
	case len(s.Enum) > 1:
		for _, v := range s.Enum {
			s.AnyOf = append(s.AnyOf, &jsonschema.Schema{Type: s.Type, Const: v})
		}
		s.Type, s.Enum = "", nil
	}
}
