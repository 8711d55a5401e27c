package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the supervisor "sessions" and what hangs under it.
type Options struct {
	Store  *store.Store
	Stream eventstream.Stream
	State  *State
	Runner agent.Runner
	Log    *slog.Logger

	// Settings are the configuration in force; they are asked for whenever they matter. Any goroutine; must not block.
	Settings func() Settings
	// History is how many messages of the transcript a runner is given for a turn of a model; nil = none.
	History   func(model string) int
	StorePath string // shown where the reference shows its store file; archives are written beside it
	// Sweep is how often the store is searched for work that nobody is doing; 0 = 10 s.
	Sweep time.Duration

	// Models is the catalogue of models; nil = an empty one.
	Models func() []wire.ModelInfo
	// Await returns when the transcript of a session is whole, which an import may have to see to, or when ctx ends. It
	// may block; nil = every transcript is whole.
	Await func(ctx context.Context, key string)
	// Tool calls a tool for a run.
	Tool func(ctx context.Context, j agent.Job, name string, args wire.Raw) (wire.Raw, error)
	// Tools is agent.Options.Tools.
	Tools func(j agent.Job) []agent.ToolInfo
	// Meter is agent.Options.Meter.
	Meter func(j agent.Job) agent.Meter
	// SaveMedia is agent.Options.SaveMedia.
	SaveMedia func(m agent.Media) (string, error)
	// Chat brings a recipient that a caller wrote into the form that the surface's inbound messages have. nil = it has it.
	Chat func(surface, to string) string
	// Attach is agent.Options.Attach.
	Attach func(ctx context.Context, a agent.Answer) agent.Answer
	// CanDeliver tells whether a surface has an account that could deliver.
	CanDeliver func(surface string) bool
	// AllowFrom is the surface's allowlist, for the recipient rule of protocol 3.6.
	AllowFrom func(surface string) []string
	// Replies puts the answer of a run into the outbox, inside the commit that ends it.
	Replies func(tx *store.Tx, j agent.Job, a agent.Answer, s agent.State) error
	// Delivered is told after that commit, so that the outbox looks for work. It must not block.
	Delivered func()
	// Ended is told of each run that has ended, once in the life of the process. It must not block. nil = nobody listens.
	Ended func(agent.Ended)
	// Blocks, Say, Said and Typing are those of agent.Options.
	Blocks func(j agent.Job) *agent.BlockSettings
	Say    func(tx *store.Tx, j agent.Job, b agent.Block) error
	Said   func()
	Typing func(j agent.Job)
}

// Settings are what the configuration says of sessions and runs.
type Settings struct {
	MaxConcurrent int           // runs at one time over all sessions; 0 = 16
	Timeout       time.Duration // of a run that names none; 0 = agent.DefaultTimeout
	Thinking      string        // default level, "" = off
	Model         string        // the default model, as the configuration has it; "" = none
	Fallbacks     []string      // to try after it, as the configuration has them
	ImageModels   []string      // for messages with pictures, where the model takes none: the first one, then its fallbacks
	ContextTokens int64
	Policy        Policy
	AllowedModels []string           // that a session may have; empty = all
	ModelAliases  map[string]string  // short names of models
	Workspace     string             // directory in which runs work; for transcripts as files
	Global        bool               // one session for everything: its key is "global"
	Idle          time.Duration      // a session that rested longer begins anew; 0 = an hour
	PerKind       map[agent.Kind]int // runs of a kind at one time, where that is less
	Verbose       bool               // what tools do is shown, in sessions that do not say
	TypingEvery   time.Duration      // agent.Options.TypingEvery
}

// MainKey is the session of all direct chats (protocol 7.1).
func (s Settings) MainKey() string {
	if s.Global {
		return globalKey
	}
	return MainKey
}

func (o *Options) settings() Settings {
	var s Settings
	if o.Settings != nil {
		s = o.Settings()
	}
	if s.MaxConcurrent <= 0 {
		s.MaxConcurrent = 16
	}
	if s.Timeout <= 0 {
		s.Timeout = agent.DefaultTimeout
	}
	if s.Idle <= 0 {
		s.Idle = time.Hour
	}
	return s
}

func (o Options) withDefaults() Options {
	if o.Sweep <= 0 {
		o.Sweep = 10 * time.Second
	}
	return o
}

// State outlives the supervisor's incarnations: who waits for which run, what was in progress, which aborts nobody was told of, and
// which runs have ended lately.
type State struct {
	callers   map[string][]func(store.Outcome) // by run id of the store: to be called once with the end
	begun     map[string]*slot                 // of the last incarnation that got as far as having any
	unclaimed map[string]store.Outcome         // ends of runs whose caller was not listed yet
	aborts    map[string]owedAbort             // by run id of the store: asked for by a client, and not announced
	finished  finished
}

// maxUnclaimed bounds what is kept for callers whose word is late.
const maxUnclaimed = 1024

// NewState returns an empty state.
func NewState() *State {
	return &State{callers: map[string][]func(store.Outcome){}, unclaimed: map[string]store.Outcome{}, aborts: map[string]owedAbort{}}
}

// answer calls everyone who waits for a run.
func (s *State) answer(id string, o store.Outcome) {
	waiting := s.callers[id]
	delete(s.callers, id)
	for _, f := range waiting {
		f(o)
	}
	if len(waiting) > 0 {
		return
	}
	if len(s.unclaimed) >= maxUnclaimed {
		clear(s.unclaimed) // then a late caller waits for its repeat
	}
	s.unclaimed[id] = o
}

// claim lists a caller, or calls it at once if its run has ended before it was listed.
func (s *State) claim(id string, f func(store.Outcome)) {
	if o, ok := s.unclaimed[id]; ok {
		f(o)
		return
	}
	s.callers[id] = append(s.callers[id], f)
}

// finished remembers the end of runs by their id on the wire, two generations of at most maxFinished each, none
// older than finishedFor.
type finished struct {
	young, old map[string]WaitResult
	turned     time.Time
}

const (
	maxFinished = 4096
	finishedFor = 10 * time.Minute
)

func (f *finished) put(r WaitResult, now time.Time) {
	if f.young == nil || len(f.young) >= maxFinished || now.Sub(f.turned) > finishedFor {
		f.old, f.young, f.turned = f.young, map[string]WaitResult{}, now
	}
	f.young[r.RunID] = r
}

func (f *finished) get(id string, now time.Time) (WaitResult, bool) {
	r, ok := f.young[id]
	if !ok {
		r, ok = f.old[id]
	}
	return r, ok && now.UnixMilli()-r.EndedAt <= finishedFor.Milliseconds()
}
