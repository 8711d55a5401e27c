package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) configSchemaCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "schema [PATH]",
		Short: "List what can be configured, below PATH if one is given",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			below := ""
			if len(args) == 1 {
				below = args[0]
			}
			return query(a, c, f, "config.schema", struct{}{}, func(r wire.ConfigSchemaResult) error { return a.showSchema(r, below) })
		},
	}
	f.register(c)
	return c
}

// schemaNode is what of a JSON Schema is shown.
type schemaNode struct {
	Type       any                   `json:"type"`
	Enum       []any                 `json:"enum"`
	Default    any                   `json:"default"`
	Properties map[string]schemaNode `json:"properties"`
	Items      *schemaNode           `json:"items"`
}

func (a *app) showSchema(r wire.ConfigSchemaResult, below string) error {
	var root schemaNode
	if err := json.Unmarshal(r.Schema, &root); err != nil {
		return fmt.Errorf("config.schema: %w", err)
	}
	t := a.newTable("PATH", "TYPE", "DEFAULT", "WHAT IT IS")
	n := 0
	root.walk("", func(path string, s schemaNode) {
		if below != "" && path != below && !strings.HasPrefix(path, below+".") {
			return
		}
		n++
		hint := r.UIHints[path]
		def := ""
		if s.Default != nil {
			def = fmt.Sprint(s.Default)
		}
		t.row(path, s.kind(), def, orElse(hint.Help, hint.Label))
	})
	if n == 0 {
		return errors.New("nothing is called " + below + "; list all with: clawdbot config schema")
	}
	return t.flush()
}

// walk visits the values, in the order of their names.
func (s schemaNode) walk(path string, visit func(string, schemaNode)) {
	if len(s.Properties) == 0 {
		if path != "" {
			visit(path, s)
		}
		return
	}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		s.Properties[name].walk(strings.TrimPrefix(path+"."+name, "."), visit)
	}
}

func (s schemaNode) kind() string {
	if len(s.Enum) > 0 {
		options := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			options[i] = fmt.Sprint(e)
		}
		return strings.Join(options, "|")
	}
	kind, ok := s.Type.(string)
	if !ok {
		kind = "any"
	}
	if s.Items != nil {
		kind = "list"
	}
	return kind
}
