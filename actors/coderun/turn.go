package coderun

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/modelrun"
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxKept  = 8 << 20 // bytes of results that a turn puts into the transcript, and of arguments; further ones are left out
	maxPlans = 100     // of one turn, that are shown
)

// turn is one turn on its way: what the agent says becomes messages, each a text and the tools that were used after it.
type turn struct {
	a   *Agent
	t   agent.Turn
	out agent.Output

	session codeagent.Session
	text    strings.Builder // of the message that is being said
	thought strings.Builder
	calls   []*call          // after it
	at      map[string]*call // of the whole turn
	kept    int              // bytes of results
	given   int              // bytes of arguments
	plans   int
	plan    string // the last one
}

type call struct {
	id, name string
	args     wire.Raw
	done     bool
	kept     bool // the transcript has it
	text     string
	failed   bool
}

func (u *turn) hear(e codeagent.Event) {
	switch e := e.(type) {
	case codeagent.Session:
		u.session = e
	case codeagent.Text:
		u.next()
		u.text.WriteString(string(e))
		u.out.Delta(string(e))
	case codeagent.Thought:
		u.next()
		u.thought.WriteString(string(e))
	case codeagent.Call:
		u.call(e)
	case codeagent.Progress:
		if c := u.at[e.ID]; c != nil && !c.done {
			u.out.ToolUpdate(c.id, c.name, encode(e.Text))
		}
	case codeagent.Done:
		u.done(e)
	case codeagent.Plan:
		u.planned(e)
	}
}

func (u *turn) call(e codeagent.Call) {
	if u.at[e.ID] != nil {
		return
	}
	c := &call{id: e.ID, name: e.Name, args: wire.Raw(e.Args)}
	if len(c.args) == 0 || wire.Valid(c.args) != nil {
		c.args = wire.Raw("{}")
	}
	if u.given += len(c.args); u.given > maxKept {
		c.args = wire.Raw("{}")
	}
	u.calls, u.at[e.ID] = append(u.calls, c), c
	u.out.ToolStart(c.id, c.name, c.args)
}

func (u *turn) done(e codeagent.Done) {
	c := u.at[e.ID]
	if c == nil || c.done {
		return
	}
	c.done, c.text, c.failed = true, e.Text, e.Failed
	u.out.ToolResult(c.id, c.name, encode(c.text), c.failed)
	if c.kept {
		u.keepResult(c)
	}
}

// planned shows a plan as a tool of the agent, so that who wants to see what tools do sees it too.
func (u *turn) planned(p codeagent.Plan) {
	args, text, now := planOf(p)
	if u.plans >= maxPlans || text == u.plan {
		return
	}
	u.plans++
	u.plan = text
	id := fmt.Sprintf("plan-%d", u.plans)
	u.out.ToolStart(id, "plan", encode(map[string]any{"step": now, "steps": args}))
	u.out.ToolResult(id, "plan", encode(text), false)
}

var marks = map[string]string{"completed": "[x]", "in_progress": "[>]"}

// planOf is a plan as arguments, as a text, and the step that it has come to.
func planOf(p codeagent.Plan) (steps codeagent.Plan, text, now string) {
	var b strings.Builder
	over := 0
	for _, s := range p {
		mark := marks[s.Status]
		if mark == "" {
			mark = "[ ]"
		}
		if s.Status == "completed" {
			over++
		}
		if now == "" && s.Status == "in_progress" {
			now = s.Text
		}
		fmt.Fprintf(&b, "%s %s\n", mark, s.Text)
	}
	now = strings.TrimSuffix(fmt.Sprintf("%d of %d done: %s", over, len(p), now), ": ")
	return p, strings.TrimSpace(b.String()), now
}

// next begins another message, if the one before was followed by tools.
func (u *turn) next() {
	if len(u.calls) == 0 {
		return
	}
	u.keep(u.thought.String(), u.text.String())
	u.out.Next()
	u.text.Reset()
	u.thought.Reset()
}

// keep puts a message into the transcript, and the tools after it.
func (u *turn) keep(thought, text string) {
	var parts []modelrun.Piece
	if thought != "" || text != "" { // else the calls are all there is
		parts = said(thought, text)
	}
	for _, c := range u.calls {
		parts = append(parts, modelrun.Piece{Type: "toolCall", ID: c.id, Name: c.name, Arguments: json.RawMessage(c.args)})
	}
	a := u.answer()
	a.Content = encode(parts)
	u.out.Keep("assistant", agent.Line(a, time.Now().UnixMilli()))
	for _, c := range u.calls {
		if c.kept = true; c.done {
			u.keepResult(c)
		}
	}
	u.calls = nil
}

func (u *turn) keepResult(c *call) {
	text := c.text
	if u.kept += len(text); u.kept > maxKept {
		text = "(left out: the results of this turn are too long)"
	}
	c.text = ""
	u.out.Keep("toolResult", modelrun.ResultLine(model.Result{ID: c.id, Name: c.name, Text: text, IsError: c.failed}, time.Now().UnixMilli()))
}

func (u *turn) answer() agent.Answer {
	return agent.Answer{Provider: u.a.Kind, Model: u.a.Name, API: u.a.Kind}
}

// end is the answer of the turn: the last message.
func (u *turn) end(r codeagent.Result) agent.Answer {
	for _, c := range u.at {
		u.done(codeagent.Done{ID: c.id, Text: "The turn ended before there was a result.", Failed: true})
	}
	if len(u.calls) > 0 {
		u.keep("", "")
	}
	a := u.answer()
	a.Text, a.Stop, a.Resume = u.text.String(), r.Stop, u.session.ID
	a.Content = encode(said(u.thought.String(), a.Text))
	use := r.Usage
	all := agent.Usage{Input: use.Input, Output: use.Output, CacheRead: use.CacheRead, CacheWrite: use.CacheWrite, Total: use.Input + use.CacheRead + use.CacheWrite}
	a.Usage = all
	if r.Context > 0 {
		a.Usage = agent.Usage{Input: r.Context, Output: use.Output, Total: r.Context}
	}
	a.Spent = agent.Spent{Usage: all, Cost: r.Cost, Unpriced: !r.Priced && all != (agent.Usage{})}
	return a
}

// said is the content of a message; it has at least one part.
func said(thought, text string) (parts []modelrun.Piece) {
	if thought != "" {
		parts = append(parts, modelrun.Piece{Type: "thinking", Thinking: thought})
	}
	if text != "" || len(parts) == 0 {
		parts = append(parts, modelrun.Piece{Type: "text", Text: text})
	}
	return parts
}
