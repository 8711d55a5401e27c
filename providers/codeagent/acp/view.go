package acp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// notification is an update, as far as it matters here. Its kinds have different keys, and share some.
type notification struct {
	SessionID string `json:"sessionId"`
	Update    update `json:"update"`
}

type update struct {
	What      string          `json:"sessionUpdate"`
	Content   json.RawMessage `json:"content"` // a block, or a list of what a tool gives
	ID        string          `json:"toolCallId"`
	Title     string          `json:"title"`
	Kind      string          `json:"kind"`
	Status    string          `json:"status"`
	Input     json.RawMessage `json:"rawInput"`
	Output    json.RawMessage `json:"rawOutput"`
	Locations []struct {
		Path string `json:"path"`
	} `json:"locations"`
	Entries []struct {
		Content string `json:"content"`
		Status  string `json:"status"`
	} `json:"entries"`
	Used int64 `json:"used"`
	Cost *struct {
		Amount   float64 `json:"amount"`
		Currency string  `json:"currency"`
	} `json:"cost"`
}

// call is a tool that the agent uses.
type call struct {
	id, kind, title, path string
	input                 json.RawMessage
	begun, done           bool
}

const maxInputs = 32 << 20

// view makes events of updates.
type view struct {
	hear func(codeagent.Event)

	mu      sync.Mutex // guards the fields below: permissions are asked for beside the updates
	calls   map[string]*call
	held    []*call // not begun: nothing is known of what they do
	inputs  int     // bytes that the calls hold which are not done
	text    int     // bytes
	thought int
	context int64
	cost    float64
	before  float64 // what the agent's session had cost before this turn
	known   bool    // before is right
	priced  bool
	problem error
}

// replay hears an update from before the turn: a session that goes on tells what has happened in it.
func (v *view) replay(u update) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if u.What == "usage_update" {
		v.used(u)
		v.before, v.known = v.cost, v.priced
	}
}

// base begins the turn.
func (v *view) base(resumed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known = v.known || !resumed
	v.priced = false
}

// spent is what the turn has cost, and how much is in the context window, as far as is known.
func (v *view) spent() (context int64, cost float64, priced bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.priced || !v.known {
		return v.context, 0, false
	}
	return v.context, max(0, v.cost-v.before), true
}

func (v *view) used(u update) {
	v.context = max(0, u.Used)
	if u.Cost != nil && (u.Cost.Currency == "" || strings.EqualFold(u.Cost.Currency, "USD")) {
		v.cost, v.priced = u.Cost.Amount, true
	}
}

// take hears an update of the turn. The error ends it.
func (v *view) take(u update) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.problem != nil {
		return v.problem
	}
	u.ID = codeagent.Clip(u.ID, 200)
	if u.ID == "" || len(v.held) > 0 && v.held[0].id != u.ID {
		v.begin()
	}
	switch u.What {
	case "agent_message_chunk":
		text := block(u.Content)
		if v.text += len(text); v.text > codeagent.MaxText {
			v.problem = fmt.Errorf("%w: more than %d MiB of text", codeagent.ErrFlood, codeagent.MaxText>>20)
		} else if text != "" {
			v.hear(codeagent.Text(text))
		}
	case "agent_thought_chunk":
		text := block(u.Content)
		if v.thought += len(text); v.thought <= codeagent.MaxText && text != "" {
			v.hear(codeagent.Thought(text))
		}
	case "tool_call", "tool_call_update":
		v.tool(u)
	case "plan":
		v.plan(u)
	case "usage_update":
		v.used(u)
	}
	return v.problem
}

// tool hears of a tool. One of which nothing is known but that it is there begins when more is.
func (v *view) tool(u update) {
	if u.ID == "" {
		return
	}
	c := v.calls[u.ID]
	if c == nil {
		if len(v.calls) >= codeagent.MaxCalls {
			v.problem = fmt.Errorf("%w: more than %d uses of tools in one turn", codeagent.ErrFlood, codeagent.MaxCalls)
			return
		}
		c = &call{id: u.ID}
		v.calls[u.ID] = c
		v.held = append(v.held, c)
	}
	if c.done {
		return
	}
	v.inputs -= len(c.input)
	c.learn(u)
	if v.inputs += len(c.input); v.inputs > maxInputs {
		v.problem = fmt.Errorf("%w: its tools are given more than %d MiB", codeagent.ErrFlood, maxInputs>>20)
		return
	}
	over := u.Status == "completed" || u.Status == "failed"
	if len(c.input) > 2 || over || u.Status == "in_progress" || u.What == "tool_call_update" {
		v.begin()
	}
	text := result(u)
	switch {
	case over:
		v.inputs -= len(c.input)
		c.done, c.input = true, nil
		v.hear(codeagent.Done{ID: c.id, Text: text, Failed: u.Status == "failed"})
	case text != "" && c.begun:
		v.hear(codeagent.Progress{ID: c.id, Text: text})
	}
}

