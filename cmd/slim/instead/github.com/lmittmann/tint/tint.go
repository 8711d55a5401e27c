// Package tint stands in for coloured logs: the actor engine's own log, which the gateway replaces by its own, is plain.
package tint

import (
	"io"
	"log/slog"
)

// Options are those that the engine sets.
type Options struct {
	Level      slog.Leveler
	TimeFormat string
}

// NewHandler makes a plain handler.
func NewHandler(w io.Writer, o *Options) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: o.Level})
}
