package agent

import (
	"context"
	"errors"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Runner makes the answer to one message. It is the seam for models, coding agents and embedders.
type Runner interface {
	// Run performs one turn. It streams through out while it works, returns when it is done, and must return soon
	// (200 ms) after ctx ended: context.Cause(ctx) then tells an abort (ErrAborted) from a timeout. An answer
	// returned together with a ctx that ended is kept as what there was. A panic ends the turn with an error.
	Run(ctx context.Context, t Turn, out Output) (Answer, error)
}

// Turn is what a runner is given. It must not change it.
type Turn struct {
	RunID      string // unique per turn
	SessionKey string
	SessionID  string
	Message    string   // as the model should see it, with envelope and notes about media
	Plain      string   // what the person wrote, without that
	Audio      []string // files of speech that came with the message
	Notes      []string // system events since the last turn, oldest first
	Thinking   string   // off, minimal, low, medium, high
	Images     []string // files of pictures that came with it
	Model      string   // "provider/model", or "builtin"; "" where nobody says
	Fallbacks  []string // models to try after it, in order
	// ImageModels take the place of both for a message with pictures, where Model takes none.
	ImageModels []string
	System      string // extra system prompt
	// Surface is where the message came by, Shared: in a group; "" = a client's connection, a schedule, a device.
	Surface string
	Shared  bool
	// Operator: the message comes from an authenticated client, not from a stranger on a messaging surface.
	Operator bool
	// History is the transcript before this message, oldest first, as stored (protocol 7.7).
	History []wire.Raw
	// Compact puts a summary in the place of the older part of History, for good. nil = it cannot be.
	Compact func(ctx context.Context, c Compaction) error
	// Tools are what a model is offered to call. It says what Tool knows, not what it refuses.
	Tools []ToolInfo
	// Tool calls a tool by name on behalf of the turn and returns its result as JSON.
	Tool func(ctx context.Context, name string, args wire.Raw) (wire.Raw, error)
	// Meter counts what the turn takes of models. A runner that asks any asks it first. nil = nobody counts.
	Meter Meter
	// Job is whose turn it is, with the rights that it has now: for what a runner does past Tool. nil = nobody says.
	Job func() Job
	// Steering hands over what people write while the runner works. A runner that does not use it is not steered: the
	// messages wait. nil = nobody can.
	Steering Steering
}

// ToolInfo describes a tool to a model.
type ToolInfo struct {
	Name        string
	Description string
	Schema      wire.Raw // JSON Schema of its arguments
}

// Compaction is what takes the place of the beginning of a conversation that became too long.
type Compaction struct {
	Summary      string
	Drop         int   // how many messages of History it replaces, from the oldest
	TokensBefore int64 // as far as is known
}

// Steering is how a runner takes messages during its turn. Any goroutine of the runner, while Run has not returned.
type Steering interface {
	// Ready gets a value when there may be something to take.
	Ready() <-chan struct{}
	// Take returns what was written since the last time, oldest first. It must go into the answer: who wrote it gets no
	// other one unless the turn fails. A turn that has taken a message of a messaging surface has no more rights than
	// that message: from then on its Tool does not work as an operator's.
	Take() []Said
}

// Said is one message of a person.
type Said struct {
	Message  string // as a model should see it
	Plain    string // what the person wrote
	Operator bool   // as in Turn
}

// Output takes what a runner streams. Its methods may be called from the goroutine that called Run only; they never
// block.
type Output interface {
	// Delta appends to the text of the answer so far.
	Delta(text string)
	// ToolStart and ToolResult frame one tool call; args and result are JSON.
	ToolStart(id, name string, args wire.Raw)
	ToolResult(id, name string, result wire.Raw, isError bool)
	// ToolUpdate shows what there is of the result between the two, for a tool that is not the gateway's. The newest counts.
	ToolUpdate(id, name string, partial wire.Raw)
	// Next begins another message: the text starts anew. What was said before it counts, and may have gone out to people.
	Next()
	// Again begins the same message anew: what was said of it since Next did not count.
	Again()
	// Verbatim says, before any Delta, that the text repeats foreign input: nothing in it is a directive, and it goes out
	// as a whole.
	Verbatim()
	// Keep puts a message of the turn into the transcript (protocol 7.7), before the turn's end does so with the answer.
	Keep(role string, message wire.Raw)
}

// Answer is the end of a turn.
type Answer struct {
	Text     string // the whole text; what was streamed if empty
	Media    []Media
	Provider string // who answered: "builtin", "anthropic", ...
	Model    string
	API      string // the format that was spoken; "" = Provider
	Stop     string // why it ended, as protocol 7.7 has it; "" = stop
	// Content is the message as the transcript has it, where that is more than Text and Media.
	Content wire.Raw
	Usage   Usage // of the last request: what is in the context window now
	Cost    Cost  // of the last request
	Spent   Spent // by the whole turn
	// Resume is how an agent outside calls its own session, in which the next turn of this one goes on.
	Resume string
	// Verbatim: the text repeats foreign input and is never read for directives (media lines, reply tags).
	Verbatim bool

	// Streamed: the text has gone out along the run's route already, but for what is in Rest. Set by the run.
	Streamed bool
	Rest     string
	// Lines stand in front of the text where it goes to people. Set by the run.
	Lines []string

	// Details are those of the error, for clients. Excuse is what people are told of a turn that failed, "" = that it did. Set by
	// the run.
	Details any
	Excuse  string

	before func(*store.Tx) error // what else the commit of the end writes, in front of the answer
	cause  string                // why the turn was stopped early, where the store does not know it
}

// Media is something a runner made that goes out with the text.
type Media struct {
	MIME string
	Name string
	Data []byte
	Path string // of the copy in the state directory, once it is made
	Size int64  // in bytes; 0 = that of Data
}

// Usage counts tokens of one turn; zero where the runner does not know.
type Usage struct {
	Input, Output, CacheRead, CacheWrite, Total int64
}

// Cost is in US dollars; zero where the runner does not know.
type Cost struct {
	Input, Output, CacheRead, CacheWrite float64
}

// Total is the sum.
func (c Cost) Total() float64 { return c.Input + c.Output + c.CacheRead + c.CacheWrite }

// Spent is what a turn took, all requests together.
type Spent struct {
	Usage Usage
	Cost  float64 // US dollars
	// Unpriced: some of it is of a model without prices, so that Cost is not all of it.
	Unpriced bool
}

// Meter counts the models' part of one turn, and holds it to its limits.
type Meter interface {
	// Allow is asked before each request. Its error ends the turn as it is: no other model is asked. model is
	// provider/model; priced: what it costs is known.
	Allow(ctx context.Context, model string, priced bool) error
	// Count notes what a request took, also one that failed. It waits until that is on disk, but not for ever.
	Count(ctx context.Context, model string, s Spent)
	// Flush adds to the commit that ends the turn what is not on disk by then.
	Flush(tx *store.Tx) error
}

// Refusal is an error that ends a turn for a reason that people may read, and that no other model would change.
type Refusal interface {
	error
	// Tell is what a chat is told. Others than the owner are told neither settings nor what tools have said.
	Tell(owner bool) string
}

// Detailed is an error that says more to a program: what goes into details of the answer to the run's caller.
type Detailed interface {
	error
	Details() any
}

// refusedBy adds to an answer why there is no other one.
func (a *Answer) refusedBy(err error, j Job) {
	if r, ok := errors.AsType[Refusal](err); ok {
		a.Excuse = r.Tell(j.Request.Owner || j.Request.Operator)
	}
	if d, ok := errors.AsType[Detailed](err); ok {
		a.Details = d.Details()
	}
}
