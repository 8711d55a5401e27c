package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const swiftPath = "transport/wire/swift/GatewayModels.swift"

func TestSwiftIsTheSchema(t *testing.T) {
	t.Parallel()
	want := readSchema(t).model(t)
	text := readFile(t, swiftPath)
	got, problems := parseSwift(text)
	for _, p := range append(problems, compare(want, got)...) {
		t.Error(p)
	}
	for name, alternatives := range map[string]string{
		"CronSchedule": "at=CronAt|every=CronEvery|cron=CronExpr",
		"CronPayload":  "systemEvent=CronSystemEvent|agentTurn=CronAgentTurn",
		"GatewayFrame": "req=RequestFrame|res=ResponseFrame|event=EventFrame",
	} {
		if got := swiftDecodes(text, name); got != alternatives {
			t.Errorf("%s decodes %s", name, got)
		}
	}
}

// TestSwiftCheckSees changes the models and expects that the comparison says so.
func TestSwiftCheckSees(t *testing.T) {
	t.Parallel()
	want := readSchema(t).model(t)
	text := readFile(t, swiftPath)
	for _, c := range []struct{ what, old, new, problem string }{
		{"optionality", "public let sessionKey: String?\n", "public let sessionKey: String\n", "AgentEvent.sessionKey is"},
		{"a type", "public let seq: Int\n", "public let seq: Double\n", "ChatEvent.seq is"},
		{"a missing member", "    public let errorMessage: String?\n", "", "ChatEvent has no errorMessage"},
		{"a key", `case runId = "runId"`, `case runId = "runID"`, "runID is not in the schema"},
		{"a value", `StateValue(rawValue: "delta")`, `StateValue(rawValue: "deltas")`, "ChatEvent.state is"},
		{"a constant", `case helloOk = "hello-ok"`, `case helloOk = "hello"`, "HelloOK.type is"},
		{"null that may be absent", "self.raw = try container.decode(String?.self", "self.raw = try container.decodeIfPresent(String.self", "ConfigSnapshot.raw is"},
		{"null that is not written", "container.encode(self.raw,", "container.encodeIfPresent(self.raw,", "ConfigSnapshot.raw is not written"},
		{"a member that is not read", "        self.exists = try container.decode(Bool.self, forKey: .exists)\n", "", "ConfigSnapshot.exists is not read"},
		{"a type that is gone", "public struct TickEvent:", "public struct TackEvent:", "no type TickEvent"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			changed := strings.ReplaceAll(text, c.old, c.new)
			if changed == text {
				t.Fatalf("the models do not have %q", c.old)
			}
			got, problems := parseSwift(changed)
			all := strings.Join(append(problems, compare(want, got)...), "\n")
			if !strings.Contains(all, c.problem) {
				t.Errorf("found %q", all)
			}
		})
	}
}

var (
	swiftProperty = regexp.MustCompile(`(?m)^    public let (\w+): (.+)$`)
	swiftCase     = regexp.MustCompile(`(?m)^        case (\w+) = "(.+)"$`)
	swiftStatic   = regexp.MustCompile(`(?m)^        public static let \w+ = \w+\(rawValue: ("[^"]+")\)$`)
	swiftDecode   = regexp.MustCompile(`(?m)^        self\.(\w+) = .*try container\.(decode|decodeIfPresent)\((.+)\.self, forKey: \.(\w+)\)(?: : nil)?$`)
	swiftEncode   = regexp.MustCompile(`(?m)^        try container\.(encode|encodeIfPresent)\(self\.(\w+), forKey: \.(\w+)\)$`)
	swiftUnion    = regexp.MustCompile(`(?m)^        case "(\w+)": self = \.(\w+)\(try (\w+)\(from: decoder\)\)$`)
	swiftPayload  = regexp.MustCompile(`(?m)^    case (\w+)\((\w+)\)$`)
)

// parseSwift reads the structs as the JSON decoder will see them.
func parseSwift(text string) (model, []string) {
	m := model{}
	var problems []string
	for _, part := range strings.Split(text, "\npublic struct ")[1:] {
		name, _, _ := strings.Cut(part, ":")
		s := swiftStruct{name: name, body: section(part, "}"), file: text}
		m[name] = s.members(&problems)
	}
	return m, problems
}

type swiftStruct struct{ name, body, file string }

