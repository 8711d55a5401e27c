// Package childtest writes the programs that tests have the gateway start.
package childtest

import (
	"os"
	"syscall"
	"testing"
)

// Write makes an executable file of a script, which can be started at once. While it is being written nothing may be forked: the
// child would have the file open for writing until it has become another program, and the script would be "text file busy".
func Write(t testing.TB, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}
