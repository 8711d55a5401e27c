//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/clawdbot/gateway/transport/wire"
)

// terminal opens a pseudo terminal of so many columns: what is written to the one end is read from the other.
func terminal(t *testing.T, columns uint16) (outside, inside *os.File) {
	t.Helper()
	outside, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { _ = outside.Close() })
	var number, unlock uint32
	size := struct{ rows, columns, x, y uint16 }{24, columns, 0, 0}
	for _, call := range []struct {
		request uintptr
		arg     unsafe.Pointer
	}{{syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)}, {syscall.TIOCGPTN, unsafe.Pointer(&number)}, {syscall.TIOCSWINSZ, unsafe.Pointer(&size)}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, outside.Fd(), call.request, uintptr(call.arg)); errno != 0 {
			t.Skip("no pseudo terminals here: ", errno)
		}
	}
	inside, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	t.Cleanup(func() { _ = inside.Close() })
	return outside, inside
}

// TestTerminal: a table is as wide as the terminal is, and what takes long says so there until it is over.
func TestTerminal(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	outside, inside := terminal(t, 70)
	var job wire.CronJob
	l.json(&job, "cron", "add", "--name", strings.Repeat("long ", 30), "--every", "1h", "--message", "!sleep 2500ms")
	a := &app{out: inside, err: inside, lookup: func(name string) (string, bool) { v, ok := l.vars[name]; return v, ok }}
	screen := make(chan string, 1)
	go func() {
		var all strings.Builder
		r := bufio.NewReader(outside)
		for {
			c, err := r.ReadByte()
			all.WriteByte(c)
			if err != nil || strings.HasSuffix(all.String(), "END") {
				screen <- all.String()
				return
			}
		}
	}()
	for _, args := range []string{"cron list", "cron run " + job.ID + " --force"} {
		if code := a.run(append(strings.Fields(args), "--url", l.URL())); code != 0 {
			t.Errorf("%s: exit %d", args, code)
		}
	}
	fmt.Fprint(inside, "END")
	got := <-screen
	list, rest, _ := strings.Cut(got, "\r\x1b[K")
	if !strings.HasPrefix(list, "ID") || !strings.Contains(got, "…") {
		t.Errorf("table %q", got)
	}
	for line := range strings.SplitSeq(list, "\r\n") {
		if textWidth(line) > 70 {
			t.Errorf("a line of %d columns: %s", textWidth(line), line)
		}
	}
	if !strings.Contains(got, "\r\x1b[Kwaiting for cron.run, 2s\r\x1b[K") || !strings.Contains(rest, "\r\x1b[Klong long") {
		t.Errorf("progress %q", got)
	}
}
