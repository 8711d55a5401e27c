package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/why"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const listLimit = 200

// Options for the outbox. Store, Accounts, Directory and Chunk are required.
type Options struct {
	Store     *store.Store
	Accounts  actors.Ref[account.Message]
	Directory *account.Directory
	Chunk     Chunk
	// Delivered tells of an item that is sent, failed or ambiguous now. Any goroutine; must not block.
	Delivered func(store.OutItem)
	// Attempted is told of each attempt that was made, once its outcome is on disk. Like Delivered.
	Attempted func(Attempt)
	// Owner is the session that is told, before its next turn, of what did not arrive. nil = nobody is.
	Owner func() string
	// Load copies the file that a send names to where it stays until it has gone out. It may take as long as its ctx.
	// nil = no files are sent.
	Load func(ctx context.Context, ref string) (providers.Media, error)
	// Expire is told now and then which files are still to be sent, or did not arrive. nil = nobody asks.
	Expire func(ctx context.Context, needed map[string]bool)
	Now    func() time.Time // nil = time.Now
	// Sweep is how often it looks for rows that nobody spoke of, and how long a lane waits for word of an outcome;
	// 0 = 30 s.
	Sweep time.Duration
}

// Props describes the actor. Its name is "outbox".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sweep <= 0 {
		o.Sweep = 30 * time.Second
	}
	f := newFlights()
	return actors.Props[Message]{
		Kind: "outbox",
		New: func() actors.Behavior[Message] {
			return &outbox{o: &o, flights: f, lanes: map[store.Lane]actors.Ref[laneMessage]{}, joins: map[string]*join{}}
		},
		Mailbox: actors.Mailbox{Count: 8192, Bytes: 32 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

type outbox struct {
	o       *Options
	flights *flights

	lanes    map[store.Lane]actors.Ref[laneMessage]
	pulling  bool
	dirty    bool
	quiet    []Quiesce // asked to become quiet; nothing new starts
	quietNow bool
	tidied   time.Time // when old files were looked for

	joins   map[string]*join // by idempotency key
	joinSeq uint64
}

// Start pulls: whatever was on its way before goes on.
func (o *outbox) Start(c *actors.Context[Message]) error {
	o.refresh(c)
	c.After(o.o.Sweep, sweep{})
	return nil
}

func (o *outbox) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Wake:
		o.refresh(c)
	case AccountUp:
		o.onAccountUp(m)
	case Send:
		o.onSend(c, m)
	case List:
		o.onList(c, m)
	case Show:
		o.onShow(c, m)
	case Why:
		o.onWhy(c, m)
	case Change:
		o.onChange(c, m)
	case Count:
		o.onCount(c, m)
	case Quiesce:
		o.onQuiesce(m)
	case lanes:
		o.onLanes(c, m)
	case laneGone:
		o.onLaneGone(c, m)
	case sweep:
		c.After(o.o.Sweep, sweep{})
		o.tidy(c)
		o.refresh(c)
		o.lookAtJoins(c)
	case claimed:
		o.onClaimed(c, m)
	case settled:
		o.onSettled(m)
	case limit:
		o.onLimit(c, m)
	case found:
		o.onFound(m)
	case looked:
		o.onLooked(c, m)
	case answered:
	}
	return nil
}

// refresh looks which lanes have work.
func (o *outbox) refresh(c *actors.Context[Message]) {
	if o.pulling || o.quietNow {
		o.dirty = true
		return
	}
	o.pulling, o.dirty = true, false
	st := o.o.Store
	actors.Pipe(c, func(ctx context.Context) (ls []store.Lane, err error) {
		err = st.View(ctx, func(v *store.View) (err error) {
			ls, err = v.OutLanes()
			return err
		})
		return ls, err
	}, func(ls []store.Lane, err error) Message { return lanes{ls, err} })
}

func (o *outbox) onLanes(c *actors.Context[Message], m lanes) {
	o.pulling = false
	if m.err != nil {
		c.Log().Warn("outbox pull failed", slog.Any("err", m.err)) // the next sweep or Wake tries again
		return
	}
	if o.quietNow {
		return
	}
	for _, l := range m.lanes {
		if o.lanes[l].Tell(wake{}) != nil {
			o.spawn(c, l)
		}
	}
	if o.dirty {
		o.refresh(c)
	}
}

// spawn starts a lane. It pulls by itself.
func (o *outbox) spawn(c *actors.Context[Message], l store.Lane) {
	opts, b, self := o.o, o.flights.berth(l), c.Self()
	settle := func(key string, out store.Outcome) { _ = self.Tell(settled{key, out}) } // lost: whoever waits looks again
	ref, err := actors.Spawn(c, "lane/"+l.Account+"/"+l.Chat, actors.Props[laneMessage]{
		Kind:    "lane",
		New:     func() actors.Behavior[laneMessage] { return &lane{o: opts, key: l, berth: b, settled: settle} },
		Mailbox: actors.Mailbox{Count: 64, Bytes: 1 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: 10 * time.Second, Window: time.Minute, Limit: 20},
	})
	if err != nil {
		return // its namesake is still stopping; the word that it has brings us back
	}
	o.lanes[l] = ref
	actors.Watch(c, ref, func(reason error) Message { return laneGone{l, ref, reason} })
}

func (o *outbox) onLaneGone(c *actors.Context[Message], m laneGone) {
	if o.lanes[m.lane] == m.ref {
		delete(o.lanes, m.lane)
		o.flights.tidy(m.lane)
	}
	if m.reason != nil {
		c.Log().Error("lane given up", slog.String("account", m.lane.Account), slog.Any("err", m.reason)) // the sweep starts it again
	} else {
		o.refresh(c) // work may have come while it stopped
	}
	o.answerQuiet()
}

func (o *outbox) onAccountUp(m AccountUp) {
	for l, ref := range o.lanes {
		if l.Account == m.Account {
			_ = ref.Tell(wake{accountUp: true}) // one that is gone pulls when it comes back
		}
	}
}

func (o *outbox) onQuiesce(m Quiesce) {
	o.quietNow = true
	o.quiet = append(o.quiet, m)
	for _, ref := range o.lanes {
		_ = ref.Tell(finish{})
	}
	o.answerQuiet()
}

func (o *outbox) answerQuiet() {
	if !o.quietNow || len(o.lanes) > 0 {
		return
	}
	for _, q := range o.quiet {
		q.Send(struct{}{})
	}
	o.quiet = nil
}

func (o *outbox) onList(c *actors.Context[Message], m List) {
	st := o.o.Store
	actors.Answer(c, m.Reply, func(ctx context.Context) (r wire.OutboxListResult, err error) {
		var items []store.OutItem
		err = st.View(ctx, func(v *store.View) (err error) {
			items, err = v.OutList(m.State, listLimit)
			return err
		})
		for _, it := range items {
			r.Items = append(r.Items, why.Listed(it))
		}
		return r, err
	}, Message(answered{}))
}

func (o *outbox) onCount(c *actors.Context[Message], m Count) {
	st := o.o.Store
	actors.Answer(c, m.Reply, func(ctx context.Context) (n Counts, err error) {
		err = st.View(ctx, func(v *store.View) error {
			by, err := v.OutCounts()
			n = Counts{Queued: by[store.OutQueued], Sending: by[store.OutSending], Ambiguous: by[store.OutAmbiguous], Failed: by[store.OutFailed]}
			return err
		})
		return n, err
	}, Message(answered{}))
}
