package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/invopop/jsonschema"
)

// record is one object type of the wire, as the writers of Swift and TypeScript need it.
type record struct {
	name   string
	fields []field
}

type field struct {
	key      string
	required bool
	shape    shape
}

type kind int

const (
	kindAny kind = iota
	kindString
	kindInteger
	kindNumber
	kindBoolean
	kindObject // any keys, any values
	kindMap    // any keys, values are elem
	kindList   // of elem
	kindEnum   // one of values
	kindRef    // to name
	kindUnion  // name is that of the union
)

// shape is the type of a value.
type shape struct {
	kind     kind
	nullable bool
	name     string
	elem     *shape
	values   []string
}

// named is a union of object types that has a name of its own. The alternatives differ in the constant of
// one common member.
type named struct {
	name         string
	alternatives []string
}

func (d *document) records() ([]record, error) {
	var out []record
	for _, name := range slices.Sorted(maps.Keys(d.Defs)) {
		r := record{name: name}
		def := d.Defs[name]
		if def.Type != "object" || def.Properties == nil {
			return nil, fmt.Errorf("%s is no object type", name)
		}
		for p := def.Properties.Oldest(); p != nil; p = p.Next() {
			s, err := shapeOf(p.Value)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", name, p.Key, err)
			}
			r.fields = append(r.fields, field{p.Key, slices.Contains(def.Required, p.Key), s})
		}
		out = append(out, r)
	}
	return out, nil
}

func shapeOf(s *jsonschema.Schema) (shape, error) {
	switch {
	case s.Ref != "":
		return shape{kind: kindRef, name: refName(s)}, nil
	case len(s.AnyOf) > 0:
		return shapeOfAny(s.AnyOf)
	case s.Const != nil:
		text, ok := s.Const.(string)
		if !ok {
			return shape{}, fmt.Errorf("constant %v is no string", s.Const)
		}
		return shape{kind: kindEnum, values: []string{text}}, nil
	}
	switch s.Type {
	case "":
		return shape{kind: kindAny}, nil
	case "string":
		return shape{kind: kindString}, nil
	case "integer":
		return shape{kind: kindInteger}, nil
	case "number":
		return shape{kind: kindNumber}, nil
	case "boolean":
		return shape{kind: kindBoolean}, nil
	case "array":
		elem, err := shapeOf(s.Items)
		return shape{kind: kindList, elem: &elem}, err
	case "object":
		if s.Properties != nil && s.Properties.Len() > 0 {
			return shape{}, fmt.Errorf("an object type without a name")
		}
		if s.AdditionalProperties == nil || s.AdditionalProperties == jsonschema.TrueSchema {
			return shape{kind: kindObject}, nil
		}
		elem, err := shapeOf(s.AdditionalProperties)
		return shape{kind: kindMap, elem: &elem}, err
	}
	return shape{}, fmt.Errorf("type %q is not known", s.Type)
}

// shapeOfAny takes the alternatives that the wire has: one type or null, constants, a named union.
func shapeOfAny(alternatives []*jsonschema.Schema) (shape, error) {
	nullable := false
	var rest []shape
	for _, a := range alternatives {
		if a.Type == "null" {
			nullable = true
			continue
		}
		s, err := shapeOf(a)
		if err != nil {
			return shape{}, err
		}
		rest = append(rest, s)
	}
	if len(rest) == 1 {
		rest[0].nullable = nullable
		return rest[0], nil
	}
	var values, refs []string
	for _, s := range rest {
		switch s.kind {
		case kindEnum:
			values = append(values, s.values...)
		case kindRef:
			refs = append(refs, s.name)
		}
	}
	switch {
	case len(rest) > 0 && len(values) == len(rest):
		return shape{kind: kindEnum, values: values, nullable: nullable}, nil
	case len(rest) > 0 && len(refs) == len(rest):
		for _, u := range unions() {
			if slices.Equal(u.alternatives, refs) {
				return shape{kind: kindUnion, name: u.name, nullable: nullable}, nil
			}
		}
	}
	return shape{}, fmt.Errorf("a union that has no name in the table")
}

// typeName is the name of a type where Error is taken.
func typeName(name string) string {
	if name == "Error" {
		return "ErrorShape"
	}
	return name
}
