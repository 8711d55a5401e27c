package providers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Switches are the key actions of a surface's section: which groups of actions the agent may use.
type Switches map[string]bool

// On tells whether a group may be used. One that the configuration does not speak of may.
func (s Switches) On(gate string) bool {
	on, said := s[gate]
	return on || !said
}

// ActionTable is what the agent can have a surface do, in the order in which it is listed. A is what the surface needs to
// carry one of them out.
type ActionTable[A any] struct {
	Surface string // as in the configuration: "telegram"
	All     []A
	About   func(A) (name, gate string) // gate is the key of Switches
}

// Names lists what is switched on, for Performer.Actions.
func (t ActionTable[A]) Names(s Switches) (names []string) {
	for _, a := range t.All {
		if name, gate := t.About(a); s.On(gate) {
			names = append(names, name)
		}
	}
	return names
}

// Find gives the action of a name. Where there is none, or it is switched off, the error is a Permanent SendError.
func (t ActionTable[A]) Find(name string, s Switches) (found A, err error) {
	i := slices.IndexFunc(t.All, func(a A) bool { n, _ := t.About(a); return n == name })
	if i < 0 {
		return found, t.Mistake(name, fmt.Errorf("there is no such action; there are %s", strings.Join(t.Names(s), ", ")))
	}
	if _, gate := t.About(t.All[i]); !s.On(gate) {
		return found, t.Mistake(name, fmt.Errorf("switched off (%s.actions.%s)", t.Surface, gate))
	}
	return t.All[i], nil
}

// Mistake is an error of whoever asked for the action: to try again would not help.
func (t ActionTable[A]) Mistake(name string, err error) error {
	return &SendError{Class: Permanent, Err: fmt.Errorf("%s %s: %w", t.Surface, name, err)}
}

// ReadOrders decodes the parameters of an action into v, a pointer. There may be none.
func ReadOrders(raw json.RawMessage, v any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("the parameters cannot be read: %w", err)
	}
	return nil
}

// Manual is what a model is told of the actions of a surface.
type Manual struct {
	// Params are the parameters of all actions together: a struct, whose json tags are their names and whose doc tags say
	// what they are.
	Params any
	// Actions lists what an account's section of the configuration allows, by name.
	Actions func(config json.RawMessage) []string
}

// Manual is the one of a surface with this table.
func (t ActionTable[A]) Manual(params any) *Manual {
	return &Manual{params, func(config json.RawMessage) []string {
		var section struct {
			Actions Switches `json:"actions"`
		}
		_ = json.Unmarshal(config, &section) // a section that cannot be read starts no account
		return t.Names(section.Actions)
	}}
}
