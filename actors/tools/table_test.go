package tools

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestTable: a call is carried out if the policy allows the tool's group and that of the call, and nothing is offered that
// would be refused outright.
func TestTable(t *testing.T) {
	var ran []string
	tool := func(name string, g Group, of func(wire.Raw) Group) Tool {
		return Tool{Name: name, Group: g, Of: of, Run: func(context.Context, Caller, wire.Raw) (wire.Raw, error) {
			ran = append(ran, name)
			return wire.Raw(`"done"`), nil
		}}
	}
	harmless := func(c Caller, name string, g Group) error {
		if c.Operator || g == GroupRead || g == GroupDevice {
			return nil
		}
		return &Refused{Tool: name, Reason: "too much"}
	}
	table := NewTable(harmless,
		func() []Tool { return []Tool{tool("look", GroupRead, nil), tool("shell", GroupExec, nil)} },
		func() []Tool { return []Tool{tool("look", GroupExec, nil), tool("nodes", GroupDevice, nodesGroup)} },
	)
	for _, tc := range []struct {
		operator   bool
		name, args string
		err        string
	}{
		{false, "look", `{}`, ""},
		{false, "shell", `{}`, "tool shell: too much"},
		{true, "shell", `{}`, ""},
		{false, "nodes", `{"action":"notify"}`, ""},
		{false, "nodes", `{"action":"run"}`, "tool nodes: too much"},
		{false, "nodes", `{"action":"approve"}`, "tool nodes: too much"},
		{false, "nodes", `{"action":"invoke","invokeCommand":" system.run"}`, "tool nodes: too much"},
		{false, "nodes", `{"action":"invoke","invokeCommand":"camera.list"}`, ""},
		{true, "nodes", `{"action":"run"}`, ""},
		{false, "Shell", `{}`, `no tool called "Shell"; there are look, nodes`},
	} {
		ran = nil
		_, err := table.Run(t.Context(), Caller{Operator: tc.operator}, tc.name, wire.Raw(tc.args))
		if text := errText(err); text != tc.err {
			t.Errorf("%s %s: error %q, want %q", tc.name, tc.args, text, tc.err)
		}
		if (err == nil) != (len(ran) == 1) {
			t.Errorf("%s %s: ran %q, error %v", tc.name, tc.args, ran, err)
		}
		if refused, ok := errors.AsType[*Refused](err); strings.Contains(tc.err, "too much") && (!ok || refused.Tool != tc.name) {
			t.Errorf("%s: the error %v is no *Refused", tc.name, err)
		}
	}
	var names []string
	for _, tool := range table.For(Caller{}) {
		names = append(names, tool.Name+":"+string(tool.Group))
	}
	if got := strings.Join(names, " "); got != "look:read nodes:device" {
		t.Errorf("a stranger is offered %q", got)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestDevices: what the schemas say of actions is what the tools know.
func TestDevices(t *testing.T) {
	known := map[string]string{"canvas": CanvasActions, "nodes": NodesActions}
	for _, tool := range Devices(Options{}) {
		var s struct {
			Properties struct {
				Action struct {
					Enum []string `json:"enum"`
				} `json:"action"`
			} `json:"properties"`
		}
		if err := wire.Unmarshal(tool.Schema, &s); err != nil {
			t.Fatalf("%s: %v", tool.Name, err)
		}
		if got := strings.Join(s.Properties.Action.Enum, ", "); got != known[tool.Name] {
			t.Errorf("%s: the schema has %q, the tool %q", tool.Name, got, known[tool.Name])
		}
	}
}
