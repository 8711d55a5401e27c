package router

import (
	"time"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the router. All functions but Restart and Now are required. Those that get a Tx run on the store's writer,
// as part of the operation; they must be quick and only read and write through it. The others must not block and may be
// called on any goroutine.
type Options struct {
	Store *store.Store
	// Policy is the present configuration for an account.
	Policy func(account, surface string) Policy
	// BuildRequest encodes the request of a run.
	BuildRequest func(t Turn) []byte
	// Accept stores the run of a message, as its session can take it.
	Accept func(tx *store.Tx, run store.Run, q command.Queue) (Accepted, error)
	// Stop notes that the open runs of a session are to end, and returns their ids.
	Stop func(tx *store.Tx, sessionKey string) (runs []string, err error)
	// Open is the entry of the session that a message goes to, with an id and with what the message says of its chat: the
	// way there, and what a group is called. The router writes it.
	Open func(tx *store.Tx, sessionKey string, to providers.Route, at Place) (e wire.SessionEntry, isNew bool, err error)
	// Reply puts a text on its way to a chat. key is unique to the text.
	Reply func(tx *store.Tx, key string, to providers.Route, text string) error
	// Work says that a session has runs waiting in the store.
	Work func(sessionKey string)
	// Abort ends these runs of a session, running or waiting: those that were open when the stop word came, or that a
	// message interrupts. It is a hint; what is to stop is in the store.
	Abort func(sessionKey string, runs []string)
	// Sent says that Reply was used and is on disk.
	Sent func()

	// Denied says whether the send policy keeps a session from being answered.
	Denied func(sessionKey string, e wire.SessionEntry) bool
	// Reset begins a session anew; its transcript stays.
	Reset func(tx *store.Tx, sessionKey string) error
	// Queue says how messages of a surface wait while their session is busy; everything in it is set.
	Queue func(e wire.SessionEntry, surface string) command.Queue
	// Model finds the model that a person names. The error is for that person.
	Model func(name string) (Model, error)
	// Models are the names of the models that may be chosen, the default first. any: others may be, too.
	Models func() (names []string, any bool)
	// Thinking is the level of a session's turns that name none.
	Thinking func(e wire.SessionEntry) string
	// Status is the answer to /status.
	Status func(s Status) string
	// Restart has the gateway start anew; nil = it cannot.
	Restart func()

	Zone *time.Location   // for the times the agent reads; nil = local
	Now  func() time.Time // nil = time.Now
	// Sweep is how often the inbox is searched for messages that nobody spoke of; 0 = 30 s.
	Sweep time.Duration
}

// Place is what a shared chat is called: its title, or the room and the space that it stands in.
type Place struct{ Title, Space, Room string }

// Accepted is what became of a message besides its run.
type Accepted struct {
	Refused bool     // there is no run: too many messages wait for the session
	Stopped []string // runs that end for it
}

// Model is a model that a person named.
type Model struct {
	Provider, Model string // what the session keeps; empty for the default
	Name            string // in full
	Sure            bool   // nothing but a model is called that: a short name, one that is listed, provider/model
}

// Status is what an answer to /status is about.
type Status struct {
	Key        string
	Entry      wire.SessionEntry
	Surface    string
	Account    string
	Activation string // in a group: mention or always; "" in a direct chat
	Elevated   string // on, off; "" = not for this sender
	Verbose    string
	Queue      string // mode
}

// Turn is what the agent is given of a message.
type Turn struct {
	NewSession bool
	Message    string   // with envelope and notes
	Plain      string   // what the person wrote
	Thinking   string   // "" = as the session has it
	System     string   // extra system prompt
	Audio      []string // files of speech that came with it
	Images     []string // files of pictures
	Sender     string   // platform id of who wrote it
	Owner      bool     // who is on the allowlist by that id, and writes directly
	Elevated   bool     // elevated mode is on for them
	Unasked    bool     // it is a group's, and not for the agent in particular
	ReceivedAt int64    // when it came in, in milliseconds
}
