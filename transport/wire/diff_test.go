package wire

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// oracles compiles the params schemas with a complete implementation of JSON Schema.
func oracles(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaJSON()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///p.json", doc); err != nil {
		t.Fatal(err)
	}
	var index struct {
		Methods []rawMethod `json:"x-methods"`
	}
	if err := Unmarshal(SchemaJSON(), &index); err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for _, m := range index.Methods {
		if !m.Strict {
			continue
		}
		if all[m.Name], err = c.Compile("mem:///p.json" + m.Params.Ref); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestAgreesWithOracle mutates valid params at random and compares verdicts. The description must be
// empty exactly when the walk accepts.
func TestAgreesWithOracle(t *testing.T) {
	t.Parallel()
	schemas := oracles(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var seeds []*Request
	for _, v := range vectors(t) {
		if req, err := ParseRequest(v.Frame); v.Direction == "c2s" && err == nil && schemas[req.Method] != nil {
			seeds = append(seeds, req)
		}
	}
	accepted, refused := 0, 0
	for range 30000 {
		seed := seeds[rng.IntN(len(seeds))]
		var value any
		if err := Unmarshal(seed.Params, &value); err != nil {
			t.Fatal(err)
		}
		for range rng.IntN(3) {
			value = mutate(rng, value)
		}
		params, err := Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if compareWithOracle(t, schemas, seed.Method, params) {
			accepted++
		} else {
			refused++
		}
	}
	if accepted < 5000 || refused < 5000 {
		t.Errorf("one-sided: %d accepted, %d refused", accepted, refused)
	}
}

func compareWithOracle(t *testing.T, schemas map[string]*jsonschema.Schema, method string, params []byte) bool {
	t.Helper()
	inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(params))
	if err != nil {
		t.Fatal(err)
	}
	want := schemas[method].Validate(inst) == nil
	walked := compiled().methods[method].accepts(params)
	tr, err := parseTree(params)
	if err != nil {
		t.Fatal(err)
	}
	described := describe(compiled().methods[method], tr)
	if walked != want || (described == "") != want {
		t.Errorf("%s %s: oracle %v, walk %v, description %q", method, params, want, walked, described)
	}
	return want
}

func mutate(rng *rand.Rand, v any) any {
	if rng.IntN(3) == 0 {
		return scalar(rng)
	}
	switch v := v.(type) {
	case map[string]any:
		keys := []string{"extra", "kind", "timeoutMs", "sessionKey", "enabled", "params", "Name"}
		for k := range v {
			keys = append(keys, k, k, k)
		}
		// Go's map order is random; the keys need not repeat from run to run, the verdicts must agree in all.
		k := keys[rng.IntN(len(keys))]
		if rng.IntN(4) == 0 {
			delete(v, k)
		} else {
			v[k] = mutate(rng, v[k])
		}
		return v
	case []any:
		if len(v) == 0 || rng.IntN(3) == 0 {
			return append(v, scalar(rng))
		}
		i := rng.IntN(len(v))
		v[i] = mutate(rng, v[i])
		return v
	}
	return scalar(rng)
}

func scalar(rng *rand.Rand) any {
	values := []any{
		"", "x", "é", "now", "deny", "at", "every", "systemEvent", "a\"b\\c", "\n", "😀",
		0, 1, -1, 5.5, 1e3, 1001, 5001, 1e300, true, false, nil,
		map[string]any{}, map[string]any{"kind": "at", "atMs": 1}, []any{}, []any{""}, []any{1, "a"},
		strings.Repeat("x", 200),
	}
	return values[rng.IntN(len(values))]
}

func FuzzValidate(f *testing.F) {
	schemas := oracles(f)
	for _, v := range vectors(f) {
		if req, err := ParseRequest(v.Frame); v.Direction == "c2s" && err == nil {
			f.Add(req.Method, []byte(req.Params))
		}
	}
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		werr := Validate(method, params)
		if schemas[method] == nil {
			if werr != nil {
				t.Errorf("%s has no schema: %v", method, werr)
			}
			return
		}
		if werr == nil && Valid(params) != nil && !tooDeep(params) {
			t.Errorf("accepted %q, which is no JSON", params)
		}
		// The oracle's reader is stricter on numbers and laxer on duplicates: compare what both can read.
		if _, err := jsonschema.UnmarshalJSON(bytes.NewReader(params)); err == nil && Valid(params) == nil &&
			!bytes.ContainsAny(params, "eE") {
			compareWithOracle(t, schemas, method, params)
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Frame))
	}
	for _, s := range []string{``, `{}`, `[]`, `{"type":"req","id":"1","id":"2"}`, `{"id":"\ud800"}`, nest(70), `{"type":"req","id":"1","method":"m"} x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		req, ferr := ParseRequest(b)
		if (req == nil) == (ferr == nil) {
			t.Fatal("neither or both")
		}
		if ferr != nil {
			if Valid(ferr.IDRaw) != nil || ferr.Text == "" || (ferr.NotJSON && ferr.Hostile) {
				t.Errorf("bad verdict %+v", ferr)
			}
			return
		}
		if req.ID == "" || req.Method == "" || Valid(req.Params) != nil || Valid(b) != nil {
			t.Errorf("accepted %q as %+v", b, req)
		}
		again, ferr := parseSlowly(b)
		if ferr != nil || again.ID != req.ID || again.Method != req.Method || string(again.Params) != string(req.Params) {
			t.Errorf("the slow path reads %+v, %v; the fast one %+v", again, ferr, req)
		}
	})
}
