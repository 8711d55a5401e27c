package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// printValue is printJSON for something of our own.
func printValue(w io.Writer, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	return printJSON(w, b)
}

// printJSON prints a payload as the gateway sent it, indented.
func printJSON(w io.Writer, payload wire.Raw) error {
	var b bytes.Buffer
	if len(payload) == 0 {
		payload = wire.Raw("null")
	}
	if err := json.Indent(&b, payload, "", "  "); err != nil {
		return fmt.Errorf("print payload: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// printable lets line breaks pass and nothing else that steers a terminal.
func printable(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	return strings.Join(lines, "\n")
}

// ago says how long ago a time in ms was; nil = never.
func ago(ms *int64, now time.Time) string {
	if ms == nil || *ms == 0 {
		return "never"
	}
	return short(now.Sub(time.UnixMilli(*ms))) + " ago"
}

// short is a duration in its largest unit.
func short(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func yes(b bool, whenTrue, whenFalse string) string {
	if b {
		return whenTrue
	}
	return whenFalse
}
