package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// paramsSchema is what is checked of a method's params.
type paramsSchema struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
}

type property struct {
	Type      string   `json:"type"`
	MinLength *int     `json:"minLength"`
	Minimum   *float64 `json:"minimum"`
	Maximum   *float64 `json:"maximum"`
}

// UnmarshalJSON: a property that may be anything has the schema true.
func (p *property) UnmarshalJSON(b []byte) error {
	type plain property
	if string(b) == "true" {
		return nil
	}
	return json.Unmarshal(b, (*plain)(p))
}

// checkedParams are the schemas of the methods whose params are checked.
func checkedParams(t *testing.T) map[string]paramsSchema {
	t.Helper()
	var doc struct {
		Methods []struct {
			Name   string
			Strict bool
			Params *struct {
				Ref string `json:"$ref"`
			}
		} `json:"x-methods"`
		Defs map[string]paramsSchema `json:"$defs"`
	}
	if err := json.Unmarshal(wire.SchemaJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]paramsSchema{}
	for _, m := range doc.Methods {
		if m.Strict && m.Params != nil {
			all[m.Name] = doc.Defs[m.Params.Ref[strings.LastIndex(m.Params.Ref, "/")+1:]]
		}
	}
	return all
}

// mistake is wrong params, and what is said of them.
type mistake struct{ params, text string }

// mistakes makes of good params what can be wrong with them, one thing at a time.
func mistakes(good map[string]any, s paramsSchema) (all []mistake) {
	add := func(key string, value any, text string) {
		p := maps.Clone(good)
		if p[key] = value; value == nil {
			delete(p, key)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			panic(err)
		}
		all = append(all, mistake{string(raw), text})
	}
	for _, params := range []string{`[]`, `"x"`, `5`, `true`} {
		all = append(all, mistake{params, "data must be object"})
	}
	add("no such key", 1, "data must NOT have additional properties")
	for _, key := range s.Required {
		add(key, nil, fmt.Sprintf("data must have required property '%s'", key))
	}
	for key, p := range s.Properties {
		at := "data/" + key + " must "
		switch p.Type {
		case "string":
			add(key, 5, at+"be string")
			add(key, json.RawMessage("null"), at+"be string")
			if p.MinLength != nil {
				add(key, "", at+"NOT have fewer than 1 characters")
			}
		case "boolean":
			add(key, "yes", at+"be boolean")
		case "integer":
			add(key, "5", at+"be integer")
			add(key, 5.5, at+"be integer")
		case "object":
			add(key, []int{1}, at+"be object")
		case "array":
			add(key, "x", at+"be array")
		}
		if p.Minimum != nil {
			add(key, *p.Minimum-1, fmt.Sprintf("%sbe >= %v", at, *p.Minimum))
		}
		if p.Maximum != nil {
			add(key, *p.Maximum+1, fmt.Sprintf("%sbe <= %v", at, *p.Maximum))
		}
	}
	return all
}

// TestBadParams: each method whose params are checked refuses each mistake in them with the protocol's words
// (protocol 1.3), and does nothing.
func TestBadParams(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	good := map[string]map[string]any{}
	for _, call := range w.calls {
		if p, ok := call["params"].(map[string]any); ok && !strings.HasPrefix(call["id"].(string), "r-negative.") {
			good[call["method"].(string)] = p
		}
	}
	c := dial(t, setup{}.start(t).URL())
	n := 0
	for method, s := range checkedParams(t) {
		p, ok := good[method]
		if method == "connect" || !ok { // additions have no example
			continue
		}
		for _, m := range mistakes(p, s) {
			n++
			id := c.nextID()
			c.write(fmt.Sprintf(`{"type":"req","id":%q,"method":%q,"params":%s}`, id, method, m.params))
			_, f := c.wait("the refusal", 0, response(id))
			if want := "invalid " + method + " params: " + m.text; f.OK || len(f.Payload) > 0 || f.Error.Code != wire.CodeInvalidRequest || f.Error.Message != want {
				t.Errorf("%s %s: %s\nwant %s", method, m.params, cut(f.raw), want)
			}
		}
	}
	if n < 450 {
		t.Errorf("only %d mistakes", n)
	}
	id := c.nextID()
	c.write(`{"type":"req","id":"` + id + `","method":"cron.list","params":null}`)
	if _, f := c.wait("the answer", 0, response(id)); !f.OK || string(f.Payload) != `{"jobs":[]}` { // and no mistake made a job
		t.Errorf("null params: %s", f.raw)
	}
}
