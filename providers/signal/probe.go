package signal

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ProbeResult is what a live check found, in the shape of providers.status (protocol 3.13).
type ProbeResult struct {
	OK        bool    `json:"ok"`
	Status    *int    `json:"status"` // of HTTP, null without an answer
	Error     *string `json:"error"`
	ElapsedMs int64   `json:"elapsedMs"`
	Version   *string `json:"version,omitempty"`
}

// Probe implements providers.Prober: the daemon's own check decides, its version is added where it tells.
func (p *Provider) Probe(ctx context.Context) any {
	start := time.Now()
	var r ProbeResult
	if err := p.api.check(ctx, p.opt.call); err != nil {
		text := err.Error()
		var e *callError
		if errors.As(err, &e) && e.status != 0 {
			r.Status = &e.status
		}
		r.Error = &text
	} else {
		status := http.StatusOK
		r.OK, r.Status = true, &status
		var v struct {
			Version string `json:"version"`
		}
		if p.api.call(ctx, p.opt.call, maxAnswer, "version", map[string]any{}, &v) == nil && v.Version != "" {
			r.Version = &v.Version
		}
	}
	r.ElapsedMs = time.Since(start).Milliseconds()
	return r
}
