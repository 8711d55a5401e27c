package browser

import (
	"context"
	"sync/atomic"

	"github.com/clawdbot/gateway/actors"
)

// Message is everything the actor accepts.
type Message interface{ browserMessage() }

// Browser is one that runs.
type Browser interface {
	// Gone tells whether it has ended by itself.
	Gone() bool
	// Close ends it and returns when it is gone.
	Close()
}

// Do has something done with the browser of a profile, which is started for it if it does not run.
type Do struct {
	actors.Reply[any]
	Profile string
	// Run does it. ctx ends when the sender does not wait any more, or the browser is to end.
	Run func(ctx context.Context, b Browser) (any, error)
	// Until ends when the sender does not wait any more.
	Until context.Context
	// Once is set as it begins, and what finds it set is not done: a message that comes twice presses nothing twice.
	Once *atomic.Bool
}

// Stop closes the browser of a profile. The reply says whether there was one.
type Stop struct {
	actors.Reply[bool]
	Profile string
}

// Running asks which profiles have a browser.
type Running struct{ actors.Reply[[]string] }

// Reload closes all of them: what they were started with has changed.
type Reload struct{}

type ended struct {
	profile string
	err     error
}

func (Do) browserMessage()      {}
func (Stop) browserMessage()    {}
func (Running) browserMessage() {}
func (Reload) browserMessage()  {}
func (ended) browserMessage()   {}
