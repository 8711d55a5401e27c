package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// insistent: a guard can end what is below without ending itself.
const insistent = true

// adopt makes this process the parent of everything below that loses its own, and likelier than the gateway to be ended when
// memory runs out.
func adopt() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

func duplicate(from, to int) error { return unix.Dup3(from, to, 0) }

// signalAll sends s to everything below this process and says who that was.
func signalAll(s syscall.Signal) []int {
	below := descendants(os.Getpid())
	for _, pid := range below {
		_ = syscall.Kill(pid, s)
	}
	return below
}

// lastAct: nobody is left.
func lastAct() {}
