package tools

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// universe are tools of every group, with the names that servers of tools give theirs.
var universe = map[string]Group{
	"status": GroupRead, "chat_history": GroupRead, "read": GroupRead, "web_fetch": GroupNet, "canvas": GroupDevice, "nodes": GroupDevice,
	"telegram": GroupMessage, "sessions_send": GroupMessage, "write": GroupWrite, "edit": GroupWrite, "bash": GroupExec, "process": GroupExec,
	"gateway": GroupGateway, "cron": GroupGateway, "mcp__git__log": GroupRead, "mcp__git__push": GroupNet, "mcp__gitea__run": GroupExec,
}

// scene is one configuration and one caller.
type scene struct {
	rules  Rules
	caller Caller
}

var patternWords = []string{
	"status", "STATUS", "read", "bash", "Bash", "process", "telegram", "nodes", "cron", "web.fetch", "mcp.git.*", "mcp__git__log", "mcp.gitea.run", "mcp*", "*",
	"sessions*", "group:read", "group:net", "group:device", "group:message", "group:write", "group:exec", " Group:Gateway ",
}

func somePatterns(r *rand.Rand) (list []string) {
	for range r.IntN(5) {
		list = append(list, patternWords[r.IntN(len(patternWords))])
	}
	return list
}

func someFilter(r *rand.Rand) (f Filter) {
	if r.IntN(3) == 0 {
		f.Allow = somePatterns(r)
	}
	if r.IntN(2) == 0 {
		f.Deny = somePatterns(r)
	}
	return f
}

func pick(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }

func someScene(r *rand.Rand) scene {
	s := scene{Rules{
		Filter: someFilter(r), Owners: somePatterns(r), Exec: pick(r, "full", "full", "allowlist", "deny"),
		Triggers:  map[string][]string{"cron": somePatterns(r), "heartbeat": somePatterns(r), "hook": somePatterns(r), "node": somePatterns(r)},
		BySurface: map[string]Filter{}, BySender: map[string]Filter{},
	}, Caller{
		Surface: pick(r, "", "telegram", "slack"), Sender: pick(r, "", "7", "8", "Ann"), ChatType: pick(r, "direct", "direct", "group", "channel", ""),
		Trigger:  pick(r, "chat", "chat", "chat", "agent", "cron", "heartbeat", "hook", "node", "", "other"),
		Operator: r.IntN(4) == 0, Owner: r.IntN(2) == 0, Elevated: r.IntN(2) == 0, Foreign: r.IntN(6) == 0, Session: []Filter{someFilter(r), someFilter(r)}[:r.IntN(3)],
	}}
	for _, surface := range []string{"webchat", "telegram", "slack"} {
		if r.IntN(3) == 0 {
			s.rules.BySurface[surface] = someFilter(r)
		}
		if r.IntN(3) == 0 {
			s.rules.BySender[surface+":"+pick(r, "7", "8", "ann")] = someFilter(r)
		}
	}
	return s
}

// set is what the judge thinks in: which "tool as group" there are.
type set map[string]bool

// written is the set that a list of patterns speaks of, by way of regular expressions.
func written(patterns []string) set {
	out := set{}
	for name, base := range universe {
		for _, g := range Groups {
			if g != base && name != "nodes" {
				continue
			}
			for _, p := range patterns {
				p = strings.ToLower(strings.TrimSpace(p))
				subject, source := string(g), strings.TrimPrefix(p, "group:")
				if source == p {
					subject = name
					source = strings.ReplaceAll(regexp.MustCompile(`(\\\.|_)+`).ReplaceAllString(regexp.QuoteMeta(p), `_+`), `\*`, `.*`)
				}
				if regexp.MustCompile("^(?:" + source + ")$").MatchString(subject) {
					out[name+" as "+string(g)] = true
				}
			}
		}
	}
	return out
}

