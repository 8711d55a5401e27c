package modeltest

import (
	"fmt"

	"github.com/clawdbot/gateway/providers/model"
)

// Step is one answer.
type Step struct {
	Thinking []string // pieces of what it thinks
	Text     []string // pieces of what it says
	Calls    []model.Call
	Refusal  string      // it declines and says so
	Usage    model.Usage // zero = 11 in, 7 out
	Stop     model.Stop  // "" = by what it says

	Fail       model.Kind      // an HTTP error instead, as the vendor words it
	RetryAfter string          // header of that
	Message    string          // of that; "" = the vendor's
	Break      Break           // what happens once it has said Text
	Gate       <-chan struct{} // each piece of Text waits for a value; nil = none waits
}

// Break is how an answer goes wrong half way.
type Break int

// Breaks.
const (
	Whole   Break = iota
	Hangup        // the connection is cut
	Early         // the stream ends properly, but before its end
	Quiet         // nothing more comes until the client leaves
	Garbage       // something comes that is not in the format
	Trouble       // an error comes as an event of the stream
)

func (s Step) usage() model.Usage {
	if s.Usage == (model.Usage{}) {
		return model.Usage{Input: 11, Output: 7}
	}
	return s.Usage
}

func (s Step) stop() model.Stop {
	switch {
	case s.Stop != "":
		return s.Stop
	case len(s.Calls) > 0:
		return model.Tools
	}
	return model.Ended
}

// Seen is a request as the server understood it.
type Seen struct {
	Request  model.Request // Session is not among what arrives
	Thinking string        // as the vendor words it; "" = not asked for
	Key      string
	Cached   bool // the client marked what is worth keeping
	Body     []byte
}

// Last is the text of the last message.
func (s Seen) Last() string {
	if n := len(s.Request.Messages); n > 0 {
		return s.Request.Messages[n-1].TextOf()
	}
	return ""
}

// Results are the results in the last message.
func (s Seen) Results() (all []model.Result) {
	if n := len(s.Request.Messages); n > 0 {
		for _, p := range s.Request.Messages[n-1].Parts {
			if r, ok := p.(model.Result); ok {
				all = append(all, r)
			}
		}
	}
	return all
}

// strict refuses conversations that every vendor refuses: calls without their results, results without calls, and an
// answer without a question.
func strict(all []model.Message) error {
	if len(all) == 0 {
		return fmt.Errorf("messages: at least one message is required")
	}
	if all[0].Role != model.User {
		return fmt.Errorf("messages: the first one must be the user's")
	}
	open := map[string]bool{}
	for i, m := range all {
		if len(m.Parts) == 0 {
			return fmt.Errorf("messages.%d: content is empty", i)
		}
		if len(open) > 0 && m.Role != model.Results {
			return fmt.Errorf("messages.%d: calls %v have no results", i, open)
		}
		for _, p := range m.Parts {
			switch p := p.(type) {
			case model.Call:
				open[p.ID] = true
			case model.Result:
				if !open[p.ID] {
					return fmt.Errorf("messages.%d: result of an unknown call %q", i, p.ID)
				}
				delete(open, p.ID)
			case model.Text:
				if p.Text == "" {
					return fmt.Errorf("messages.%d: text must not be empty", i)
				}
			}
		}
	}
	if len(open) > 0 || all[len(all)-1].Role == model.Assistant {
		return fmt.Errorf("messages: the last one must be the user's or have the results of all calls")
	}
	return nil
}
