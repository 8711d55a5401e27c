package args

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/transport/wire"
)

// field is one argument.
type field struct {
	name, doc string
	index     int
	t         reflect.Type
	required  bool
	enum      []string
	min, max  *float64
}

var known sync.Map // reflect.Type -> []field

// fieldsOf lists the arguments that a struct has, in its order.
func fieldsOf(t reflect.Type) []field {
	if have, ok := known.Load(t); ok {
		return have.([]field)
	}
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		one := field{name: name, doc: f.Tag.Get("doc"), index: i, t: f.Type}
		for rule := range strings.SplitSeq(f.Tag.Get("arg"), ",") {
			key, value, _ := strings.Cut(rule, "=")
			switch key {
			case "required":
				one.required = true
			case "enum":
				one.enum = strings.Split(value, "|")
			case "min":
				one.min = bound(value)
			case "max":
				one.max = bound(value)
			case "":
			default:
				panic("args: unknown rule " + key + " of " + t.String() + "." + f.Name)
			}
		}
		all = append(all, one)
	}
	known.Store(t, all)
	return all
}

func bound(text string) *float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("args: a bound that is no number: " + text)
	}
	return &x
}

// Schema is the JSON Schema of the arguments in v, a struct. Other arguments are not allowed.
func Schema(v any) wire.Raw {
	return encode(object(reflect.TypeOf(v)))
}

// encode cannot fail for what is made here.
func encode(v any) wire.Raw {
	raw, err := wire.Marshal(v)
	if err != nil {
		panic("args: " + err.Error())
	}
	return raw
}

// schema is the part of JSON Schema that arguments need; every model API takes it.
type schema struct {
	Type        string     `json:"type,omitempty"`
	Description string     `json:"description,omitempty"`
	Enum        []string   `json:"enum,omitempty"`
	Minimum     *float64   `json:"minimum,omitempty"`
	Maximum     *float64   `json:"maximum,omitempty"`
	MinItems    *float64   `json:"minItems,omitempty"`
	MaxItems    *float64   `json:"maxItems,omitempty"`
	Items       *schema    `json:"items,omitempty"`
	Properties  properties `json:"properties,omitzero"`
	Required    []string   `json:"required,omitempty"`
	Additional  any        `json:"additionalProperties,omitempty"`
}

// properties keep the order of the struct: models read them from the top.
type properties []property

type property struct {
	name string
	is   *schema
}

// MarshalJSON writes an object.
func (p properties) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, one := range p {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, encode(one.name)...)
		out = append(append(out, ':'), encode(one.is)...)
	}
	return append(out, '}'), nil
}

func object(t reflect.Type) *schema {
	s := &schema{Type: "object", Properties: properties{}, Additional: false}
	for _, f := range fieldsOf(t) {
		one := of(f.t)
		one.Description, one.Enum = f.doc, f.enum
		if one.Type == "array" {
			one.MinItems, one.MaxItems = f.min, f.max
		} else {
			one.Minimum, one.Maximum = f.min, f.max
		}
		s.Properties = append(s.Properties, property{f.name, one})
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}

var rawType = reflect.TypeFor[wire.Raw]()

// of is the schema of a type. wire.Raw stands for an object of any kind.
func of(t reflect.Type) *schema {
	if t == rawType {
		return &schema{Type: "object"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return of(t.Elem())
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int, reflect.Int64:
		return &schema{Type: "integer"}
	case reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Slice:
		return &schema{Type: "array", Items: of(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", Additional: of(t.Elem())}
	case reflect.Struct:
		return object(t)
	}
	panic("args: no schema for " + t.String())
}
