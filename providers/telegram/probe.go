package telegram

import (
	"context"
	"errors"
	"time"
)

// ProbeResult is what a live check found, in the shape of providers.status and health (protocol 3.13).
type ProbeResult struct {
	OK        bool          `json:"ok"`
	Status    *int          `json:"status"` // the platform's code, null without an answer
	Error     *string       `json:"error"`
	ElapsedMs int64         `json:"elapsedMs"`
	Bot       *ProbeBot     `json:"bot,omitempty"`
	Webhook   *ProbeWebhook `json:"webhook,omitempty"`
}

// ProbeBot says whose token it is.
type ProbeBot struct {
	ID       *int64  `json:"id"`
	Username *string `json:"username"`
}

// ProbeWebhook is the webhook that Telegram has on record; with polling its URL is empty.
type ProbeWebhook struct {
	URL           *string `json:"url"`
	HasCustomCert *bool   `json:"hasCustomCert"`
}

// Probe implements providers.Prober: getMe decides, getWebhookInfo adds what it can.
func (p *Provider) Probe(ctx context.Context) any {
	defer p.settle()
	start := time.Now()
	var r ProbeResult
	var me struct {
		ID       *int64  `json:"id"`
		Username *string `json:"username"`
	}
	if err := p.send.call(ctx, p.opt.call, "getMe", nil, &me); err != nil {
		var e *apiError
		text := err.Error()
		if errors.As(err, &e) && e.code != 0 {
			r.Status, text = &e.code, e.text
		}
		r.Error = &text
		r.ElapsedMs = time.Since(start).Milliseconds()
		return r
	}
	status := 200
	r.OK, r.Status = true, &status
	r.Bot = &ProbeBot{ID: me.ID, Username: me.Username}
	var hook struct {
		URL  *string `json:"url"`
		Cert *bool   `json:"has_custom_certificate"`
	}
	if err := p.send.call(ctx, p.opt.call, "getWebhookInfo", nil, &hook); err == nil {
		if hook.URL != nil {
			*hook.URL = p.send.secrets.Replace(*hook.URL)
		}
		r.Webhook = &ProbeWebhook{URL: hook.URL, HasCustomCert: hook.Cert}
	}
	r.ElapsedMs = time.Since(start).Milliseconds()
	return r
}
