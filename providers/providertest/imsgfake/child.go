package imsgfake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/child/childtest"
)

const platformEnv = "IMSGFAKE_PLATFORM"

// Child is imsg, in a process that was started through CLI; otherwise it returns at once. Call it first in TestMain.
func Child() {
	if addr := os.Getenv(platformEnv); addr != "" {
		os.Exit(run(addr))
	}
}

// CLI writes a program that is imsg with the platform behind it, for imessage.cliPath. The test's TestMain must call Child.
func (s *Server) CLI(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "imsg")
	script := fmt.Sprintf("#!/bin/sh\nexport GORACE=atexit_sleep_ms=0 %s='%s'\nexec '%s' \"$@\"\n", platformEnv, s.listener.Addr(), self)
	childtest.Write(t, path, script)
	return path
}

// run passes lines until the input or the platform ends. A line of the platform's that begins with "!" is for the child:
// "!exit 1", "!err text".
func run(addr string) int {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "no platform:", err)
		return 1
	}
	fmt.Fprintln(conn, strings.Join(os.Args[1:], "\t"))
	ended := make(chan int, 2)
	go func() {
		if _, err := io.Copy(conn, os.Stdin); err == nil {
			ended <- 0 // as the real one, at the end of its input
		}
	}()
	go func() {
		in := bufio.NewReader(conn)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				if !errors.Is(err, io.EOF) {
					fmt.Fprintln(os.Stderr, "platform:", err)
				}
				ended <- 1
				return
			}
			order, isOrder := strings.CutPrefix(line, "!")
			verb, arg, _ := strings.Cut(strings.TrimSpace(order), " ")
			switch {
			case !isOrder:
				_, _ = os.Stdout.WriteString(line) // a gateway that has gone closes the input too
			case verb == "err":
				fmt.Fprintln(os.Stderr, arg)
			case verb == "exit":
				code, _ := strconv.Atoi(arg)
				ended <- code
				return
			}
		}
	}()
	return <-ended
}
