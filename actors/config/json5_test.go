package config

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tailscale/hujson"
)

func parsed(t *testing.T, src string) string {
	t.Helper()
	n, _, err := parseJSON5(src)
	if err != nil {
		t.Fatalf("%q: %v", src, err)
	}
	return string(n.JSON())
}

func TestParse_acceptsAllOfJSON5(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", `{"a":[1,true,false,null,"x"]}`, `{"a":[1,true,false,null,"x"]}`},
		{"comments", "// a\n{/* b */a/**/:/*c*/1// d\n,/***/}//", `{"a":1}`},
		{"trailing commas", `{a:[1,2,],}`, `{"a":[1,2]}`},
		{"names", `{$b:2,_c:3,größe:4,\u0061b:5,a1‿:6,Infinity:7,true:8,null:9,class:10}`,
			`{"$b":2,"_c":3,"größe":4,"ab":5,"a1‿":6,"Infinity":7,"true":8,"null":9,"class":10}`},
		{"single quotes", `{'a':'x"y\'z'}`, `{"a":"x\"y'z"}`},
		{"hexadecimal", `[0xdecaf,-0XA,+0x0,0xffffffffffffffff]`, `[912559,-10,0,18446744073709551615]`},
		{"decimals", `[.5,5.,+1,-.25,5.e3,1E-2,0.0,0,-0]`, `[0.5,5,1,-0.25,5e3,1E-2,0.0,0,-0]`},
		{"big integer kept", `[9007199254740993]`, `[9007199254740993]`},
		{"continuation", "['a\\\nb','a\\\r\nb','a\\\rb','a\\\u2028b','a\\\u2029b']", `["ab","ab","ab","ab","ab"]`},
		{"escapes", `'\b\f\n\r\t\v\0\x41\u00e9\a\'\"\\\/'`, `"\u0008\u000c\u000a\u000d\u0009\u000b\u0000Aéa'\"\\/"`},
		{"surrogate pair", `'\ud83e\udd9e🦞'`, `"🦞🦞"`},
		{"line separators in a string", "'a\u2028b\u2029c'", "\"a\u2028b\u2029c\""},
		{"tab in a string", "'a\tb'", `"a\u0009b"`},
		{"white space", "\ufeff\u00a0\v\f\u2003\u2028[\u20291]\r\n", `[1]`},
		{"comment ended by a separator", "// x\u20281", `1`},
		{"top-level scalar", ` 'x' `, `"x"`},
		{"empty key", `{'':1}`, `{"":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := parsed(t, c.in)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("not JSON: %s", got)
			}
		})
	}
}

func TestParse_errorsSayWhere(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 65)
	for _, c := range []struct {
		in           string
		line, column int
		msg          string
	}{
		{"", 1, 1, "empty"},
		{" // only a comment\n", 2, 1, "empty"},
		{"{\n  a: 'x\n}", 2, 6, "not closed on its line"},
		{"{a: 'x", 1, 5, "not closed"},
		{"{\r\n  é: 1,\r\n  b 2}", 3, 5, "expected ':'"},
		{"{a:1 b:2}", 1, 6, "expected ',' or '}'"},
		{"[1 2]", 1, 4, "expected ',' or ']'"},
		{"[1,,2]", 1, 4, "expected a value"},
		{"{,}", 1, 2, "expected a key"},
		{"{a:1", 1, 5, "'}' is missing"},
		{"[1,", 1, 4, "expected"},
		{"{a:}", 1, 4, "expected a value"},
		{"{a:hello}", 1, 4, "quotes"},
		{"{a:Infinity}", 1, 4, "Infinity"},
		{"{a:-Infinity}", 1, 4, "Infinity"},
		{"{a:+NaN}", 1, 4, "Infinity"},
		{"{a:010}", 1, 4, "not a number"},
		{"{a:0x}", 1, 4, "not a number"},
		{"{a:0x1_0}", 1, 4, "not a number"},
		{"{a:1_000}", 1, 4, "not a number"},
		{"{a:.}", 1, 4, "not a number"},
		{"{a:1e}", 1, 4, "not a number"},
		{"{a:1e+-2}", 1, 4, "not a number"},
		{"{a:1e999}", 1, 4, "not a number"},
		{"{a:--1}", 1, 4, "not a number"},
		{"{a:5px}", 1, 4, "not a number"},
		{"{a:" + strings.Repeat("9", 500) + "}", 1, 4, "not a number"},
		{"{1a:1}", 1, 2, "expected a key"},
		{`{\x41:1}`, 1, 2, `\u escapes`},
		{`{\u0031a:1}`, 1, 2, "not a character of a name"},
		{`{a:tru\u0065}`, 1, 4, "quotes"},
		{`'\01'`, 1, 2, "octal"},
		{`'\9'`, 1, 2, "octal"},
		{`'\xg0'`, 1, 4, "2 hexadecimal"},
		{`'\u12'`, 1, 4, "4 hexadecimal"},
		{`'\ud800x'`, 1, 2, "surrogate"},
		{`'\udc00'`, 1, 2, "surrogate"},
		{`'\`, 1, 2, "not closed"},
		{"{} {}", 1, 4, "after the end"},
		{"{}\n/*", 2, 1, "comment is not closed"},
		{"{} /", 1, 4, "comment"},
		{"{a:1,\n\"a\":2}", 2, 1, "twice"},
		{"{a:1, \\u0061:2}", 1, 7, "twice"},
		{"{a:\"\xff\"}", 1, 5, "UTF-8"},
		{deep, 1, 65, "deeper than 64"},
	} {
		_, _, err := parseJSON5(c.in)
		var se *SyntaxError
		if !errors.As(err, &se) {
			t.Errorf("%q: accepted", c.in)
			continue
		}
		if se.Line != c.line || se.Column != c.column || !strings.Contains(se.Msg, c.msg) {
			t.Errorf("%q: got %v, want %d:%d %q", c.in, se, c.line, c.column, c.msg)
		}
	}
}

