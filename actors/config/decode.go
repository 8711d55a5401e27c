package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Issue is one thing that is wrong with a file. Path is dotted ("gateway.port"), "" for the file as a whole.
// Message never repeats a value of the file.
type Issue struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

func (i Issue) String() string {
	if i.Path == "" {
		return i.Message
	}
	return i.Path + ": " + i.Message
}

// maxIssues bounds the report on one file.
const maxIssues = 100

var (
	freeType       = reflect.TypeFor[Free]()
	idsType        = reflect.TypeFor[IDs]()
	boolOrTextType = reflect.TypeFor[BoolOrText]()
	queueModeType  = reflect.TypeFor[QueueMode]()
)

// decoder fills a Config from a document and collects everything that does not fit.
type decoder struct{ issues []Issue }

func (d *decoder) report(path, format string, args ...any) {
	if len(d.issues) < maxIssues {
		d.issues = append(d.issues, Issue{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

// value decodes n into v, under the rules of its field.
func (d *decoder) value(path string, n *node, v reflect.Value, r rules) {
	switch v.Type() {
	case freeType:
		if d.is(path, n, kindObject) {
			v.SetBytes(n.JSON())
		}
		return
	case idsType:
		d.ids(path, n, v)
		return
	case boolOrTextType:
		d.boolOrText(path, n, v)
		return
	case queueModeType:
		d.queueMode(path, n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(path, n, p.Elem(), r)
		v.Set(p)
	case reflect.Struct:
		if d.is(path, n, kindObject) {
			d.section(path, n, v)
		}
	case reflect.Map:
		if d.is(path, n, kindObject) {
			d.dictionary(path, n, v, r)
		}
	case reflect.Slice:
		if d.is(path, n, kindArray) {
			d.list(path, n, v)
		}
	case reflect.String:
		if d.is(path, n, kindString) && d.text(path, n.text, r) {
			v.SetString(n.text)
		}
	case reflect.Bool:
		if d.is(path, n, kindBool) {
			v.SetBool(n.text == "true")
		}
	case reflect.Int, reflect.Float64:
		if d.is(path, n, kindNumber) {
			d.number(path, n.text, v, r)
		}
	default:
		panic("config: no rule for a field of type " + v.Type().String())
	}
}

func (d *decoder) is(path string, n *node, want kind) bool {
	if n.kind == want {
		return true
	}
	d.report(path, "must be %s, not %s", want, n.kind)
	return false
}

// section decodes an object whose keys are known.
func (d *decoder) section(path string, n *node, v reflect.Value) {
	if s, ok := v.Addr().Interface().(interface{ setDefaults() }); ok {
		s.setDefaults()
	}
	fields, isOpen := fieldsOf(v.Type())
	for _, m := range n.members {
		f, ok := fields[m.key]
		if !ok {
			if !isOpen {
				d.report(join(path, m.key), "%s", unknownKey(m.key, fields))
			}
			continue
		}
		d.value(join(path, m.key), m.value, v.FieldByIndex(f.index), f.rules)
	}
	for name, f := range fields {
		if f.rules.has("required") && n.get(name) == nil {
			d.report(join(path, name), "is required")
		}
	}
}

type field struct {
	index []int
	rules rules
}

func fieldsOf(t reflect.Type) (fields map[string]field, isOpen bool) {
	fields = make(map[string]field, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous { // its keys are the section's own
			inner, open := fieldsOf(f.Type)
			for name, sub := range inner {
				fields[name] = field{index: append([]int{i}, sub.index...), rules: sub.rules}
			}
			isOpen = isOpen || open
			continue
		}
		r := rules(f.Tag.Get("rule"))
		if r.has("open") {
			isOpen = true
			continue
		}
		fields[f.Tag.Get("json")] = field{index: []int{i}, rules: r}
	}
	return fields, isOpen
}

// dictionary decodes an object whose keys are the user's.
func (d *decoder) dictionary(path string, n *node, v reflect.Value, r rules) {
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.members)))
	for _, m := range n.members {
		at := join(path, m.key)
		if r.get("keys") == "surface" && !isSurface(m.key) {
			d.report(at, "is not a surface; surfaces are %s", strings.Join(surfaces, ", "))
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(at, m.value, item, "")
		v.SetMapIndex(reflect.ValueOf(m.key), item)
	}
}

func (d *decoder) list(path string, n *node, v reflect.Value) {
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.value(join(path, strconv.Itoa(i)), item, v.Index(i), "")
	}
}

// ids decodes a list of ids written as strings or whole numbers.
func (d *decoder) ids(path string, n *node, v reflect.Value) {
	if !d.is(path, n, kindArray) {
		return
	}
	ids := make(IDs, 0, len(n.items))
	for i, item := range n.items {
		whole := item.kind == kindNumber && !strings.ContainsAny(item.text, ".eE")
		if item.kind != kindString && !whole {
			d.report(join(path, strconv.Itoa(i)), "must be a string or a whole number")
			continue
		}
		ids = append(ids, item.text)
	}
	v.Set(reflect.ValueOf(ids))
}

func (d *decoder) boolOrText(path string, n *node, v reflect.Value) {
	switch {
	case n.kind == kindString || n.kind == kindBool && n.text == "true":
		v.SetString(n.text)
	case n.kind == kindBool:
		v.SetString("")
	default:
		d.report(path, "must be a boolean or a string, not %s", n.kind)
	}
}

func (d *decoder) queueMode(path string, n *node, v reflect.Value) {
	if !d.is(path, n, kindString) {
		return
	}
	mode, ok := ParseQueueMode(n.text)
	if !ok {
		d.report(path, "must be one of steer, followup, collect, steer-backlog, interrupt")
		return
	}
	v.SetString(string(mode))
}

// join appends a key to a dotted path. A key with control characters, or a very long one, is shown quoted.
func join(path, key string) string {
	if len(key) > 64 || strings.ContainsFunc(key, func(r rune) bool { return !strconv.IsPrint(r) }) {
		key = showKey(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
