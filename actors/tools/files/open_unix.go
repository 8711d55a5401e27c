//go:build unix

package files

import "syscall"

// nonBlocking: a pipe that takes a file's place must not hold the tool up.
const nonBlocking = syscall.O_NONBLOCK
