package main

import (
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/discord"
	"github.com/clawdbot/gateway/providers/imessage"
	"github.com/clawdbot/gateway/providers/signal"
	"github.com/clawdbot/gateway/providers/slack"
	"github.com/clawdbot/gateway/providers/telegram"
)

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