// permitted is the judge: the policy as docs/tool-policy.md has it, in sets.
func permitted(s scene) set {
	all := set{}
	for name, base := range universe {
		for _, g := range Groups {
			if g == base || name == "nodes" {
				all[name+" as "+string(g)] = true
			}
		}
	}
	var may set
	switch c := s.caller; {
	case c.Foreign:
		return set{}
	case s.rules.Triggers[c.Trigger] != nil || c.Trigger == "cron" || c.Trigger == "heartbeat" || c.Trigger == "hook" || c.Trigger == "node":
		may = written(s.rules.Triggers[c.Trigger])
	case c.Trigger != "chat" && c.Trigger != "agent":
		return set{}
	case c.Operator:
		may = all
	case c.Owner && c.ChatType == "direct":
		may = written(s.rules.Owners)
		for k := range all {
			if c.Elevated && strings.HasSuffix(k, " as exec") {
				may[k] = true
			}
		}
	default:
		return set{}
	}
	where := s.caller.Surface
	if where == "" {
		where = "webchat"
	}
	for _, f := range []Filter{s.rules.Filter, s.rules.BySurface[where], s.rules.BySender[where+":"+s.caller.Sender], first(s.caller.Session), first(s.caller.Session[min(1, len(s.caller.Session)):])} {
		allow, deny := written(f.Allow), written(f.Deny)
		for k := range all {
			if deny[k] || len(f.Allow) > 0 && !allow[k] || s.rules.Exec == "deny" && strings.HasSuffix(k, " as exec") {
				delete(may, k)
			}
		}
	}
	return may
}

func first(all []Filter) (f Filter) {
	if len(all) > 0 {
		f = all[0]
	}
	return f
}

// TestPolicy: over random senders, surfaces, sessions, triggers and configurations, what is executed is what the judge
// permits, and what is offered can be called.
func TestPolicy(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	executed, refused := 0, 0
	for range 300 {
		s := someScene(r)
		ran := ""
		var all []Tool
		for name, g := range universe {
			tool := Tool{Name: name, Group: g, Run: func(context.Context, Caller, wire.Raw) (wire.Raw, error) { ran = name; return nil, nil }}
			if name == "nodes" {
				tool.Of = func(args wire.Raw) Group { return Group(args) }
			}
			all = append(all, tool)
		}
		table, may := NewTable(s.rules.Judge, func() []Tool { return all }), permitted(s)
		offered := set{}
		for _, tool := range table.For(s.caller) {
			offered[tool.Name] = true
		}
		for name, base := range universe {
			for _, g := range Groups {
				if g != base && name != "nodes" {
					continue
				}
				want := may[name+" as "+string(base)] && may[name+" as "+string(g)]
				ran = ""
				_, err := table.Run(t.Context(), s.caller, name, wire.Raw(g))
				if (ran == name) != want || (err == nil) != want {
					t.Fatalf("seed %d: %s as %s: ran %q, error %v, the judge says %v\nrules %+v\ncaller %+v", seed, name, g, ran, err, want, s.rules, s.caller)
				}
				if _, ok := errors.AsType[*Refused](err); !want && !ok {
					t.Fatalf("seed %d: %s: the error %v is no *Refused", seed, name, err)
				}
				if base == g && offered[name] != want {
					t.Fatalf("seed %d: %s offered %v, the judge says %v", seed, name, offered[name], want)
				}
				if want {
					executed++
				} else {
					refused++
				}
			}
		}
	}
	if executed < 200 || refused < 200 {
		t.Errorf("%d executed, %d refused: the scenes are too much alike", executed, refused)
	}
}

// TestPolicy_strangers: there is no configuration with which a stranger gets anything.
func TestPolicy_strangers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(rand.Uint64(), 2))
	for range 2000 {
		s := someScene(r)
		s.caller.Operator, s.caller.Trigger = false, pick(r, "chat", "agent")
		if r.IntN(2) == 0 {
			s.caller.Owner = false
		} else {
			s.caller.ChatType = pick(r, "group", "channel", "")
		}
		for name, g := range universe {
			if err := s.rules.Judge(s.caller, name, g); err == nil {
				t.Fatalf("%s for %+v", name, s.caller)
			}
		}
	}
}

