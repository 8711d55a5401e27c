//go:build unix

package config

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// askShell has a login shell print its environment.
func askShell(ctx context.Context, shell string, env []string) ([]byte, error) {
	shell = cmp.Or(shell, "/bin/sh")
	if !filepath.IsAbs(shell) {
		return nil, errors.New("SHELL is not an absolute path")
	}
	out := &capped{left: maxShellOutput}
	cmd := exec.CommandContext(ctx, shell, "-l", "-c", "env -0")
	cmd.Env, cmd.Stdout = env, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what it started and left with its output
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the shell itself was done
	}
	return out.buf.Bytes(), err
}
