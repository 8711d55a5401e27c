package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

// Server says how a server is reached. Either Command or URL is set.
type Server struct {
	Name string

	Command string // a program that speaks the protocol on its standard streams
	Args    []string
	Env     []string // its whole environment, "NAME=value"
	Dir     string   // "" = that of the gateway
	Keep    child.Keep

	URL     string            // an address that speaks streamable HTTP
	Headers map[string]string // with every request to it; secrets

	Start time.Duration // how long it may take until its tools are known
	Log   *slog.Logger
	// Changed is called when the server says that it has other tools now. Any goroutine, must not block.
	Changed func()
}

// Dial starts a server, or connects to it, and shakes hands. The error wraps ErrMissing where trying again does not help by
// itself.
type Dial func(ctx context.Context, s Server) (Session, error)

// Session is a connection to a server. Its methods may be called from any goroutine.
type Session interface {
	// About is what the server says of itself.
	About() About
	// Tools asks for its tools. What cannot be offered is left out; problems says what and why, for people.
	Tools(ctx context.Context) (tools []Tool, problems []string, err error)
	// Call calls a tool with a JSON object. progress gets what the server says meanwhile; nil = nobody listens.
	Call(ctx context.Context, tool string, args json.RawMessage, progress func(text string)) (Result, error)
	// Done is closed when the connection is lost, or closed. Err then says why, in words for a person.
	Done() <-chan struct{}
	Err() error
	// Close ends the connection and the server's process, with all that it has started. It returns when they are gone.
	Close()
}

// About is a server's name and version, as it says.
type About struct {
	Name, Version string
	Protocol      string // version of the protocol that is spoken
	PID           int    // of its process; 0 = there is none
}

// Tool is one that a server has.
type Tool struct {
	Name        string // as the server calls it
	Title       string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments: an object
	ReadOnly    bool            // the server says that it changes nothing
}

// Result is what became of a call.
type Result struct {
	Content    []Content
	Structured json.RawMessage // nil = none
	IsError    bool            // the tool failed; the content says how
}

// Content is a part of a result.
type Content struct {
	Type string // text, image, audio, resource, link
	Text string // of a text, or of a resource that is one
	MIME string
	Data []byte // of a picture, a sound, or a resource
	URI  string // of a resource or a link
	Name string // of a link
}

// Errors that Dial wraps.
var (
	ErrMissing = errors.New("no such program") // or it may not be run
	ErrFlood   = errors.New("it says too much")
)

// Limits on what a server may say. What is longer is left out, or ends the connection.
const (
	MaxMessage     = 16 << 20 // bytes of one message: the connection ends
	MaxTools       = 128      // of one server
	MaxSchema      = 64 << 10 // bytes of one tool's schema
	MaxDescription = 4 << 10  // bytes of one tool's description
	MaxPicture     = 5 << 20  // bytes of one picture in a result
	MaxParts       = 64       // of one result
)
