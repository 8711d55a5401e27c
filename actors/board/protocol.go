package board

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/canvas/a2ui"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the actor. All are required but Now.
type Options struct {
	Stream eventstream.Stream
	State  *State
	// CanvasPath and A2UIPath are where the gateway's port has the files and the A2UI page, without a slash at the end.
	CanvasPath, A2UIPath string
	// Mint makes an address of the canvas, by a path below the gateway's port, that is good for a while.
	Mint func(path string, d time.Duration) (wire.CanvasURLResult, error)
	Now  func() time.Time // nil = time.Now
}

// Message is everything the actor "board" accepts.
type Message interface{ boardMessage() }

// Show changes which page is shown and whether it is to be seen.
type Show struct {
	actors.Reply[struct{}]
	Path    string // "" = the one that is there
	Visible bool
	// Ask brings the page forward also where a person has put it away.
	Ask bool
}

// Push hands A2UI messages, each judged by itself, to the A2UI page and shows it.
type Push struct {
	actors.Reply[[]string] // the surfaces that are there afterwards
	Messages               []a2ui.Message
}

// Reset takes all surfaces away.
type Reset struct{ actors.Reply[struct{}] }

// Get asks for what is shown, with the messages behind a number.
type Get struct {
	actors.Reply[wire.CanvasState]
	Epoch, After int64
}

func (Show) boardMessage()  {}
func (Push) boardMessage()  {}
func (Reset) boardMessage() {}
func (Get) boardMessage()   {}

// Size is what a queued push weighs.
func (p Push) Size() int {
	n := 256
	for _, m := range p.Messages {
		n += len(m.Raw)
	}
	return n
}