// learn takes over what an update says of a call. Before the beginning that is what people will see.
func (c *call) learn(u update) {
	if u.Title != "" {
		c.title = codeagent.Clip(u.Title, 500)
	}
	if u.Kind != "" {
		c.kind = codeagent.Clip(u.Kind, 50)
	}
	if len(u.Locations) > 0 {
		c.path = codeagent.Clip(u.Locations[0].Path, 1000)
	}
	if len(u.Input) > 0 && !bytes.Equal(u.Input, []byte("null")) {
		c.input = bytes.Clone(u.Input)
	}
}

// begin tells of the calls that were held.
func (v *view) begin() {
	for _, c := range v.held {
		c.begun = true
		name := c.kind
		if name == "" || name == "other" {
			name = "tool"
		}
		v.hear(codeagent.Call{ID: c.id, Name: name, Args: c.args()})
	}
	v.held = v.held[:0]
}

// args are what a call works on: what the agent gives its tool, and what it says of it.
func (c *call) args() json.RawMessage {
	all := map[string]json.RawMessage{}
	if len(c.input) > codeagent.MaxResult {
		all["input"] = quote(fmt.Sprintf("%d bytes", len(c.input)))
	} else if json.Unmarshal(c.input, &all) != nil && len(c.input) > 0 {
		all = map[string]json.RawMessage{"input": c.input}
	}
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	for key, text := range map[string]string{"title": c.title, "path": c.path} {
		if _, ok := all[key]; !ok && text != "" {
			all[key] = quote(text)
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return b
}

// end closes what the agent has left open, and says what was wrong with the turn.
func (v *view) end() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.begin()
	for _, c := range v.calls {
		if c.begun && !c.done {
			c.done = true
			v.hear(codeagent.Done{ID: c.id, Text: "The turn ended before there was a result.", Failed: true})
		}
	}
	return v.problem
}

// spoke tells whether the agent has said anything.
func (v *view) spoke() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text > 0
}

func (v *view) plan(u update) {
	var p codeagent.Plan
	for _, e := range u.Entries[:min(len(u.Entries), 50)] {
		p = append(p, codeagent.Step{Text: codeagent.Clip(e.Content, 300), Status: codeagent.Clip(e.Status, 20)})
	}
	if len(p) > 0 {
		v.hear(p)
	}
}

// question is what people are asked about a call.
func (v *view) question(u update) codeagent.Question {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := call{}
	if known := v.calls[codeagent.Clip(u.ID, 200)]; known != nil {
		v.begin()
		c = *known
	}
	c.learn(u)
	q := codeagent.Question{Kind: c.kind, Title: c.title}
	if c.kind == "execute" {
		q.Command = c.command()
	}
	q.Args = c.full(result(u))
	return q
}

// command is the line for the shell that a call runs; "" = it is no line alone, and people are to see what else there is.
func (c *call) command() (line string) {
	var input map[string]json.RawMessage
	if json.Unmarshal(c.input, &input) != nil || json.Unmarshal(input["command"], &line) != nil {
		return ""
	}
	for key := range input {
		if key != "command" && key != "description" && key != "timeout" {
			return ""
		}
	}
	return line
}

// full is everything that is known of a call that somebody is to allow.
func (c *call) full(content string) json.RawMessage {
	all := map[string]any{}
	if len(c.input) > 2 {
		all["input"] = c.input
	}
	if c.path != "" {
		all["path"] = c.path
	}
	if content != "" && len(c.input) <= 2 {
		all["content"] = content
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return b
}

// block is the text of a content block.
func block(raw json.RawMessage) string {
	var b struct {
		Type, Text, URI, Name string
		Resource              struct{ Text, URI string }
	}
	if json.Unmarshal(raw, &b) != nil {
		return ""
	}
	switch b.Type {
	case "text":
		return b.Text
	case "resource_link":
		return "[" + b.Name + "](" + b.URI + ")"
	case "resource":
		if b.Resource.Text != "" {
			return b.Resource.Text
		}
		return b.Resource.URI
	case "image", "audio":
		return "(" + b.Type + ")"
	}
	return ""
}

// result is the text of what a tool gives.
func result(u update) string {
	var list []struct {
		Type    string          `json:"type"`
		Content json.RawMessage `json:"content"`
		Path    string          `json:"path"`
		Old     *string         `json:"oldText"`
		New     string          `json:"newText"`
	}
	_ = json.Unmarshal(u.Content, &list) // what is no list has nothing to say
	var parts []string
	for _, p := range list {
		switch p.Type {
		case "content":
			parts = append(parts, block(p.Content))
		case "diff":
			before := ""
			if p.Old != nil {
				before = *p.Old
			}
			parts = append(parts, fmt.Sprintf("%s: %d lines became %d\n%s", p.Path, lines(before), lines(p.New), p.New))
		}
	}
	text := strings.TrimSpace(strings.Join(parts, "\n"))
	if text == "" && len(u.Output) > 0 && !bytes.Equal(u.Output, []byte("null")) {
		if json.Unmarshal(u.Output, &text) != nil {
			text = string(u.Output)
		}
	}
	return codeagent.Clip(text, codeagent.MaxResult)
}

func lines(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(strings.TrimSuffix(s, "\n"), "\n") + 1
}

func quote(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return b
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
