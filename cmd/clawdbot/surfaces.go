package main

import (
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/discord"
	"github.com/clawdbot/gateway/providers/imessage"
	"github.com/clawdbot/gateway/providers/signal"
	"github.com/clawdbot/gateway/providers/slack"
	"github.com/clawdbot/gateway/providers/telegram"
)

// equip gives a gateway all that this program was built with.
func equip(o gateway.Options) gateway.Options {
	o.Providers, o.Models, o.Coders, o.MCP, o.JavaScript = surfaces(), modelFormats(), codingAgents(), mcpDial(), scripts()
	o.Browser, _ = browsers()
	return o
}

// surfaces are the messaging surfaces of this program, in the order in which they start: WhatsApp, Discord, Slack,
// Telegram, Signal, iMessage (providers 0.4).
func surfaces() []providers.Factory {
	return append(whatsappSurface(),
		discord.Factory(),
		slack.Factory(),
		telegram.Factory(),
		signal.Factory(),
		imessage.Factory(),
	)
}
