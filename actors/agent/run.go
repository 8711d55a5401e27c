package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	// gap is the shortest time between two assistant events of one run: each carries the whole text, so that a
	// long answer would otherwise cost the square of its length.
	gap = 150 * time.Millisecond
	// grace is what a runner has to return after its context ended.
	grace = time.Second
	// commitRetry is the pause before the final commit is tried again.
	commitRetry = 2 * time.Second
)

// Options for one run.
type Options struct {
	Runner  Runner
	Job     Job
	Timeout time.Duration // used when the request names none
	Stream  eventstream.Stream
	Log     *slog.Logger
	// Tool calls a tool on behalf of the run.
	Tool func(ctx context.Context, j Job, name string, args wire.Raw) (wire.Raw, error)
	// SaveMedia puts something a runner made into the state directory and returns the path, for the surface it goes to.
	SaveMedia func(m Media) (path string, err error)
	// Attach takes the files that an answer names in its text out of there and copies them. nil = it names none.
	Attach func(ctx context.Context, a Answer) Answer
	// Tools describes to a model what it may call on behalf of the run; nil = nothing.
	Tools func(j Job) []ToolInfo
	// Meter counts what the run takes of models; nil = nobody does.
	Meter func(j Job) Meter
	// Compact is Turn.Compact.
	Compact func(ctx context.Context, j Job, c Compaction) error
	// Blocks says how the answer goes out along the run's route while it is written; nil, also as the result, = as a whole
	// at its end. Say puts a block into the outbox, in a commit; a block that is there already is left as it is.
	Blocks func(j Job) *BlockSettings
	Say    func(tx *store.Tx, j Job, b Block) error
	// Said is called once blocks are in the outbox. It must not block.
	Said func()
	// Verbose tells whether the session wants to see what tools do, as it is set now. It may block. nil = it does not.
	Verbose func(ctx context.Context, j Job) (bool, error)
	// Typing shows, where the answer goes, that it is being written, every TypingEvery while something happens. It must not
	// block. nil or 0 = it is not shown.
	Typing      func(j Job)
	TypingEvery time.Duration
	// Commit stores an operation; done runs when it is durable.
	Commit func(op store.Op, done func(error))
	// Extra adds to the final commit what others keep about the run: the session's entry, replies for the outbox.
	Extra func(tx *store.Tx, j Job, a Answer, s State) error
	// Published is called once the events of the end are on their way, Ended once they are out. They must not block.
	Published func()
	Ended     func(Ended)
}

// Props describes the actor of one run. It is never restarted.
func Props(o Options) actors.Props[Message] {
	return actors.Props[Message]{
		Kind:    "run",
		New:     func() actors.Behavior[Message] { return &run{o: o} },
		Mailbox: actors.Mailbox{Count: 1024, Bytes: 32 << 20},
	}
}

type run struct {
	o      Options
	out    *output
	cancel context.CancelCauseFunc
	reason error // why it was stopped early

	sent     string // text of the last assistant event
	sentAt   time.Time
	flushing bool
	end      *ending // once the runner is done
	saved    int     // lines of the turn that a commit has been asked for
	steering *steering
	said     []Block // that have gone out
	typing   typing
	meter    Meter

	partials  *partials
	partialAt time.Time
	showing   bool // a showPartial is due
}

// ending is the outcome between the runner's return and the commit.
type ending struct {
	answer Answer
	state  State
	err    string
	at     int64
	stored bool
}

// Start sets the runner going.
func (r *run) Start(c *actors.Context[Message]) error {
	r.jobEvent(wire.JobStarted{State: "started", StartedAt: r.o.Job.StartedAt, To: orNull(r.o.Job.Request.To),
		SessionID: r.o.Job.SessionID, IsNewSession: r.o.Job.NewSession})
	limit, problem := r.limits()
	if problem != nil {
		c.After(0, finished{err: problem})
		return nil
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(c.Ctx(), runKey{}, r.o.Job.ID))
	r.cancel = cancel
	self := c.Self()
	r.steering = newSteering(r.o.Job, func() { _ = self.Tell(took{}) })
	r.partials = newPartials(func() { _ = self.Tell(partial{}) })
	r.out = &output{
		wake: func() { _ = self.Tell(progress{}) },
		tool: func(ev toolEvent) { _ = self.Tell(tool{ev}) },
		keep: func() { _ = self.Tell(keep{}) },
		show: r.partials.show,
	}
	if r.o.Meter != nil {
		r.meter = r.o.Meter(r.o.Job)
	}
	r.openMouth(c)
	actors.Pipe(c, func(context.Context) (Answer, error) {
		a, err := r.o.Runner.Run(ctx, r.turn(), r.out)
		if a.Text == "" && err == nil {
			a.Text = r.out.snapshot()
		}
		return r.withFiles(ctx, r.rest(ctx, a, err != nil)), err
	}, func(a Answer, err error) Message { return finished{a, err} })
	c.After(limit, expired{})
	return nil
}

// withFiles saves what the answer carries, if it goes to a surface. What cannot be saved stays out of that.
func (r *run) withFiles(ctx context.Context, a Answer) Answer {
	if r.o.Job.Route == nil || r.o.SaveMedia == nil {
		return a
	}
	if r.o.Attach != nil && !a.Verbatim && !a.Streamed {
		a = r.o.Attach(ctx, a)
	}
	for i := range a.Media {
		if a.Media[i].Path != "" {
			continue
		}
		path, err := r.o.SaveMedia(a.Media[i])
		if err != nil {
			r.o.Log.Error("media of an answer not saved", "run", r.o.Job.ID, "err", err)
		}
		a.Media[i].Path = path
	}
	return a
}

