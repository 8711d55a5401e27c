package wire

import (
	"strings"
	"testing"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, in           string
		id, method, params string
	}{
		{"plain", `{"type":"req","id":"1","method":"health","params":{"a":[1]}}`, "1", "health", `{"a":[1]}`},
		{"no params", `{"type":"req","id":"1","method":"health"}`, "1", "health", `{}`},
		{"null params", `{"type":"req","id":"1","method":"health","params":null}`, "1", "health", `{}`},
		{"array params", `{"params":[ 1 ],"type":"req","id":"1","method":"m"}`, "1", "m", `[ 1 ]`},
		{"spaces", " {\n\"type\" : \"req\", \"id\":\"1\",\t\"method\":\"m\" , \"params\" : { } } \n", "1", "m", `{ }`},
		{"escapes in values", `{"type":"req","id":"é\u00e9\n","method":"\u006d"}`, "éé\n", "m", `{}`},
		{"escaped spelling", `{"\u0074ype":"r\u0065q","\u0069d":"1","method":"m","params":{"x":1}}`, "1", "m", `{"x":1}`},
		{"lone surrogate", `{"type":"req","id":"1","method":"m","params":{"text":"\ud83d"}}`, "1", "m", `{"text":"\ud83d"}`},
		{"deepest", `{"type":"req","id":"1","method":"m","params":` + nest(MaxDepth-1) + `}`, "1", "m", nest(MaxDepth - 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req, err := ParseRequest([]byte(tc.in))
			if err != nil {
				t.Fatal(err)
			}
			if req.ID != tc.id || req.Method != tc.method || string(req.Params) != tc.params {
				t.Errorf("got %q %q %s", req.ID, req.Method, req.Params)
			}
		})
	}
}

func nest(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	type want struct {
		notJSON, hostile bool
		id, text         string
	}
	const notJSON = "data must be JSON"
	for _, tc := range []struct {
		name, in string
		want     want
	}{
		{"empty", ``, want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"text", `hello`, want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"garbage", "\x00\x01\xff", want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"cut", `{"type":"req","id":"1"`, want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"cut and deep", `{"id":"1","a":` + strings.Repeat("[", 300), want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"cut in key", `{"type":"req","i`, want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"null", `null`, want{id: `"invalid"`, text: "data must be object"}},
		{"array", `[]`, want{id: `"invalid"`, text: "data must be object"}},
		{"no id", `{"type":"req","method":"m"}`, want{id: `"invalid"`, text: "data must have required property 'id'"}},
		{"null id", `{"type":"req","id":null,"method":"m"}`, want{id: `"invalid"`, text: "data/id must be string"}},
		{"number id", `{"type":"req","id":7,"method":"m"}`, want{id: `7`, text: "data/id must be string"}},
		{"object id", `{"type":"req","id":{"a":1},"method":"m"}`, want{id: `{"a":1}`, text: "data/id must be string"}},
		{"empty id", `{"type":"req","id":"","method":"m"}`, want{id: `""`, text: "data/id must NOT have fewer than 1 characters"}},
		{"extra", `{"type":"req","id":"1","method":"m","x":1,"y":2}`, want{id: `"1"`,
			text: "data must NOT have additional properties; data must NOT have additional properties"}},
		{"response", `{"type":"res","id":"1","ok":true}`, want{id: `"1"`, text: "data must have required property 'method'; " +
			"data must NOT have additional properties; data/type must be equal to constant"}},
		{"nothing", `{}`, want{id: `"invalid"`, text: "data must have required property 'type'; " +
			"data must have required property 'id'; data must have required property 'method'"}},
		{"too deep", `{"type":"req","id":"1","method":"m","params":` + nest(MaxDepth) + `}`, want{hostile: true, id: `"1"`,
			text: "data must NOT be nested deeper than 64 levels"}},
		{"bomb", nest(9000), want{hostile: true, id: `"invalid"`, text: "data must NOT be nested deeper than 64 levels"}},
		{"no bottom", `{"type":"req","id":"1","method":"m","params":` + nest(50000) + `}`, want{hostile: true, id: `"invalid"`,
			text: "data must NOT be nested deeper than 64 levels"}},
		{"no bottom, cut", `{"type":"req","id":"1","method":"m","params":` + nest(50000), want{notJSON: true, id: `"invalid"`, text: notJSON}},
		{"no bottom, trailing", nest(50000) + `[]`, want{hostile: true, id: `"invalid"`,
			text: "data must NOT be nested deeper than 64 levels"}},
		{"duplicate", `{"type":"req","id":"1","method":"m","method":"n"}`, want{hostile: true, id: `"1"`,
			text: "data must NOT have duplicate keys"}},
		{"duplicate id", `{"type":"req","id":"1","id":"2","method":"m"}`, want{hostile: true, id: `"invalid"`,
			text: "data must NOT have duplicate keys"}},
		{"duplicate inside", `{"type":"req","id":"1","method":"m","params":{"a":1,"a":2}}`, want{hostile: true, id: `"1"`,
			text: "data must NOT have duplicate keys"}},
		{"duplicate, escaped", `{"type":"req","id":"1","method":"m","params":{"a":1,"\u0061":2}}`, want{hostile: true, id: `"1"`,
			text: "data must NOT have duplicate keys"}},
		{"trailing", `{"type":"req","id":"1","method":"m"}{"type":"req"}`, want{hostile: true, id: `"1"`,
			text: "data must NOT be followed by more data"}},
		{"trailing garbage", `{"type":"req","id":"1","method":"m"} x`, want{hostile: true, id: `"1"`,
			text: "data must NOT be followed by more data"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			req, err := ParseRequest([]byte(tc.in))
			if err == nil {
				t.Fatalf("accepted: %+v", req)
			}
			if got := (want{err.NotJSON, err.Hostile, string(err.IDRaw), err.Text}); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
			if !err.NotJSON {
				out, encErr := AppendResponse(nil, err.IDRaw, Result{Err: err.Response()})
				if encErr != nil || Valid(out) != nil {
					t.Errorf("answer is broken: %s %v", out, encErr)
				}
			}
		})
	}
}

