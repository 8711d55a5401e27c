//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

const defaultLogDir = "/tmp/clawdbot"

// notElsewhere: a log file is opened where its name is, not where a link leads, and a pipe without a reader is not waited for.
const notElsewhere = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// prepare: whatever is written is the user's alone.
func prepare() { syscall.Umask(0o077) }

func notifyRestart(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR1) }

func ownedByUser(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

func inode(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Ino)
	}
	return 0
}

func askToEnd(pid int) error { return sendTo(pid, syscall.SIGTERM) }

func kill(pid int) error { return sendTo(pid, syscall.SIGKILL) }

// sendTo signals a process. That it is gone already is no matter.
func sendTo(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
