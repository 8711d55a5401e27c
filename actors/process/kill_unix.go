//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Group has a command start as the leader of a process group, and the whole group killed when its context ends. It is for
// what is over soon: nothing ends such a command with the gateway.
func Group(cmd *exec.Cmd) {
	ownGroup(cmd)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func supported() error { return nil }

// killGroup ends a group. That there is nobody left is no matter.
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) }

// killMarked ends what bears a mark, and says whether there was anything.
func killMarked(id string) bool {
	all := marked(id)
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(all) > 0
}
