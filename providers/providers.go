// Package providers is the contract between the gateway and a messaging surface.
// A provider owns one account's socket and nothing else: it hands inbound messages up through Env.Receive
// and sends what it is told to send. It knows nothing of sessions, other providers or the gateway.
// It imports nothing internal; every provider and the actors that drive them import it.
package providers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Factory makes providers of one surface. It is passed as a value (gateway.Options.Providers): there is no registry.
type Factory struct {
	// Surface is the lower-case name on the wire: "telegram", "slack", ...
	Surface string
	// New decodes env.Config and builds a provider without touching the network.
	// A configuration mistake is an error that names the field.
	New func(env Env) (Provider, error)
	// Rules reads what the config section says of who may write to the agent, and when. It is called again whenever the
	// configuration changes. Nil = allowFrom and groups.<id>.requireMention, as telegram has them.
	Rules func(config json.RawMessage) Rules
	// Manual describes the actions of its providers, where they are Performers. Nil = models are not told of any.
	Manual *Manual
}

// Env is what one provider instance gets from the gateway.
type Env struct {
	Account string          // unique in the gateway; equals the surface name while there is one account per surface
	Config  json.RawMessage // the surface's config section, "{}" when absent; WhatsApp's has the section "web" under that key
	Getenv  func(string) string
	Log     *slog.Logger
	HTTP    *http.Client // for API calls; nil = a client of the provider's own
	Now     func() time.Time
	// StateDir is the gateway's state directory, "" in a program without one: what an account keeps is in a directory of
	// its own below it.
	StateDir string
	// Endpoint replaces the platform's base address (dev.endpoints.<surface>, loopback only); empty in production.
	// WhatsApp's is a JSON object: {"url", "mediaUrl", "rootKey"}.
	Endpoint string
	// Receive hands one inbound message over. It returns nil when the message is committed to the store (or was
	// there before): only then may the provider acknowledge it to the platform. It may block for as long as a
	// disk write; it fails with ctx or when the gateway cannot store. Safe for concurrent use.
	Receive func(ctx context.Context, m Incoming) error
	// State reports a change of the link. Never blocks.
	State func(Status)
	// Echo takes the id (as in Receipt) of a message of the account itself that came in over the way of other people's
	// messages: the proof that this way is open. Never blocks. A surface that does not see its own messages never calls it.
	Echo func(messageID string)
	// Files is where inbound attachments go: the one way in for bytes from outside. Never nil.
	Files Files
	// Cursor keeps how far the account has come at its platform, over restarts. Never nil.
	Cursor Cursor
	// Mount serves h on the gateway's own HTTP port, at exactly this path, until unmount is called: for a platform that
	// posts to us. Only POST comes through, with at most 1 MiB of body, from anybody under any Host: h must check who
	// it is. An error: the path is taken or none at all. Nil = there is no such port.
	Mount func(path string, h http.Handler) (unmount func(), err error)
	// Vault is for credentials that the surface's library keeps by itself. Nil = there is no state directory.
	Vault Vault
	// Life ends when the gateway is done with this provider: for what goes on outside of Run, as the linking of a
	// device. Nil = never.
	Life context.Context
}

// WithDefaults puts in what a provider may rely on where a program gave none: the clock, a log, somebody to report to.
func (e Env) WithDefaults() Env {
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	if e.State == nil {
		e.State = func(Status) {}
	}
	if e.Echo == nil {
		e.Echo = func(string) {}
	}
	return e
}

// Files keeps attachments in the state directory. What is kept is sniffed: MIME is what the bytes are, never what
// somebody calls them. Errors are for a log line; a message is handed over without an attachment that cannot be kept.
type Files interface {
	// Save keeps what r holds. More than limit bytes is ErrTooLarge, and nothing is kept.
	Save(ctx context.Context, r io.Reader, name, mime string, limit int64) (Media, error)
	// Fetch gets an address with the headers given and keeps the answer's body. Only public addresses and the account's
	// own Endpoint are reached; headers do not follow a redirect to another host.
	Fetch(ctx context.Context, url string, header http.Header, name string, limit int64) (Media, error)
}

// Cursor remembers small values of one account in the store: the place up to which a provider has taken what its platform
// keeps, so that a new process asks for the rest. It is no record of messages: the inbox is, and it recognises what comes
// twice. So a value may lag behind, and must never run ahead of what Receive has taken. Safe for concurrent use.
type Cursor interface {
	// Get reads a value; "" when there is none.
	Get(ctx context.Context, key string) (string, error)
	// Set is on disk when it returns nil. Each call is a commit: write at intervals, not with each message. The value "" forgets
	// the key.
	Set(ctx context.Context, key, value string) error
}

// ErrTooLarge: an attachment is over its limit.
var ErrTooLarge = errors.New("too large")

// Provider is one account on one surface.
type Provider interface {
	// Run connects and serves until ctx ends (nil), the link is lost (any error: the account actor backs off and
	// calls Run again) or the failure is final (an error wrapping ErrTerminal: it stays down and says why).
	// No goroutine of the provider outlives Run.
	Run(ctx context.Context) error
	// Send delivers one message and returns the platform's receipt. The error is nil or a *SendError.
	// It may be called while Run is down; it must honour ctx. The account calls it for one message per chat at a time.
	Send(ctx context.Context, m Outgoing) (Receipt, error)
	// Capabilities are constant for the life of the provider.
	Capabilities() Capabilities
}

