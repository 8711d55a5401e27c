package slack

import (
	"context"
	"errors"
	"time"

	sdk "github.com/slack-go/slack"
)

// ProbeResult is what a live check found, in the shape of providers.status (protocol 3.13).
type ProbeResult struct {
	OK        bool      `json:"ok"`
	Status    *int      `json:"status,omitempty"` // HTTP; absent without an answer
	Error     string    `json:"error,omitempty"`
	ElapsedMs int64     `json:"elapsedMs"`
	Bot       *ProbeRef `json:"bot,omitempty"`
	Team      *ProbeRef `json:"team,omitempty"`
}

// ProbeRef names the app or its workspace.
type ProbeRef struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Probe implements providers.Prober: auth.test says whether the bot token is good and whose it is.
func (p *Provider) Probe(ctx context.Context) any {
	defer p.settled()
	start := time.Now()
	var me *sdk.AuthTestResponse
	err := p.api.call(ctx, p.opt.call, "auth.test", func(ctx context.Context, c *sdk.Client) (err error) {
		me, err = c.AuthTestContext(ctx)
		return err
	})
	r := ProbeResult{OK: err == nil, ElapsedMs: time.Since(start).Milliseconds()}
	if err != nil {
		r.Error = err.Error()
		var e *apiError
		if errors.As(err, &e) {
			r.Error = e.text
			if e.status != 0 {
				r.Status = &e.status
			}
		}
		return r
	}
	status := 200
	r.Status = &status
	r.Bot, r.Team = &ProbeRef{ID: me.UserID, Name: me.User}, &ProbeRef{ID: me.TeamID, Name: me.Team}
	return r
}
