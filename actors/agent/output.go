package agent

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// output is where a runner's goroutine leaves text for the run's actor: the actor reads the text as it is when it
// is about to publish, so a fast runner cannot flood it.
type output struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
	kept []keptLine      // guarded by mu
	wake func()          // tells the actor that there is more; never blocks
	keep func()          // tells it that there are lines to keep; never blocks
	tool func(toolEvent)
}

type toolEvent struct {
	phase   string
	id      string
	name    string
	args    wire.Raw
	result  wire.Raw
	isError bool
}

func (o *output) Delta(s string) {
	if s == "" {
		return
	}
	o.mu.Lock()
	o.text.WriteString(s)
	o.mu.Unlock()
	o.wake()
}

func (o *output) ToolStart(id, name string, args wire.Raw) {
	o.tool(toolEvent{phase: "start", id: id, name: name, args: args})
}

func (o *output) ToolResult(id, name string, result wire.Raw, isError bool) {
	o.tool(toolEvent{phase: "result", id: id, name: name, result: result, isError: isError})
}

func (o *output) Next() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Reset()
}

func (o *output) Keep(role string, message wire.Raw) {
	o.mu.Lock()
	o.kept = append(o.kept, keptLine{role, message, time.Now().UnixMilli()})
	o.mu.Unlock()
	o.keep()
}

// lines are those to be kept so far.
func (o *output) lines() []keptLine {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.kept)
}

func (o *output) snapshot() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
