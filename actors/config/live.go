package config

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// live is the running configuration and the file that it came from. It outlives the actor's incarnations: a crash
// must not bring an older configuration back.
type live struct {
	o       Options
	history history
	now     atomic.Pointer[State]

	mu   sync.Mutex // one at a time judges or writes the file, also when a crashed incarnation's job is still at it
	seen [sha256.Size]byte
	look string // size and times of the file at the last read

	key [32]byte // of hash

	once   sync.Once
	schema wire.ConfigSchemaResult
}

func newLive(o Options) *live {
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &live{o: o, history: history{o.HistoryDir}, seen: o.Document.identity()}
	_, _ = rand.Read(l.key[:]) // never fails
	s := State{Running: o.Document}
	if r := o.Refused; r != nil {
		l.seen, s.Problem = r.Document.identity(), r.Problem
	}
	l.now.Store(&s)
	return l
}

func (l *live) state() State { return *l.now.Load() }

// begin keeps the configuration of the start.
func (l *live) begin(log *slog.Logger) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state().Since.IsZero() {
		l.record(log, l.o.Document)
	}
}

func (l *live) record(log *slog.Logger, d *Document) {
	if !d.Valid || !d.hasRaw {
		return
	}
	if err := l.history.record(d.raw, l.o.Now()); err != nil {
		log.Warn("config history was not written", "err", err)
	}
}

// identity is the same for two documents if there is nothing new in the second.
func (d *Document) identity() [sha256.Size]byte {
	if d.hasRaw {
		return sha256.Sum256([]byte("text " + d.raw))
	}
	return sha256.Sum256(fmt.Appendf(nil, "none %v %v", d.Exists, d.Issues))
}

// looks tells, without reading the file, whether it may have changed.
func looks(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
}

// check reads the file and takes it over if it says something new.
func (l *live) check(log *slog.Logger, force bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	look := looks(l.o.Document.Path)
	if look == l.look && !force {
		return
	}
	l.look = look
	doc := Read(l.o.Document.Path, l.o.Getenv)
	if id := doc.identity(); id != l.seen {
		l.seen = id
		l.judge(log, doc)
	}
}

// judge decides what becomes of a file that changed, and says so in one line.
func (l *live) judge(log *slog.Logger, doc *Document) {
	s := State{Running: l.state().Running, Since: l.state().Since, Issues: doc.Issues}
	if problem := l.problem(s.Running, doc); problem != "" {
		s.Problem, s.Invalid = problem, true
		l.refuse(log, s)
		return
	}
	changes := Diff(s.Running, doc)
	if len(changes) == 0 {
		s.Running = doc
		l.now.Store(&s)
		l.record(log, doc)
		return
	}
	p := planFor(doc.Config.Gateway.Reload.Mode, changes)
	switch {
	case p.refused != "":
		s.Problem = p.refused
		l.refuse(log, s)
		return
	case p.restart:
		s.Restart = p.reason
		l.now.Store(&s)
		l.record(log, doc)
		log.Info("config changed: restart needed", "reason", p.reason)
		if l.o.RestartNeeded != nil {
			l.o.RestartNeeded(p.reason)
		}
		return
	}
	if err := l.apply(doc, changes); err != nil {
		s.Problem = "was not taken over: " + HideSecrets(err.Error(), Redacted)
		l.refuse(log, s)
		return
	}
	s.Running, s.Since = doc, l.o.Now()
	l.now.Store(&s)
	l.record(log, doc)
	log.Info("config changed: taken over", "paths", someOf(pathsOf(changes)))
}

// problem says why a file cannot be what the gateway runs on.
func (l *live) problem(running, doc *Document) string {
	switch {
	case !doc.Valid && len(doc.Issues) > 1:
		return fmt.Sprintf("is not valid: %s (and %d more)", doc.Issues[0], len(doc.Issues)-1)
	case !doc.Valid:
		return "is not valid: " + doc.Issues[0].String()
	case !doc.Exists && running.Exists:
		return "is gone" // more likely by accident than to have every setting, and every lock, at its default
	}
	if err := l.admit(doc); err != nil {
		return "is refused: " + err.Issues[0].String()
	}
	return ""
}

func (l *live) refuse(log *slog.Logger, s State) {
	log.Warn("config file not in effect, the running configuration stays", "path", l.o.Document.Path, "problem", s.Problem)
	l.now.Store(&s)
}

// admit returns an error with at least one issue, or nil.
func (l *live) admit(doc *Document) *SetError {
	if l.o.Admit == nil {
		return nil
	}
	err := l.o.Admit(doc)
	if err == nil {
		return nil
	}
	if i, ok := errors.AsType[*InvalidError](err); ok && len(i.Issues) > 0 {
		return invalid(i.Issues...)
	}
	return invalid(Issue{Message: HideSecrets(err.Error(), Redacted)})
}

// apply calls Apply. One that panics has not taken the document over as a whole: that is all that can be said.
func (l *live) apply(doc *Document, changes []Change) (err error) {
	if l.o.Apply == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("a part failed on it")
		}
	}()
	return l.o.Apply(doc, changes)
}
