package codetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// Ear is a host that writes down what it hears.
type Ear struct {
	mu    sync.Mutex
	heard []string
	once  sync.Once

	Slow  time.Duration // what it takes to hear one thing
	Allow bool          // the answer to every question
	Asked []codeagent.Question
	Files map[string]string
	First chan struct{} // closed at the first text
}

// NewEar makes one that knows a file /w/a.txt.
func NewEar() *Ear {
	return &Ear{First: make(chan struct{}), Files: map[string]string{"/w/a.txt": "one\ntwo\nthree\n"}}
}

// Hear implements codeagent.Host.
func (e *Ear) Hear(ev codeagent.Event) {
	if e.Slow > 0 {
		<-time.After(e.Slow)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, fmt.Sprintf("%s%+v", strings.TrimPrefix(fmt.Sprintf("%T", ev), "codeagent."), readable(ev)))
	if _, ok := ev.(codeagent.Text); ok {
		e.once.Do(func() { close(e.First) })
	}
}

func readable(ev codeagent.Event) any {
	if c, ok := ev.(codeagent.Call); ok {
		return fmt.Sprintf("{%s %s %s}", c.ID, c.Name, c.Args)
	}
	if s, ok := ev.(codeagent.Text); ok {
		return "{" + string(s) + "}"
	}
	if s, ok := ev.(codeagent.Thought); ok {
		return "{" + string(s) + "}"
	}
	return ev
}

// Permit implements codeagent.Host.
func (e *Ear) Permit(ctx context.Context, q codeagent.Question) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Asked = append(e.Asked, q)
	return e.Allow, nil
}

// ReadFile implements codeagent.Host.
func (e *Ear) ReadFile(_ context.Context, path string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s, ok := e.Files[path]; ok {
		return s, nil
	}
	return "", fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

// WriteFile implements codeagent.Host.
func (e *Ear) WriteFile(_ context.Context, path, text string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if strings.HasPrefix(path, "/etc") {
		return errors.New("outside")
	}
	e.Files[path] = text
	return nil
}

// All is everything it has heard, a line for each.
func (e *Ear) All() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.heard, "\n")
}

// Forget makes it forget what it has heard.
func (e *Ear) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = nil
}

// Said is all of its text.
func (e *Ear) Said() (text string) {
	for _, line := range strings.Split(e.All(), "\n") {
		if s, ok := strings.CutPrefix(line, "Text{"); ok {
			text += strings.TrimSuffix(s, "}")
		}
	}
	return text
}

// Program is the fake of a kind, with something wrong with its start.
func Program(t *testing.T, kind, start string) codeagent.Program {
	return codeagent.Program{
		Name: kind + "/fake", Command: os.Args[0], Dir: t.TempDir(), Start: time.Minute, Log: slog.New(slog.DiscardHandler),
		Env: append(os.Environ(), Kind+"="+kind, Start+"="+start),
	}
}
