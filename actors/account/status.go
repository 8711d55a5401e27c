package account

import (
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// statusResult says of each surface what is configured, and of those that have an account how it is.
func statusResult(now time.Time, states []State, configured Configured) wire.ProvidersStatusResult {
	telegram, discord, slack := configured("telegram"), configured("discord"), configured("slack")
	signal, imessage := configured("signal"), configured("imessage")
	r := wire.ProvidersStatusResult{
		TS:       now.UnixMilli(),
		Telegram: wire.TelegramStatus{Configured: telegram.Configured, TokenSource: telegram.source(0)},
		Discord:  wire.DiscordStatus{Configured: discord.Configured, TokenSource: discord.source(0)},
		Slack: wire.SlackStatus{
			Configured: slack.Configured, BotTokenSource: slack.source(0), AppTokenSource: slack.source(1),
		},
		Signal: wire.SignalStatus{Configured: signal.Configured, BaseURL: signal.BaseURL},
		IMessage: wire.IMessageStatus{
			Configured: imessage.Configured, CLIPath: optional(imessage.CLIPath), DBPath: optional(imessage.DBPath),
		},
	}
	r.WhatsApp.Configured, r.WhatsApp.LastError = configured("whatsapp").Configured, optional("not linked")
	first := map[string]bool{}
	for _, s := range states {
		r.Accounts = append(r.Accounts, s.Wire(now))
		if !first[s.Surface] { // a surface's own member is its first account
			first[s.Surface] = true
			fill(&r, s)
		}
	}
	return r
}

// Wire is the state as clients see it.
func (s State) Wire(now time.Time) wire.ProviderAccount {
	age := func(at int64) *int64 {
		if at == 0 {
			return nil
		}
		return new(max(0, now.UnixMilli()-at))
	}
	w := wire.ProviderAccount{
		Account: s.Account, Provider: s.Surface, State: string(s.Phase), Reason: s.Reason, Deaf: s.Deaf, Self: s.Self, Mode: s.Mode,
		NextAt: optional(s.NextAt), Failures: int64(s.Failures), LastStartAt: optional(s.LastStart),
		LastInboundAgeMs: age(s.LastInbound), LastOutboundAgeMs: age(s.LastOutbound), PingAgeMs: age(s.LastSeen), InFlight: int64(s.InFlight),
	}
	if s.Deaf != "" && s.Phase == Up {
		w.State, w.Reason = string(Degraded), "deaf: "+s.Deaf
	}
	return w
}

// fill adds what is known of one account.
func fill(r *wire.ProvidersStatusResult, s State) {
	run := runOf(s)
	switch s.Surface {
	case "telegram":
		r.Telegram.ProviderRun, r.Telegram.Probe = run, probeOf[wire.TelegramProbe](s.Probe)
		if s.Running() {
			r.Telegram.Mode = optional(s.Mode)
		}
	case "discord":
		r.Discord.ProviderRun, r.Discord.Probe = run, probeOf[wire.DiscordProbe](s.Probe)
	case "slack":
		r.Slack.ProviderRun, r.Slack.Probe = run, probeOf[wire.SlackProbe](s.Probe)
	case "signal":
		r.Signal.ProviderRun, r.Signal.Probe = run, probeOf[wire.SignalProbe](s.Probe)
	case "imessage":
		r.IMessage.ProviderRun, r.IMessage.Probe = run, probeOf[wire.IMessageProbe](s.Probe)
	case "whatsapp":
		fillWhatsApp(&r.WhatsApp, s, time.UnixMilli(r.TS))
	}
}

func runOf(s State) wire.ProviderRun {
	return wire.ProviderRun{
		Running: s.Running(), LastStartAt: optional(s.LastStart), LastStopAt: optional(s.LastStop),
		LastError: optional(s.LastError), LastProbeAt: optional(s.LastProbe),
	}
}

// webDetail is what WhatsApp's provider says of itself.
type webDetail struct {
	Linked            bool                `json:"linked"`
	LinkedAt          int64               `json:"linkedAt"`
	E164              string              `json:"e164"`
	JID               string              `json:"jid"`
	LastConnectedAt   int64               `json:"lastConnectedAt"`
	LastDisconnect    *wire.WebDisconnect `json:"lastDisconnect"`
	ReconnectAttempts int64               `json:"reconnectAttempts"`
}

// Web says whether the account is linked, and for how long: nil = nobody knows.
func (s State) Web(now time.Time) wire.WebLink {
	var link wire.WebLink
	if d := probeOf[webDetail](s.Detail); d != nil && d.Linked {
		link.Linked = true
		if d.LinkedAt > 0 {
			age := float64(max(0, now.UnixMilli()-d.LinkedAt))
			link.AuthAgeMs = &age
		}
	}
	return link
}

func fillWhatsApp(w *wire.WhatsAppStatus, s State, now time.Time) {
	link := s.Web(now)
	w.Linked, w.AuthAgeMs = link.Linked, link.AuthAgeMs
	w.Running, w.Connected, w.LastError = s.Running(), s.Phase == Up, optional(s.LastError)
	w.LastMessageAt, w.LastEventAt = optional(s.LastInbound), optional(s.LastSeen)
	if d := probeOf[webDetail](s.Detail); d != nil {
		w.Self = wire.WhatsAppSelf{E164: optional(d.E164), JID: optional(d.JID)}
		w.LastConnectedAt, w.LastDisconnect = optional(d.LastConnectedAt), d.LastDisconnect
		w.ReconnectAttempts = d.ReconnectAttempts
	}
	if h := s.Holder; h != nil {
		w.Lease = &wire.WhatsAppLease{PID: h.PID, Host: h.Host, StateDir: h.StateDir, SinceMs: h.Since.UnixMilli(), Ours: h.Ours}
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
