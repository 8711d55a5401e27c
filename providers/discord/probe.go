package discord

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"
)

// ProbeResult is what a live check found, in the shape of providers.status and health (protocol 3.13).
type ProbeResult struct {
	OK        bool      `json:"ok"`
	Status    *int      `json:"status"` // the platform's code, null without an answer
	Error     *string   `json:"error"`
	ElapsedMs int64     `json:"elapsedMs"`
	Bot       *ProbeBot `json:"bot,omitempty"`
}

// ProbeBot says whose token it is.
type ProbeBot struct {
	ID       *string `json:"id"`
	Username *string `json:"username"`
}

// Probe implements providers.Prober.
func (p *Provider) Probe(ctx context.Context) any {
	defer p.settle()
	start := time.Now()
	var r ProbeResult
	var me struct {
		ID       *string `json:"id"`
		Username *string `json:"username"`
	}
	err := p.api.request(ctx, p.opt.call, "probe", http.MethodGet, discordgo.EndpointUser("@me"), nil, &me)
	r.ElapsedMs = time.Since(start).Milliseconds()
	if err != nil {
		text := err.Error()
		var e *apiError
		if errors.As(err, &e) && e.status != 0 {
			r.Status, text = &e.status, e.text
		}
		r.Error = &text
		return r
	}
	ok := http.StatusOK
	r.OK, r.Status, r.Bot = true, &ok, &ProbeBot{ID: me.ID, Username: me.Username}
	return r
}
