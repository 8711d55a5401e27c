package config

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Message is everything the config actor accepts.
type Message interface{ configMessage() }

// Running asks for the document that the gateway runs on: the last one that was valid and taken over.
type Running struct{ actors.Reply[*Document] }

// Status asks how the file and the running configuration stand to each other.
type Status struct{ actors.Reply[State] }

// State is the answer to Status.
type State struct {
	Running *Document
	Since   time.Time // when it was taken over; zero = since the start
	Problem string    // why the file is not what runs; "" = nothing is wrong. One line, no secrets
	Invalid bool      // the gateway could not run on the file
	Issues  []Issue   // of an invalid file
	Restart string    // what the file has that waits for a restart; "" = nothing
}

// Refused is a document that is valid and yet could not be brought into force, and why.
type Refused struct {
	Document *Document
	Problem  string // one line, no secrets
}

// OnDisk asks for the file as it is now, redacted. A problem with the file is part of the answer, not an error.
type OnDisk struct{ actors.Reply[View] }

// Describe asks for the schema of the file and how a form shows it.
type Describe struct {
	actors.Reply[wire.ConfigSchemaResult]
}

// Set gives the file a new text (see Document.Edited). The answer is the file as it then is; the error may be a
// *SetError. It takes effect as every change of the file does.
type Set struct {
	actors.Reply[View]
	Raw  string
	Base string // the hash that the file must have; "" = any
}

// Check asks what a text would do if it were set. Nothing is written.
type Check struct {
	actors.Reply[Checked]
	Raw string
}

// Assign changes single values of the file. The answer is the file as it then is, and what it says is in force by then
// unless it needs a restart. The error may be a *SetError; a file that is not valid is left alone.
type Assign struct {
	actors.Reply[Assigned]
	Settings []Setting
}

// Generations asks for the configurations that were good, newest first.
type Generations struct{ actors.Reply[[]Generation] }

// Rollback makes one of them the text of the file.
type Rollback struct {
	actors.Reply[View]
	Generation int64
}

// Size counts the text.
func (s Set) Size() int { return 64 + len(s.Raw) }

// Size counts the text.
func (c Check) Size() int { return 64 + len(c.Raw) }

// fileRead ends a read that OnDisk started.
type fileRead struct {
	view View
	err  error
}

// jobDone ends a job; answer may be nil.
type jobDone struct {
	job    job
	answer func()
	err    error
}

// touched says that something happened to the file.
type touched struct{}

// CoalesceKey makes many notices one.
func (touched) CoalesceKey() string { return "touched" }

// settled says that nothing has happened to the file for a while.
type settled struct{}

// tick is the regular look at the file.
type tick struct{}

// watchEnded says that no notices come any more.
type watchEnded struct{}

func (Running) configMessage()     {}
func (Status) configMessage()      {}
func (OnDisk) configMessage()      {}
func (Describe) configMessage()    {}
func (Set) configMessage()         {}
func (Check) configMessage()       {}
func (Assign) configMessage()      {}
func (Generations) configMessage() {}
func (Rollback) configMessage()    {}
func (fileRead) configMessage()    {}
func (jobDone) configMessage()     {}
func (touched) configMessage()     {}
func (settled) configMessage()     {}
func (tick) configMessage()        {}
func (watchEnded) configMessage()  {}
