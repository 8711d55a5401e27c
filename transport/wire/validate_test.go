package wire

import (
	"strconv"
	"strings"
	"testing"
)

func TestValidateTexts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, method, params, want string }{
		{"ok", "chat.history", `{"sessionKey":"main"}`, ""},
		{"white space passes", "chat.history", `{"sessionKey":" "}`, ""},
		{"integral fraction", "chat.history", `{"sessionKey":"main","limit":5.0}`, ""},
		{"exponent", "chat.history", `{"sessionKey":"main","limit":1e3}`, ""},
		{"escaped key", "chat.history", `{"session\u004bey":"main"}`, ""},
		{"fraction", "chat.history", `{"sessionKey":"main","limit":5.5}`, "data/limit must be integer"},
		{"huge", "chat.history", `{"sessionKey":"main","limit":1e999}`, "data/limit must be integer"},
		{"over", "chat.history", `{"sessionKey":"main","limit":1001}`, "data/limit must be <= 1000"},
		{"under", "chat.history", `{"sessionKey":"main","limit":0}`, "data/limit must be >= 1"},
		{"negative", "chat.history", `{"sessionKey":"main","limit":-1}`, "data/limit must be >= 1"},
		{"null is no string", "chat.history", `{"sessionKey":null}`, "data/sessionKey must be string"},
		{"no object", "chat.history", `[]`, "data must be object"},
		{"string", "chat.history", `"x"`, "data must be object"},
		{"missing, extra, wrong", "chat.history", `{"x":1,"limit":"5"}`, "data must have required property 'sessionKey'; " +
			"data must NOT have additional properties; data/limit must be integer"},
		{"case matters", "chat.history", `{"SessionKey":"main"}`, "data must have required property 'sessionKey'; " +
			"data must NOT have additional properties"},
		{"empty", "wake", `{"mode":"now","text":""}`, "data/text must NOT have fewer than 1 characters"},
		{"union", "wake", `{"mode":"later","text":"x"}`, "data/mode must be equal to constant; " +
			"data/mode must be equal to constant; data/mode must match a schema in anyOf"},
		{"nested", "connect", `{"minProtocol":2,"maxProtocol":2,"client":{"version":"1","platform":"x","mode":"y"}}`,
			"data/client must have required property 'name'"},
		{"nested extra", "connect", `{"minProtocol":2,"maxProtocol":2,"client":{"name":"n","version":"1","platform":"x","mode":"y","z":1},"auth":3}`,
			"data/client must NOT have additional properties; data/auth must be object"},
		{"array item", "connect", `{"minProtocol":2,"maxProtocol":2,"client":{"name":"n","version":"1","platform":"x","mode":"y"},"caps":["a",""]}`,
			"data/caps/1 must NOT have fewer than 1 characters"},
		{"map value", "skills.update", `{"skillKey":"k","env":{"A/B":1}}`, "data/env/A~1B must be string"},
		{"nullable null", "sessions.patch", `{"key":"k","model":null,"sendPolicy":null}`, ""},
		{"nullable value", "sessions.patch", `{"key":"k","model":"m","sendPolicy":"deny"}`, ""},
		{"nullable empty", "sessions.patch", `{"key":"k","model":""}`, "data/model must NOT have fewer than 1 characters; " +
			"data/model must be null; data/model must match a schema in anyOf"},
		{"cron at", "cron.update", `{"id":"x","patch":{"schedule":{"kind":"at","atMs":5}}}`, ""},
		{"cron mixed", "cron.update", `{"id":"x","patch":{"schedule":{"kind":"at","everyMs":5}}}`, "data/patch/schedule must have required property 'atMs'; " +
			"data/patch/schedule must NOT have additional properties; data/patch/schedule/kind must be equal to constant; " +
			"data/patch/schedule must have required property 'expr'; data/patch/schedule must NOT have additional properties; " +
			"data/patch/schedule/kind must be equal to constant; data/patch/schedule must match a schema in anyOf"},
		{"empty params only", "models.list", `{"extra":true}`, "data must NOT have additional properties"},
		{"loose", "health", `{"anything":[1]}`, ""},
		{"loose array", "system-event", `[]`, ""},
		{"unknown method", "nope.nothing", `{"a":1}`, ""},
		{"not JSON", "chat.history", `{"sessionKey":`, "data must be JSON"},
		{"duplicate", "chat.history", `{"sessionKey":"a","sessionKey":"b"}`, "data must be JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := Validate(tc.method, []byte(tc.params)); err != nil {
				if err.Code != CodeInvalidRequest {
					t.Errorf("code %s", err.Code)
				}
				got = err.Message
			}
			want := tc.want
			if want != "" {
				want = "invalid " + tc.method + " params: " + want
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestStrictMethods(t *testing.T) {
	t.Parallel()
	loose := map[string]bool{
		"health": true, "status": true, "voicewake.get": true, "voicewake.set": true, "last-heartbeat": true,
		"set-heartbeats": true, "system-presence": true, "system-event": true, "web.logout": true, "telegram.logout": true,
	}
	for _, name := range append(append(Methods(), Additions()...), MethodConnect) {
		if IsStrict(name) == loose[name] {
			t.Errorf("%s: strict is %v", name, IsStrict(name))
		}
	}
}

func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`{"k":0`)
	for i := range 50000 {
		b.WriteString(`,"k` + strings.Repeat("x", i%7) + strconv.Itoa(i) + `":1`)
	}
	b.WriteString(`}`)
	err := Validate("models.list", []byte(b.String()))
	if err == nil || strings.Count(err.Message, ";") != maxFaults-1 {
		t.Errorf("got %.200v", err)
	}
}

func TestCompileRefusesWhatItCannotCheck(t *testing.T) {
	t.Parallel()
	const frames = `"RequestFrame":{"type":"object"},"ResponseFrame":{"type":"object"},"EventFrame":{"type":"object"}`
	for name, params := range map[string]string{
		"keyword":      `{"type":"string","pattern":"^a"}`,
		"nested":       `{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","maxLength":3}}}}`,
		"type":         `{"type":"text"}`,
		"type list":    `{"type":["string","null"]}`,
		"reference":    `{"$ref":"#/$defs/Missing"}`,
		"foreign":      `{"$ref":"other.json"}`,
		"required":     `{"type":"object","required":["a"]}`,
		"untyped":      `{"minLength":1}`,
		"false schema": `{"type":"object","properties":{"a":false}}`,
	} {
		doc := `{"$defs":{` + frames + `},"x-methods":[{"name":"m","strict":true,"params":` + params + `}]}`
		if _, err := compileSchema([]byte(doc)); err == nil {
			t.Errorf("%s: %s compiled", name, params)
		}
	}
	if _, err := compileSchema([]byte(`{"$defs":{` + frames + `},"x-methods":[{"name":"m","strict":true}]}`)); err == nil {
		t.Error("a strict method without params compiled")
	}
	if _, err := compileSchema(SchemaJSON()); err != nil {
		t.Error(err)
	}
}
