package files

import (
	"context"
	"fmt"
	"slices"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the tools.
type Options struct {
	// Jail is where a caller may work. Any goroutine; must not block.
	Jail func(c tools.Caller) Jail
	// Look lists directories that the tools which only look may look into, too; nil = none. As Jail.
	Look func(c tools.Caller) []string
}

// Tools are the tools.
func Tools(o Options) []tools.Tool {
	return []tools.Tool{
		tool(o, "read", tools.GroupRead, readSchema, "Read a file of the workspace. A text comes with line numbers, at most 2000 lines or 50 KB at a time; "+
			"offset is the first line and limit the number of lines. Pictures (png, jpeg, gif, webp) are shown.", Jail.Read),
		tool(o, "write", tools.GroupWrite, writeSchema, "Write a whole file of the workspace. Directories are made, a file that is there is replaced. To change a part, use edit.", Jail.Write),
		tool(o, "edit", tools.GroupWrite, editSchema, "Replace a piece of a text file. oldText must be in the file to the letter, white space included and line numbers not, and exactly once, "+
			"unless replaceAll is set.", Jail.Edit),
		tool(o, "grep", tools.GroupRead, grepSchema, "Search the lines of files for a regular expression (Go syntax), below path. What .gitignore leaves out is not searched.", Jail.Grep),
		tool(o, "find", tools.GroupRead, findSchema, `Find files and directories by name: "*.go", "src/**/*.ts", "{a,b}.md". What .gitignore leaves out is not listed.`, Jail.Find),
		tool(o, "ls", tools.GroupRead, lsSchema, "List a directory.", Jail.List),
	}
}

func tool[A any](o Options, name string, g tools.Group, schema, description string, run func(Jail, context.Context, A) (wire.Raw, error)) tools.Tool {
	return tools.Tool{
		Name: name, Group: g, Schema: wire.Raw(schema), Description: description,
		Run: func(ctx context.Context, c tools.Caller, args wire.Raw) (wire.Raw, error) {
			var a A
			if err := wire.Unmarshal(args, &a); err != nil {
				return nil, fmt.Errorf("%s: the arguments cannot be read: %w", name, err)
			}
			jail := o.Jail(c)
			if g == tools.GroupRead && o.Look != nil {
				jail.Roots = append(slices.Clone(jail.Roots), o.Look(c)...)
			}
			return run(jail, ctx, a)
		},
	}
}

const (
	readSchema = `{"type":"object","properties":{"path":{"type":"string","description":"relative to the workspace, or absolute"},` +
		`"offset":{"type":"integer","minimum":1,"description":"first line"},"limit":{"type":"integer","minimum":1,"description":"number of lines"}},"required":["path"],"additionalProperties":false}`
	writeSchema = `{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"],"additionalProperties":false}`
	editSchema  = `{"type":"object","properties":{"path":{"type":"string"},"oldText":{"type":"string"},"newText":{"type":"string"},"replaceAll":{"type":"boolean"}},` +
		`"required":["path","oldText","newText"],"additionalProperties":false}`
	grepSchema = `{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"file or directory; default: the workspace"},` +
		`"glob":{"type":"string","description":"only files of such names"},"ignoreCase":{"type":"boolean"},"literal":{"type":"boolean","description":"pattern is no regular expression"},` +
		`"context":{"type":"integer","minimum":0,"maximum":20,"description":"lines around each match"},"limit":{"type":"integer","minimum":1,"maximum":1000},` +
		`"includeIgnored":{"type":"boolean"}},"required":["pattern"],"additionalProperties":false}`
	findSchema = `{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":10000},` +
		`"includeIgnored":{"type":"boolean"}},"required":["pattern"],"additionalProperties":false}`
	lsSchema = `{"type":"object","properties":{"path":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":2000}},"additionalProperties":false}`
)
