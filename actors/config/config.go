package config

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the actor.
type Options struct {
	Document *Document // valid; what the gateway was started with
	// Refused is a newer text of the file that could not be started, so that Document runs; nil = none.
	Refused *Refused
	Getenv  func(string) string
	Version string // of the gateway, for config.schema
	// HistoryDir keeps the last good configurations; "" = none are kept.
	HistoryDir string
	// Watch takes over changes of the file while the gateway runs.
	Watch bool
	// Poll is how often the file is looked at beside the notices of the system; 0 = 5 s.
	Poll time.Duration
	Now  func() time.Time // nil = time.Now

	// The functions below run off the actor, one at a time. They may block for a moment, but must not ask this actor
	// for anything but Running and Status. Each may be nil.

	// Admit judges a valid document by what the file alone does not say: flags, environment, interfaces. What it
	// refuses is neither written by config.set nor taken over. An *InvalidError gives its issues to the client.
	Admit func(*Document) error
	// Apply takes a document over, all or nothing: after an error everything runs on as before. changed has every
	// difference, also those that no part has to start anew for, and none that needs a restart.
	Apply func(doc *Document, changed []Change) error
	// RestartNeeded says that the file holds an admitted configuration that only a restart brings into effect.
	RestartNeeded func(reason string)
}

// Props describes the actor.
func Props(o Options) actors.Props[Message] {
	l := newLive(o)
	return actors.Props[Message]{
		Kind:    "config",
		New:     func() actors.Behavior[Message] { return &holder{live: l} },
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// holder is the config actor.
type holder struct {
	live *live

	reading bool     // a read of the file is on its way
	waiting []OnDisk // asked during that read: they get the next one, which is newer than their question
	asked   []OnDisk // answered by the read on its way

	jobs     []job
	busy     bool
	checking bool   // a check is among the jobs
	settle   func() // cancels the wait for the file to come to rest; nil = none
	watching bool
}

// Start begins to watch. What changed before is found by the first check.
func (h *holder) Start(c *actors.Context[Message]) error {
	h.do(c, job{do: func() func() { h.live.begin(c.Log()); return nil }})
	if h.live.o.Watch {
		h.watch(c)
		h.check(c, true)
		c.After(h.live.o.Poll, tick{})
	}
	return nil
}

func (h *holder) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Running:
		m.Send(h.live.state().Running)
	case Status:
		m.Send(h.live.state())
	case Describe:
		m.Send(h.live.describe())
	case OnDisk:
		h.waiting = append(h.waiting, m)
		h.read(c)
	case fileRead:
		h.onFileRead(c, m)
	case Set:
		h.do(c, answering(m.Reply, func() (View, error) { return h.live.set(c.Log(), m.Raw, m.Base) }))
	case Check:
		h.do(c, answering(m.Reply, func() (Checked, error) { return h.live.foresee(m.Raw) }))
	case Assign:
		h.do(c, answering(m.Reply, func() (Assigned, error) { return h.live.assign(c.Log(), m.Settings) }))
	case Rollback:
		h.do(c, answering(m.Reply, func() (View, error) { return h.live.rollback(c.Log(), m.Generation) }))
	case Generations:
		h.do(c, answering(m.Reply, h.live.generations))
	case jobDone:
		h.onJobDone(c, m)
	default:
		h.onWatch(c, m)
	}
	return nil
}

// onWatch handles what has to do with changes of the file.
func (h *holder) onWatch(c *actors.Context[Message], m Message) {
	switch m.(type) {
	case touched:
		if h.settle != nil {
			h.settle()
		}
		debounce := h.live.state().Running.Config.Gateway.Reload.DebounceMs
		h.settle = c.After(time.Duration(debounce)*time.Millisecond, settled{})
	case settled:
		h.settle = nil
		h.check(c, true)
	case tick:
		h.watch(c)
		h.check(c, false)
		c.After(h.live.o.Poll, tick{})
	case watchEnded:
		h.watching = false // the next tick tries again
	}
}

// watch starts the watch of the directory unless it is there.
func (h *holder) watch(c *actors.Context[Message]) {
	if h.watching {
		return
	}
	h.watching = true
	path, self := h.live.o.Document.Path, c.Self()
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, watchFile(ctx, path, func() { _ = self.Tell(touched{}) })
	}, func(struct{}, error) Message { return watchEnded{} })
}

// check looks at the file, after what is being done with it. Without force it is read only if it looks different.
func (h *holder) check(c *actors.Context[Message], force bool) {
	if h.checking {
		return
	}
	h.checking = true
	h.do(c, job{check: true, do: func() func() { h.live.check(c.Log(), force); return nil }})
}

// read starts a read unless one is on its way: at most one at a time, however many ask.
func (h *holder) read(c *actors.Context[Message]) {
	if h.reading || len(h.waiting) == 0 {
		return
	}
	h.reading = true
	h.asked, h.waiting = h.waiting, nil
	l := h.live
	actors.Pipe(c, func(context.Context) (View, error) {
		doc := Read(l.o.Document.Path, l.o.Getenv)
		v := doc.Redacted()
		v.Hash = l.hash(doc)
		return v, nil
	}, func(v View, err error) Message { return fileRead{v, err} })
}

func (h *holder) onFileRead(c *actors.Context[Message], m fileRead) {
	for _, q := range h.asked {
		if m.err != nil {
			q.Fail(m.err)
		} else {
			q.Send(m.view)
		}
	}
	h.asked, h.reading = nil, false
	h.read(c)
}

// maxJobs bounds the work that waits: each may hold a text of some size.
const maxJobs = 64

// job is work on the file. Jobs are done off the actor, one after another.
type job struct {
	do    func() (answer func())
	fail  func(error) // nil = nobody waits
	check bool
}

func answering[T any](r actors.Reply[T], f func() (T, error)) job {
	return job{fail: r.Fail, do: func() func() {
		v, err := f()
		if err != nil {
			return func() { r.Fail(err) }
		}
		return func() { r.Send(v) }
	}}
}

func (h *holder) do(c *actors.Context[Message], j job) {
	if j.fail != nil && len(h.jobs) >= maxJobs {
		j.fail(&wire.Error{Code: wire.CodeUnavailable, Message: "too many changes of the config at once", Retryable: true, RetryAfterMs: 1000})
		return
	}
	h.jobs = append(h.jobs, j)
	h.next(c)
}

func (h *holder) next(c *actors.Context[Message]) {
	if h.busy || len(h.jobs) == 0 {
		return
	}
	j := h.jobs[0]
	h.jobs, h.busy = h.jobs[1:], true
	if j.check {
		h.checking = false // what changes from here on is for the next one
	}
	actors.Pipe(c, func(context.Context) (func(), error) { return j.do(), nil },
		func(answer func(), err error) Message { return jobDone{j, answer, err} })
}

func (h *holder) onJobDone(c *actors.Context[Message], m jobDone) {
	switch {
	case m.err != nil && m.job.fail != nil:
		m.job.fail(m.err)
	case m.err != nil:
		c.Log().Error("config file was not checked", "err", m.err)
	case m.answer != nil:
		m.answer()
	}
	h.busy = false
	if h.live.o.Watch && m.job.fail != nil {
		h.onWatch(c, touched{}) // it may have written, and the notice of the system may get lost
	}
	h.next(c)
}
