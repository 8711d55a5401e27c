// Package childtest writes the programs that tests have the gateway start.
package childtest

import (
	"os"
	"syscall"
)

// Write makes an executable file of a script, which can be started at once. While it is being written nothing may be forked: the
// child would have the file open for writing until it has become another program, and the script would be "text file busy".
func Write(path, script string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, []byte(script), 0o700)
}
