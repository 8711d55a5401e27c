//go:build unix

package codetest

import (
	"os/exec"
	"syscall"
)

// fork starts a process that leaves the group, ignores what it is told, and holds nothing of the agent's. It returns its id.
func fork() int {
	cmd := exec.Command("sh", "-c", `trap "" TERM HUP INT; while :; do sleep 0.2; done`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0
	}
	return cmd.Process.Pid
}
