package child

import "syscall"

// dieWithParent has the kernel kill the child when this process is killed. The signal goes when the thread ends that started
// the child; the runtime ends none that is not locked to a goroutine.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
