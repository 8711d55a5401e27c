//go:build unix && !linux

package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// insistent: SIGKILL goes to the whole group, and so is the guard's last act.
const insistent = false

// adopt: there are no subreapers here. What leaves the group is out of reach.
func adopt() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

func duplicate(from, to int) error { return unix.Dup2(from, to) }

// signalAll sends s, which the guard has a handler for, to the group. Who that was is not known.
func signalAll(s syscall.Signal) []int {
	_ = syscall.Kill(-os.Getpid(), s)
	return nil
}

// lastAct ends what is left of the group, and the guard.
func lastAct() { _ = syscall.Kill(-os.Getpid(), syscall.SIGKILL) }