// The optional interfaces a provider may have. There are at most six.
type (
	// Typer shows "typing" in a chat for a few seconds. Best effort.
	Typer interface {
		Typing(ctx context.Context, chat string) error
	}
	// Prober checks credentials and reachability live (providers.status {probe:true}, health).
	// The result is the surface's probe object (protocol 3.13), ready for JSON.
	Prober interface {
		Probe(ctx context.Context) any
	}
	// Reconciler can find out what became of a send whose answer was lost. Found with a receipt, or not found
	// for certain; an error means it could not tell.
	Reconciler interface {
		Reconcile(ctx context.Context, m Outgoing) (r Receipt, found bool, err error)
	}
	// Linker is an account that a person links by scanning a code with the device that owns it. The calls may take as
	// long as their ctx, also while Run is down.
	Linker interface {
		// StartLink gets a code, also when Run is up and is interrupted for it. Without one the message says why there
		// is none. What it began goes on after it has returned, until Life ends.
		StartLink(ctx context.Context, r LinkRequest) (LinkCode, error)
		// WaitLink waits until the code was scanned. That it was not is no error.
		WaitLink(ctx context.Context) (linked bool, message string, err error)
		// Unlink forgets the credentials; false when there were none.
		Unlink(ctx context.Context) (cleared bool, err error)
	}
	// Performer does what only this platform has: reactions, edits, polls, pins, moderation. The names are those of
	// the reference's tool actions (a.2-a.4); the agent reaches them through a tool named like the surface.
	Performer interface {
		// Actions lists what the configuration lets the agent do, by name.
		Actions() []string
		// Perform does one. The result is ready for JSON. The error is a *SendError; a mistake in params is Permanent and
		// says what is wrong with them.
		Perform(ctx context.Context, action string, params json.RawMessage) (result any, err error)
	}
)

// LinkRequest says how an account is to be linked.
type LinkRequest struct {
	Force bool   // also when it is linked
	Phone string // a phone number: get a code to type into that phone instead of one to scan
}

// LinkCode is what a person needs to link an account.
type LinkCode struct {
	Message     string
	QR          string // what the picture says
	QRDataURL   string // the picture, a PNG
	PairingCode string // to be typed into the phone
}

// Any says whether there is a code.
func (c LinkCode) Any() bool { return c.QRDataURL != "" || c.PairingCode != "" }

// Capabilities are limits as data.
type Capabilities struct {
	MaxText int    // longest text of one message, in UTF-16 units
	Markup  Markup // what Outgoing.Text is converted to before it comes to Send
	// SenderIDs: the platform takes a message id or nonce of ours, so that a repeated send is recognised.
	SenderIDs bool
	// MaxImage is the largest image that the platform takes as one, in bytes: a larger one is made smaller before it comes to
	// Send. 0 = the gateway's own limit of 6 MB will do.
	MaxImage int64
}

// Markup is how a platform writes bold, links, code.
type Markup string

// Markups. The agent writes Markdown.
const (
	Markdown Markup = "markdown" // as the agent wrote it
	HTML     Markup = "html"     // Telegram's
	Mrkdwn   Markup = "mrkdwn"   // Slack's
	WhatsApp Markup = "whatsapp" // *bold* _italic_ ~struck~ and code marks
	Plain    Markup = "plain"    // none: the marks are taken away
)

// ErrTerminal marks a failure that trying again cannot mend: wrong token, logged out, replaced.
var ErrTerminal = errors.New("terminal")

// Terminal wraps err so that errors.Is(err, ErrTerminal) holds. Its text is err's.
func Terminal(err error) error { return &terminalError{err} }

type terminalError struct{ err error }

func (e *terminalError) Error() string        { return e.err.Error() }
func (e *terminalError) Unwrap() error        { return e.err }
func (e *terminalError) Is(target error) bool { return target == ErrTerminal }

// Link is the state of a provider's connection.
type Link string

// Link states in the order they usually follow one another.
const (
	LinkConnecting Link = "connecting"
	LinkUp         Link = "up"       // the platform has answered and events flow
	LinkDegraded   Link = "degraded" // still trying; Reason says what is wrong (409, 429, ...)
	LinkDown       Link = "down"
)

// Status is one report of Env.State. Only what changed needs to be set; zero values leave the last report in place,
// except that a report with a Link also replaces Reason: a link that is up again has none.
type Status struct {
	Link     Link
	Reason   string    // one line for a person; no token in it
	Mode     string    // "polling", "webhook"
	Self     string    // who we are there: "@botname"
	LastSeen time.Time // last proof of traffic from the platform (also an empty poll)
	// Detail is what only this surface has to say in providers.status: a pointer to a fresh struct, ready for JSON.
	Detail any
}

// UnknownID is a receipt's message id where the platform does not tell.
const UnknownID = "unknown"

// Receipt is the platform's word that a message arrived.
type Receipt struct {
	MessageID string `json:"messageId"`
	ChatID    string `json:"chatId,omitempty"`
}

// Class says what a failed send means for the next attempt.
type Class string

// Classes of send failures.
const (
	// Transient: the platform answered that it was not done; try again (429, 5xx), after RetryAfter if set.
	Transient Class = "transient"
	// Permanent: it answered that it will never be done (other 4xx).
	Permanent Class = "permanent"
	// Unauthorized: it refuses our credentials; nothing goes out until they change.
	Unauthorized Class = "unauthorized"
	// Ambiguous: the request was written and no answer came: it may or may not have arrived.
	Ambiguous Class = "ambiguous"
)

// SendError is the only error type Send returns.
type SendError struct {
	Class      Class
	RetryAfter time.Duration // 0 = the outbox decides
	Err        error         // its text holds no credential
}

func (e *SendError) Error() string { return fmt.Sprintf("%s: %v", e.Class, e.Err) }
func (e *SendError) Unwrap() error { return e.Err }
