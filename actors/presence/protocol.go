package presence

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the presence actor accepts.
type Message interface{ presenceMessage() }

// List asks for the current entries as JSON, newest first.
type List struct {
	actors.Reply[wire.Raw]
}

// Connected records a client that completed its handshake and asks for the list that includes it.
type Connected struct {
	actors.Reply[[]wire.PresenceEntry]
	Peer wire.Peer
}

// Disconnected records that a client left. Its entry stays until it expires.
type Disconnected struct{ Peer wire.Peer }

// Beacon lists a device node as its connection says: what it leaves out stays as it was.
type Beacon struct{ Entry wire.PresenceEntry }

// Report is one system-event (protocol 3.2). The reply comes after the presence event was offered to everyone.
type Report struct {
	actors.Reply[struct{}]
	Text   string
	Fields wire.PresenceEntry // host, ip, ... as given; Text and Ts are ignored
}

// publish is the end of a coalescing window.
type publish struct{}

func (List) presenceMessage()         {}
func (Connected) presenceMessage()    {}
func (Disconnected) presenceMessage() {}
func (Beacon) presenceMessage()       {}
func (Report) presenceMessage()       {}
func (publish) presenceMessage()      {}
