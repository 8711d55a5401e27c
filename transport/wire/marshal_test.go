package wire

import (
	"math"
	"testing"
	"time"
)

func TestUnmarshalIntegers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		`5`: 5, `-5`: -5, `5.0`: 5, `1e3`: 1000, `0`: 0, `-0`: 0, `null`: 0,
		`9007199254740991`: 1<<53 - 1, `1e300`: 1 << 53, `-1e300`: -(1 << 53), `1e999`: 1 << 53,
	} {
		var direct int64
		var inside struct {
			A int64  `json:"a"`
			P *int64 `json:"p"`
			N int    `json:"n"`
		}
		if err := Unmarshal([]byte(in), &direct); err != nil || direct != want {
			t.Errorf("%s: got %d, %v", in, direct, err)
		}
		text := `{"a":` + in + `,"p":` + in + `,"n":` + in + `}`
		if err := Unmarshal([]byte(text), &inside); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if inside.A != want || int64(inside.N) != want || (inside.P != nil && *inside.P != want) || (inside.P == nil) != (in == "null") {
			t.Errorf("%s: got %+v", text, inside)
		}
	}
	for _, in := range []string{`5.5`, `"5"`, `true`, `[]`, `{}`, ``, `5 5`} {
		var n int64
		if err := Unmarshal([]byte(in), &n); err == nil {
			t.Errorf("%s decoded as %d", in, n)
		}
	}
}

func TestUnmarshalIsStrict(t *testing.T) {
	t.Parallel()
	var p WakeParams
	for _, in := range []string{`{"mode":"now","mode":"now"}`, `{"mode":"now"} x`, `{"mode":1}`} {
		if err := Unmarshal([]byte(in), &p); err == nil {
			t.Errorf("%s decoded", in)
		}
	}
	if err := Unmarshal([]byte(`{"Mode":"x","mode":"\ud83d"}`), &p); err != nil || p.Mode != "\ufffd" {
		t.Errorf("got %q, %v", p.Mode, err)
	}
}

func TestNullable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Nullable[string]{
		`{"key":"k"}`:              {},
		`{"key":"k","model":null}`: Null[string](),
		`{"key":"k","model":"m"}`:  Some("m"),
	} {
		var p SessionsPatchParams
		if err := Unmarshal([]byte(in), &p); err != nil {
			t.Fatal(err)
		}
		if p.Model != want {
			t.Errorf("%s: got %+v", in, p.Model)
		}
		out, err := Marshal(p)
		if err != nil || string(out) != in {
			t.Errorf("%s came back as %s, %v", in, out, err)
		}
	}
}

func TestRawInsideValues(t *testing.T) {
	t.Parallel()
	out, err := Marshal(map[string]Raw{"a": Raw(`{"b": 1}`), "n": nil})
	if want := `{"a":{"b":1},"n":null}`; err != nil || string(out) != want {
		t.Errorf("got %s, %v", out, err)
	}
	var got struct{ A, B Raw }
	if err := Unmarshal([]byte(`{"A":null}`), &got); err != nil || string(got.A) != "null" || got.B != nil {
		t.Errorf("got %q %q, %v", got.A, got.B, err)
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{
		`{}`: true, ` [1] `: true, nest(MaxDepth): true, `"[[["`: true, `"\"[["`: true,
		``: false, `{`: false, `{} {}`: false, `{"a":1,"a":1}`: false, nest(MaxDepth + 1): false, nest(20000): false,
	} {
		if err := Valid([]byte(in)); (err == nil) != ok {
			t.Errorf("%.60s: %v", in, err)
		}
	}
}

func TestMillis(t *testing.T) {
	t.Parallel()
	for in, want := range map[int64]time.Duration{
		-1: 0, 0: 0, 1500: 1500 * time.Millisecond, 1 << 53: math.MaxInt64, math.MaxInt64: math.MaxInt64,
	} {
		if got := Millis(in); got != want {
			t.Errorf("Millis(%d) = %v", in, got)
		}
	}
}

func TestMergeRefusesTwoOwners(t *testing.T) {
	t.Parallel()
	a, b := Table{Loose("x", nil)}, Table{Loose("x", nil)}
	if _, err := Merge(a, b); err == nil {
		t.Error("merged")
	}
	if all, err := Merge(a, Table{Loose("y", nil)}); err != nil || len(all) != 2 {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestStrictDecodesParams(t *testing.T) {
	t.Parallel()
	var got WakeParams
	var answers []Result
	m := Strict("wake", func(c *Call, p WakeParams) { got = p; c.OK(OKResult{OK: true}) })
	respond := func(r Result) { answers = append(answers, r) }
	m.Handle(&Call{Method: "wake", Params: []byte(`{"mode":"now","text":"x"}`), Respond: respond})
	m.Handle(&Call{Method: "wake", Params: []byte(`{"mode":1}`), Respond: respond})
	if got != (WakeParams{Mode: "now", Text: "x"}) || len(answers) != 2 || answers[0].Err != nil || answers[1].Err == nil {
		t.Errorf("got %+v, %+v", got, answers)
	}
}
