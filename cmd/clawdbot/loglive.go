package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors/config"
)

// liveLog is the log of a gateway whose settings may change while it runs.
type liveLog struct {
	console io.Writer
	current atomic.Pointer[slog.Handler] // what is written to; a new pointer for each change

	mu       sync.Mutex // guards the fields below
	settings logSettings
	close    func()
}

// openLog opens the log. A file that cannot be written costs a warning, not the start.
func openLog(s logSettings, console io.Writer) *liveLog {
	l := &liveLog{console: console, settings: s}
	log, closeFile, err := l.build(s)
	if err != nil {
		h := newLogger(s, console, nil).Handler()
		log, closeFile = &h, func() {}
	}
	l.current.Store(log)
	l.close = closeFile
	if err != nil {
		l.logger().Warn("no log file", "err", err)
	}
	return l
}

func (l *liveLog) build(s logSettings) (log *slog.Handler, closeFile func(), err error) {
	file, err := openLogFile(s.config, defaultLogDir, time.Now)
	if err != nil {
		return nil, nil, err
	}
	w := newLineWriter(file)
	h := newLogger(s, l.console, w).Handler()
	return &h, func() {
		w.Close()
		_ = file.Close()
	}, nil
}

// change brings new settings into force. With a file that cannot be written everything stays as it is.
func (l *liveLog) change(c config.Logging) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c == l.settings.config {
		return
	}
	s := l.settings
	s.config = c
	log, closeFile, err := l.build(s)
	if err != nil {
		l.logger().Warn("the log settings did not change: no log file", "err", err)
		return
	}
	l.current.Store(log)
	l.close()
	l.settings, l.close = s, closeFile
}

// style is how lines on the console look now.
func (l *liveLog) style() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settings.style()
}

// file is the configured file; "" = one per day in the default directory.
func (l *liveLog) file() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settings.config.File
}

// Close writes what is pending.
func (l *liveLog) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
}

func (l *liveLog) logger() *slog.Logger {
	return slog.New(&liveHandler{log: l, grow: func(h slog.Handler) slog.Handler { return h }})
}

// liveHandler is a handler of the settings in force: grow puts on it what the logger's With and WithGroup said.
type liveHandler struct {
	log   *liveLog
	grow  func(slog.Handler) slog.Handler
	grown atomic.Pointer[grownHandler]
}

// grownHandler is what grow made of a handler; it is made again when another one is in force.
type grownHandler struct {
	of   *slog.Handler
	made slog.Handler
}

func (h *liveHandler) handler() slog.Handler {
	now := h.log.current.Load()
	g := h.grown.Load()
	if g == nil || g.of != now {
		g = &grownHandler{of: now, made: h.grow(*now)}
		h.grown.Store(g)
	}
	return g.made
}

func (h *liveHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.handler().Enabled(ctx, l)
}

func (h *liveHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.handler().Handle(ctx, r)
}

func (h *liveHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &liveHandler{log: h.log, grow: func(b slog.Handler) slog.Handler { return h.grow(b).WithAttrs(attrs) }}
}

func (h *liveHandler) WithGroup(name string) slog.Handler {
	return &liveHandler{log: h.log, grow: func(b slog.Handler) slog.Handler { return h.grow(b).WithGroup(name) }}
}
