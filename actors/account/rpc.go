package account

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/transport/wire"
)

// Configured says whether a surface counts as configured in providers.status, and where its token comes from:
// "env", "tokenFile", "config" or "none". It is asked for the surfaces that have an account or could have one.
type Configured func(surface string) (ok bool, tokenSource string)

// Methods answers providers.status, web.* and telegram.logout (protocol 3.13). envToken says whether the environment has
// a token of the Telegram bot.
func Methods(ref actors.Ref[Message], configured Configured, envToken func() bool) wire.Table {
	return wire.Table{
		wire.Strict("providers.status", func(c *wire.Call, p wire.ProvidersStatusParams) {
			reply := actors.ReplyTo(func(states []State, err error) {
				if err != nil {
					c.Fail(err)
					return
				}
				if !p.Probe { // an old answer of a platform is not its state
					for i := range states {
						states[i].Probe, states[i].LastProbe = nil, 0
					}
				}
				c.OK(statusResult(time.Now(), states, configured))
			})
			if err := ref.Tell(Status{Reply: reply, Probe: p.Probe, Timeout: probeTimeout(p.TimeoutMs)}); err != nil {
				c.Fail(err)
			}
		}),
		wire.Strict("web.login.start", func(c *wire.Call, p wire.WebLoginStartParams) {
			m := Link{Step: LinkStart, Force: p.Force, Timeout: patience(p.TimeoutMs, 30*time.Second, 5*time.Second)}
			webLink(c, ref, m, func(l Linked) any { return wire.WebLoginStartResult{Message: l.Message, QRDataURL: l.QRDataURL} })
		}),
		wire.Strict("web.login.wait", func(c *wire.Call, p wire.WebLoginWaitParams) {
			m := Link{Step: LinkWait, Timeout: patience(p.TimeoutMs, 2*time.Minute, time.Second)}
			webLink(c, ref, m, func(l Linked) any { return wire.WebLoginWaitResult{Connected: l.Done, Message: l.Message} })
		}),
		wire.Loose("web.logout", func(c *wire.Call) {
			m := Link{Step: LinkForget, Timeout: 30 * time.Second}
			webLink(c, ref, m, func(l Linked) any { return wire.WebLogoutResult{Cleared: l.Done} })
		}),
		wire.Loose("telegram.logout", func(c *wire.Call) {
			reply := actors.ReplyTo(func(had bool, err error) {
				c.Answer(wire.TelegramLogoutResult{Cleared: had, EnvToken: envToken()}, err)
			})
			if err := ref.Tell(SignOut{reply, "telegram"}); err != nil {
				c.Fail(err)
			}
		}),
	}
}

// webLink takes a step of linking WhatsApp, which waits for a person.
func webLink(c *wire.Call, ref actors.Ref[Message], m Link, result func(Linked) any) {
	m.Account = "whatsapp"
	m.Reply = actors.ReplyTo(func(l Linked, err error) {
		if err != nil {
			c.Fail(err)
			return
		}
		c.OK(result(l))
	})
	if err := ref.Tell(m); err != nil {
		c.Fail(err)
	} else if c.Hold != nil {
		c.Hold()
	}
}

// patience is how long a person has, at most 10 minutes.
func patience(ms *int64, otherwise, least time.Duration) time.Duration {
	if ms == nil {
		return otherwise
	}
	return max(least, time.Duration(min(*ms, 10*60_000))*time.Millisecond)
}

func probeTimeout(ms *int64) time.Duration {
	if ms == nil {
		return probeLimit
	}
	return time.Duration(min(max(*ms, 1000), 5*60_000)) * time.Millisecond
}

// statusResult fills in the surfaces that have an account. The others are not configured, which is the truth.
func statusResult(now time.Time, states []State, configured Configured) wire.ProvidersStatusResult {
	r := wire.ProvidersStatusResult{
		TS:       now.UnixMilli(),
		Telegram: wire.TelegramStatus{TokenSource: "none"},
		Discord:  wire.DiscordStatus{TokenSource: "none"},
		Slack:    wire.SlackStatus{BotTokenSource: "none", AppTokenSource: "none"},
		Signal:   wire.SignalStatus{BaseURL: "http://127.0.0.1:8080"},
	}
	r.Telegram.Configured, r.Telegram.TokenSource = configured("telegram")
	r.WhatsApp.LastError = optional("not linked")
	for _, s := range states {
		if s.Surface == "telegram" {
			r.Telegram.ProviderRun = runOf(s)
			r.Telegram.Mode = optional(s.Mode)
			if !s.Running() {
				r.Telegram.Mode = nil
			}
			r.Telegram.Probe = probeOf[wire.TelegramProbe](s.Probe)
		}
		if s.Surface == "whatsapp" {
			r.WhatsApp.Running, r.WhatsApp.Connected, r.WhatsApp.LastError = s.Running(), s.Phase == Up, optional(s.LastError)
			r.WhatsApp.LastMessageAt, r.WhatsApp.LastEventAt = optional(s.LastInbound), optional(s.LastSeen)
		}
	}
	return r
}

func runOf(s State) wire.ProviderRun {
	return wire.ProviderRun{
		Running: s.Running(), LastStartAt: optional(s.LastStart), LastStopAt: optional(s.LastStop),
		LastError: optional(s.LastError), LastProbeAt: optional(s.LastProbe),
	}
}

// probeOf reads what a provider made as the shape of the protocol. What does not fit is left out.
func probeOf[T any](probe any) *T {
	if probe == nil {
		return nil
	}
	b, err := wire.Marshal(probe)
	if err != nil {
		return nil
	}
	p := new(T)
	if wire.Unmarshal(b, p) != nil {
		return nil
	}
	return p
}

// optional is null for the zero value.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
