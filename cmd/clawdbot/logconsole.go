package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// consoleHandler writes lines for people: [HH:MM:SS] [subsystem] message key=value. In style compact the time is
// left out, in style json a line is an object.
type consoleHandler struct {
	w      io.Writer // takes whole lines
	level  slog.Level
	style  string
	wsLog  string
	attrs  []slog.Attr // of With, keys already prefixed by their groups
	prefix string      // of open groups, "a.b."
}

func (h *consoleHandler) Enabled(_ context.Context, l slog.Level) bool {
	if h.wsLog == "full" || h.wsLog == "compact" {
		return l >= min(h.level, slog.LevelDebug)
	}
	return l >= h.level
}

func (h *consoleHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = appendAttr(attrs, h.prefix, a)
		return true
	})
	ofConnection := slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == "conn" })
	if r.Level < h.level && !ofConnection {
		return nil // only --ws-log made it come this far
	}
	if ofConnection && h.wsLog == "compact" {
		attrs = slices.DeleteFunc(attrs, func(a slog.Attr) bool { return a.Key != "conn" && a.Key != "method" && a.Key != "err" })
	}
	var line []byte
	if h.style == "json" {
		line = jsonLine(r, attrs)
	} else {
		line = h.textLine(r, attrs)
	}
	_, err := h.w.Write(line)
	return err
}

func (h *consoleHandler) textLine(r slog.Record, attrs []slog.Attr) []byte {
	var b strings.Builder
	if h.style == "pretty" {
		b.WriteString(r.Time.Format("[15:04:05] "))
	}
	if s := subsystem(attrs); s != "" {
		b.WriteString("[" + oneLine(s) + "] ")
	}
	if r.Level >= slog.LevelWarn {
		b.WriteString(levelName(r.Level) + ": ")
	}
	b.WriteString(oneLine(safe(r.Message)))
	for _, a := range attrs {
		if a.Key == "actor" || a.Key == "subsystem" {
			continue
		}
		a = safeAttr(a)
		v := a.Value.String()
		if v == "" || strings.ContainsAny(v, ` "=`) || strings.ContainsFunc(v, unprintable) {
			v = strconv.Quote(v)
		}
		b.WriteString(" " + oneLine(a.Key) + "=" + v)
	}
	return append([]byte(b.String()), '\n')
}

func jsonLine(r slog.Record, attrs []slog.Attr) []byte {
	m := make(map[string]any, len(attrs)+4)
	for _, a := range attrs {
		m[a.Key] = safeAttr(a).Value.Any()
	}
	m["time"] = r.Time.UTC().Format(time.RFC3339Nano)
	m["level"] = levelName(r.Level)
	m["message"] = safe(r.Message)
	if s := subsystem(attrs); s != "" {
		m["subsystem"] = s
	}
	line, err := json.Marshal(m)
	if err != nil {
		line = []byte(`{"level":"error","message":"log line cannot be encoded"}`)
	}
	return append(line, '\n')
}

// subsystem is who speaks: the last two parts of an actor's path without what all have in common.
func subsystem(attrs []slog.Attr) string {
	for _, a := range attrs {
		if a.Key == "subsystem" || a.Key == "actor" {
			s := strings.TrimPrefix(strings.TrimPrefix(a.Value.String(), "gateway/"), "providers/")
			parts := strings.Split(s, "/")
			return strings.Join(parts[max(0, len(parts)-2):], "/")
		}
	}
	return ""
}

// appendAttr adds a, or the members of a group one by one, with dotted keys.
func appendAttr(attrs []slog.Attr, prefix string, a slog.Attr) []slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Value.Kind() != slog.KindGroup {
		if a.Key == "" {
			return attrs
		}
		return append(attrs, slog.Attr{Key: prefix + a.Key, Value: a.Value})
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, member := range a.Value.Group() {
		attrs = appendAttr(attrs, prefix, member)
	}
	return attrs
}

func (h *consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		c.attrs = appendAttr(c.attrs, h.prefix, a)
	}
	return &c
}

func (h *consoleHandler) WithGroup(name string) slog.Handler {
	c := *h
	if name != "" {
		c.prefix += name + "."
	}
	return &c
}
