package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/mcp"
)

const (
	perSecond = 2000             // messages of a child that are no answers
	maxNoise  = 200              // lines of a child's output, in a minute, that are no message
	writeMax  = 10 * time.Second // what a child has to read what it is told
	lastLines = 5                // of its standard error, for the report of its end
)

// pipe is the connection to a child: a transport of the library.
type pipe struct {
	server mcp.Server
	proc   *child.Process
	in     chan jsonrpc.Message
	lost   chan struct{} // closed when nothing more comes
	once   sync.Once
	err    error // why, valid after lost; nil = its output ended

	write sync.Mutex // held while a line is written

	mu   sync.Mutex // guards last
	last []string   // lines of its standard error
}

// start starts the program of a server.
func start(s mcp.Server) (*pipe, error) {
	p := &pipe{server: s, in: make(chan jsonrpc.Message), lost: make(chan struct{})}
	ready := make(chan struct{})
	proc, err := child.Start(s.Command, s.Args, child.Options{
		Stdin: true, Leash: true, Keep: s.Keep, Env: s.Env, Dir: s.Dir, Line: p.complains,
		Output: func(r io.Reader) { <-ready; p.pump(r) },
	})
	if err != nil {
		if child.Missing(err) {
			return nil, fmt.Errorf("%w: %w", mcp.ErrMissing, err)
		}
		return nil, err
	}
	p.proc = proc
	close(ready)
	return p, nil
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
	case <-p.lost:
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
	p.write.Lock()
	defer p.write.Unlock()
	if f, ok := p.proc.Stdin.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = f.SetWriteDeadline(time.Now().Add(writeMax)) // without one it waits longer
	}
	if _, err := p.proc.Stdin.Write(append(b, '\n')); err != nil {
		err = fmt.Errorf("it does not read its input: %w", err)
		p.lose(err)
		return err
	}
	return nil
}

// Close implements sdk.Connection. The child goes on until stop.
func (p *pipe) Close() error {
	p.lose(errors.New("closed"))
	return nil
}

func (p *pipe) lose(err error) {
	p.once.Do(func() {
		p.err = err
		close(p.lost)
	})
}

// stop ends the child and everything that it has started.
func (p *pipe) stop() {
	p.lose(errors.New("closed"))
	p.proc.Stop(quiet, term)
}

// pump reads what the child says until there is no more, or too much.
func (p *pipe) pump(r io.Reader) {
	b, gauge := bufio.NewReaderSize(r, 64<<10), gauge{}
	for {
		line, err := readLine(b)
		if err == nil || len(line) > 0 {
			if problem := p.take(bytes.TrimSpace(line), &gauge); problem != nil {
				p.lose(problem)
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
				err = nil
			}
			p.lose(err)
			return
		}
	}
}

// readLine reads a line of at most mcp.MaxMessage bytes.
func readLine(b *bufio.Reader) (line []byte, err error) {
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > mcp.MaxMessage:
			return nil, fmt.Errorf("%w: a message of more than %d MiB", mcp.ErrFlood, mcp.MaxMessage>>20)
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return line, err
		}
	}
}

// take hands on what a line says.
func (p *pipe) take(line []byte, g *gauge) error {
	if len(line) == 0 {
		return nil
	}
	var parts []json.RawMessage
	if line[0] != '[' || json.Unmarshal(line, &parts) != nil {
		parts = []json.RawMessage{line}
	}
	for _, part := range parts {
		m, err := jsonrpc.DecodeMessage(part)
		if err != nil {
			p.server.Log.Debug("a server of tools prints what is no message", "server", p.server.Name, "line", clip(string(part), 200))
			if g.noise(time.Now()) {
				return fmt.Errorf("%w: its standard output is not the protocol; it begins a line with %q", mcp.ErrFlood, clip(string(part), 60))
			}
			continue
		}
		if _, unasked := m.(*jsonrpc.Request); unasked && g.unasked(time.Now()) {
			return fmt.Errorf("%w: more than %d messages in a second that nobody asked for", mcp.ErrFlood, perSecond)
		}
		select {
		case p.in <- m:
		case <-p.lost:
			return errors.New("closed")
		}
	}
	return nil
}

// complains hears a line of the child's standard error.
func (p *pipe) complains(_ bool, line string) {
	line = clip(strings.ToValidUTF8(line, "?"), 500)
	p.mu.Lock()
	if len(p.last) == lastLines {
		p.last = p.last[1:]
	}
	p.last = append(p.last, line)
	p.mu.Unlock()
	p.server.Log.Debug("a server of tools says", "server", p.server.Name, "line", line)
}

// because is why the child cannot be talked to any more, given what the library makes of that.
func (p *pipe) because(err error) error {
	select {
	case <-p.lost:
	default:
		return err
	}
	if p.err != nil {
		if p.err.Error() == "closed" {
			return err
		}
		return p.err
	}
	select { // its output has ended: so does it, as a rule
	case <-p.proc.Done():
		err = fmt.Errorf("the program ended: %w", p.proc.Err())
	case <-time.After(quiet):
		err = errors.New("the program closed its output")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.last) > 0 {
		err = fmt.Errorf("%w; it said: %s", err, strings.Join(p.last, " | "))
	}
	return err
}

// gauge counts what a child says too much of.
type gauge struct {
	second time.Time
	count  int
	minute time.Time
	lines  int
}

// unasked counts a message, and tells whether that is too many.
func (g *gauge) unasked(now time.Time) bool {
	if now.Sub(g.second) >= time.Second {
		g.second, g.count = now, 0
	}
	g.count++
	return g.count > perSecond
}

// noise counts a line that is no message.
func (g *gauge) noise(now time.Time) bool {
	if now.Sub(g.minute) >= time.Minute {
		g.minute, g.lines = now, 0
	}
	g.lines++
	return g.lines > maxNoise
}
