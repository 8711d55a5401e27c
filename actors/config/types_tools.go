package config

import (
	"slices"
	"strconv"
	"strings"
)

// ToolFilter names tools; deny wins. A pattern is a name, a beginning with "*", or a group such as "group:exec".
type ToolFilter struct {
	Allow []string `json:"allow"` // empty = all
	Deny  []string `json:"deny"`
}

// AgentTools says which tools the agent may use, and on whose behalf. Every part only takes away from the others.
type AgentTools struct {
	ToolFilter
	Owners    []string              `json:"owners"`    // for people on an allowlist who write directly
	Triggers  ToolTriggers          `json:"triggers"`  // for runs that nobody has written
	BySurface map[string]ToolFilter `json:"bySurface"` // besides the above, by where the message came
	BySender  map[string]ToolFilter `json:"bySender"`  // and by who wrote it: "telegram:123"
	Exec      ToolExec              `json:"exec"`
}

// ToolTriggers are the tools of runs by what made them.
type ToolTriggers struct {
	Cron      []string `json:"cron"`
	Heartbeat []string `json:"heartbeat"`
	Hook      []string `json:"hook"`
	Node      []string `json:"node"`
}

// ToolExec says which commands run, and which of them somebody is asked about first.
type ToolExec struct {
	Security       string   `json:"security" rule:"enum=deny|allowlist|full"`
	Ask            string   `json:"ask" rule:"enum=off|on-miss|always"`
	Allow          []string `json:"allow"` // commands, with * for any arguments: "git status *"
	TimeoutSeconds int      `json:"timeoutSeconds" rule:"min=1"`
}

// Limits bound what the runs of each trigger take of models.
type Limits struct {
	Chat      Limit `json:"chat"` // people and clients
	Cron      Limit `json:"cron"`
	Heartbeat Limit `json:"heartbeat"`
	Hook      Limit `json:"hook"`
	Node      Limit `json:"node"`
	// Repeats is how often a turn may make the same call and get the same result.
	Repeats int `json:"repeats" rule:"min=2"`
}

// Limit bounds one run and one day; 0 = no limit. Costs are in US dollars.
type Limit struct {
	RunTokens  int     `json:"runTokens" rule:"min=0"`
	RunCostUSD float64 `json:"runCostUsd" rule:"min=0"`
	DayTokens  int     `json:"dayTokens" rule:"min=0"`
	DayCostUSD float64 `json:"dayCostUsd" rule:"min=0"`
}

// toolGroups are what "group:" may stand before.
var toolGroups = []string{"read", "net", "device", "message", "write", "exec", "gateway"}

// tools checks the patterns: one that matches nothing by mistake would let through what it should not.
func (d *decoder) tools(c *Config) {
	const at = "agent.tools"
	t := c.Agent.Tools
	d.toolFilter(at, t.ToolFilter)
	d.patterns(at+".owners", t.Owners)
	for name, list := range map[string][]string{"cron": t.Triggers.Cron, "heartbeat": t.Triggers.Heartbeat, "hook": t.Triggers.Hook, "node": t.Triggers.Node} {
		d.patterns(at+".triggers."+name, list)
	}
	for name, f := range t.BySurface {
		if !isSurface(name) {
			d.report(join(at+".bySurface", name), "is not a surface; surfaces are %s", strings.Join(surfaces, ", "))
		}
		d.toolFilter(join(at+".bySurface", name), f)
	}
	for name, f := range t.BySender {
		if surface, id, ok := strings.Cut(name, ":"); !ok || id == "" || !isSurface(surface) {
			d.report(join(at+".bySender", name), `must be a surface and an id, like "telegram:123"`)
		}
		d.toolFilter(join(at+".bySender", name), f)
	}
	for i, line := range t.Exec.Allow {
		if strings.TrimSpace(line) == "" || strings.ContainsAny(strings.Fields(line)[0], "*?") {
			d.report(join(at+".exec.allow", strconv.Itoa(i)), `must begin with the name of a program, like "git status *"`)
		}
	}
}

func (d *decoder) toolFilter(at string, f ToolFilter) {
	d.patterns(at+".allow", f.Allow)
	d.patterns(at+".deny", f.Deny)
}

func (d *decoder) patterns(at string, list []string) {
	for i, p := range list {
		group, is := strings.CutPrefix(strings.ToLower(strings.TrimSpace(p)), "group:")
		switch {
		case strings.TrimSpace(p) == "":
			d.report(join(at, strconv.Itoa(i)), "is empty")
		case is && !slices.Contains(toolGroups, group):
			d.report(join(at, strconv.Itoa(i)), "is no group of tools; there are %s", strings.Join(toolGroups, ", "))
		case strings.Contains(strings.TrimSuffix(strings.TrimSpace(p), "*"), "*"):
			d.report(join(at, strconv.Itoa(i)), "may have * at the end only")
		}
	}
}
