package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/mcp"
)

const (
	perSecond = 2000 // messages of a child that are no answers
	maxNoise  = 200  // lines of a child's output, in a minute, that are no message
)

// pipe is the connection to a child: a transport of the library.
type pipe struct {
	server mcp.Server
	talk   *child.Talk
	in     chan jsonrpc.Message

	unasked, noise child.Gauge // of what it says
}

// start starts the program of a server.
func start(s mcp.Server) (p *pipe, err error) {
	p = &pipe{server: s, in: make(chan jsonrpc.Message)}
	ready := make(chan struct{})
	p.talk, err = child.StartTalk(s.Command, s.Args, child.TalkOptions{
		Env: s.Env, Dir: s.Dir, Keep: s.Keep, Most: mcp.MaxMessage, Flood: mcp.ErrFlood,
		Take: func(line []byte) error { <-ready; return p.take(line) },
		Said: func(line string) { s.Log.Debug("a server of tools says", "server", s.Name, "line", line) },
	})
	close(ready)
	switch {
	case err == nil:
		return p, nil
	case child.Missing(err):
		return nil, fmt.Errorf("%w: %w", mcp.ErrMissing, err)
	}
	return nil, err
}

// Connect implements sdk.Transport.
func (p *pipe) Connect(context.Context) (sdk.Connection, error) { return p, nil }

// SessionID implements sdk.Connection.
func (p *pipe) SessionID() string { return "" }

// Read implements sdk.Connection.
func (p *pipe) Read(ctx context.Context) (jsonrpc.Message, error) {
	select {
	case m := <-p.in:
		return m, nil
	case <-p.talk.Lost():
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements sdk.Connection. A child that does not read its input is lost.
func (p *pipe) Write(_ context.Context, m jsonrpc.Message) error {
	b, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	if _, err = p.talk.Write(append(b, '\n')); err != nil {
		p.talk.Lose(err)
	}
	return err
}

// Close implements sdk.Connection. The child goes on until stop.
func (p *pipe) Close() error {
	p.talk.Lose(child.ErrClosed)
	return nil
}

// stop ends the child and everything that it has started.
func (p *pipe) stop() { p.talk.Stop(quiet, term) }

// take hands on what a line says.
func (p *pipe) take(line []byte) error {
	line = bytes.Clone(line) // messages keep parts of it
	var parts []json.RawMessage
	if line[0] != '[' || json.Unmarshal(line, &parts) != nil {
		parts = []json.RawMessage{line}
	}
	for _, part := range parts {
		m, err := jsonrpc.DecodeMessage(part)
		if err != nil {
			p.server.Log.Debug("a server of tools prints what is no message", "server", p.server.Name, "line", child.Clip(string(part), 200))
			if p.noise.Over(maxNoise, time.Minute) {
				return fmt.Errorf("%w: its standard output is not the protocol; it begins a line with %q", mcp.ErrFlood, child.Clip(string(part), 60))
			}
			continue
		}
		if _, unasked := m.(*jsonrpc.Request); unasked && p.unasked.Over(perSecond, time.Second) {
			return fmt.Errorf("%w: more than %d messages in a second that nobody asked for", mcp.ErrFlood, perSecond)
		}
		select {
		case p.in <- m:
		case <-p.talk.Lost():
			return child.ErrClosed
		}
	}
	return nil
}

// because is why the child cannot be talked to any more, given what the library makes of that.
func (p *pipe) because(err error) error {
	if !p.talk.Over() {
		return err
	}
	if why := p.talk.Why(); !errors.Is(why, child.ErrClosed) {
		return why
	}
	return err
}
