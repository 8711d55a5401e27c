package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/clawdbot/gateway/transport/wire"
)

//go:embed prelude.swift
var prelude string

// swift writes the models of the apps: a struct for each object type, an enum for each union. It uses no
// more of the language than Swift 5.5 has.
func swift(d *document) ([]byte, error) {
	records, err := d.records()
	if err != nil {
		return nil, err
	}
	p := &swiftFile{records: records}
	p.printf("%s\n/// The protocol version that these types describe.\n", prelude)
	p.printf("public let gatewayProtocolVersion = %d\n", wire.ProtocolVersion)
	for _, r := range records {
		p.record(r)
	}
	for _, u := range unions() {
		if err := p.union(u); err != nil {
			return nil, err
		}
	}
	return p.out.Bytes(), nil
}

type swiftFile struct {
	records []record
	out     bytes.Buffer
}

func (p *swiftFile) printf(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

func (p *swiftFile) record(r record) {
	p.printf("\npublic struct %s: Codable, Hashable, Sendable {\n", typeName(r.name))
	for _, f := range r.fields {
		p.printf("    public let %s: %s\n", swiftName(f.key), memberType(f))
	}
	if len(r.fields) == 0 {
		p.printf("    public init() {}\n}\n")
		return
	}
	p.initializer(r)
	for _, f := range r.fields {
		p.values(f)
	}
	p.printf("\n    enum CodingKeys: String, CodingKey {\n")
	for _, f := range r.fields {
		p.printf("        case %s = %q\n", swiftName(f.key), f.key)
	}
	p.printf("    }\n")
	if slices.ContainsFunc(r.fields, func(f field) bool { return f.shape.nullable }) {
		p.coding(r)
	}
	p.printf("}\n")
}

func (p *swiftFile) initializer(r record) {
	p.printf("\n    public init(\n")
	for i, f := range r.fields {
		preset, comma := "", ","
		switch {
		case f.required && fixed(f.shape):
			preset = " = ." + swiftName(f.shape.values[0])
		case !f.required:
			preset = " = nil"
		}
		if i == len(r.fields)-1 {
			comma = ""
		}
		p.printf("        %s: %s%s%s\n", swiftName(f.key), memberType(f), preset, comma)
	}
	p.printf("    ) {\n")
	for _, f := range r.fields {
		p.printf("        self.%[1]s = %[1]s\n", swiftName(f.key))
	}
	p.printf("    }\n")
}

// values writes the type of a member that is one of some strings.
func (p *swiftFile) values(f field) {
	s := f.shape
	if s.kind != kindEnum {
		return
	}
	name := valueType(f.key)
	if fixed(s) {
		p.printf("\n    public enum %s: String, Codable, Sendable {\n        case %s = %q\n    }\n", name, swiftName(s.values[0]), s.values[0])
		return
	}
	p.printf("\n    public struct %s: RawRepresentable, Codable, Hashable, Sendable {\n", name)
	p.printf("        public let rawValue: String\n\n        public init(rawValue: String) {\n            self.rawValue = rawValue\n        }\n\n")
	for _, v := range s.values {
		p.printf("        public static let %s = %s(rawValue: %q)\n", swiftName(v), name, v)
	}
	p.printf("    }\n")
}

// coding writes what the compiler would write, except that it tells null and absent apart.
func (p *swiftFile) coding(r record) {
	p.printf("\n    public init(from decoder: Decoder) throws {\n")
	p.printf("        let container = try decoder.container(keyedBy: CodingKeys.self)\n")
	for _, f := range r.fields {
		name, typ := swiftName(f.key), swiftType(f)
		switch {
		case f.required && f.shape.nullable:
			p.printf("        self.%[1]s = try container.decode(%[2]s?.self, forKey: .%[1]s)\n", name, typ)
		case f.required:
			p.printf("        self.%[1]s = try container.decode(%[2]s.self, forKey: .%[1]s)\n", name, typ)
		case f.shape.nullable:
			p.printf("        self.%[1]s = container.contains(.%[1]s) ? try container.decode(Nullable<%[2]s>.self, forKey: .%[1]s) : nil\n", name, typ)
		default:
			p.printf("        self.%[1]s = try container.decodeIfPresent(%[2]s.self, forKey: .%[1]s)\n", name, typ)
		}
	}
	p.printf("    }\n\n    public func encode(to encoder: Encoder) throws {\n")
	p.printf("        var container = encoder.container(keyedBy: CodingKeys.self)\n")
	for _, f := range r.fields {
		encode := "encodeIfPresent"
		if f.required {
			encode = "encode"
		}
		p.printf("        try container.%[1]s(self.%[2]s, forKey: .%[2]s)\n", encode, swiftName(f.key))
	}
	p.printf("    }\n")
}

func (p *swiftFile) union(u named) error {
	key, tags, err := p.discriminator(u)
	if err != nil {
		return err
	}
	p.printf("\npublic enum %s: Codable, Hashable, Sendable {\n", u.name)
	for i, tag := range tags {
		p.printf("    case %s(%s)\n", swiftName(tag), u.alternatives[i])
	}
	p.printf("\n    enum CodingKeys: String, CodingKey {\n        case %s = %q\n    }\n", swiftName(key), key)
	p.printf("\n    public init(from decoder: Decoder) throws {\n")
	p.printf("        let container = try decoder.container(keyedBy: CodingKeys.self)\n")
	p.printf("        switch try container.decode(String.self, forKey: .%s) {\n", swiftName(key))
	for i, tag := range tags {
		p.printf("        case %q: self = .%s(try %s(from: decoder))\n", tag, swiftName(tag), u.alternatives[i])
	}
	p.printf("        default:\n            throw DecodingError.dataCorruptedError(\n")
	p.printf("                forKey: .%s, in: container, debugDescription: \"not a kind of %s\")\n        }\n    }\n", swiftName(key), u.name)
	p.printf("\n    public func encode(to encoder: Encoder) throws {\n        switch self {\n")
	for _, tag := range tags {
		p.printf("        case .%s(let value): try value.encode(to: encoder)\n", swiftName(tag))
	}
	p.printf("        }\n    }\n}\n")
	return nil
}

// discriminator finds the member that is constant in every alternative of u, and its values.
func (p *swiftFile) discriminator(u named) (key string, tags []string, err error) {
	for _, name := range u.alternatives {
		i := slices.IndexFunc(p.records, func(r record) bool { return r.name == name })
		if i < 0 {
			return "", nil, fmt.Errorf("union %s: no type %s", u.name, name)
		}
		j := slices.IndexFunc(p.records[i].fields, func(f field) bool { return f.required && fixed(f.shape) })
		if j < 0 {
			return "", nil, fmt.Errorf("union %s: %s has no constant", u.name, name)
		}
		f := p.records[i].fields[j]
		if key != "" && key != f.key {
			return "", nil, fmt.Errorf("union %s: constants %s and %s", u.name, key, f.key)
		}
		key = f.key
		tags = append(tags, f.shape.values[0])
	}
	return key, tags, nil
}

func fixed(s shape) bool { return s.kind == kindEnum && len(s.values) == 1 && !s.nullable }

// memberType is the type of a property: absent and null are nil, where both can be they differ.
func memberType(f field) string {
	switch typ := swiftType(f); {
	case f.shape.nullable && !f.required:
		return "Nullable<" + typ + ">?"
	case f.shape.nullable || !f.required:
		return typ + "?"
	default:
		return typ
	}
}

func swiftType(f field) string {
	if f.shape.kind == kindEnum {
		return valueType(f.key)
	}
	return swiftShape(f.shape)
}

func swiftShape(s shape) string {
	switch s.kind {
	case kindString, kindEnum: // a list of constants has no type of its own
		return "String"
	case kindInteger:
		return "Int"
	case kindNumber:
		return "Double"
	case kindBoolean:
		return "Bool"
	case kindObject:
		return "[String: AnyCodable]"
	case kindMap:
		return "[String: " + swiftShape(*s.elem) + "]"
	case kindList:
		return "[" + swiftShape(*s.elem) + "]"
	case kindRef:
		return typeName(s.name)
	case kindUnion:
		return s.name
	}
	return "AnyCodable"
}

func valueType(key string) string { return strings.ToUpper(key[:1]) + key[1:] + "Value" }

// swiftName makes an identifier of a key or a value: words joined in camel case, none that the language
// has taken.
func swiftName(s string) string {
	var b strings.Builder
	upper := false
	for _, c := range s {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			upper = b.Len() > 0
			continue
		case upper:
			c = unicode.ToUpper(c)
		}
		upper = false
		b.WriteRune(c)
	}
	name := b.String()
	if slices.Contains(swiftWords, name) {
		return name + "_"
	}
	return name
}

var swiftWords = strings.Fields(`
	associatedtype class deinit enum extension fileprivate func import init inout internal let open operator
	private protocol public rethrows static struct subscript typealias var break case continue default defer do
	else fallthrough for guard if in repeat return switch throw where while as catch false is nil self super
	throws true try rawValue
`)
