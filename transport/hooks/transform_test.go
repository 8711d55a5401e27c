package hooks

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/hooks/javascript"
)

// roomy are limits for what must succeed, on a busy machine and under the race detector too.
var roomy = Limits{Transforms: 2, Transform: 30 * time.Second, Memory: 4 << 20}

// modules writes files into a new directory.
func modules(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sample is a call of the hook mail with a token in every place that has one.
func sample(t testing.TB, body string) *call {
	t.Helper()
	r := httptest.NewRequest("POST", "/hooks/mail?token=CANARY&a=1&a=2", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer CANARY")
	r.Header.Set("X-Clawdbot-Token", "CANARY")
	r.Header.Add("X-Many", "one")
	r.Header.Add("X-Many", "two")
	v, err := payloadOf([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return newCall(r, "mail", v)
}

func run(t testing.TB, l Limits, dir, module, export, body string) (value, error) {
	t.Helper()
	return newTransforms(javascript.Run, l, slog.New(slog.DiscardHandler)).run(t.Context(), dir, module, export, sample(t, body))
}

func TestTransform_results(t *testing.T) {
	t.Parallel()
	const body = `{"n":12345678901234567,"from":"ada","list":[{"x":1}]}`
	tests := []struct{ name, file, source, export, want string }{
		{"default", "a.mjs", `export default (c) => ({message: "from " + c.payload.from})`, "", `{"message":"from ada"}`},
		{"transform", "a.js", `export function transform({payload}) { return {text: payload.list[0].x + ""} }`, "", `{"text":"1"}`},
		{"named", "a.js", `export const mine = () => ({text: "mine"}); export default () => null`, "mine", `{"text":"mine"}`},
		{"named, of an object", "a.js", `module.exports = { mine: () => ({text: "m"}) }`, "mine", `{"text":"m"}`},
		{"CommonJS function", "a.js", `module.exports = () => ({text: "c"})`, "", `{"text":"c"}`},
		{"CommonJS transform", "a.js", `exports.transform = () => ({text: "t"})`, "", `{"text":"t"}`},
		{"async", "a.mjs", `export default async () => { await null; return {text: "later"} }`, "", `{"text":"later"}`},
		{"null", "a.mjs", `export default () => null`, "", `null`},
		{"nothing", "a.mjs", `export default () => {}`, "", `{}`},
		{"headers", "a.mjs", `export default (c) => ({text: c.headers["x-many"], more: Object.keys(c.headers).join()})`, "", `{"text":"one, two","more":"x-many"}`},
		{"url", "a.mjs", `export default ({url, path}) => ({text: [url, url.pathname, url.searchParams.get("a"), url.searchParams.get("token"), path].join(" ")})`, "",
			`{"text":"/hooks/mail?a=1&a=2 /hooks/mail 1  mail"}`},
		{"console", "a.mjs", `console.log("x"); export default () => ({})`, "", `{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, roomy, modules(t, map[string]string{tt.file: tt.source}), tt.file, tt.export, body)
			if err != nil || string(got.raw) != tt.want {
				t.Errorf("got %s, %v; want %s", got.raw, err, tt.want)
			}
		})
	}
}

func TestTransform_imports(t *testing.T) {
	t.Parallel()
	outside := modules(t, map[string]string{"secret.mjs": `export default () => ({text: "outside"})`})
	dir := modules(t, map[string]string{
		"in/main.mjs":   `import {a} from "../lib/a.mjs"; export default () => ({text: a})`,
		"lib/a.mjs":     `import {b} from "./b.js"; export const a = "a" + b`,
		"lib/b.js":      `export const b = "b"`,
		"up.mjs":        `import "../secret.mjs"; export default () => ({})`,
		"abs.mjs":       `import "/etc/passwd"; export default () => ({})`,
		"bare.mjs":      `import "fs"; export default () => ({})`,
		"std.mjs":       `import * as std from "std"; export default () => ({text: std.getenv("HOME")})`,
		"later.mjs":     `export default async () => ({text: String(await import("node:os"))})`,
		"data.mjs":      `import "./x.json"; export default () => ({})`,
		"x.json":        `{}`,
		"bomb.mjs":      `export default async () => { for (let i = 0; ; i++) await import("./lib/a.mjs?" + i) }`,
		"loop.mjs":      `import "./loop.mjs"; export default () => ({text: "ok"})`,
		"big.mjs":       strings.Repeat(" ", 1<<20+1),
		"require.js":    `const fs = require("fs"); module.exports = () => ({})`,
		"folder.mjs/.k": "",
	})
	if err := os.Symlink(filepath.Join(outside, "secret.mjs"), filepath.Join(dir, "link.mjs")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ module, want, err string }{
		{"in/main.mjs", `{"text":"ab"}`, ""},
		{"loop.mjs", `{"text":"ok"}`, ""},
		{"up.mjs", "", "outside of the transforms directory"},
		{"abs.mjs", "", `cannot import "/etc/passwd"`},
		{"bare.mjs", "", `cannot import "fs"`},
		{"std.mjs", "", `cannot import "std"`},
		{"later.mjs", "", `cannot import "node:os"`},
		{"data.mjs", "", "neither .js nor .mjs"},
		{"big.mjs", "", "no file of at most 1 MiB"},
		{"folder.mjs", "", "no file of at most 1 MiB"},
		{"bomb.mjs", "", "neither .js nor .mjs"},
		{"require.js", "", "'require' is not defined"},
		{"link.mjs", "", "escapes"},
		{"../" + filepath.Base(outside) + "/secret.mjs", "", "outside of the transforms directory"},
		{filepath.Join(outside, "secret.mjs"), "", ""},
		{"none.mjs", "", "no such file"},
		{"in/../../x.mjs", "", "outside of the transforms directory"},
	}
	for _, tt := range tests {
		got, err := run(t, roomy, dir, tt.module, "", "{}")
		if tt.want != "" {
			if err != nil || string(got.raw) != tt.want {
				t.Errorf("%s: %s, %v", tt.module, got.raw, err)
			}
			continue
		}
		var broken *transformError
		if !errors.As(err, &broken) || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %s, %v, want %s", tt.module, got.raw, err, tt.err)
		}
	}
}

func TestTransform_failures(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, source, err string }{
		{"throws", `export default () => { throw new TypeError("no such customer") }`, "TypeError: no such customer"},
		{"throws nothing", `export default () => { throw undefined }`, "undefined"},
		{"throws at the top", `throw new Error("top")`, "Error: top"},
		{"rejects", `export default async () => { throw new Error("late") }`, "Error: late"},
		{"no function", `export const x = 1`, "it exports no function"},
		{"no such export", `export default () => ({})`, "it exports no function other"},
		{"syntax", `export default (`, "SyntaxError"},
		{"a text", `export default () => "text"`, "neither an object nor null"},
		{"a list", `export default () => []`, "neither an object nor null"},
		{"a function", `export default () => () => 1`, "neither an object nor null"},
		{"a ring", `export default () => { const a = {}; a.a = a; return a }`, "circular"},
		{"a big number", `export default () => ({n: 1n})`, "BigInt"},
		{"never", `export default () => new Promise(() => {})`, "never settled"},
		{"memory", `export default () => { const a = []; for (;;) a.push(new Array(1000).fill(1)) }`, "memory"},
		{"a long text", `export default () => ({text: "x".repeat(1e9)})`, "memory"},
		{"a deep result", `export default () => { let a = {}; for (let i = 0; i < 100; i++) a = {a}; return a }`, "deeper"},
		{"recursion", `export default function f() { return f() + 1 }`, "overflow"},
		{"breaks the glue", `globalThis.__outcome = () => 5; export default () => ({})`, "broke"},
		{"no clock to wait for", `export default async () => { await new Promise((r) => setTimeout(r, 1)) }`, "'setTimeout' is not defined"},
		{"no network", `export default async () => fetch("http://127.0.0.1:1")`, "'fetch' is not defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			export := ""
			if tt.name == "no such export" {
				export = "other"
			}
			got, err := run(t, roomy, modules(t, map[string]string{"a.mjs": tt.source}), "a.mjs", export, "{}")
			if err == nil || !strings.Contains(err.Error(), tt.err) || len(err.Error()) > 400 {
				t.Errorf("got %s, %v; want %s", got.raw, err, tt.err)
			}
		})
	}
}

// TestTransform_endless: whatever keeps the engine busy is ended.
func TestTransform_endless(t *testing.T) {
	t.Parallel()
	l := Limits{Transforms: 2, Transform: 200 * time.Millisecond, Memory: 32 << 20}
	for name, source := range map[string]string{
		"loop":            `export default () => { for (;;); }`,
		"loop at the top": `for (;;);`,
		"caught":          `export default () => { for (;;) try { for (;;); } catch {} }`,
		"finally":         `export default () => { try { for (;;); } finally { for (;;); } }`,
		"expression":      `export default () => /(a+)+b/.test("a".repeat(64))`,
		"promises":        `export default async () => { for (;;) await null }`,
		"getter":          `export default () => ({get text() { for (;;); }})`,
		"message":         `export default () => { throw {toString() { for (;;); }} }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, l, modules(t, map[string]string{"a.mjs": source}), "a.mjs", "", "{}")
			if err == nil {
				t.Error("no error")
			} else {
				t.Log(err)
			}
		})
	}
}

// TestTransform_stuck: some instructions of the engine are long. Who waits gets an error all the same, the module is not
// run a second time beside it, and others are.
func TestTransform_stuck(t *testing.T) {
	t.Parallel()
	dir := modules(t, map[string]string{
		"long.mjs": fmt.Sprintf(`export default () => ({text: new Array(%d).join("x").length + ""})`, long),
		"fine.mjs": `export default () => ({text: "fine"})`,
	})
	l := Limits{Transforms: 2, Transform: 250 * time.Millisecond, Memory: 32 << 20}
	tr := newTransforms(javascript.Run, l, slog.New(slog.DiscardHandler))
	if _, err := tr.run(t.Context(), dir, "long.mjs", "", sample(t, "{}")); !errors.Is(err, errTime) || tr.mayRun("long.mjs") == nil {
		t.Skipf("the instruction was too short for this machine, or its beginning too long: %v", err)
	}
	if _, err := tr.run(t.Context(), dir, "long.mjs", "", sample(t, "{}")); !errors.Is(err, errStuck) {
		t.Errorf("a second one: %v", err)
	}
	tr.limits = roomy
	if v, err := tr.run(t.Context(), dir, "fine.mjs", "", sample(t, "{}")); err != nil || v.text("text") != "fine" {
		t.Errorf("another module: %s, %v", v.raw, err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for tr.mayRun("long.mjs") != nil { // it does stop
		select {
		case <-tick.C:
		case <-t.Context().Done():
			return
		}
	}
}
