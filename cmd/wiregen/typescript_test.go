package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

const typescriptPath = "transport/client/typescript/src/types.gen.ts"

func TestTypeScriptIsTheSchema(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	for _, d := range typescriptProblems(t, schema, readFile(t, typescriptPath)) {
		t.Error(d)
	}
}

// TestTypeScriptCheckSees changes the types and expects that the comparison says so.
func TestTypeScriptCheckSees(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	text := readFile(t, typescriptPath)
	for _, c := range []struct{ what, old, new, problem string }{
		{"optionality", "  sessionKey?: string;", "  sessionKey: string;", "AgentEvent.sessionKey is"},
		{"a type", "  seq: number;", "  seq: string;", "ChatEvent.seq is"},
		{"a missing member", "  errorMessage?: string;\n", "", "ChatEvent has no errorMessage"},
		{"a value", `"delta" | `, "", "ChatEvent.state is"},
		{"null", "  raw: string | null;", "  raw: string;", "ConfigSnapshot.raw is"},
		{"a list", "  skills: Skill[];", "  skills: Skill;", "SkillsStatusResult.skills is"},
		{"a union", "CronAt | CronEvery | CronExpr", "CronAt | CronExpr", "CronJob.schedule is"},
		{"a method's params", `"cron.add": { params: CronAddParams;`, `"cron.add": { params: CronRunParams;`, "method cron.add.params is"},
		{"a method that is gone", `  "wake": {`, `  "woke": {`, "method wake"},
		{"a result that may be null", "HeartbeatEvent | null", "HeartbeatEvent", "method last-heartbeat.result is"},
		{"an event's payload", `  "tick": TickEvent;`, `  "tick": ChatEvent;`, "events.tick is"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			changed := strings.ReplaceAll(text, c.old, c.new)
			if changed == text {
				t.Fatalf("the types do not have %q", c.old)
			}
			if all := strings.Join(typescriptProblems(t, schema, changed), "\n"); !strings.Contains(all, c.problem) {
				t.Errorf("found %q", all)
			}
		})
	}
}

// typescriptProblems compares types, methods and events. The language has one type of number.
func typescriptProblems(t *testing.T, schema schemaFile, text string) []string {
	t.Helper()
	want := schema.model(t)
	events := map[string]member{}
	for _, e := range schema.Events {
		events[e.Name] = member{schemaType(t, e.Payload), true}
	}
	want["events"] = events
	for _, m := range schema.Methods {
		if m.Params == nil {
			m.Params = json.RawMessage(`{"type":"object"}`) // anything, ignored
		}
		want["method "+m.Name] = map[string]member{
			"params": {schemaType(t, m.Params), true}, "result": {schemaType(t, m.Result), true},
		}
	}
	for _, fields := range want {
		for key, f := range fields {
			fields[key] = member{strings.ReplaceAll(f.typ, "integer", "number"), f.required}
		}
	}
	return compare(want, parseTypeScript(text))
}

var (
	tsInterface = regexp.MustCompile(`(?ms)^export interface (\w+) \{\n(.*?)^\}$`)
	tsEmpty     = regexp.MustCompile(`(?m)^export type (\w+) = Record<string, never>;$`)
	tsUnion     = regexp.MustCompile(`(?m)^export type (\w+) = (\w+(?: \| \w+)+);$`)
	tsMember    = regexp.MustCompile(`(?m)^  (\w+)(\??): (.+);$`)
	tsMethod    = regexp.MustCompile(`(?m)^  "([^"]+)": \{ params: (.+); result: (.+) \};$`)
	tsEvent     = regexp.MustCompile(`(?m)^  "([^"]+)": (\w+);$`)
)

func parseTypeScript(text string) model {
	m := model{}
	unions := map[string]string{}
	for _, u := range tsUnion.FindAllStringSubmatch(text, -1) {
		unions[u[1]] = strings.ReplaceAll(u[2], " ", "")
	}
	for _, e := range tsEmpty.FindAllStringSubmatch(text, -1) {
		m[e[1]] = map[string]member{}
	}
	for _, i := range tsInterface.FindAllStringSubmatch(text, -1) {
		fields := map[string]member{}
		switch i[1] {
		case "Methods":
			for _, f := range tsMethod.FindAllStringSubmatch(i[2], -1) {
				m["method "+f[1]] = map[string]member{
					"params": {tsCanonical(f[2], unions), true}, "result": {tsCanonical(f[3], unions), true},
				}
			}
			continue
		case "Events":
			for _, f := range tsEvent.FindAllStringSubmatch(i[2], -1) {
				fields[f[1]] = member{tsCanonical(f[2], unions), true}
			}
			m["events"] = fields
			continue
		}
		for _, f := range tsMember.FindAllStringSubmatch(i[2], -1) {
			fields[f[1]] = member{tsCanonical(f[3], unions), f[2] == ""}
		}
		m[i[1]] = fields
	}
	return m
}

func tsCanonical(typ string, unions map[string]string) string {
	if inner, ok := strings.CutSuffix(typ, "[]"); ok {
		return "list<" + tsCanonical(strings.Trim(inner, "()"), unions) + ">"
	}
	if parts := strings.Split(typ, " | "); len(parts) > 1 {
		for i := range parts {
			parts[i] = tsCanonical(parts[i], unions)
		}
		return strings.Join(parts, "|")
	}
	if inner, ok := strings.CutPrefix(typ, "Record<string, "); ok {
		return "map<" + tsCanonical(strings.TrimSuffix(inner, ">"), unions) + ">"
	}
	if typ == "unknown" {
		return "any"
	}
	if u, ok := unions[typ]; ok {
		return u
	}
	return typ
}