func (r *run) limits() (time.Duration, error) {
	req := r.o.Job.Request
	if req.Problem != "" {
		return 0, problem(req.Problem)
	}
	if req.Timeout == nil {
		return r.o.Timeout, nil
	}
	if *req.Timeout <= 0 {
		return 0, problem("--timeout must be a positive integer (seconds)")
	}
	return time.Duration(min(*req.Timeout, 30*24*3600)) * time.Second, nil
}

type problem string

func (p problem) Error() string { return string(p) }

func (r *run) turn() Turn {
	j := r.o.Job
	t := Turn{
		RunID: j.EventRunID, SessionKey: j.SessionKey, SessionID: j.SessionID, Message: j.Request.Message,
		Plain: j.Request.Plain, Notes: j.Notes, Thinking: j.Request.Thinking, Model: j.Model, System: j.Request.System,
		Operator: j.Request.Operator, History: j.History, Audio: j.Request.Audio,
		Tool: func(ctx context.Context, name string, args wire.Raw) (wire.Raw, error) {
			r.out.settle(ctx)
			return r.o.Tool(r.metered(r.partials.context(ctx, name)), r.steering.limit(j), name, args)
		},
		Steering: r.steering, Meter: r.meter, Job: func() Job { return r.steering.limit(j) },
	}
	t.Images, t.Fallbacks, t.ImageModels = j.Request.Images, j.Fallbacks, j.ImageModels
	if j.Kind == KindInbound && j.Route != nil {
		t.Surface, t.Shared = j.Route.Surface, j.Route.Kind != "" && j.Route.Kind != providers.Direct
	}
	if r.o.Tools != nil {
		t.Tools = r.o.Tools(j)
	}
	if r.o.Compact != nil {
		t.Compact = func(ctx context.Context, c Compaction) error { return r.o.Compact(ctx, j, c) }
	}
	return t
}

func (r *run) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Abort:
		r.stop(c, m.Reason)
	case expired:
		r.stop(c, ErrTimeout)
	case progress:
		r.onProgress(c)
	case flush:
		r.flushing = false
		r.assistant(r.out.shown())
	case typeAgain:
		r.onTypeAgain(c)
	case verbose:
		r.onVerbose(m)
	case tool:
		r.onTool(c, m.ev)
	case partial:
		r.onPartial(c)
	case showPartial:
		r.showing = false
		r.onPartial(c)
	case keep:
		r.save()
	case Steer:
		if r.steering != nil {
			r.steering.offer(m)
		}
	case took:
		r.noteTaken()
	case finished:
		r.onFinished(c, m)
	case abandoned:
		r.onFinished(c, finished{err: r.reason})
	case committed:
		r.onCommitted(c, m.err)
	case published:
		r.leave(c)
	case retry:
		if r.end.stored {
			r.leave(c)
		} else {
			r.commit(c)
		}
	}
	return nil
}

// Stop ends the runner's context when the actor is stopped from outside.
func (r *run) Stop(*actors.Context[Message]) {
	if r.cancel != nil {
		r.cancel(ErrInterrupted)
	}
}

func (r *run) stop(c *actors.Context[Message], reason error) {
	if r.end != nil || r.reason != nil || r.cancel == nil {
		return
	}
	r.reason = reason
	r.cancel(reason)
	c.After(grace, abandoned{})
}

func (r *run) onProgress(c *actors.Context[Message]) {
	if r.end != nil {
		return
	}
	r.sayBlocks()
	r.happens(c, true)
	if r.flushing {
		return
	}
	if rest := gap - time.Since(r.sentAt); rest > 0 {
		r.flushing = true
		c.After(rest, flush{})
		return
	}
	r.assistant(r.out.shown())
}

// assistant publishes the text so far, and the chat delta that goes with it.
func (r *run) assistant(text string, files []string) {
	if text == r.sent || r.end != nil && r.end.stored {
		return
	}
	r.sent, r.sentAt = text, time.Now()
	r.o.Stream.Run(eventstream.PublishRun{
		RunID: r.o.Job.EventRunID, SessionKey: r.o.Job.SessionKey, Stream: wire.StreamAssistant,
		Chat: r.delta(text),
	}, wire.AssistantData{Text: text, MediaURLs: files}, nil)
}

func (r *run) onTool(c *actors.Context[Message], ev toolEvent) {
	if r.end != nil {
		return
	}
	r.happens(c, false)
	if ev.phase == "start" {
		r.sayBlocks()
		r.askVerbose(c, toolLine(ev.name, ev.args), false)
	}
	data := wire.ToolData{Phase: ev.phase, Name: ev.name, ToolCallID: ev.id, Args: ev.args, PartialResult: ev.partial, Result: shown(ev.result)}
	if ev.phase == "result" {
		r.partials.end(ev.id)
		data.IsError = &ev.isError
	}
	r.o.Stream.Run(eventstream.PublishRun{
		RunID: r.o.Job.EventRunID, SessionKey: r.o.Job.SessionKey, Stream: wire.StreamTool,
	}, data, nil)
}
