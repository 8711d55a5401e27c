//go:build unix && !linux

package child

import "syscall"

// dieWithParent: there is no such signal here.
func dieWithParent(*syscall.SysProcAttr) {}
