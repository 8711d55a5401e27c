package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options say what a child gets.
type Options struct {
	// Line is called with every line of output, without its end, from one goroutine for each stream. It must not block for
	// long: the child waits meanwhile.
	Line func(stderr bool, line string)
	// Stdin: the child gets a standard input, Process.Stdin. Otherwise it reads nothing.
	Stdin bool
	// Output takes the standard output as it is, in place of Line, on a goroutine of its own. When it returns before the end,
	// the child can write no more.
	Output func(r io.Reader)
	Env    []string // "NAME=value"; nil = the environment of this process
	Dir    string   // "" = that of this process
	// Leash: the child is killed when this process is, where the system can do that (Linux). What the child itself has started
	// is not hit: it ends with its input, or not.
	Leash bool
	// Keep starts the program in place of Start, which then only reads what it says; nil = Start does.
	Keep Keep
}

// maxLine bounds a line of output in bytes. The rest of a longer one is left out.
const maxLine = 16 << 20

// drain is how long output may still come after the child has ended: longer only if somebody else holds the stream.
const drain = time.Second

// Process is a running child.
type Process struct {
	// Stdin is nil without Options.Stdin.
	Stdin io.WriteCloser

	run  running
	done chan struct{}
	err  error // how it ended; valid after done
}

// Start starts a program as the leader of its own process group. The error says what to do when the program is missing or
// may not be run; Missing recognises these.
func Start(path string, args []string, o Options) (*Process, error) {
	full, err := exec.LookPath(Expand(path))
	if err != nil {
		return nil, err
	}
	p := &Process{done: make(chan struct{})}
	var open, theirs []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
			open = append(open, r, w)
		}
		return r, w
	}
	outR, outW := pipe()
	errR, errW := pipe()
	var inR, inW *os.File
	if o.Stdin {
		inR, inW = pipe()
	}
	if err != nil {
		closeAll(open)
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	theirs = append(theirs, outW, errW)
	if o.Stdin {
		p.Stdin = inW
		theirs = append(theirs, inR)
	}
	p.run, err = launch(Program{Argv: append([]string{full}, args...), Dir: o.Dir, Env: o.Env, Stdin: inR, Stdout: outW, Stderr: errW}, o)
	if err != nil {
		closeAll(open)
		return nil, err
	}
	closeAll(theirs)
	go p.wait(o, outR, errR)
	return p, nil
}

// wait reads the output to its end and reaps the child.
func (p *Process) wait(o Options, out, errs *os.File) {
	var streams sync.WaitGroup
	streams.Go(func() {
		if o.Output != nil {
			o.Output(out)
			out.Close()
			return
		}
		lines(out, func(s string) { o.Line(false, s) })
	})
	streams.Go(func() { lines(errs, func(s string) { o.Line(true, s) }) })
	p.err = p.run.wait()
	p.run.signal(syscall.SIGKILL) // whatever it has started and left behind
	late := time.AfterFunc(drain, func() { out.Close(); errs.Close() })
	streams.Wait()
	late.Stop()
	out.Close()
	errs.Close()
	if p.Stdin != nil {
		p.Stdin.Close()
	}
	close(p.done)
}

// lines reads r to its end.
func lines(r io.Reader, each func(string)) {
	b := bufio.NewReader(r)
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		if len(line) < maxLine {
			line = append(line, part[:min(len(part), maxLine-len(line))]...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if s := strings.TrimRight(string(line), "\r\n"); s != "" {
			each(s)
		}
		if line = line[:0]; cap(line) > 1<<20 {
			line = nil
		}
		if err != nil {
			return
		}
	}
}

// Done is closed when the child has ended and its last line was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the child ended, in words for a person. Call it after Done.
func (p *Process) Err() error {
	if p.err == nil {
		return errors.New("it ended by itself")
	}
	return p.err
}

// OK tells whether the child has ended with exit code 0. Call it after Done.
func (p *Process) OK() bool { return p.err == nil }

// PID is the child's process id, which is also that of its group.
func (p *Process) PID() int { return p.run.pid() }

// Stop ends the child and returns when it is gone, with all that it started: it closes its standard input, if it has one,
// sends SIGTERM after quiet and SIGKILL after another term.
func (p *Process) Stop(quiet, term time.Duration) {
	if p.gone(0) {
		return // its number may be somebody else's by now
	}
	if p.Stdin != nil {
		p.Stdin.Close()
		if p.gone(quiet) {
			return
		}
	}
	p.run.signal(syscall.SIGTERM)
	if p.gone(term) {
		return
	}
	p.run.signal(syscall.SIGKILL)
	<-p.done
}

func (p *Process) gone(within time.Duration) bool {
	select {
	case <-p.done:
		return true
	default:
	}
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// Missing tells whether Start failed because there is no such program or it may not be run: trying again does not help.
func Missing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) ||
		errors.Is(err, syscall.ENOEXEC) || errors.Is(err, syscall.EISDIR)
}

// Expand replaces a leading "~" by the home directory.
func Expand(path string) string {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && rest[0] != '/' {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}
