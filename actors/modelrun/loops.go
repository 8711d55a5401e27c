package modelrun

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/clawdbot/gateway/transport/wire"
)

// maxRepeats is used while nothing is configured.
const maxRepeats = 8

// loops finds the calls that a turn makes again and again with the same result. One that looks after something that changes is
// none of them.
type loops struct {
	most  int
	calls map[sum]*repeated
	open  map[int]*repeated // those that run, by their place in the answer
	stuck *LoopError        // the model was told, and goes on
}

type sum [sha256.Size]byte

// repeated is one call: a tool with its arguments.
type repeated struct {
	tool    string
	result  sum
	same    int // how often in a row it had this result
	running int
	refused bool // the model will be told with this answer's results that it is enough
	told    bool // it was told
}

func newLoops(most func() int) loops {
	l := loops{most: maxRepeats, calls: map[sum]*repeated{}, open: map[int]*repeated{}}
	if most != nil && most() >= 2 {
		l.most = most()
	}
	return l
}

// begin notes a call that is about to be made. An error is for the model, in place of a result.
func (l *loops) begin(at int, tool string, args wire.Raw) error {
	key := callKey(tool, args)
	c := l.calls[key]
	if c == nil {
		c = &repeated{tool: tool}
		l.calls[key] = c
	}
	if c.same+c.running < l.most {
		c.running++
		l.open[at] = c
		return nil
	}
	if c.told {
		l.stuck = &LoopError{Tool: tool, Times: l.most}
	}
	c.refused = true
	return &RepeatError{Tool: tool, Times: l.most}
}

// end notes its result.
func (l *loops) end(at int, result wire.Raw, isError bool) {
	c := l.open[at]
	if c == nil {
		return
	}
	delete(l.open, at)
	c.running--
	s := sha256.Sum256(fmt.Append(nil, isError, " ", string(result)))
	if c.same == 0 || s != c.result {
		c.result, c.same, c.told = s, 0, false
	}
	c.same++
}

// over is called when all calls of an answer are done. The error ends the turn.
func (l *loops) over() error {
	if l.stuck != nil {
		return l.stuck
	}
	for _, c := range l.calls {
		c.told = c.told || c.refused
		c.refused = false
	}
	return nil
}

// callKey is the same for two calls that mean the same: the order of keys and spaces do not count.
func callKey(tool string, args wire.Raw) sum {
	d := json.NewDecoder(bytes.NewReader(args))
	d.UseNumber()
	var v any
	canonical := []byte(args)
	if d.Decode(&v) == nil {
		if b, err := json.Marshal(v); err == nil {
			canonical = b
		}
	}
	return sha256.Sum256(fmt.Append(nil, tool, "\x00", string(canonical)))
}

// RepeatError is what a model is told in place of the result of a call that it has made too often.
type RepeatError struct {
	Tool  string
	Times int
}

func (e *RepeatError) Error() string {
	return fmt.Sprintf("not run: you have called %s with the same arguments %d times and got the same result each time. "+
		"Do something else, or say what is in the way. The turn ends if you make this call again", e.Tool, e.Times)
}

// LoopError ends a turn whose model makes the same call again after it was told. It is an agent.Refusal.
type LoopError struct {
	Tool  string
	Times int
}

func (e *LoopError) Error() string {
	return fmt.Sprintf("the turn was stopped: the model went on calling %s with the same arguments after it had got the same result %d times "+
		"(agent.limits.repeats)", e.Tool, e.Times)
}

// Tell is what people read in a chat.
func (e *LoopError) Tell(owner bool) string {
	if owner {
		return "⚠️ I had to stop: " + e.Error() + "."
	}
	return "⚠️ I had to stop here: I was going round in circles."
}
