//go:build unix

package computer

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the program the leader of a process group of its own, so that all it starts can be ended with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to everything a program has started. Its number stays taken as long as one of them lives.
func signalGroup(cmd *exec.Cmd, sig syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, sig) }
