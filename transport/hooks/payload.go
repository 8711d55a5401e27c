package hooks

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// value is JSON that is known to be valid; no bytes at all = it is not there.
type value struct{ raw wire.Raw }

var empty = value{wire.Raw("{}")}

// payloadOf parses a body. What is neither object nor list counts as an empty object.
func payloadOf(body []byte) (value, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return empty, nil
	}
	if err := wire.Valid(body); err != nil {
		return value{}, badCall("SyntaxError: " + clip(err.Error(), 200))
	}
	if v := (value{body}); v.kind() == '{' || v.kind() == '[' {
		return v, nil
	}
	return empty, nil
}

// kind is the first byte: { [ " t f n, 0 for every number, or 0xff when there is nothing.
func (v value) kind() byte {
	switch {
	case len(v.raw) == 0:
		return 0xff
	case v.raw[0] == '-' || v.raw[0] >= '0' && v.raw[0] <= '9':
		return '0'
	}
	return v.raw[0]
}

func (v value) there() bool  { return len(v.raw) > 0 }
func (v value) isNull() bool { return v.kind() == 'n' }
func (v value) isTrue() bool { return v.kind() == 't' }

// str is the value of a string; "" of anything else.
func (v value) str() (s string) {
	if v.kind() == '"' {
		_ = wire.Unmarshal(v.raw, &s) // it is valid
	}
	return s
}

// get is a member of an object, or nothing.
func (v value) get(key string) value {
	if v.kind() != '{' {
		return value{}
	}
	var members map[string]wire.Raw
	_ = wire.Unmarshal(v.raw, &members)
	return value{bytes.TrimSpace(members[key])}
}

// text is a member that is a string, without the space around it.
func (v value) text(key string) string { return strings.TrimSpace(v.get(key).str()) }

// at is an element of a list, or nothing.
func (v value) at(i int) value {
	if v.kind() != '[' {
		return value{}
	}
	var elements []wire.Raw
	_ = wire.Unmarshal(v.raw, &elements)
	if i < 0 || i >= len(elements) {
		return value{}
	}
	return value{bytes.TrimSpace(elements[i])}
}

// lookup follows a path of names and places: a.b[0].c, or a.b.0.c.
func (v value) lookup(path string) value {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		part = strings.TrimSpace(part)
		if v.kind() != '[' {
			v = v.get(part)
			continue
		}
		i, err := strconv.Atoi(part)
		if err != nil {
			return value{}
		}
		v = v.at(i)
	}
	return v
}

// String is how a value looks inside a text.
func (v value) String() string {
	switch v.kind() {
	case 0xff, 'n':
		return ""
	case '"':
		return v.str()
	case '{', '[':
		var b bytes.Buffer
		_ = json.Compact(&b, v.raw)
		return b.String()
	}
	return string(v.raw)
}

// clip shortens a text for an answer or a log line.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
