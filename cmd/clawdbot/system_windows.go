package main

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// defaultLogDir is in a directory of the user's own: that of temporary files is one for each.
var defaultLogDir = filepath.Join(os.TempDir(), "clawdbot")

// notElsewhere: making a link needs rights that others have not.
const notElsewhere = 0

// prepare has an older console understand how lines are wiped and coloured.
func prepare() {
	for _, which := range []uint32{windows.STD_OUTPUT_HANDLE, windows.STD_ERROR_HANDLE} {
		var mode uint32
		h, err := windows.GetStdHandle(which)
		if err == nil && windows.GetConsoleMode(h, &mode) == nil { // else it is a file or a pipe
			_ = windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
		}
	}
}

// notifyRestart: there is no such signal. A change of the configuration restarts what it has to.
func notifyRestart(chan<- os.Signal) {}

// ownedByUser: see defaultLogDir.
func ownedByUser(os.FileInfo) bool { return true }

// inode: a directory listing does not say it.
func inode(os.FileInfo) uint64 { return 0 }

// askToEnd: a process that has no console of ours cannot be asked. What it has acknowledged is on disk.
func askToEnd(pid int) error { return kill(pid) }

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil { // it is gone
		return nil
	}
	defer p.Release()
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
