package wire

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/clawdbot/gateway/transport/packed"
)

//go:embed schema/protocol.schema.json
var schemaText []byte

// SchemaJSON is the JSON Schema of the protocol: $defs for every type, x-methods and x-events for who
// uses them.
func SchemaJSON() []byte { return bytes.Clone(packed.Plain(schemaText)) }

// rawSchema is the subset of JSON Schema that the generator emits. Any other keyword fails the decoding,
// so that no constraint can be in the schema and not in the check.
type rawSchema struct {
	Any                  bool         `json:"-"` // the schema true
	None                 bool         `json:"-"` // the schema false
	Ref                  string       `json:"$ref"`
	Type                 string       `json:"type"`
	Const                *string      `json:"const"`
	Properties           rawMembers   `json:"properties"`
	Required             []string     `json:"required"`
	AdditionalProperties *rawSchema   `json:"additionalProperties"`
	Items                *rawSchema   `json:"items"`
	AnyOf                []*rawSchema `json:"anyOf"`
	MinLength            int          `json:"minLength"`
	Minimum              *float64     `json:"minimum"`
	Maximum              *float64     `json:"maximum"`
}

// rawMembers keeps the order of properties: faults are listed in it.
type rawMembers []rawMember

type rawMember struct {
	name   string
	schema *rawSchema
}

func (m *rawMembers) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		tok, err := d.ReadToken()
		if err != nil {
			return err
		}
		member := rawMember{name: tok.String(), schema: new(rawSchema)}
		if err := json.UnmarshalDecode(d, member.schema); err != nil {
			return err
		}
		*m = append(*m, member)
	}
	_, err := d.ReadToken()
	return err
}

func (s *rawSchema) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case 't':
		s.Any = true
		return d.SkipValue()
	case 'f':
		s.None = true
		return d.SkipValue()
	}
	type plain rawSchema
	return json.UnmarshalDecode(d, (*plain)(s), json.RejectUnknownMembers(true))
}

type rawMethod struct {
	Name   string     `json:"name"`
	Strict bool       `json:"strict"`
	Params *rawSchema `json:"params"`
}

// schemaSet is the compiled schema: what inbound checks need of it.
type schemaSet struct {
	methods  map[string]*node // strict methods only
	request  *node
	response *node
	event    *node
}

// compiled is immutable after its first use.
var compiled = sync.OnceValue(func() *schemaSet {
	set, err := compileSchema(packed.Plain(schemaText))
	if err != nil {
		panic("wire: the embedded schema is broken: " + err.Error()) // a test compiles it
	}
	return set
})

func compileSchema(text []byte) (*schemaSet, error) {
	var doc struct {
		Defs    map[string]Raw `json:"$defs"`
		Methods []rawMethod    `json:"x-methods"`
	}
	if err := Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	c := compiler{defs: doc.Defs, done: map[string]*node{}}
	set := &schemaSet{methods: map[string]*node{}}
	for _, m := range doc.Methods {
		if !m.Strict {
			continue
		}
		if m.Params == nil {
			return nil, fmt.Errorf("method %s is strict and has no params schema", m.Name)
		}
		n, err := c.compile(m.Params)
		if err != nil {
			return nil, fmt.Errorf("params of %s: %w", m.Name, err)
		}
		set.methods[m.Name] = n
	}
	for name, into := range map[string]**node{
		"RequestFrame": &set.request, "ResponseFrame": &set.response, "EventFrame": &set.event,
	} {
		n, err := c.def(name)
		if err != nil {
			return nil, err
		}
		*into = n
	}
	return set, nil
}

// compiler resolves references as they come, so that only what is needed is decoded.
type compiler struct {
	defs map[string]Raw
	done map[string]*node
}

func (c *compiler) def(name string) (*node, error) {
	if n, ok := c.done[name]; ok {
		return n, nil
	}
	text, ok := c.defs[name]
	if !ok {
		return nil, fmt.Errorf("no definition %q", name)
	}
	var s rawSchema
	if err := Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("definition %s: %w", name, err)
	}
	n := new(node)
	c.done[name] = n // before the members: a type may contain itself
	return n, c.fill(n, &s)
}

func (c *compiler) compile(s *rawSchema) (*node, error) {
	if s.Ref != "" {
		name, ok := strings.CutPrefix(s.Ref, "#/$defs/")
		if !ok {
			return nil, fmt.Errorf("reference %q is not to $defs", s.Ref)
		}
		return c.def(name)
	}
	n := new(node)
	return n, c.fill(n, s)
}

func (c *compiler) fill(n *node, s *rawSchema) error {
	if s.None {
		return fmt.Errorf("the schema false is supported for additionalProperties only")
	}
	switch s.Type {
	case "":
		if len(s.AnyOf) == 0 && (len(s.Properties) > 0 || s.Items != nil || s.Const != nil || s.MinLength > 0) {
			return fmt.Errorf("keywords without a type")
		}
	case "object", "array", "string", "number", "integer", "boolean", "null":
		n.kind = kindOf[s.Type]
	default:
		return fmt.Errorf("unknown type %q", s.Type)
	}
	n.minLen, n.min, n.max, n.constant = s.MinLength, s.Minimum, s.Maximum, s.Const
	if s.Const != nil {
		n.constRaw = string(appendString(nil, *s.Const))
	}
	for _, alt := range s.AnyOf {
		a, err := c.compile(alt)
		if err != nil {
			return err
		}
		n.anyOf = append(n.anyOf, a)
	}
	if s.Items != nil {
		items, err := c.compile(s.Items)
		if err != nil {
			return err
		}
		n.items = items
	}
	return c.fillObject(n, s)
}

func (c *compiler) fillObject(n *node, s *rawSchema) error {
	if len(s.Properties) > 64 {
		return fmt.Errorf("an object of %d properties: the check keeps them in 64 bits", len(s.Properties))
	}
	n.index = make(map[string]int, len(s.Properties))
	for i, m := range s.Properties {
		p, err := c.compile(m.schema)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		n.props = append(n.props, property{name: m.name, node: p})
		n.index[string(appendString(nil, m.name))] = i
	}
	for _, name := range s.Required {
		i, ok := n.index[string(appendString(nil, name))]
		if !ok {
			return fmt.Errorf("required %q is no property", name)
		}
		n.required = append(n.required, i)
		n.requiredBits |= 1 << i
	}
	switch extra := s.AdditionalProperties; {
	case extra == nil || extra.Any:
	case extra.None:
		n.closed = true
	default:
		e, err := c.compile(extra)
		if err != nil {
			return err
		}
		n.extra = e
	}
	return nil
}