func TestAppendResponse(t *testing.T) {
	t.Parallel()
	var nothing []string
	for _, tc := range []struct {
		name string
		in   Result
		want string
	}{
		{"no payload", Result{}, `{"type":"res","id":"1","ok":true}`},
		{"null payload", Result{Payload: Raw("null")}, `{"type":"res","id":"1","ok":true,"payload":null}`},
		{"verbatim", Result{Payload: Raw(`{ "b":1, "a":2 }`)}, `{"type":"res","id":"1","ok":true,"payload":{ "b":1, "a":2 }}`},
		{"nil slice", Result{Payload: nothing}, `{"type":"res","id":"1","ok":true,"payload":[]}`},
		{"no HTML escapes", Result{Payload: "<&>"}, `{"type":"res","id":"1","ok":true,"payload":"<&>"}`},
		{"broken text", Result{Payload: "a\xffb"}, `{"type":"res","id":"1","ok":true,"payload":"a` + "\ufffd" + `b"}`},
		{"sorted map", Result{Payload: map[string]int{"b": 1, "a": 2}}, `{"type":"res","id":"1","ok":true,"payload":{"a":2,"b":1}}`},
		{"error", Result{Err: InvalidRequest("no")}, `{"type":"res","id":"1","ok":false,"error":{"code":"INVALID_REQUEST","message":"no"}}`},
		{"retryable", Result{Err: &Error{Code: CodeUnavailable, Message: "full", Retryable: true, RetryAfterMs: 5}},
			`{"type":"res","id":"1","ok":false,"error":{"code":"UNAVAILABLE","message":"full","retryable":true,"retryAfterMs":5}}`},
		{"error and payload", Result{Payload: OKResult{}, Err: Unavailable("x")},
			`{"type":"res","id":"1","ok":false,"payload":{"ok":false},"error":{"code":"UNAVAILABLE","message":"x"}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := AppendResponse(nil, QuoteID("1"), tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	kept, err := AppendResponse([]byte("kept"), QuoteID("1"), Result{Payload: make(chan int)})
	if err == nil || string(kept) != "kept" {
		t.Errorf("an encoding error gave %q, %v", kept, err)
	}
}

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	got := AppendEvent(nil, "presence", Raw(`{"presence":[]}`), 7, &StateVersion{Presence: 2, Health: 3})
	want := `{"type":"event","event":"presence","payload":{"presence":[]},"seq":7,"stateVersion":{"presence":2,"health":3}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = AppendEvent(nil, "tick", nil, 0, nil)
	if want = `{"type":"event","event":"tick"}`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestQuoteID(t *testing.T) {
	t.Parallel()
	if got, want := string(QuoteID("a\"\\\n\xff<")), `"a\"\\\n`+"\ufffd"+`<"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseServerFrameIsStrict(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`{"type":"res","id":"1","ok":true,"extra":1}`,
		`{"type":"res","id":"1","ok":true,"error":null}`,
		`{"type":"res","id":"1","ok":false,"error":{"code":"","message":"x"}}`,
		`{"type":"event","event":"tick","seq":null}`,
		`{"type":"event","event":"tick","stateVersion":{"presence":1}}`,
		`{"type":"event","event":""}`,
		`{"type":"req","id":"1","method":"m"}`,
		`[]`, `nope`,
	} {
		if f, err := ParseServerFrame([]byte(in)); err == nil {
			t.Errorf("accepted %s as %+v", in, f)
		}
	}
	f, err := ParseServerFrame([]byte(`{"type":"res","id":"1","ok":true,"payload":null}`))
	if err != nil || string(f.Response.Payload) != "null" {
		t.Errorf("payload null: %v, %v", f, err)
	}
}
