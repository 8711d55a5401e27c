package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Group says what a tool can do to the world. A policy speaks of groups as "group:exec".
type Group string

// Groups, from harmless to not.
const (
	GroupRead    Group = "read"    // looks only
	GroupNet     Group = "net"     // fetches from elsewhere
	GroupDevice  Group = "device"  // nodes and canvas
	GroupMessage Group = "message" // sends to people
	GroupWrite   Group = "write"   // changes files
	GroupExec    Group = "exec"    // starts processes
	GroupGateway Group = "gateway" // changes the gateway
)

// Groups are all of them.
var Groups = []Group{GroupRead, GroupNet, GroupDevice, GroupMessage, GroupWrite, GroupExec, GroupGateway}

// Tool is one entry of the table.
type Tool struct {
	Name        string // as models name it: letters, digits, "_", "-" and, for servers of tools, "."
	Description string
	Schema      wire.Raw // JSON Schema of the arguments, an object
	Group       Group
	// Surface: only for runs that come from there, and for those that come from no surface at all. "" = for all.
	Surface string
	// Of is the group of one call, for a tool with actions that differ; nil = Group. A call needs both. It is asked
	// before the call is made, and with arguments that may be wrong.
	Of func(args wire.Raw) Group
	// Run carries out a call. The result is a text, any JSON, or {"content":[...],"details":{...}} with parts of type text
	// and image. It must return soon after ctx ended. Calls of one turn run at the same time.
	Run func(ctx context.Context, c Caller, args wire.Raw) (wire.Raw, error)
}

// Triggers: what made a run.
const (
	TriggerChat      = "chat"      // a person: chat.send, or a message on a surface
	TriggerAgent     = "agent"     // a client's agent method
	TriggerCron      = "cron"      // a job of the schedule
	TriggerHeartbeat = "heartbeat" // the regular look around
	TriggerHook      = "hook"      // a program over HTTP
	TriggerNode      = "node"      // a device
)

// Caller is on whose behalf a tool is called.
type Caller struct {
	RunID, SessionKey, SessionID string
	// Operator: everything that the run has been told comes from an authenticated client.
	Operator bool
	// Owner: it comes from people on the surface's allowlist, by their id, who write directly.
	Owner bool
	// Elevated: commands may run outside of the sandbox (providers b.4).
	Elevated bool
	// Foreign: the run has been told something by people with other rights than those that it began with. It may do nothing.
	Foreign  bool
	Session  []Filter // what the settings of the session say, and of those that led to it
	Surface  string   // where the message came by, "" = a client's connection
	Account  string
	Sender   string // platform id
	ChatType string // direct, group, channel; "" = no surface
	Trigger  string
	// Workspace is the directory of the agent; absolute.
	Workspace string
	// Output shows what there is of a result so far; nil = nobody looks.
	Output func(partial wire.Raw)
}

// Source yields tools. It is asked at each turn and each call, must be quick, and may yield others each time.
type Source func() []Tool

// Policy decides whether a caller may use a tool of this name for something of this group. The error is shown to the model;
// it is a *Refused.
type Policy func(c Caller, name string, g Group) error

// Table joins the tools of all sources. Of two with one name the first counts. It is safe for concurrent use.
type Table struct {
	policy  Policy
	sources []Source
}

// NewTable makes one.
func NewTable(policy Policy, sources ...Source) *Table { return &Table{policy, sources} }

// All are the tools there are now.
func (t *Table) All() []Tool {
	var all []Tool
	known := map[string]bool{}
	for _, source := range t.sources {
		for _, tool := range source() {
			if !known[tool.Name] {
				known[tool.Name] = true
				all = append(all, tool)
			}
		}
	}
	return all
}

// Find is the tool of a name, whoever may use it.
func (t *Table) Find(name string) (Tool, bool) {
	for _, source := range t.sources {
		for _, tool := range source() {
			if tool.Name == name {
				return tool, true
			}
		}
	}
	return Tool{}, false
}

// For are the tools that a caller may use.
func (t *Table) For(c Caller) []Tool {
	var allowed []Tool
	for _, tool := range t.All() {
		if tool.fits(c) && t.policy(c, tool.Name, tool.Group) == nil {
			allowed = append(allowed, tool)
		}
	}
	return allowed
}

// Run carries out a call, if there is such a tool and the policy allows it. Nothing else calls Tool.Run.
func (t *Table) Run(ctx context.Context, c Caller, name string, args wire.Raw) (wire.Raw, error) {
	tool, ok := t.Find(name)
	if !ok {
		return nil, t.unknown(c, name)
	}
	if !tool.fits(c) {
		return nil, &Refused{Tool: name, Reason: "only for messages from " + tool.Surface}
	}
	if err := t.policy(c, name, tool.Group); err != nil {
		return nil, err
	}
	if tool.Of != nil {
		if g := tool.Of(args); g != tool.Group {
			if err := t.policy(c, name, g); err != nil {
				return nil, err
			}
		}
	}
	return tool.Run(ctx, c, args)
}

func (t Tool) fits(c Caller) bool {
	return t.Surface == "" || c.Surface == "" || t.Surface == c.Surface
}

// unknown is the error for a name that no tool has.
func (t *Table) unknown(c Caller, name string) error {
	var names []string
	for _, tool := range t.For(c) {
		names = append(names, tool.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("no tool called %.80q, and none that you may use here", name)
	}
	return fmt.Errorf("no tool called %.80q; there are %s", name, strings.Join(names, ", "))
}

// Refused is the error for a call that the policy forbids.
type Refused struct{ Tool, Reason string }

func (r *Refused) Error() string { return "tool " + r.Tool + ": " + r.Reason }
