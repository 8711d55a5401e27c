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
	var dry bool
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
			p.IdempotencyKey = orElse(p.IdempotencyKey, uuid.NewString())
			if dry {
				return a.showUnsent(p, f.json)
			}
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
	c.Flags().StringVar(&p.MediaURL, "media-url", "", "the same as --media")
	c.Flags().StringVar(&p.Provider, "provider", "", "whatsapp, telegram, discord, slack, signal, imessage, or an account of it: telegram:work (default whatsapp)")
	c.Flags().BoolVar(&p.GifPlayback, "gif-playback", false, "a video is to play like a GIF (WhatsApp)")
	c.Flags().StringVar(&p.IdempotencyKey, "idempotency-key", "", "a send with the key of an earlier one does nothing and has its outcome (default: a new key)")
	c.Flags().BoolVar(&dry, "dry-run", false, "only show what would be sent")
	f.register(c)
	return c
}

// showUnsent prints what send would be asked.
func (a *app) showUnsent(p wire.SendParams, asJSON bool) error {
	if asJSON {
		return printValue(a.out, p)
	}
	t := a.newTable()
	t.row("Not sent", "--dry-run")
	t.row("Through", orElse(p.Provider, "whatsapp"))
	t.row("To", p.To)
	t.row("Text", p.Message)
	if p.MediaURL != "" {
		t.row("With", p.MediaURL)
	}
	return t.flush()
}
