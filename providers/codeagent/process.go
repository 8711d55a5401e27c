package codeagent

import (
	"errors"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

const (
	quiet  = 2 * time.Second        // what an agent has to end by itself once its input is closed
	term   = 500 * time.Millisecond // and then, once it got SIGTERM
	unread = 500 * time.Millisecond // from an input that it does not read to the end of its output, if it has ended
)

// Process is an agent's program, which is talked to in lines.
type Process struct {
	*child.Talk
	p    Program
	take func(line []byte) error

	messages, noise child.Gauge // of what it says
}

// ErrNoise is what take returns for a line that is no message of the protocol: a few of those are passed over.
var ErrNoise = errors.New("no message")

// Start starts a program. take gets each line of its output that has something in it, from one goroutine; an error ends the
// reading, and ErrNoise does when there are too many. The line is valid during the call only.
func Start(p Program, take func(line []byte) error) (s *Process, err error) {
	s = &Process{p: p, take: take}
	s.Talk, err = child.StartTalk(p.Command, p.Args, child.TalkOptions{
		Env: p.Env, Dir: p.Dir, Keep: p.Keep, Most: MaxMessage, Flood: ErrFlood, Take: s.hear,
		Said: func(line string) { p.Log.Debug("a coding agent says", "agent", p.Name, "line", line) },
	})
	switch {
	case err == nil:
		return s, nil
	case child.Missing(err):
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return nil, err
}

// Write implements io.Writer for whole lines. A program that does not read its input is lost; the error is Why.
func (s *Process) Write(line []byte) (int, error) {
	n, err := s.Talk.Write(line)
	if err == nil {
		return n, nil
	}
	t := time.NewTimer(unread)
	defer t.Stop()
	select { // one that has ended says more by that
	case <-s.Lost():
	case <-t.C:
	}
	s.Lose(err)
	return n, s.Why()
}

// End ends the program and everything it has started, and says when they are gone. gently: it gets time to end by itself.
func (s *Process) End(gently bool) (gone <-chan struct{}) {
	s.Lose(child.ErrClosed)
	wait := time.Duration(0)
	if gently {
		wait = quiet
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Stop(wait, term)
	}()
	return done
}

// hear hears a line of the program's output.
func (s *Process) hear(line []byte) error {
	if s.messages.Over(perSecond, time.Second) {
		return fmt.Errorf("%w: more than %d messages in a second", ErrFlood, perSecond)
	}
	err := s.take(line)
	if !errors.Is(err, ErrNoise) {
		return err
	}
	s.p.Log.Debug("a coding agent prints what is no message", "agent", s.p.Name, "line", Clip(string(line), 200))
	if s.noise.Over(maxNoise, time.Minute) {
		return fmt.Errorf("%w: its standard output is not the protocol; it begins a line with %q", ErrFlood, Clip(string(line), 60))
	}
	return nil
}
