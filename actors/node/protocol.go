package node

import (
	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the actor "nodes" accepts.
type Message interface{ nodesMessage() }

// List asks for all nodes, connected ones first.
type List struct {
	actors.Reply[wire.NodeListResult]
}

// Describe asks for one node.
type Describe struct {
	actors.Reply[wire.NodeDescribeResult]
	NodeID string
}

// Rename gives a paired node a name. A connected one keeps the old name until it connects again.
type Rename struct {
	actors.Reply[wire.NodeRenameResult]
	NodeID, Name string
}

// Talk broadcasts that talk mode goes on or off.
type Talk struct {
	actors.Reply[wire.TalkMode]
	Params wire.TalkModeParams
}

// Triggers asks for the wake words.
type Triggers struct{ actors.Reply[wire.Voicewake] }

// SetTriggers stores the wake words and tells every client and node.
type SetTriggers struct {
	actors.Reply[wire.Voicewake]
	Triggers []any
}

// done is the end of work off the actor; its answer has been given.
type done struct{}

func (List) nodesMessage()        {}
func (Describe) nodesMessage()    {}
func (Rename) nodesMessage()      {}
func (Talk) nodesMessage()        {}
func (Triggers) nodesMessage()    {}
func (SetTriggers) nodesMessage() {}
func (done) nodesMessage()        {}

// Bridge has the connections of the nodes. Its functions are called from any goroutine and must not block.
type Bridge interface {
	// Connected lists the connected nodes with what they said of themselves when they connected.
	Connected() []Live
	// Invoke has a connected node carry out a command, and answers the call.
	Invoke(c *wire.Call, p wire.NodeInvokeParams)
	// Tell sends an event to every connected node.
	Tell(event string, payload any)
}

// Live is a connected node. What is empty or nil is not known.
type Live struct {
	NodeID, DisplayName, Platform, Version, DeviceFamily, ModelIdentifier, RemoteIP string
	Caps, Commands                                                                  []string
	Permissions                                                                     map[string]bool
}
