package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// eachKey calls f for every key that the file may have, with the type of its value. User's keys are "k".
func eachKey(path []string, t reflect.Type, f func(path []string, t reflect.Type)) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if len(path) > 0 {
		f(path, t)
	}
	switch {
	case t == freeType || t == idsType:
	case t.Kind() == reflect.Struct:
		fields, _ := fieldsOf(t)
		for name, fd := range fields {
			eachKey(append(slices.Clip(path), name), t.FieldByIndex(fd.index).Type, f)
		}
	case t.Kind() == reflect.Map:
		eachKey(append(slices.Clip(path), "k"), t.Elem(), f)
	}
}

// nest is a file that has value at path, and nothing else.
func nest(path []string, value string) string {
	if len(path) == 0 {
		return value
	}
	return fmt.Sprintf("{%s: %s}", path[0], nest(path[1:], value))
}

// Every key of the file refuses a value of another type, names itself when it does, has a neighbour that is unknown,
// and is described in the schema's hints.
func TestEveryKey(t *testing.T) {
	t.Parallel()
	hints, keys := Hints(), 0
	eachKey(nil, reflect.TypeFor[Config](), func(path []string, typ reflect.Type) {
		keys++
		name := strings.Join(path, ".")
		pattern := strings.ReplaceAll("."+name+".", ".k.", ".*.")
		if h, ok := hints[strings.Trim(pattern, ".")]; !ok || h.Label == "" || h.Group == "" {
			t.Errorf("%s has no hint: %+v", name, h)
		}
		for _, wrong := range wrongFor(typ) {
			if d := parse(nest(path, wrong)); !slices.ContainsFunc(d.Issues, func(i Issue) bool {
				return i.Path == name && (strings.HasPrefix(i.Message, "must be ") || strings.Contains(i.Message, "is not a surface"))
			}) {
				t.Errorf("%s: %s gives %v", name, wrong, d.Issues)
			}
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		fields, open := fieldsOf(typ)
		for near := range fields {
			if len(near) < 4 {
				continue
			}
			bad := near + "x"
			d := parse(nest(append(slices.Clip(path), bad), "1"))
			suggested := slices.ContainsFunc(d.Issues, func(i Issue) bool {
				return i.Path == name+"."+bad && strings.Contains(i.Message, "did you mean")
			})
			if suggested == open {
				t.Errorf("%s.%s: %v", name, bad, d.Issues)
			}
			break
		}
	})
	if keys < 300 {
		t.Errorf("%d keys", keys)
	}
}

// wrongFor are values that a key of this type must refuse.
func wrongFor(t reflect.Type) []string {
	switch {
	case t == freeType || t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		return []string{"1", "'x'", "[]", "null"}
	case t == boolOrTextType:
		return []string{"1", "{}"}
	case t == idsType || t.Kind() == reflect.Slice:
		return []string{"1", "'x'", "{}", "null"}
	case t.Kind() == reflect.Bool:
		return []string{"1", "'true'", "null"}
	case t.Kind() == reflect.String:
		return []string{"1", "{}", "[]", "null", "true"}
	default:
		return []string{"'1'", "{}", "true", "null", "-1"}
	}
}
