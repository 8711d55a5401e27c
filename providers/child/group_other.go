//go:build !unix

package child

import (
	"os/exec"
	"syscall"
)

// Without process groups the child alone is ended.
func ownGroup(*exec.Cmd, bool) {}

func (p own) signal(syscall.Signal) { _ = p.cmd.Process.Kill() }
