package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/transport/wire"
)

// describe returns the answer to config.schema. It is made once: generatedAt is the time of the first call.
func (l *live) describe() wire.ConfigSchemaResult {
	l.once.Do(func() {
		l.schema = wire.ConfigSchemaResult{
			Schema: Schema(), UIHints: Hints(), Version: l.o.Version,
			GeneratedAt: l.o.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		}
	})
	return l.schema
}

// object is a JSON object of a schema.
type object = map[string]any

// Schema is the JSON Schema (draft-07) of the file, made from the type Config and its rules. It says the same as the
// checks of this package, except where a value depends on another one.
func Schema() wire.Raw {
	c := defaults()
	s := schemaOf(reflect.ValueOf(c), "")
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "ClawdbotConfig"
	b, err := json.Marshal(s)
	if err != nil { // strings, numbers and maps only: cannot be
		panic("config: schema: " + err.Error())
	}
	return b
}

// schemaOf describes a value under the rules of its field; v holds the defaults.
func schemaOf(v reflect.Value, r rules) object {
	switch v.Type() {
	case freeType:
		return object{"type": "object"}
	case idsType:
		return object{"type": "array", "items": object{"type": []string{"string", "integer"}}}
	case boolOrTextType:
		return object{"type": []string{"boolean", "string"}}
	case queueModeType:
		s := object{"type": "string", "enum": command.QueueModes()}
		return withDefault(s, v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if d, ok := p.Interface().(interface{ setDefaults() }); ok {
			d.setDefaults()
		}
		return schemaOf(p.Elem(), r)
	case reflect.Struct:
		return sectionSchema(v)
	case reflect.Map:
		s := object{"type": "object", "additionalProperties": schemaOf(withSetDefaults(v.Type().Elem()), "")}
		if r.get("keys") == "surface" {
			s["propertyNames"] = object{"enum": surfaces}
		}
		return s
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(withSetDefaults(v.Type().Elem()), "")}
	case reflect.Bool:
		return withDefault(object{"type": "boolean"}, v)
	case reflect.String:
		return withDefault(textSchema(v.Type(), r), v)
	default:
		return withDefault(numberSchema(v.Kind(), r), v)
	}
}

func withSetDefaults(t reflect.Type) reflect.Value {
	p := reflect.New(t)
	if d, ok := p.Interface().(interface{ setDefaults() }); ok {
		d.setDefaults()
	}
	return p.Elem()
}

func sectionSchema(v reflect.Value) object {
	fields, isOpen := fieldsOf(v.Type())
	properties, required := object{}, []string{}
	for name, f := range fields {
		properties[name] = schemaOf(v.FieldByIndex(f.index), f.rules)
		if f.rules.has("required") {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": isOpen}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func textSchema(t reflect.Type, r rules) object {
	s := object{"type": "string"}
	if t == reflect.TypeFor[Secret]() {
		s["writeOnly"] = true
	}
	switch {
	case r.has("account"):
		s["anyOf"] = []object{{"enum": strings.Split(r.get("enum"), "|")}, {"pattern": "^(telegram|discord|slack|signal|imessage):.+$"}}
	case r.get("enum") != "":
		s["enum"] = strings.Split(r.get("enum"), "|")
	case r.has("usable"):
		s["pattern"] = `\S`
	case r.has("hex6"):
		s["pattern"] = "^#?[0-9a-fA-F]{6}$"
	case r.has("every"):
		s["pattern"] = `^\s*([0-9.]+\s*([mM]?[sS]|[mMhH])?)?\s*$`
	case r.has("loopback"):
		s["description"] = "a URL on this machine"
	}
	return s
}

func numberSchema(k reflect.Kind, r rules) object {
	s := object{"type": "number"}
	if k == reflect.Int {
		s["type"] = "integer"
	}
	for rule, keyword := range map[string]string{"min": "minimum", "max": "maximum", "above": "exclusiveMinimum"} {
		if b := r.get(rule); b != "" {
			s[keyword] = bound(b)
		}
	}
	return s
}

// withDefault notes the value in effect when the file has none. Zero mostly means "not set" and is no default then,
// except for a switch.
func withDefault(s object, v reflect.Value) object {
	if v.Kind() == reflect.Bool || !v.IsZero() {
		s["default"] = v.Interface()
	}
	return s
}

// joinPattern makes dotted paths, with "*" for the keys of the user and the places of a list.
func joinPattern(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// eachPath calls f for every path that the file may have, sections first.
func eachPath(path string, v reflect.Value, f func(path string, v reflect.Value)) {
	switch t := v.Type(); {
	case t == freeType || t == idsType:
		f(path, v)
	case v.Kind() == reflect.Pointer:
		eachPath(path, withSetDefaults(t.Elem()), f)
	case v.Kind() == reflect.Struct:
		if path != "" {
			f(path, v)
		}
		fields, _ := fieldsOf(t)
		for name, fd := range fields {
			eachPath(joinPattern(path, name), v.FieldByIndex(fd.index), f)
		}
	case v.Kind() == reflect.Map || v.Kind() == reflect.Slice:
		f(path, v)
		eachPath(joinPattern(path, "*"), withSetDefaults(t.Elem()), f)
	default:
		f(path, v)
	}
}

// shown is a default as a form may show it in an empty field.
func shown(v reflect.Value) string {
	switch {
	case v.IsZero() || v.Type() == reflect.TypeFor[Secret]():
		return ""
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case v.Kind() == reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	return ""
}
