package args

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Read reads the arguments of a call into v, a pointer to a struct. Where there are none, the call has none. An argument that is
// null counts as absent. The error says everything that is wrong, and what to write instead.
func Read(raw wire.Raw, v any) error {
	return read("", raw, reflect.ValueOf(v).Elem())
}

// Check reads the arguments of a call as those of v, a struct, and keeps nothing.
func Check(raw wire.Raw, v any) error {
	return read("", raw, reflect.New(reflect.TypeOf(v)).Elem())
}

func read(path string, raw wire.Raw, into reflect.Value) error {
	given := map[string]wire.Raw{}
	if len(raw) > 0 && wire.Unmarshal(raw, &given) != nil {
		return fmt.Errorf("%s must be a JSON object", cmp.Or(strings.TrimSuffix(path, "."), "the arguments"))
	}
	fields := fieldsOf(into.Type())
	var problems []string
	for _, f := range fields {
		value := given[f.name]
		delete(given, f.name)
		if string(value) == "null" {
			value = nil
		}
		if err := f.read(path, value, into.Field(f.index)); err != nil {
			problems = append(problems, err.Error())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		problems = append(problems, fmt.Sprintf("unknown argument %.60q; there are %s", path+name, names(fields)))
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

func names(fields []field) string {
	if len(fields) == 0 {
		return "none"
	}
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return strings.Join(all, ", ")
}

// read reads one argument and judges it.
func (f field) read(path string, value wire.Raw, into reflect.Value) error {
	name := path + f.name
	if value == nil {
		if f.required {
			return fmt.Errorf("%s is missing", name)
		}
		return nil
	}
	if into.Kind() == reflect.Struct {
		return read(name+".", value, into)
	}
	if into.Kind() == reflect.Pointer && into.Type().Elem().Kind() == reflect.Struct {
		into.Set(reflect.New(into.Type().Elem()))
		return read(name+".", value, into.Elem())
	}
	if into.Type() == rawType && value[0] != '{' || wire.Unmarshal(value, into.Addr().Interface()) != nil {
		return fmt.Errorf("%s must be %s", name, kind(of(into.Type())))
	}
	if into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	return f.judge(name, into)
}

func (f field) judge(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		switch s := v.String(); {
		case f.required && strings.TrimSpace(s) == "":
			return fmt.Errorf("%s is blank", name)
		case len(f.enum) > 0 && s != "" && !slices.Contains(f.enum, s):
			return fmt.Errorf("%s is %.40q; it can be %s", name, s, strings.Join(f.enum, ", "))
		}
	case reflect.Int, reflect.Int64:
		return f.within(name, float64(v.Int()), "")
	case reflect.Float64:
		return f.within(name, v.Float(), "")
	case reflect.Slice:
		if v.Type() != rawType {
			return f.within(name, float64(v.Len()), " items")
		}
	}
	return nil
}

func (f field) within(name string, x float64, unit string) error {
	switch {
	case f.min != nil && x < *f.min:
		return fmt.Errorf("%s must be at least %v%s", name, *f.min, unit)
	case f.max != nil && x > *f.max:
		return fmt.Errorf("%s must be at most %v%s", name, *f.max, unit)
	}
	return nil
}

// kind is a type in words.
func kind(s *schema) string {
	switch s.Type {
	case "integer", "array", "object":
		if s.Items != nil {
			return "a list, each item " + kind(s.Items)
		}
		return map[string]string{"integer": "an integer", "array": "a list", "object": "an object"}[s.Type]
	case "string":
		return "a text"
	}
	return "a " + s.Type
}