// TestPolicy_words: a refusal says which setting it comes from.
func TestPolicy_words(t *testing.T) {
	t.Parallel()
	operator, owner := Caller{Trigger: "chat", Operator: true}, Caller{Trigger: "chat", Owner: true, ChatType: "direct", Surface: "telegram", Sender: "7"}
	with := func(c Caller, change func(*Caller)) Caller { change(&c); return c }
	for name, tc := range map[string]struct {
		rules  Rules
		caller Caller
		tool   string
		group  Group
		want   string
	}{
		"stranger": {Rules{}, Caller{Trigger: "chat"}, "status", GroupRead, "not for messages of people who are not on an allowlist, or who write in a group"},
		"in a group": {Rules{Owners: []string{"*"}}, with(owner, func(c *Caller) { c.ChatType = "group" }), "status", GroupRead,
			"not for messages of people who are not on an allowlist, or who write in a group"},
		"steered":           {Rules{}, with(operator, func(c *Caller) { c.Foreign = true }), "status", GroupRead, "not for messages of people who are not on an allowlist, or who write in a group"},
		"no commands":       {Rules{Exec: "deny"}, operator, "bash", GroupExec, "no commands are run (agent.tools.exec.security is deny)"},
		"owner":             {Rules{Owners: []string{"read"}}, owner, "write", GroupWrite, "not among agent.tools.owners"},
		"owner, a command":  {Rules{Owners: []string{"group:write"}}, owner, "bash", GroupExec, "runs commands, which needs elevated mode (agent.elevated.allowFrom) or group:exec in agent.tools.owners"},
		"owner, elevated":   {Rules{}, with(owner, func(c *Caller) { c.Elevated = true }), "bash", GroupExec, ""},
		"hook":              {Rules{Triggers: map[string][]string{"hook": {"group:read"}}}, Caller{Trigger: "hook"}, "bash", GroupExec, "not for runs of a hook (agent.tools.triggers.hook)"},
		"denied":            {Rules{Filter: Filter{Deny: []string{"group:exec"}}}, operator, "bash", GroupExec, "denied by agent.tools"},
		"not allowed":       {Rules{Filter: Filter{Allow: []string{"read"}}}, operator, "bash", GroupExec, "not allowed by agent.tools"},
		"deny wins":         {Rules{Filter: Filter{Allow: []string{"bash"}, Deny: []string{"bash"}}}, operator, "bash", GroupExec, "denied by agent.tools"},
		"surface":           {Rules{BySurface: map[string]Filter{"webchat": {Deny: []string{"ba*"}}}}, operator, "bash", GroupExec, "denied by agent.tools.bySurface.webchat"},
		"sender":            {Rules{Owners: []string{"*"}, BySender: map[string]Filter{"telegram:7": {Deny: []string{"*"}}}}, owner, "status", GroupRead, "denied by agent.tools.bySender"},
		"session":           {Rules{}, with(operator, func(c *Caller) { c.Session = []Filter{{}, {Deny: []string{"group:gateway"}}} }), "cron", GroupGateway, "denied by the tools of this session"},
		"server of tools":   {Rules{Filter: Filter{Deny: []string{"mcp.git.*"}}}, operator, "mcp__git__log", GroupRead, "denied by agent.tools"},
		"another one":       {Rules{Filter: Filter{Deny: []string{"mcp.git.*"}}}, operator, "mcp__gitea__log", GroupRead, ""},
		"what nobody knows": {Rules{}, Caller{Trigger: "later", Operator: true}, "status", GroupRead, "not for messages of people who are not on an allowlist, or who write in a group"},
	} {
		want := tc.want
		if want != "" {
			want = fmt.Sprintf("tool %s: %s", tc.tool, want)
		}
		if got := errText(tc.rules.Judge(tc.caller, tc.tool, tc.group)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{
		"bash": "", " Group:Exec ": "", "mcp.git.*": "", "*": "", "": "is empty", "group:shell": "is no group of tools", "a*b": "may have * at the end only",
		strings.Repeat("x", 201): "is too long",
	} {
		if got := errText(CheckPattern(p)); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%.20q: %q, want %q", p, got, want)
		}
	}
}
