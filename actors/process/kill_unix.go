//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

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
