package main

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) sendCommand() *cobra.Command {
	var f clientFlags
	p := wire.SendParams{}
	c := &cobra.Command{
		Use:     "send --to RECIPIENT --message TEXT",
		Short:   "Send a message through one of the gateway's surfaces",
		Example: "  clawdbot send --provider telegram --to 123456789 --message \"Dinner is ready\"",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if strings.TrimSpace(p.To) == "" || strings.TrimSpace(p.Message) == "" && p.MediaURL == "" {
				return usage("--to and --message are needed")
			}
			p.IdempotencyKey = uuid.NewString()
			return query(a, c, f, "send", p, func(r wire.SendResult) error {
				where := orElse(r.ChatID, orElse(r.ChannelID, r.ToJID))
				_, err := fmt.Fprintf(a.out, "Sent through %s to %s, message id %s\n", oneLine(r.Provider), oneLine(orElse(where, p.To)), oneLine(r.MessageID))
				return err
			})
		},
	}
	c.Flags().StringVarP(&p.To, "to", "t", "", "recipient: a phone number, chat id, user or channel")
	c.Flags().StringVarP(&p.Message, "message", "m", "", "the text")
	c.Flags().StringVar(&p.MediaURL, "media", "", "address or path of a file to send with it")
	c.Flags().StringVar(&p.Provider, "provider", "", "whatsapp, telegram, discord, slack, signal or imessage (default whatsapp)")
	f.register(c)
	return c
}
