package wizard

import (
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// value is an answer as it came. Each kind of step reads it as the reference does: nothing is refused for its type.
type value wire.Raw

// text is a string as it is, nothing as "", and anything else in its JSON form.
func (v value) text() string {
	raw := strings.TrimSpace(string(v))
	var s string
	switch {
	case raw == "" || raw == "null":
		return ""
	case raw[0] == '"' && wire.Unmarshal([]byte(raw), &s) == nil:
		return strings.TrimSpace(s)
	}
	return raw
}

// yes is whether a value counts as true.
func (v value) yes() bool {
	switch raw := strings.TrimSpace(string(v)); raw {
	case "", "null", "false", `""`:
		return false
	default:
		n, err := strconv.ParseFloat(raw, 64)
		return err != nil || n != 0
	}
}

// list is the strings of an array, and nothing of anything else.
func (v value) list() []string {
	var items []wire.Raw
	if wire.Unmarshal([]byte(v), &items) != nil {
		return nil
	}
	var all []string
	for _, item := range items {
		all = append(all, value(item).text())
	}
	return all
}

// raw is v as JSON. What is given to it is made of strings, numbers, bools and lists of them.
func raw(v any) wire.Raw {
	b, err := wire.Marshal(v)
	if err != nil {
		return wire.Raw("null")
	}
	return b
}
