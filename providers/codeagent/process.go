package codeagent

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

const (
	quiet     = 2 * time.Second        // what an agent has to end by itself once its input is closed
	term      = 500 * time.Millisecond // and then, once it got SIGTERM
	lastWords = 500 * time.Millisecond // from the end of its output to its own
	writeMax  = 10 * time.Second       // what it has to read what it is told
	lastLines = 5                      // of its standard error, for the report of its end
)

// errClosed: it was ended here.
var errClosed = errors.New("closed")

// Process is an agent's program, which is talked to in lines.
type Process struct {
	p    Program
	proc *child.Process
	take func(line []byte) error
	lost chan struct{} // closed when nothing more comes
	once sync.Once
	err  error // why, valid after lost; nil = its output ended

	write sync.Mutex // held while a line is written

	mu   sync.Mutex // guards last
	last []string   // lines of its standard error
}

// ErrNoise is what take returns for a line that is no message of the protocol: a few of those are passed over.
var ErrNoise = errors.New("no message")

// Start starts a program. take gets each line of its output that has something in it, from one goroutine; an error ends the
// reading, and ErrNoise does when there are too many. The line is valid during the call only.
func Start(p Program, take func(line []byte) error) (*Process, error) {
	s := &Process{p: p, take: take, lost: make(chan struct{})}
	ready := make(chan struct{})
	proc, err := child.Start(p.Command, p.Args, child.Options{
		Stdin: true, Leash: true, Keep: p.Keep, Env: p.Env, Dir: p.Dir, Line: s.complains,
		Output: func(r io.Reader) { <-ready; s.pump(r) },
	})
	if err != nil {
		if child.Missing(err) {
			return nil, fmt.Errorf("%w: %w", ErrMissing, err)
		}
		return nil, err
	}
	s.proc = proc
	close(ready)
	return s, nil
}

// Write implements io.Writer for whole lines. A program that does not read its input is lost; the error is Because.
func (s *Process) Write(line []byte) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if f, ok := s.proc.Stdin.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = f.SetWriteDeadline(time.Now().Add(writeMax)) // without one it waits longer
	}
	n, err := s.proc.Stdin.Write(line)
	if err == nil {
		return n, nil
	}
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select { // one that has ended says more by that
	case <-s.lost:
	case <-t.C:
	}
	s.Lose(fmt.Errorf("it does not read its input: %w", err))
	return n, s.Because()
}

// Lost is closed when nothing more comes of the program.
func (s *Process) Lost() <-chan struct{} { return s.lost }

// Lose gives the program up for a reason. The first one counts.
func (s *Process) Lose(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.lost)
	})
}

// End ends the program and everything it has started, and says when they are gone. gently: it gets time to end by itself.
func (s *Process) End(gently bool) (gone <-chan struct{}) {
	s.Lose(errClosed)
	wait := time.Duration(0)
	if gently {
		wait = quiet
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.proc.Stop(wait, term)
	}()
	return done
}

// Because is why the program cannot be talked to any more, in words for a person. Call it after Lost.
func (s *Process) Because() error {
	<-s.lost
	if s.err != nil {
		return s.err
	}
	var err error
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select { // its output has ended: so does it, as a rule
	case <-s.proc.Done():
		err = fmt.Errorf("the program ended: %w", s.proc.Err())
	case <-t.C:
		err = errors.New("the program closed its output")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) > 0 {
		err = fmt.Errorf("%w; it said: %s", err, strings.Join(s.last, " | "))
	}
	return err
}

// pump reads what the program says until there is no more, or too much.
func (s *Process) pump(r io.Reader) {
	b, g := bufio.NewReaderSize(r, 64<<10), gauge{}
	var line []byte
	for {
		var err error
		line, err = readLine(b, line[:0])
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if problem := s.hear(text, &g); problem != nil {
				s.Lose(problem)
				return
			}
		}
		if err != nil {
			if errors.Is(err, ErrFlood) {
				s.Lose(err)
			} else {
				s.Lose(nil)
			}
			return
		}
		if cap(line) > 1<<20 {
			line = nil
		}
	}
}

func (s *Process) hear(line []byte, g *gauge) error {
	select {
	case <-s.lost:
		return errClosed
	default:
	}
	now := time.Now()
	if g.message(now) {
		return fmt.Errorf("%w: more than %d messages in a second", ErrFlood, perSecond)
	}
	err := s.take(line)
	if !errors.Is(err, ErrNoise) {
		return err
	}
	s.p.Log.Debug("a coding agent prints what is no message", "agent", s.p.Name, "line", Clip(string(line), 200))
	if g.noise(now) {
		return fmt.Errorf("%w: its standard output is not the protocol; it begins a line with %q", ErrFlood, Clip(string(line), 60))
	}
	return nil
}

// readLine reads a line of at most MaxMessage bytes.
func readLine(b *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > MaxMessage:
			return nil, fmt.Errorf("%w: a message of more than %d MiB", ErrFlood, MaxMessage>>20)
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return line, err
		}
	}
}

// complains hears a line of the program's standard error.
func (s *Process) complains(_ bool, line string) {
	line = Clip(strings.ToValidUTF8(line, "?"), 500)
	s.mu.Lock()
	if len(s.last) == lastLines {
		s.last = s.last[1:]
	}
	s.last = append(s.last, line)
	s.mu.Unlock()
	s.p.Log.Debug("a coding agent says", "agent", s.p.Name, "line", line)
}

// gauge counts what a program says too much of.
type gauge struct {
	second time.Time
	count  int
	minute time.Time
	lines  int
}

// message counts one, and tells whether that is too many.
func (g *gauge) message(now time.Time) bool {
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
