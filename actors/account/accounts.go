package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
)

const probeLimit = 10 * time.Second

// Options for the accounts. Store, Directory, Work, Changed and Forget are required.
type Options struct {
	Store     *store.Store
	Directory *Directory
	Work      func()      // a new inbound message is on disk; any goroutine, must not block
	Changed   func(State) // an account's state has changed; any goroutine, must not block
	// Forget removes the credential of an account from the configuration and says whether there was one. It may block.
	Forget   func(ctx context.Context, account string) (bool, error)
	Getenv   func(string) string
	HTTP     *http.Client     // for the providers' API calls; nil = their own
	Now      func() time.Time // nil = time.Now
	StateDir string           // for what providers keep; "" = nothing is kept
	// Files makes what keeps the attachments of an account whose platform is at endpoint, "" = at its real address.
	// nil = none is kept.
	Files    func(endpoint string) providers.Files
	LockDir  string                      // for what one process per host may have; required with StateDir
	Endpoint func(surface string) string // replaces a platform's address in tests; nil = never
	// Mount is providers.Env.Mount; nil = there is no port that platforms could post to.
	Mount func(path string, h http.Handler) (unmount func(), err error)
}

// Props describes the supervisor of the accounts. Its name is "accounts".
func Props(o Options) actors.Props[Message] {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Files == nil {
		o.Files = func(string) providers.Files { return noFiles{} }
	}
	return actors.Props[Message]{
		Kind: "accounts",
		New: func() actors.Behavior[Message] {
			return &accounts{o: &o, refs: map[string]actors.Ref[message]{}, awaiting: map[string]providers.Linker{}, linked: map[string]outcome{}}
		},
		Mailbox: actors.Mailbox{Count: 8192, Bytes: 32 << 20},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// accounts supervises. It only hands on: no state of an account is here.
type accounts struct {
	o    *Options
	refs map[string]actors.Ref[message]

	awaiting map[string]providers.Linker // by account: whose code is watched
	linked   map[string]outcome          // by account: the last login that ended well
}

// Start brings back every account that was wanted before a crash.
func (a *accounts) Start(c *actors.Context[Message]) error {
	for _, s := range a.o.Directory.all() {
		a.ensure(c, s.account)
	}
	return nil
}

func (a *accounts) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Start:
		a.o.Directory.Want(m)
		a.again(c, m.Account)
	case Restart:
		if a.o.Directory.slot(m.Account) != nil {
			a.again(c, m.Account)
		}
	case Reconnect:
		for _, ref := range a.refs {
			_ = ref.Tell(renew{}) // one that is gone is begun anew anyway
		}
	case Stop:
		a.onStop(c, m)
	case Deliver:
		if a.refs[m.Account].Tell(deliver{Reply: m.Reply, out: m.Outgoing, begin: m.Begin}) != nil {
			m.Fail(notBegun(ErrDown))
		}
	case Reconcile:
		if a.refs[m.Account].Tell(reconcile{Reply: m.Reply, out: m.Outgoing}) != nil {
			m.Fail(notBegun(ErrDown))
		}
	case Typing:
		_ = a.refs[m.Account].Tell(typing{m.Chat}) // a hint
	case Perform:
		if a.refs[m.Account].Tell(perform{Reply: m.Reply, action: m.Action, params: m.Params, once: m.Once}) != nil {
			m.Fail(fmt.Errorf("%s is not there", m.Account))
		}
	case Status:
		a.onStatus(c, m)
	case Link:
		a.onLink(c, m)
	case SignOut:
		a.onSignOut(c, m)
	case settle:
		a.onSettle(m)
	case gone:
		a.onGone(c, m)
	case await:
		a.onAwait(c, m)
	case awaited:
		a.onAwaited(c, m)
	case ensure:
		a.ensure(c, m.account)
	}
	return nil
}

// again makes the account start over; its actor too, if that has given up.
func (a *accounts) again(c *actors.Context[Message], account string) {
	if a.refs[account].Tell(begin{}) != nil {
		a.ensure(c, account)
	}
}

// ensure spawns the account's actor if it is not there.
func (a *accounts) ensure(c *actors.Context[Message], account string) {
	if ref := a.refs[account]; !ref.IsZero() && !actors.Closed(ref.Done()) {
		return
	}
	slot := a.o.Directory.slot(account)
	if slot == nil {
		return
	}
	ref, err := actors.Spawn(c, "account/"+account, actors.Props[message]{
		Kind:    "account",
		New:     func() actors.Behavior[message] { return newAccount(a.o, slot) },
		Mailbox: actors.Mailbox{Count: 8192, Bytes: 32 << 20},
		Restart: actors.Restart{Min: time.Second, Max: time.Minute, Window: 10 * time.Minute, Limit: 60},
	})
	if err != nil { // its namesake is still stopping
		c.After(100*time.Millisecond, ensure{account})
		return
	}
	a.refs[account] = ref
	actors.Watch(c, ref, func(reason error) Message { return gone{account, reason} })
}

func (a *accounts) onStop(c *actors.Context[Message], m Stop) {
	slot := a.o.Directory.slot(m.Account)
	if slot == nil {
		return
	}
	spec := slot.wanted()
	spec.Disabled = m.Reason
	if spec.Disabled == "" {
		spec.Disabled = "disabled"
	}
	a.o.Directory.Want(spec)
	a.again(c, m.Account)
}

// onGone: an account that was not told to stop has crashed too often.
func (a *accounts) onGone(c *actors.Context[Message], m gone) {
	slot := a.o.Directory.slot(m.account)
	if slot == nil || m.reason == nil {
		return
	}
	c.Log().Error("account given up", slog.String("account", m.account), slog.Any("err", m.reason))
	s, news := slot.change(func(s *State) {
		s.Phase, s.Reason, s.NextAt, s.LastError = Terminal, "it crashed too often: "+m.reason.Error(), 0, m.reason.Error()
	})
	if news {
		a.o.Changed(s)
	}
}

// onStatus answers from the directory, which also knows of an account whose actor hangs.
func (a *accounts) onStatus(c *actors.Context[Message], m Status) {
	if !m.Probe {
		m.Send(a.o.Directory.States())
		return
	}
	limit := m.Timeout
	if limit <= 0 {
		limit = probeLimit
	}
	var refs []actors.Ref[message]
	for _, s := range a.o.Directory.all() {
		if ref := a.refs[s.account]; !ref.IsZero() && s.wanted().Disabled == "" {
			refs = append(refs, ref)
		}
	}
	dir := a.o.Directory
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, limit+time.Second)
		defer cancel()
		var all sync.WaitGroup
		for _, ref := range refs {
			all.Go(func() { // the result is in the state; without one the state is all there is to say
				_, _ = actors.Ask(ctx, ref, func(r actors.Reply[any]) message { return probe{r, limit} })
			})
		}
		all.Wait()
		m.Send(dir.States())
		return struct{}{}, nil
	}, func(struct{}, error) Message { return polled{} })
}

func newAccount(o *Options, s *slot) *account { return &account{o: o, slot: s} }

var (
	_ actors.Starter[message] = (*account)(nil)
	_ actors.Stopper[message] = (*account)(nil)
	_ actors.Starter[Message] = (*accounts)(nil)
)
