package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// columns is how wide a line on w may be: what COLUMNS says, else the terminal's width; 0 = as wide as it likes,
// for files and pipes.
func (a *app) columns(w io.Writer) int {
	if n, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	width := 0
	err = conn.Control(func(fd uintptr) {
		width, _, _ = term.GetSize(int(fd)) // of what is no terminal: 0
	})
	if err != nil {
		return 0
	}
	return width
}

// progress shows on a terminal what is waited for, once that takes longer than a second. The returned function wipes
// it away. Elsewhere it does nothing: standard error of a script is for errors.
func (a *app) progress(text string) (done func()) {
	if !isTerminal(a.err) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		a.tick(text, stop)
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}

func (a *app) tick(text string, stop <-chan struct{}) {
	begin := time.Now()
	every := time.NewTicker(time.Second)
	defer every.Stop()
	shown := false
	for {
		select {
		case <-stop:
			if shown {
				fmt.Fprint(a.err, "\r\x1b[K")
			}
			return
		case <-every.C:
			shown = true
			line := fmt.Sprintf("%s, %s", oneLine(text), short(time.Since(begin)))
			if width := a.columns(a.err); width > 0 {
				line = cutTo(line, width-1)
			}
			fmt.Fprint(a.err, "\r\x1b[K"+line)
		}
	}
}