func (s swiftStruct) members(problems *[]string) map[string]member {
	keys := map[string]string{}
	_, coding, _ := strings.Cut(s.body, "\n    enum CodingKeys: String, CodingKey {\n")
	for _, c := range swiftCase.FindAllStringSubmatch(section(coding, "    }"), -1) {
		keys[c[1]] = c[2]
	}
	reads, writes := map[string]string{}, map[string]string{}
	for _, d := range swiftDecode.FindAllStringSubmatch(s.body, -1) {
		if d[1] == d[4] {
			reads[d[1]] = d[2] + " " + d[3]
		}
	}
	for _, e := range swiftEncode.FindAllStringSubmatch(s.body, -1) {
		if e[2] == e[3] {
			writes[e[2]] = e[1]
		}
	}
	out := map[string]member{}
	for _, p := range swiftProperty.FindAllStringSubmatch(s.body, -1) {
		name, typ := p[1], p[2]
		key := keys[name]
		explicit := strings.Contains(s.body, "init(from decoder: Decoder)")
		if explicit && reads[name] == "" {
			*problems = append(*problems, fmt.Sprintf("%s.%s is not read", s.name, key))
		}
		m, write := s.member(typ, reads[name])
		if explicit && writes[name] != write {
			*problems = append(*problems, fmt.Sprintf("%s.%s is not written with %s", s.name, key, write))
		}
		if !strings.Contains(s.body, fmt.Sprintf("        self.%[1]s = %[1]s\n", name)) {
			*problems = append(*problems, fmt.Sprintf("%s.%s is not set by init", s.name, key))
		}
		out[key] = m
	}
	return out
}

// member says what a property takes, given how it is read ("" as the compiler does it), and how it is to be
// written.
func (s swiftStruct) member(typ, read string) (m member, write string) {
	bare, optional := strings.CutSuffix(typ, "?")
	inner, wrapped := strings.CutPrefix(bare, "Nullable<")
	inner = strings.TrimSuffix(inner, ">")
	switch {
	case wrapped && optional && read == "decode "+bare:
		return member{s.canonical(inner) + "|null", false}, "encodeIfPresent"
	case optional && read == "decode "+bare+"?":
		return member{s.canonical(bare) + "|null", true}, "encode"
	case optional && (read == "" || read == "decodeIfPresent "+bare):
		return member{s.canonical(bare), false}, "encodeIfPresent"
	case !optional && !wrapped && (read == "" || read == "decode "+bare):
		return member{s.canonical(bare), true}, "encode"
	}
	return member{typ: fmt.Sprintf("a %s that is read with %q", typ, read)}, ""
}

func (s swiftStruct) canonical(typ string) string {
	switch typ {
	case "String":
		return "string"
	case "Int":
		return "integer"
	case "Double":
		return "number"
	case "Bool":
		return "boolean"
	case "AnyCodable":
		return "any"
	}
	if inner, ok := strings.CutPrefix(typ, "[String: "); ok {
		return "map<" + s.canonical(strings.TrimSuffix(inner, "]")) + ">"
	}
	if inner, ok := strings.CutPrefix(typ, "["); ok {
		return "list<" + s.canonical(strings.TrimSuffix(inner, "]")) + ">"
	}
	var values []string
	if _, body, ok := strings.Cut(s.body, "\n    public struct "+typ+": RawRepresentable, Codable"); ok {
		for _, v := range swiftStatic.FindAllStringSubmatch(section(body, "    }"), -1) {
			values = append(values, v[1])
		}
		return strings.Join(values, "|")
	}
	if _, body, ok := strings.Cut(s.body, "\n    public enum "+typ+": String, Codable"); ok {
		for _, v := range swiftCase.FindAllStringSubmatch(section(body, "    }"), -1) {
			values = append(values, `"`+v[2]+`"`)
		}
		return strings.Join(values, "|")
	}
	if _, body, ok := strings.Cut(s.file, "\npublic enum "+typ+": Codable"); ok {
		for _, c := range swiftPayload.FindAllStringSubmatch(section(body, "}"), -1) {
			values = append(values, c[2])
		}
		return strings.Join(values, "|")
	}
	return typ
}

// swiftDecodes says which tag makes a union decode which type.
func swiftDecodes(text, union string) string {
	_, body, _ := strings.Cut(text, "\npublic enum "+union+": Codable")
	body = section(body, "}")
	var out []string
	for _, c := range swiftUnion.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(body, fmt.Sprintf("    case %s(%s)\n", c[2], c[3])) {
			return c[2] + " is no case of " + c[3]
		}
		out = append(out, c[1]+"="+c[3])
	}
	return strings.Join(out, "|")
}
