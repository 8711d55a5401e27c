package account

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// Message is everything the supervisor of the accounts accepts.
type Message interface{ accountsMessage() }

// Start makes an account wanted: it is started, or restarted with the new configuration if it was there.
type Start struct {
	Account string
	Factory providers.Factory
	Config  json.RawMessage // the surface's config section, nil when absent
	// Disabled, if set, says why the account is known but not started: "disabled", "not configured".
	Disabled string
	Getenv   func(string) string // the account's own environment; nil = Options.Getenv
}

// Restart closes the account's connection and opens it again, also out of a terminal state.
type Restart struct{ Account string }

// Reconnect closes the connections of all accounts and opens them again, at once also where a pause would have to end first: the
// machine has slept, say, and what looks like a connection may be none. An account whose state is terminal stays as it is.
type Reconnect struct{}

// Stop closes the account's connection for good. Reason shows in its state.
type Stop struct{ Account, Reason string }

// Deliver asks for one attempt to send one message. The error is a *providers.SendError. It wraps ErrNotBegun when
// the provider was certainly not asked; any other loss of the answer (ErrCrashed, ErrStopped) leaves that open, and
// Begin tells: it was called or it was not.
type Deliver struct {
	actors.Reply[providers.Receipt]
	Account  string
	Outgoing providers.Outgoing
	// Begin runs on a goroutine of the account right before the provider is asked. It may block for a disk write.
	// With an error the provider is not asked. When the message came twice the second one must get ErrRepeat: it is
	// left unanswered, so that the first one's answer counts.
	Begin func(ctx context.Context) error
}

// Reconcile asks what became of a send whose answer was lost. It works while the link is down.
type Reconcile struct {
	actors.Reply[Reconciled]
	Account  string
	Outgoing providers.Outgoing
}

// Reconciled answers Reconcile. With Found false and Repeat false nobody can tell.
type Reconciled struct {
	Found   bool
	Receipt providers.Receipt
	Repeat  bool // it certainly did not arrive, or the platform recognises a repeat: send again
}

// Typing shows "typing" in a chat. Best effort; nothing happens while the account is not up.
type Typing struct{ Account, Chat string }

// Status asks for the states of all accounts by name. With Probe the providers are asked live first.
type Status struct {
	actors.Reply[[]State]
	Probe   bool
	Timeout time.Duration // of the probes; 0 = 10 s
}

func (Start) accountsMessage()     {}
func (Restart) accountsMessage()   {}
func (Reconnect) accountsMessage() {}
func (Stop) accountsMessage()      {}
func (Deliver) accountsMessage()   {}
func (Reconcile) accountsMessage() {}
func (Typing) accountsMessage()    {}
func (Status) accountsMessage()    {}
func (Link) accountsMessage()      {}
func (SignOut) accountsMessage()   {}
func (settle) accountsMessage()    {}
func (gone) accountsMessage()      {}
func (ensure) accountsMessage()    {}
func (polled) accountsMessage()    {}
func (await) accountsMessage()     {}
func (awaited) accountsMessage()   {}

// Size counts the text against the mailbox.
func (d Deliver) Size() int { return 256 + len(d.Outgoing.Text) }

// ErrNotBegun: the provider was not asked, so a repeat is safe. ErrDown says why: the account is not up.
var (
	ErrNotBegun = errors.New("send not begun")
	ErrDown     = errors.New("account is down")
	ErrRepeat   = errors.New("this attempt was begun before")
)

// notBegun is a Transient failure that wraps ErrNotBegun and why.
func notBegun(why error) *providers.SendError {
	return &providers.SendError{Class: providers.Transient, Err: errors.Join(ErrNotBegun, why)}
}

type (
	gone struct { // a child has stopped
		account string
		reason  error
	}
	ensure struct{ account string } // spawn the child of a wanted account
	polled struct{}                 // work off the actor has given its answer
	await  struct {                 // a code is out
		account string
		linker  providers.Linker
	}
	awaited struct { // it was scanned, or not
		account string
		linker  providers.Linker
		linked  Linked
	}
	settle struct { // answered when the account has done what it was told before
		actors.Reply[struct{}]
		account string
	}
)

// message is what one account accepts from its supervisor and from itself.
type message interface{ accountMessage() }

type (
	begin   struct{} // start, or start over, from what the slot wants
	renew   struct{} // likewise, unless that cannot help
	deliver struct {
		actors.Reply[providers.Receipt]
		out   providers.Outgoing
		begin func(ctx context.Context) error
	}
	reconcile struct {
		actors.Reply[Reconciled]
		out providers.Outgoing
	}
	typing struct{ chat string }
	probe  struct {
		actors.Reply[any]
		timeout time.Duration
	}

	vacated struct{ attempt uint64 } // the predecessor's Run has returned
	overdue struct{ attempt uint64 } // it should have by now
	built   struct {
		link     *link
		provider providers.Provider
		err      error
	}
	reported struct{ link *link } // something changed in the link's report
	ended    struct{ link *link } // Run has returned
	retry    struct{ link *link } // the backoff is over
	sent     struct{}             // one send has ended
	typed    struct{}
	answered struct{} // a Reconcile has its answer
	settled  struct{ actors.Reply[struct{}] }
	probed   struct {
		link   *link
		result any
		err    error
	}
)

func (begin) accountMessage()     {}
func (renew) accountMessage()     {}
func (deliver) accountMessage()   {}
func (reconcile) accountMessage() {}
func (typing) accountMessage()    {}
func (probe) accountMessage()     {}
func (vacated) accountMessage()   {}
func (overdue) accountMessage()   {}
func (built) accountMessage()     {}
func (reported) accountMessage()  {}
func (ended) accountMessage()     {}
func (retry) accountMessage()     {}
func (sent) accountMessage()      {}
func (typed) accountMessage()     {}
func (probed) accountMessage()    {}
func (answered) accountMessage()  {}
func (settled) accountMessage()   {}

func (d deliver) Size() int { return 256 + len(d.out.Text) }

// The facts themselves are in the slot and the link; these messages only say "look": one queued is as good as many.
func (begin) CoalesceKey() string    { return "begin" }
func (renew) CoalesceKey() string    { return "renew" }
func (reported) CoalesceKey() string { return "reported" }
