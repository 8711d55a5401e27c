package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/config"
)

// Levels beside slog's own.
const (
	levelTrace  = slog.LevelDebug - 4
	levelFatal  = slog.LevelError + 4
	levelSilent = slog.Level(math.MaxInt)
)

func levelOf(name string) slog.Level {
	switch name {
	case "silent":
		return levelSilent
	case "fatal":
		return levelFatal
	case "error":
		return slog.LevelError
	case "warn":
		return slog.LevelWarn
	case "debug":
		return slog.LevelDebug
	case "trace":
		return levelTrace
	default:
		return slog.LevelInfo
	}
}

func levelName(l slog.Level) string {
	switch {
	case l >= levelFatal:
		return "fatal"
	case l >= slog.LevelError:
		return "error"
	case l >= slog.LevelWarn:
		return "warn"
	case l >= slog.LevelInfo:
		return "info"
	case l >= slog.LevelDebug:
		return "debug"
	default:
		return "trace"
	}
}

// logSettings are what the flags say over the configuration.
type logSettings struct {
	config  config.Logging
	verbose bool
	wsLog   string // auto, full, compact
	tty     bool   // stdout is a terminal
}

// newLogger returns a logger that writes to the console and, as JSON lines, to file (nil = no file).
func newLogger(s logSettings, console, file io.Writer) *slog.Logger {
	level := levelOf(s.config.ConsoleLevel)
	if s.verbose && s.config.ConsoleLevel == "" {
		level = slog.LevelDebug
	}
	c := &consoleHandler{w: console, level: level, style: s.style(), wsLog: s.wsLog}
	if file == nil {
		return slog.New(c)
	}
	return slog.New(fanout{c, jsonHandler(file, levelOf(s.config.Level))})
}

func (s logSettings) style() string {
	switch {
	case s.config.ConsoleStyle != "":
		return s.config.ConsoleStyle
	case s.tty:
		return "pretty"
	default:
		return "compact"
	}
}

// jsonHandler writes {"time", "level", "message", ...}, one object per line.
func jsonHandler(w io.Writer, level slog.Level) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 {
			switch a.Key {
			case slog.LevelKey:
				l, _ := a.Value.Any().(slog.Level)
				return slog.String("level", levelName(l))
			case slog.MessageKey:
				return slog.String("message", safe(a.Value.String()))
			}
		}
		return safeAttr(a)
	}})
}

// longestValue bounds one attribute in a log line, in bytes.
const longestValue = 2048

var secretKey = regexp.MustCompile(`(?i)token|password|secret|api_?key|authorization|cookie`)

const redacted = "[redacted]"

// safeAttr makes one attribute fit to be logged. Secrets have a type that hides itself; this is the net under it.
func safeAttr(a slog.Attr) slog.Attr {
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		if secretKey.MatchString(a.Key) && v.String() != "" {
			return slog.String(a.Key, redacted)
		}
		return slog.String(a.Key, safe(v.String()))
	case slog.KindAny:
		if secretKey.MatchString(a.Key) && v.Any() != nil {
			return slog.String(a.Key, redacted)
		}
		return slog.String(a.Key, safe(v.String()))
	default:
		return a
	}
}

// safe hides what looks like a secret and cuts what is too long.
func safe(s string) string {
	if len(s) > 4*longestValue { // nobody reads it, and the expression below need not either
		s = s[:4*longestValue]
	}
	s = config.HideSecrets(s, redacted)
	if len(s) > longestValue {
		cut := longestValue
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

// oneLine escapes what would break the line or steer the terminal: it may come from a stranger.
func oneLine(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unprintable(r):
			b.WriteString(`\u{` + hex(r) + `}`)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable includes the marks that reverse the direction of text, which can make a line read as another.
func unprintable(r rune) bool {
	return !unicode.IsPrint(r) && r != '\u200d' && r != '\ufe0f'
}

func hex(r rune) string {
	const digits = "0123456789abcdef"
	if r < 16 {
		return digits[r : r+1]
	}
	return hex(r>>4) + digits[r&15:r&15+1]
}

// fanout hands a record to every handler that wants it.
type fanout []slog.Handler

func (f fanout) Enabled(ctx context.Context, l slog.Level) bool {
	for _, h := range f {
		if h.Enabled(ctx, l) {
			return true
		}
	}
	return false
}

func (f fanout) Handle(ctx context.Context, r slog.Record) error {
	var errs []error
	for _, h := range f {
		if h.Enabled(ctx, r.Level) {
			errs = append(errs, h.Handle(ctx, r.Clone()))
		}
	}
	return errors.Join(errs...)
}

func (f fanout) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := make(fanout, len(f))
	for i, h := range f {
		out[i] = h.WithAttrs(attrs)
	}
	return out
}

func (f fanout) WithGroup(name string) slog.Handler {
	out := make(fanout, len(f))
	for i, h := range f {
		out[i] = h.WithGroup(name)
	}
	return out
}
