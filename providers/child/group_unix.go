//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd, leash bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if leash {
		dieWithParent(cmd.SysProcAttr)
	}
}

func (p own) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }
