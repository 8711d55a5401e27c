//go:build !unix

package process

import (
	"errors"
	"os/exec"
)

// Main is not for this system.
func Main() int { return 1 }

func become() int { return 1 }

var errUnsupported = errors.New("this system has no process groups: run the gateway on Linux, macOS or in WSL for an agent that runs commands")

func ownGroup(*exec.Cmd) {}

// Group has nothing to do: here the process alone is killed when its context ends.
func Group(*exec.Cmd) {}

func supported() error { return errUnsupported }

func killGroup(int) {}

func killMarked(string) bool { return false }

func began(int) (string, bool) { return "", false }

func sameBoot(string) bool { return false }
