package a2ui

import (
	"maps"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// component is one of a surface, as far as it matters how it hangs together with others.
type component struct {
	id       string
	children []string // ids that it names, in its order
}

// rule judges one property of a component and may note children.
type rule func(r *report, where string, v wire.Raw, c *component)

// kind is what a type of component takes. Properties that are not listed are let through: renderers ignore them.
type kind struct {
	required []string
	rules    map[string]rule
}

// catalog is the standard one of version 0.8.
var catalog = map[string]kind{
	"Text":        {[]string{"text"}, map[string]rule{"text": bound("String"), "usageHint": oneOf("h1", "h2", "h3", "h4", "h5", "caption", "body")}},
	"Image":       {[]string{"url"}, map[string]rule{"url": bound("String"), "fit": oneOf("contain", "cover", "fill", "none", "scale-down"), "usageHint": oneOf("icon", "avatar", "smallFeature", "mediumFeature", "largeFeature", "header")}},
	"Icon":        {[]string{"name"}, map[string]rule{"name": bound("String")}},
	"Video":       {[]string{"url"}, map[string]rule{"url": bound("String")}},
	"AudioPlayer": {[]string{"url"}, map[string]rule{"url": bound("String"), "description": bound("String")}},
	"Row":         {[]string{"children"}, map[string]rule{"children": children, "distribution": distribution, "alignment": alignment}},
	"Column":      {[]string{"children"}, map[string]rule{"children": children, "distribution": distribution, "alignment": alignment}},
	"List":        {[]string{"children"}, map[string]rule{"children": children, "direction": oneOf("vertical", "horizontal"), "alignment": alignment}},
	"Card":        {[]string{"child"}, map[string]rule{"child": child}},
	"Tabs":        {[]string{"tabItems"}, map[string]rule{"tabItems": tabItems}},
	"Divider":     {nil, map[string]rule{"axis": oneOf("horizontal", "vertical")}},
	"Modal":       {[]string{"entryPointChild", "contentChild"}, map[string]rule{"entryPointChild": child, "contentChild": child}},
	"Button":      {[]string{"child", "action"}, map[string]rule{"child": child, "action": action, "primary": boolean}},
	"CheckBox":    {[]string{"label", "value"}, map[string]rule{"label": bound("String"), "value": bound("Boolean")}},
	"TextField": {[]string{"label"}, map[string]rule{
		"label": bound("String"), "text": bound("String"), "textFieldType": oneOf("date", "longText", "number", "shortText", "obscured"), "validationRegexp": plainText,
	}},
	"DateTimeInput":  {[]string{"value"}, map[string]rule{"value": bound("String"), "enableDate": boolean, "enableTime": boolean, "outputFormat": plainText}},
	"MultipleChoice": {[]string{"selections", "options"}, map[string]rule{"selections": bound("Array"), "options": options, "maxAllowedSelections": number}},
	"Slider":         {[]string{"value"}, map[string]rule{"value": bound("Number"), "minValue": number, "maxValue": number}},
}

var (
	distribution = oneOf("start", "center", "end", "spaceBetween", "spaceAround", "spaceEvenly")
	alignment    = oneOf("start", "center", "end", "stretch")
)

// Types lists the standard catalog.
func Types() []string { return slices.Sorted(maps.Keys(catalog)) }

// components judges those of a surface update.
func (r *report) components(raw wire.Raw) []component {
	var list []wire.Raw
	if raw == nil || wire.Unmarshal(raw, &list) != nil || len(list) == 0 {
		r.add("components must be an array with at least one component")
		return nil
	}
	if len(list) > MaxComponents {
		r.add("%d components, a surface has at most %d", len(list), MaxComponents)
		return nil
	}
	all := make([]component, 0, len(list))
	for _, one := range list {
		body, ok := object(one)
		if !ok {
			r.add("a component must be an object")
			continue
		}
		all = append(all, r.component(body))
	}
	return all
}

func (r *report) component(body map[string]wire.Raw) component {
	c := component{id: r.name(body, "id")}
	where := "component " + quoted(c.id)
	if w, there := body["weight"]; there && !isNumber(w) {
		r.add("%s: weight must be a number", where)
	}
	wrapped, ok := object(body["component"])
	if !ok || len(wrapped) != 1 {
		r.add("%s: component must be an object with exactly one key, the type", where)
		return c
	}
	for name, raw := range wrapped {
		k, known := catalog[name]
		props, ok := object(raw)
		switch {
		case !known:
			r.add("%s: unknown type %s; there are %s", where, quoted(name), strings.Join(Types(), ", "))
		case !ok:
			r.add("%s: the properties of %s must be an object", where, name)
		default:
			k.judge(r, where+" ("+name+")", props, &c)
		}
	}
	return c
}

func (k kind) judge(r *report, where string, props map[string]wire.Raw, c *component) {
	for _, name := range k.required {
		if v, there := props[name]; !there || string(v) == "null" {
			r.add("%s: %s is missing", where, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(props)) {
		if check := k.rules[name]; check != nil && string(props[name]) != "null" {
			check(r, where+": "+name, props[name], c)
		}
	}
}

// bound is a value that is there literally or lies in the data model.
func bound(kind string) rule {
	return func(r *report, where string, v wire.Raw, _ *component) {
		body, ok := object(v)
		if !ok {
			r.add("%s must be {literal%s: …} or {path: …}", where, kind)
			return
		}
		if path, there := body["path"]; there {
			if _, ok := text(path); !ok {
				r.add("%s.path must be a text", where)
			}
			return
		}
		literal, there := body["literal"+kind]
		if !there {
			literal, there = body["literal"]
		}
		ok = there
		switch kind {
		case "String":
			_, is := text(literal)
			ok = ok && is
		case "Number":
			ok = ok && isNumber(literal)
		case "Boolean":
			ok = ok && isBool(literal)
		case "Array":
			ok = ok && isTexts(literal)
		}
		if !ok {
			r.add("%s must be {literal%s: …} or {path: …}", where, kind)
		}
	}
}

func isTexts(v wire.Raw) bool {
	var list []wire.Raw
	if wire.Unmarshal(v, &list) != nil || list == nil {
		return false
	}
	return !slices.ContainsFunc(list, func(one wire.Raw) bool { _, ok := text(one); return !ok })
}

func oneOf(words ...string) rule {
	return func(r *report, where string, v wire.Raw, _ *component) {
		if s, ok := text(v); !ok || !slices.Contains(words, s) {
			r.add("%s must be one of %s", where, strings.Join(words, ", "))
		}
	}
}

func boolean(r *report, where string, v wire.Raw, _ *component) {
	if !isBool(v) {
		r.add("%s must be true or false", where)
	}
}

func number(r *report, where string, v wire.Raw, _ *component) {
	if !isNumber(v) {
		r.add("%s must be a number", where)
	}
}

func plainText(r *report, where string, v wire.Raw, _ *component) {
	if _, ok := text(v); !ok {
		r.add("%s must be a text", where)
	}
}

func child(r *report, where string, v wire.Raw, c *component) {
	s, ok := text(v)
	if !ok || s == "" {
		r.add("%s must be the id of a component", where)
		return
	}
	c.children = append(c.children, s)
}

func children(r *report, where string, v wire.Raw, c *component) {
	body, ok := object(v)
	list, hasList := body["explicitList"]
	template, hasTemplate := body["template"]
	switch {
	case !ok || hasList == hasTemplate:
		r.add("%s must be {explicitList: [ids]} or {template: {componentId, dataBinding}}", where)
	case hasList:
		var ids []wire.Raw
		if wire.Unmarshal(list, &ids) != nil || ids == nil {
			r.add("%s.explicitList must be an array of ids", where)
		}
		for _, id := range ids {
			child(r, where+".explicitList", id, c)
		}
	default:
		t, ok := object(template)
		if _, bound := text(t["dataBinding"]); !ok || !bound {
			r.add("%s.template must have componentId and dataBinding", where)
			return
		}
		child(r, where+".template.componentId", t["componentId"], c)
	}
}

func tabItems(r *report, where string, v wire.Raw, c *component) {
	each(r, where, v, func(item map[string]wire.Raw) {
		bound("String")(r, where+".title", item["title"], c)
		child(r, where+".child", item["child"], c)
	})
}

func options(r *report, where string, v wire.Raw, c *component) {
	each(r, where, v, func(item map[string]wire.Raw) {
		bound("String")(r, where+".label", item["label"], c)
		plainText(r, where+".value", item["value"], c)
	})
}

// action is what a button sends: a name, and values that are looked up when it is pressed.
func action(r *report, where string, v wire.Raw, c *component) {
	body, ok := object(v)
	if name, is := text(body["name"]); !ok || !is || strings.TrimSpace(name) == "" {
		r.add("%s must be an object with a name", where)
		return
	}
	if raw, there := body["context"]; there {
		each(r, where+".context", raw, func(item map[string]wire.Raw) {
			plainText(r, where+".context: key", item["key"], c)
			if _, ok := object(item["value"]); !ok {
				r.add("%s.context: value must be {path: …} or a literal", where)
			}
		})
	}
}

// each judges the objects of an array.
func each(r *report, where string, v wire.Raw, judge func(map[string]wire.Raw)) {
	var list []wire.Raw
	if wire.Unmarshal(v, &list) != nil || list == nil {
		r.add("%s must be an array of objects", where)
		return
	}
	for _, one := range list {
		item, ok := object(one)
		if !ok {
			r.add("%s must be an array of objects", where)
			continue
		}
		judge(item)
	}
}
