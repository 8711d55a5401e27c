package tools

import (
	"fmt"
	"slices"
	"strings"
)

// Filter names tools. An empty Allow is all; Deny wins.
type Filter struct{ Allow, Deny []string }

// Rules are what the configuration says of tools (agent.tools). Every part only takes away from the others.
type Rules struct {
	Filter
	Owners    []string            // for owners; commands only if it names them, or in elevated mode
	Triggers  map[string][]string // for runs that no person began, by trigger
	BySurface map[string]Filter
	BySender  map[string]Filter // by "surface:id"
	Exec      string            // "deny" = no commands at all
}

// Judge is a Policy. Who is nobody in particular may use nothing: neither what acts, nor what looks, since what it sees goes
// back to that person.
func (r Rules) Judge(c Caller, name string, g Group) error {
	if reason := r.refusal(c, name, g); reason != "" {
		return &Refused{Tool: name, Reason: reason}
	}
	return nil
}

func (r Rules) refusal(c Caller, name string, g Group) string {
	switch {
	case !c.knows():
		return "not for messages of people who are not on an allowlist, or who write in a group"
	case g == GroupExec && r.Exec == "deny":
		return "no commands are run (agent.tools.exec.security is deny)"
	}
	if reason := r.trust(c, name, g); reason != "" {
		return reason
	}
	type part struct {
		at string
		f  Filter
	}
	parts := []part{
		{"agent.tools", r.Filter}, {"agent.tools.bySurface." + c.surface(), r.BySurface[c.surface()]}, {"agent.tools.bySender", r.sender(c)},
	}
	for _, f := range c.Session {
		parts = append(parts, part{"the tools of this session", f})
	}
	for _, part := range parts {
		if reason := part.f.refusal(part.at, name, g); reason != "" {
			return reason
		}
	}
	return ""
}

// knows tells whether it is known on whose behalf the run works.
func (c Caller) knows() bool {
	if c.Foreign {
		return false
	}
	switch c.Trigger {
	case TriggerCron, TriggerHeartbeat, TriggerHook, TriggerNode:
		return true
	case TriggerChat, TriggerAgent:
		return c.Operator || c.Owner && c.ChatType == "direct"
	}
	return false
}

// trust is what callers may do by who they are.
func (r Rules) trust(c Caller, name string, g Group) string {
	switch c.Trigger {
	case TriggerChat, TriggerAgent:
		switch {
		case c.Operator:
			return ""
		case matches(r.Owners, name, g), g == GroupExec && c.Elevated:
			return ""
		case g == GroupExec:
			return "runs commands, which needs elevated mode (agent.elevated.allowFrom) or group:exec in agent.tools.owners"
		}
		return "not among agent.tools.owners"
	}
	if matches(r.Triggers[c.Trigger], name, g) {
		return ""
	}
	return fmt.Sprintf("not for runs of a %s (agent.tools.triggers.%[1]s)", c.Trigger)
}

// surface is where the message came by; a client is of the web chat.
func (c Caller) surface() string {
	if c.Surface == "" {
		return Web
	}
	return c.Surface
}

// sender is what is said of the person. Ids are compared as they are.
func (r Rules) sender(c Caller) Filter {
	if c.Sender == "" {
		return Filter{}
	}
	return r.BySender[c.surface()+":"+c.Sender]
}

func (f Filter) refusal(at, name string, g Group) string {
	switch {
	case matches(f.Deny, name, g):
		return "denied by " + at
	case len(f.Allow) > 0 && !matches(f.Allow, name, g):
		return "not allowed by " + at
	}
	return ""
}

// matches tells whether a pattern names the tool, or the group of what it is to do.
func matches(patterns []string, name string, g Group) bool {
	name = plain(name)
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = strings.ToLower(strings.TrimSpace(p))
		if group, ok := strings.CutPrefix(p, "group:"); ok {
			return group == string(g)
		}
		if begin, ok := strings.CutSuffix(p, "*"); ok {
			return strings.HasPrefix(name, plain(begin))
		}
		return name == plain(p)
	})
}

// plain is a name without what is written differently by models, people and servers of tools: mcp.git.log is mcp__git__log.
func plain(name string) string {
	name = strings.ToLower(strings.ReplaceAll(name, ".", "_"))
	for strings.Contains(name, "__") {
		name = strings.ReplaceAll(name, "__", "_")
	}
	return name
}

// CheckPattern says what is wrong with a pattern.
func CheckPattern(p string) error {
	p = strings.ToLower(strings.TrimSpace(p))
	group, is := strings.CutPrefix(p, "group:")
	switch {
	case p == "":
		return fmt.Errorf("is empty")
	case len(p) > 200:
		return fmt.Errorf("is too long")
	case is && !slices.Contains(Groups, Group(group)):
		return fmt.Errorf("is no group of tools; there are read, net, device, message, write, exec, gateway")
	case strings.Contains(strings.TrimSuffix(p, "*"), "*"):
		return fmt.Errorf("may have * at the end only")
	}
	return nil
}
