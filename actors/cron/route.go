package cron

import (
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	last     = "last"
	whatsapp = "whatsapp"
	webchat  = "webchat"
)

// jobRoute fixes where the answer of an isolated job goes. The problem says why it goes nowhere although it should.
func (o *Options) jobRoute(main wire.SessionEntry, p wire.CronPayload) (r *providers.Route, problem string) {
	if p.Deliver == nil || !*p.Deliver {
		return nil, ""
	}
	channel := p.Channel
	if channel == "" || channel == last {
		if channel = main.LastChannel; channel == "" || channel == webchat {
			channel = whatsapp
		}
	}
	to := o.recipient(main, channel, p.To)
	switch reason := o.Unready(channel); {
	case reason != "":
		return nil, "cannot deliver to " + channel + ": " + reason
	case to == "":
		return nil, "cannot deliver to " + channel + ": no recipient, pass to"
	}
	return direct(channel, to), ""
}

// beatRoute fixes where the answer of a heartbeat goes, or says why nowhere (protocol 6.3).
func (o *Options) beatRoute(main wire.SessionEntry, target, to string) (r *providers.Route, reason string) {
	switch target {
	case "none":
		return nil, "target-none"
	case "", last:
		if target = main.LastChannel; target == "" || target == webchat {
			return nil, "no-target"
		}
		to = ""
	}
	if to = o.recipient(main, target, to); to == "" {
		return nil, "no-target"
	}
	if reason := o.Unready(target); reason != "" {
		return nil, reason
	}
	return direct(target, to), ""
}

// recipient: the one that is named; else the last one of that channel, which on WhatsApp must be on the allowlist, whose
// first entry stands in for it.
func (o *Options) recipient(main wire.SessionEntry, channel, to string) string {
	if to != "" {
		return to
	}
	if channel == main.LastChannel {
		to = main.LastTo
	}
	if allowed := o.AllowFrom(channel); channel == whatsapp && len(allowed) > 0 &&
		!slices.Contains(allowed, "*") && !slices.Contains(allowed, to) {
		return allowed[0]
	}
	return to
}

// direct is the way through a surface, or through one of several accounts of it: "telegram:work".
func direct(channel, to string) *providers.Route {
	surface, _, _ := strings.Cut(channel, ":")
	return &providers.Route{Account: channel, Surface: surface, Chat: to, Kind: providers.Direct}
}
