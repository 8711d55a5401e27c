package child

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	writeMax  = 10 * time.Second // what a program has to read what it is told
	lastWords = 5 * time.Second  // from the end of its output to its own, on a busy machine
	lastLines = 5                // of its standard error, for the report of its end
	mostOfOne = 500              // bytes of such a line
)

// ErrClosed is why a Talk that was stopped here is over.
var ErrClosed = errors.New("closed")

// TalkOptions say how a program is talked to. Most, Flood, Take and Said are required.
type TalkOptions struct {
	Env  []string // as in Options
	Dir  string
	Keep Keep
	// Most is how many bytes a line may have. A longer one ends the talk with an error that wraps Flood.
	Most  int
	Flood error
	// Take gets each line of its output that has something in it, from one goroutine. An error ends the talk. The line is valid
	// during the call only.
	Take func(line []byte) error
	// Said gets each line of its standard error, cut to what can be shown.
	Said func(line string)
}

// Talk is a program that is talked to in lines, both ways. It is on the gateway's leash.
type Talk struct {
	proc *Process
	o    TalkOptions
	lost chan struct{} // closed when nothing more comes
	once sync.Once
	err  error // why, valid after lost; nil = its output ended

	write sync.Mutex // held while a line is written

	mu   sync.Mutex // guards last
	last []string   // lines of its standard error
}

// StartTalk starts a program to talk to. The error is one of Start.
func StartTalk(path string, args []string, o TalkOptions) (*Talk, error) {
	t := &Talk{o: o, lost: make(chan struct{})}
	ready := make(chan struct{})
	proc, err := Start(path, args, Options{
		Stdin: true, Leash: true, Keep: o.Keep, Env: o.Env, Dir: o.Dir, Line: t.complains,
		Output: func(r io.Reader) { <-ready; t.pump(r) },
	})
	if err != nil {
		return nil, err
	}
	t.proc = proc
	close(ready)
	return t, nil
}

// PID is the program's process id, which is also that of its group.
func (t *Talk) PID() int { return t.proc.PID() }

// Write implements io.Writer for whole lines. The error says that the program does not read them.
func (t *Talk) Write(line []byte) (int, error) {
	t.write.Lock()
	defer t.write.Unlock()
	if f, ok := t.proc.Stdin.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = f.SetWriteDeadline(time.Now().Add(writeMax)) // without one it waits longer
	}
	n, err := t.proc.Stdin.Write(line)
	if err != nil {
		err = fmt.Errorf("it does not read its input: %w", err)
	}
	return n, err
}

// Lost is closed when nothing more comes of the program.
func (t *Talk) Lost() <-chan struct{} { return t.lost }

// Over tells whether it is.
func (t *Talk) Over() bool {
	select {
	case <-t.lost:
		return true
	default:
		return false
	}
}

// Lose gives the program up for a reason; nil = its output has ended. The first one counts.
func (t *Talk) Lose(err error) {
	t.once.Do(func() {
		t.err = err
		close(t.lost)
	})
}

// Stop ends the program and everything that it has started, as Process.Stop does.
func (t *Talk) Stop(quiet, term time.Duration) {
	t.Lose(ErrClosed)
	t.proc.Stop(quiet, term)
}

// Why is the reason for which nothing more comes, in words for a person; ErrClosed = it was stopped here. It waits for Lost, and then
// for up to five seconds until a program that has closed its output has ended: how it did says more.
func (t *Talk) Why() error {
	<-t.lost
	if t.err != nil {
		return t.err
	}
	var err error
	if t.proc.gone(lastWords) {
		err = fmt.Errorf("the program ended: %w", t.proc.Err())
	} else {
		err = errors.New("the program closed its output")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) > 0 {
		err = fmt.Errorf("%w; it said: %s", err, strings.Join(t.last, " | "))
	}
	return err
}

// pump reads what the program says until there is no more, or too much.
func (t *Talk) pump(r io.Reader) {
	b := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		var err error
		line, err = t.read(b, line[:0])
		if text := bytes.TrimSpace(line); len(text) > 0 {
			if problem := t.take(text); problem != nil {
				t.Lose(problem)
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
				err = nil
			}
			t.Lose(err)
			return
		}
		if cap(line) > 1<<20 {
			line = nil
		}
	}
}

func (t *Talk) take(line []byte) error {
	if t.Over() {
		return ErrClosed
	}
	return t.o.Take(line)
}

// read reads a line of at most Most bytes.
func (t *Talk) read(b *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > t.o.Most:
			return nil, fmt.Errorf("%w: a message of more than %d MiB", t.o.Flood, t.o.Most>>20)
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return line, err
		}
	}
}

// complains hears a line of the program's standard error.
func (t *Talk) complains(_ bool, line string) {
	line = Clip(strings.ToValidUTF8(line, "?"), mostOfOne)
	t.mu.Lock()
	if len(t.last) == lastLines {
		t.last = t.last[1:]
	}
	t.last = append(t.last, line)
	t.mu.Unlock()
	t.o.Said(line)
}

// Gauge counts what comes, for who finds that it is too much. It is for one goroutine.
type Gauge struct {
	since time.Time
	count int
}

// Over counts one, and tells whether there were more than most within a period.
func (g *Gauge) Over(most int, period time.Duration) bool {
	if now := time.Now(); now.Sub(g.since) >= period {
		g.since, g.count = now, 0
	}
	g.count++
	return g.count > most
}

// Clip bounds a text in bytes, at a character, and shows that something is missing.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
