package child

import (
	"os"
	"os/exec"
	"syscall"
)

// Program is what is to be started, with its standard streams; those that are nil are not there.
type Program struct {
	Argv                  []string // the file, and the arguments
	Dir                   string   // "" = that of this process
	Env                   []string // nil = the environment of this process
	Stdin, Stdout, Stderr *os.File
}

// Keep starts a program for somebody who sees to it that neither it nor what it starts outlives the gateway, even if that is
// killed. It does not close the streams.
type Keep func(p Program) (Kept, error)

// Kept is a program that was started so.
type Kept interface {
	// PID is the id of the process group.
	PID() int
	// Done is closed when the program has ended, with everything that it has started.
	Done() <-chan struct{}
	// Err is how it ended, nil = well. Call it after Done.
	Err() error
	// Kill ends it, and does not wait.
	Kill()
}

// running is a program that was started, either way.
type running interface {
	pid() int
	wait() error
	signal(s syscall.Signal) // to the whole group. That there is nobody left is no matter.
}

func launch(p Program, o Options) (running, error) {
	if o.Keep != nil {
		k, err := o.Keep(p)
		return kept{k}, err
	}
	cmd := exec.Command(p.Argv[0], p.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.Dir, p.Env, p.Stdout, p.Stderr
	if p.Stdin != nil { // a nil file is no nil io.Reader
		cmd.Stdin = p.Stdin
	}
	g, err := startGroup(cmd, o.Leash)
	return own{cmd, g}, err
}

// own is a process that was started here, and leads a group.
type own struct {
	cmd *exec.Cmd
	group
}

func (p own) pid() int    { return p.cmd.Process.Pid }
func (p own) wait() error { return p.cmd.Wait() }

// kept is one that somebody else keeps: it asks before it kills, by itself.
type kept struct{ Kept }

func (p kept) pid() int { return p.PID() }

func (p kept) wait() error {
	<-p.Done()
	return p.Err()
}

func (p kept) signal(syscall.Signal) { p.Kill() }
