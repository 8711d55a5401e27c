//go:build unix

package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

// runConfined starts this program once more, which confines itself and becomes the one that was ordered. The guard stays as it
// is: no thread of it may share a sandbox with what it guards, for the memory of all threads is one.
func runConfined(path string, o order) (pid int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer orderW.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		orderR.Close()
		return 0, err
	}
	defer reportR.Close()
	pid, err = syscall.ForkExec(self, []string{self, ChildArg, confineArg}, &syscall.ProcAttr{
		Dir: o.Dir, Env: os.Environ(), Files: []uintptr{0, 1, 2, orderR.Fd(), reportW.Fd()},
	})
	orderR.Close()
	reportW.Close()
	if err != nil {
		return 0, fmt.Errorf("start the guard of a sandbox in %s: %w", o.Dir, err)
	}
	o.Argv = append([]string{path}, o.Argv...)
	line, err := json.Marshal(o)
	if err == nil {
		_, err = orderW.Write(append(line, '\n'))
	}
	if err != nil {
		return pid, fmt.Errorf("tell the guard of a sandbox what to run: %w", err)
	}
	if words, _ := io.ReadAll(reportR); len(words) > 0 { // it closes when the program has taken over
		return pid, errors.New(string(words))
	}
	return pid, nil
}

// become confines this process and makes it the program that it was ordered to run. It returns only if that fails.
func become() int {
	syscall.CloseOnExec(orderFD)
	syscall.CloseOnExec(reportFD)
	runtime.LockOSThread() // what a thread gives up, the program that it becomes has not
	fmt.Fprint(os.NewFile(reportFD, "reports"), becomeOrdered())
	return 126
}

// becomeOrdered does not return, unless something is wrong.
func becomeOrdered() error {
	line, err := bufio.NewReader(os.NewFile(orderFD, "orders")).ReadBytes('\n')
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return err
	}
	if o.Confine == nil || len(o.Argv) < 2 {
		return errors.New("the guard of a sandbox was given no order")
	}
	if err := confine(*o.Confine); err != nil {
		return err
	}
	return fmt.Errorf("run %s in the sandbox: %w", o.Argv[0], syscall.Exec(o.Argv[0], o.Argv[1:], o.Env))
}
