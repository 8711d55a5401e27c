package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// shape is what values of one place look like: their JSON types, and those of what is in them.
type shape struct {
	kinds []string
	keys  map[string]*shape
	items *shape
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// learn adds a value to what is known.
func (s *shape) learn(v any) {
	if k := kindOf(v); !slices.Contains(s.kinds, k) {
		s.kinds = append(s.kinds, k)
	}
	switch v := v.(type) {
	case map[string]any:
		if s.keys == nil {
			s.keys = map[string]*shape{}
		}
		for key, member := range v {
			if s.keys[key] == nil {
				s.keys[key] = &shape{}
			}
			s.keys[key].learn(member)
		}
	case []any:
		if s.items == nil {
			s.items = &shape{}
		}
		for _, item := range v {
			s.items.learn(item)
		}
	}
}

// schemas are the definitions of the protocol's schema.
type schemas struct {
	defs map[string]map[string]any
	of   map[string]any // result of a method, payload of "event" and its name
}

func readSchemas(t *testing.T) schemas {
	t.Helper()
	var doc struct {
		Methods []struct {
			Name   string `json:"name"`
			Result any    `json:"result"`
		} `json:"x-methods"`
		Events []struct {
			Name    string `json:"name"`
			Payload any    `json:"payload"`
		} `json:"x-events"`
		Defs map[string]map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(wire.SchemaJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	s := schemas{defs: doc.Defs, of: map[string]any{}}
	for _, m := range doc.Methods {
		s.of[m.Name] = m.Result
	}
	for _, e := range doc.Events {
		s.of["event "+e.Name] = e.Payload
	}
	return s
}

// alternatives are the schemas that a value may follow, references resolved.
func (s schemas) alternatives(schema any) []map[string]any {
	m, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	if ref, ok := m["$ref"].(string); ok {
		return s.alternatives(s.defs[ref[strings.LastIndex(ref, "/")+1:]])
	}
	anyOf, ok := m["anyOf"].([]any)
	if !ok {
		return []map[string]any{m}
	}
	var all []map[string]any
	for _, a := range anyOf {
		all = append(all, s.alternatives(a)...)
	}
	return all
}

// nullable tells whether a schema allows null, or everything.
func (s schemas) nullable(schema any) bool {
	return slices.ContainsFunc(s.alternatives(schema), func(a map[string]any) bool { return a["type"] == "null" })
}

// differ tells how a value is not as the examples are. What the schema calls required must be there, and what is there
// must be in an example or, as something that may be absent, in the schema. A free value, one that the schema says
// nothing of, may lack what the examples have.
func (s schemas) differ(schema any, sh *shape, v any, path string) (found []string) {
	kind := kindOf(v)
	onlyNull := len(sh.kinds) == 1 && sh.kinds[0] == "null" // then the schema knows what else it may be
	if !slices.Contains(sh.kinds, kind) && !(s.nullable(schema) && (kind == "null" || onlyNull)) && !free[path] {
		return []string{fmt.Sprintf("%s is %s, in the examples %q", path, kind, sh.kinds)}
	}
	switch v := v.(type) {
	case []any:
		var items any
		for _, a := range s.alternatives(schema) {
			if a["items"] != nil {
				items = a["items"]
			}
		}
		if sh.items == nil || len(sh.items.kinds) == 0 {
			return nil // the examples have none
		}
		for _, item := range v {
			found = append(found, s.differ(items, sh.items, item, path+"[]")...)
		}
	case map[string]any:
		return s.differObject(schema, sh, v, path)
	}
	return found
}

func (s schemas) differObject(schema any, sh *shape, v map[string]any, path string) (found []string) {
	member := map[string]any{}
	required := map[string]int{}
	objects := 0
	var others any // what the schema says of members that it does not name
	for _, a := range s.alternatives(schema) {
		if extra, ok := a["additionalProperties"].(map[string]any); ok {
			others = extra
		}
		properties, ok := a["properties"].(map[string]any)
		if !ok {
			continue
		}
		objects++
		maps.Copy(member, properties)
		list, _ := a["required"].([]any)
		for _, key := range list {
			required[key.(string)]++
		}
	}
	for key, n := range required {
		if _, ok := v[key]; !ok && n == objects {
			found = append(found, fmt.Sprintf("%s.%s is missing", path, key))
		}
	}
	for key, value := range v {
		below := path + "." + key
		of, says := sh.keys[key], member[key]
		if says == nil {
			says = others
		}
		switch {
		case of != nil:
			found = append(found, s.differ(says, of, value, below)...)
		case says == nil && !free[path] && !free[below], says != nil && required[key] == objects && objects > 0:
			found = append(found, below+" is not in the examples")
		}
	}
	slices.Sort(found)
	return found
}

// free are the places that hold what a user or a tool put there, and what is null or text as it happens.
var free = map[string]bool{
	".config": true, ".parsed": true, ".schema": true, ".schema.properties": true, ".schema.properties.gateway": true, ".uiHints": true,
	".data.args": true, ".data.to": true, ".step.initialValue": true, ".step.options[].value": true,
	".messages[].runId":          true,                                         // an addition: which run a message belongs to
	".messages[].content[].data": true, ".messages[].content[].mimeType": true, // of pictures, which no example has
}
