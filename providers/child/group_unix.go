//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// group is a process group.
type group struct{ leader *exec.Cmd }

func startGroup(cmd *exec.Cmd, leash bool) (group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if leash {
		dieWithParent(cmd.SysProcAttr)
	}
	return group{cmd}, cmd.Start()
}

func (g group) signal(s syscall.Signal) { _ = syscall.Kill(-g.leader.Process.Pid, s) }

// Leash is for systems on which a process can see to it beforehand that nothing outlives it.
func Leash() error { return nil }