func TestParse_limits(t *testing.T) {
	t.Parallel()
	if _, _, err := parseJSON5(strings.Repeat("[", 64) + strings.Repeat("]", 64)); err != nil {
		t.Errorf("64 levels refused: %v", err)
	}
	if _, _, err := parseJSON5("[" + strings.Repeat("1,", maxValues) + "]"); err == nil {
		t.Error("too many values accepted")
	}
	if _, _, err := parseJSON5(strings.Repeat(" ", MaxBytes) + "1"); err == nil || !strings.Contains(err.Error(), "4 MiB") {
		t.Errorf("oversized text: %v", err)
	}
}

// A syntax error must not repeat the text around it: a quote forgotten turns a secret into the offending word.
func TestParse_errorsRepeatNoValue(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"{token: CANARY}", "{token 'CANARY'}", "{token: 'CANARY", "{token: 'x' CANARY}", "{token: 1CANARY}", "CANARY", "{token: /CANARY/}"} {
		_, _, err := parseJSON5(in)
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// Everything that hujson takes (JSON with comments and trailing commas) is JSON5 with the same meaning.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,true,null,"x"],}`, "// c\n{a:'b'}", `[.5,5.,+1,0x1F,-0]`, `{"\u0061":"\ud83e\udd9e\n"}`, "['a\\\nb']", `{"a":1,"a":2}`,
		"\ufeff{\u00a0}", `{a:Infinity}`, `"\/"`, `[1e5,1E+5,1.0]`, `/* `, `{"a":"\ud800"}`, "[\"\u2028\"]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		n, comments, err := parseJSON5(src)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Line < 1 || se.Column < 1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		out := n.JSON()
		if !json.Valid(out) {
			t.Fatalf("%q became %q, which is not JSON", src, out)
		}
		if again, _, err := parseJSON5(string(out)); err != nil || string(again.JSON()) != string(out) {
			t.Fatalf("%q is not stable: %v", out, err)
		}
		for _, c := range comments {
			if !strings.HasPrefix(src[c.start:], "/") || c.end > len(src) {
				t.Fatalf("comment span %v of %q", c, src)
			}
		}
		if standard, err := hujson.Standardize([]byte(src)); err == nil {
			var a, b any
			if json.Unmarshal(standard, &a) == nil && json.Unmarshal(out, &b) == nil && !reflect.DeepEqual(a, b) {
				t.Fatalf("%q: hujson reads %v, we read %v", src, a, b)
			}
		}
	})
}
