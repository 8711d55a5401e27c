package config

import "github.com/clawdbot/gateway/actors"

// Message is everything the config actor accepts.
type Message interface{ configMessage() }

// Running asks for the document that the gateway runs on: the last one that was valid.
type Running struct{ actors.Reply[*Document] }

// OnDisk asks for the file as it is now, redacted. A problem with the file is part of the answer, not an error.
type OnDisk struct{ actors.Reply[View] }

// fileRead ends a read that OnDisk started.
type fileRead struct {
	view View
	err  error
}

func (Running) configMessage()  {}
func (OnDisk) configMessage()   {}
func (fileRead) configMessage() {}
