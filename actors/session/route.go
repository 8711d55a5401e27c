package session

import (
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// deliverable are the channels that agent's channel may name; anything else means "last" (protocol 3.6).
var deliverable = []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage", "webchat"}

// route freezes where the answer of a call goes, once, when the call is accepted: nil for nowhere.
func (o *Options) route(e wire.SessionEntry, channel, to string) *providers.Route {
	// One that is named and cannot deliver is not replaced by another one: undeliverable says so.
	if base, _, named := strings.Cut(channel, ":"); named && (slices.Contains(deliverable, base) || o.own(base) || o.own(channel)) {
		return o.accountRoute(e, base, channel, to)
	}
	surface := channel
	if !slices.Contains(deliverable, channel) && !o.own(channel) {
		surface = e.LastChannel
		if base, _, named := strings.Cut(surface, ":"); named {
			return o.accountRoute(e, base, surface, to)
		}
		if surface == "" || surface == "webchat" {
			surface = "whatsapp"
		}
	}
	if surface == "webchat" {
		return nil
	}
	if to == "" { // a recipient that the caller names is the caller's decision
		if surface == e.LastChannel {
			to = e.LastTo
		}
		if to == "" || surface == "whatsapp" && !o.allowed(surface, to) {
			to = o.firstAllowed(surface, to)
		}
	}
	if o.Chat != nil {
		to = o.Chat(surface, to)
	}
	return &providers.Route{Account: surface, Surface: surface, Chat: to, Kind: providers.Direct}
}

// accountRoute is the way through one of several accounts of a surface, "telegram:work".
func (o *Options) accountRoute(e wire.SessionEntry, surface, account, to string) *providers.Route {
	if to == "" && e.LastChannel == account {
		to = e.LastTo
	}
	if o.Chat != nil {
		to = o.Chat(surface, to)
	}
	return &providers.Route{Account: account, Surface: surface, Chat: to, Kind: providers.Direct}
}

// own tells whether a channel is a surface that an embedder brought.
func (o *Options) own(channel string) bool { return o.CanDeliver(channel) }

// allowed: an empty list and "*" allow everyone.
func (o *Options) allowed(surface, to string) bool {
	list := o.AllowFrom(surface)
	return len(list) == 0 || slices.Contains(list, "*") || slices.Contains(list, to)
}

func (o *Options) firstAllowed(surface, to string) string {
	if list := o.AllowFrom(surface); len(list) > 0 && list[0] != "*" {
		return list[0]
	}
	return to
}

// hasDefaultRecipient tells whether the allowlist supplies a recipient for a call that names none.
func (o *Options) hasDefaultRecipient(channel string) bool {
	if !slices.Contains(deliverable, channel) && !o.own(channel) {
		channel = "whatsapp"
	}
	return o.firstAllowed(channel, "") != ""
}

// undeliverable says why nothing can go along a route, "" when it can.
func (o *Options) undeliverable(r *providers.Route) string {
	switch {
	case r == nil:
		return ""
	case !o.CanDeliver(r.Account) && r.Account != r.Surface:
		return "cannot deliver to " + r.Account + ": there is no such account, or it is stopped"
	case !o.CanDeliver(r.Account):
		return "cannot deliver to " + r.Surface + ": no account of it is set up"
	case r.Chat == "":
		return "cannot deliver to " + r.Surface + ": pass to, for there is no last recipient"
	}
	return ""
}
