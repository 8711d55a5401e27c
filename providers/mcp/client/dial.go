package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/mcp"
)

const (
	// legacy is the newest version of the protocol whose handshake every server knows. The newer handshake asks first, and
	// there are servers that never answer a question which they do not know.
	legacy = "2025-11-25"

	pingEvery = 30 * time.Second       // a server that does not answer is lost
	quiet     = 500 * time.Millisecond // what a child has to end by itself once its input is closed
	term      = 500 * time.Millisecond // and then, once it got SIGTERM
)

// Dialer makes a mcp.Dial that introduces itself with a version.
func Dialer(version string) mcp.Dial {
	return func(ctx context.Context, s mcp.Server) (mcp.Session, error) {
		limit := s.Start
		if limit <= 0 {
			limit = 30 * time.Second
		}
		err := error(nil)
		for _, protocol := range []string{"", legacy} {
			within, cancel := context.WithTimeout(ctx, limit/2)
			session, failed := dial(within, s, version, protocol)
			silent := within.Err() != nil && ctx.Err() == nil
			cancel()
			if failed == nil {
				return session, nil
			}
			if err = failed; !silent {
				return nil, err
			}
			err = fmt.Errorf("it did not answer within %s", limit)
		}
		return nil, err
	}
}

// session is a mcp.Session.
type session struct {
	server mcp.Server
	cs     *sdk.ClientSession
	pipe   *pipe  // nil = over HTTP
	closer func() // of what HTTP keeps; nil = nothing
	about  mcp.About

	done chan struct{}
	once sync.Once
	err  error // valid after done

	mu       sync.Mutex // guards the fields below
	tokens   int
	progress map[string]func(string)
}

func dial(ctx context.Context, server mcp.Server, version, protocol string) (mcp.Session, error) {
	s := &session{server: server, done: make(chan struct{}), progress: map[string]func(string){}}
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	c := sdk.NewClient(&sdk.Implementation{Name: "clawdbot", Version: version}, &sdk.ClientOptions{
		Logger: slog.New(slog.DiscardHandler), Capabilities: &sdk.ClientCapabilities{},
		KeepAlive: pingEvery, KeepAliveFailureThreshold: 2,
		ToolListChangedHandler:      func(context.Context, *sdk.ToolListChangedRequest) { s.changed() },
		ProgressNotificationHandler: s.hear,
	})
	connected := make(chan error, 1)
	go func() {
		cs, err := c.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: protocol})
		s.cs = cs
		connected <- err
	}()
	select {
	case err = <-connected:
	case <-ctx.Done(): // the library may wait for a write
		s.release()
		err = <-connected
		if err == nil {
			_ = s.cs.Close()
			err = ctx.Err()
		}
	}
	if err != nil {
		s.release()
		return nil, s.because(err)
	}
	s.introduced()
	go s.watch()
	return s, nil
}

// transport starts the child, or makes what speaks HTTP.
func (s *session) transport() (sdk.Transport, error) {
	if s.server.URL != "" {
		t, release, err := overHTTP(s.server)
		s.closer = release
		return t, err
	}
	p, err := start(s.server)
	s.pipe = p
	return p, err
}

func (s *session) introduced() {
	r := s.cs.InitializeResult()
	s.about.Protocol = r.ProtocolVersion
	if r.ServerInfo != nil {
		s.about.Name, s.about.Version = child.Clip(r.ServerInfo.Name, 200), child.Clip(r.ServerInfo.Version, 100)
	}
	if s.pipe != nil {
		s.about.PID = s.pipe.talk.PID()
	}
}

// watch waits for the end of the connection.
func (s *session) watch() {
	err := s.cs.Wait()
	if err == nil {
		err = errors.New("the connection was closed")
	}
	s.end(s.because(err))
}

func (s *session) end(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
	})
}

// because is why the connection is gone, as far as the child shows it.
func (s *session) because(err error) error {
	if s.pipe == nil {
		return err
	}
	return s.pipe.because(err)
}

// release lets go of everything outside of this process, and of the child.
func (s *session) release() {
	if s.pipe != nil {
		s.pipe.stop()
	}
	if s.closer != nil {
		s.closer()
	}
}

func (s *session) About() mcp.About      { return s.about }
func (s *session) Done() <-chan struct{} { return s.done }

func (s *session) Err() error {
	<-s.done
	return s.err
}

// Close ends a child as the protocol asks for: its input first, then signals. What is under way fails.
func (s *session) Close() {
	s.end(errors.New("the connection was closed here"))
	if s.pipe != nil {
		s.pipe.stop()
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.cs.Close() // what it says was said before
	}()
	select {
	case <-closed:
	case <-time.After(quiet): // a server that does not take its leave
	}
	if s.closer != nil {
		s.closer()
	}
	<-closed
}

func (s *session) changed() {
	if s.server.Changed != nil {
		s.server.Changed()
	}
}
