package account

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// Setup is what the configuration says of a surface, for providers.status.
type Setup struct {
	Configured bool
	// Sources say where each of the surface's tokens comes from: "env", "tokenFile", "config" or "none".
	Sources []string
	// BaseURL is where signal-cli's daemon is; CLIPath and DBPath are those of iMessage.
	BaseURL, CLIPath, DBPath string
}

// source is where the token comes from, of which the surface may have several.
func (s Setup) source(i int) string {
	if i < len(s.Sources) {
		return s.Sources[i]
	}
	return "none"
}

// Configured says what there is of a surface, also of one without an account.
type Configured func(surface string) Setup

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
			m := Link{Step: LinkStart, Request: providers.LinkRequest{Force: p.Force, Phone: p.Phone}, Timeout: patience(p.TimeoutMs, 30*time.Second, 5*time.Second)}
			webLink(c, ref, m, func(l Linked) any {
				return wire.WebLoginStartResult{Message: l.Message, QRDataURL: l.QRDataURL, QR: l.QR, PairingCode: l.PairingCode}
			})
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
