package hooks

import (
	"slices"
	"strings"
)

// Config is what the operator has set up.
type Config struct {
	// Path is where the hooks are, with a leading and without a trailing slash.
	Path string
	// TokenIs compares a caller's token in constant time.
	TokenIs func(given string) bool
	// MaxBody is the largest body, in bytes.
	MaxBody int64
	// Transforms is the directory of the transform modules. Nothing outside of it is read.
	Transforms string
	// Mappings are tried in order; those of presets come last.
	Mappings []Mapping
}

// Mapping says what a call of a path of its own means. Templates are described at expand.
type Mapping struct {
	Path, Source     string // "" = any
	Wake             bool   // a wake instead of a run
	Next             bool   // wait for the next heartbeat
	Name, SessionKey string // templates
	Message, Text    string // templates
	Deliver          bool
	Channel          string
	To, Thinking     string // templates
	TimeoutSeconds   int64
	Module, Export   string // of the transform; no Module = none
}

// Presets are the names that Preset knows.
var presets = map[string]Mapping{
	"gmail": {
		Path: "gmail", Name: "Gmail", SessionKey: "hook:gmail:{{messages[0].id}}",
		Message: "New mail from {{messages[0].from}}\nSubject: {{messages[0].subject}}\n{{messages[0].snippet}}\n{{messages[0].body}}",
	},
}

// Preset is a mapping that comes with the gateway.
func Preset(name string) (Mapping, bool) {
	m, ok := presets[name]
	return m, ok
}

// sub is the part of a cleaned path below the hooks.
func (c *Config) sub(path string) (sub string, ours bool) {
	rest, ok := strings.CutPrefix(path, c.Path)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.Trim(rest, "/"), true
}

// find is the first mapping for a call.
func (c *Config) find(sub, source string) *Mapping {
	i := slices.IndexFunc(c.Mappings, func(m Mapping) bool {
		p := strings.Trim(m.Path, "/")
		return (p == "" || p == sub) && (m.Source == "" || m.Source == source)
	})
	if i < 0 {
		return nil
	}
	return &c.Mappings[i]
}
