//go:build unix

package transcribe

import (
	"os/exec"
	"syscall"
)

// ownGroup starts a command as the leader of a process group, and has the whole group killed when its time is up.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
