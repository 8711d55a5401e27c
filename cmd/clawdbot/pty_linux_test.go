package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// pty is a terminal with a program in it, and what a person sees there.
type pty struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	ended  chan error // gets one: the program has ended, and what it said has been read

	mu     sync.Mutex
	screen *screen
	raw    bytes.Buffer // everything that reached the terminal
	told   chan struct{}
}

// startPTY runs the program in a terminal of 100 by 30.
func startPTY(t *testing.T, env []string, args ...string) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	p := &pty{t: t, master: master, screen: newScreen(100, 30), ended: make(chan error, 1), told: make(chan struct{})}
	t.Cleanup(func() { _ = master.Close() })
	var n uint32
	unlock := int32(0)
	p.ioctl(syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	p.ioctl(syscall.TIOCGPTN, unsafe.Pointer(&n))
	p.resize(100, 30)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	p.cmd = command(t, append(env, "TERM=xterm-256color", "LANG=C.UTF-8"), args...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		p.read()
	}()
	go func() {
		err := p.cmd.Wait()
		<-drained
		p.ended <- err
	}()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
		}
	})
	return p
}

func (p *pty) ioctl(what uintptr, arg unsafe.Pointer) {
	p.t.Helper()
	conn, err := p.master.SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	var failed syscall.Errno
	if err := conn.Control(func(fd uintptr) { _, _, failed = syscall.Syscall(syscall.SYS_IOCTL, fd, what, uintptr(arg)) }); err != nil || failed != 0 {
		p.t.Fatalf("ioctl %x: %v %v", what, err, failed)
	}
}

func (p *pty) resize(width, height int) {
	p.t.Helper()
	p.mu.Lock()
	p.screen.resize(width, height)
	p.mu.Unlock()
	size := struct{ rows, columns, x, y uint16 }{rows: uint16(height), columns: uint16(width)}
	p.ioctl(syscall.TIOCSWINSZ, unsafe.Pointer(&size))
}

func (p *pty) read() {
	b := make([]byte, 16<<10)
	for {
		n, err := p.master.Read(b)
		p.mu.Lock()
		p.raw.Write(b[:n])
		p.screen.write(b[:n])
		close(p.told)
		p.told = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// text is what the screen shows.
func (p *pty) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// sees waits until the screen shows all of this.
func (p *pty) sees(want ...string) {
	p.t.Helper()
	p.until(fmt.Sprintf("the screen shows %q", want), func(text string) bool {
		for _, w := range want {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
}

func (p *pty) until(what string, is func(text string) bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		p.mu.Lock()
		text, told := p.screen.String(), p.told
		p.mu.Unlock()
		if is(text) {
			return
		}
		select {
		case <-told:
		case <-ctx.Done():
			p.t.Fatalf("never true: %s\nthe screen:\n%s", what, text)
		}
	}
}

// types types.
func (p *pty) types(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the program's end.
func (p *pty) wait() error {
	p.t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(time.Minute):
		p.t.Fatalf("the program goes on\n%s", p.text())
		return nil
	}
}

// everything is all bytes that the terminal got.
func (p *pty) everything() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw.String()
}
