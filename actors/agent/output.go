package agent

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// output is where a runner's goroutine leaves text for the run's actor: the actor reads the text as it is when it
// is about to publish, so a fast runner cannot flood it.
type output struct {
	mu     sync.Mutex
	text   strings.Builder // as it came; guarded by mu
	voice  voice           // guarded by mu
	closed bool            // the runner is done; guarded by mu
	asks   int             // lines about tools that are being decided on; guarded by mu
	calm   chan struct{}   // closed when there are none; nil = there are none; guarded by mu
	kept   []keptLine      // guarded by mu
	wake   func()          // tells the actor that there is more; never blocks
	keep   func()          // tells it that there are lines to keep; never blocks
	tool   func(toolEvent)
	show   func(id, name string, partial wire.Raw) // never blocks
}

type toolEvent struct {
	phase   string
	id      string
	name    string
	args    wire.Raw
	result  wire.Raw
	partial wire.Raw // of an update
	isError bool
}

func (o *output) Delta(s string) {
	if s == "" {
		return
	}
	o.mu.Lock()
	if !o.closed {
		o.text.WriteString(s)
		o.voice.hear(s)
	}
	o.mu.Unlock()
	o.wake()
}

func (o *output) ToolStart(id, name string, args wire.Raw) {
	o.mu.Lock()
	if o.voice.mouth != nil && o.voice.mouth.set.ToolLines {
		if o.asks++; o.calm == nil {
			o.calm = make(chan struct{})
		}
	}
	o.mu.Unlock()
	o.tool(toolEvent{phase: "start", id: id, name: name, args: args})
}

func (o *output) ToolResult(id, name string, result wire.Raw, isError bool) {
	o.tool(toolEvent{phase: "result", id: id, name: name, result: result, isError: isError})
}

func (o *output) ToolUpdate(id, name string, partial wire.Raw) { o.show(id, name, partial) }

func (o *output) Next() { o.stop(false) }

func (o *output) Again() { o.stop(true) }

func (o *output) stop(again bool) {
	o.mu.Lock()
	if !o.closed {
		o.text.Reset()
		o.voice.stop(again)
	}
	o.mu.Unlock()
	o.wake()
}

func (o *output) Verbatim() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.voice.verbatim = true
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

// snapshot is the text of the message so far, as it came.
func (o *output) snapshot() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// shown is what clients see of it.
func (o *output) shown() (text string, files []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.voice.shown.String(), o.voice.files()
}

// blocks are those to go out now; each is given once.
func (o *output) blocks() (all []Block) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := o.voice.mouth; m != nil {
		all, m.ready = m.ready, nil
	}
	return all
}

// block adds one of the gateway's own, and says whether there is a place for it.
func (o *output) block(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := o.voice.mouth
	if m == nil || o.closed {
		return false
	}
	m.add(Block{Text: text})
	return true
}

// line puts one in front of what is said next.
func (o *output) line(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := o.voice.mouth; m != nil && !o.closed {
		m.lines = append(m.lines, text)
	}
}

// decided ends the deciding on one line about a tool.
func (o *output) decided() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asks = max(0, o.asks-1); o.asks == 0 && o.calm != nil {
		close(o.calm)
		o.calm = nil
	}
}

// settle waits until it is decided which lines are said about tools that start, so that they come before what follows. It does
// not wait for long: a word may be lost.
func (o *output) settle(ctx context.Context) {
	o.mu.Lock()
	calm := o.calm
	o.mu.Unlock()
	if calm == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, decideLimit)
	defer cancel()
	select {
	case <-calm:
	case <-ctx.Done():
	}
}

const decideLimit = time.Second

// close ends the writing. The answer, which may be longer than what was streamed of it, becomes blocks where some have gone
// out before: streamed. files are then all that were named. Else lines are what stands in front of the answer.
func (o *output) close(a Answer, failed bool) (streamed bool, files, lines []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	m := o.voice.mouth
	if m == nil || failed {
		return false, nil, nil
	}
	if !m.spoken {
		return false, nil, m.lines
	}
	if more, ok := strings.CutPrefix(a.Text, o.text.String()); ok {
		o.voice.hear(more)
	}
	o.voice.stop(false)
	return true, o.voice.named, nil
}
