package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// scanPatience is how long a code may wait to be scanned.
const scanPatience = 3 * time.Minute

func (a *app) loginCommand() *cobra.Command {
	f := clientFlags{timeout: scanPatience + runMargin}
	var provider string
	var p wire.WebLoginStartParams
	c := &cobra.Command{
		Use:   "login",
		Short: "Link the gateway to WhatsApp",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if provider != "whatsapp" {
				return usage("only WhatsApp is linked by login; the others have a token: clawdbot configure")
			}
			payload, err := a.call(c.Context(), f, "web.login.start", p)
			if err != nil {
				return err
			}
			var start wire.WebLoginStartResult
			if err := wire.Unmarshal(payload, &start); err != nil {
				return fmt.Errorf("web.login.start: %w", err)
			}
			if start.QRDataURL == "" && start.PairingCode == "" {
				if f.json {
					return printJSON(a.out, payload)
				}
				_, err := fmt.Fprintln(a.out, printable(start.Message))
				return err
			}
			a.showCode(start)
			ms := scanPatience.Milliseconds()
			return query(a, c, f, "web.login.wait", wire.WebLoginWaitParams{TimeoutMs: &ms}, func(r wire.WebLoginWaitResult) error {
				if !r.Connected {
					return errors.New(r.Message + "; try again with: clawdbot login")
				}
				_, err := fmt.Fprintln(a.out, printable(r.Message))
				return err
			})
		},
	}
	c.Flags().StringVar(&provider, "provider", "whatsapp", "whatsapp")
	c.Flags().StringVar(&p.Phone, "phone", "", "get a code to type into the phone with this number, instead of one to scan")
	c.Flags().BoolVar(&p.Force, "force", false, "also when it is linked already")
	c.Flags().BoolVar(&p.Verbose, "verbose", false, "log more of what happens")
	f.register(c)
	return c
}

// showCode shows what the phone is to be told: on a terminal the code itself, else the picture's address.
func (a *app) showCode(start wire.WebLoginStartResult) {
	fmt.Fprintln(a.err, printable(start.Message))
	switch {
	case start.PairingCode != "":
		fmt.Fprintln(a.err, "\n    "+oneLine(start.PairingCode)+"\n")
	case start.QR != "" && isTerminal(a.err):
		drawQR(a.err, start.QR)
	default:
		fmt.Fprintf(a.err, "Open this picture in a browser:\n%s\n", oneLine(start.QRDataURL))
	}
}

func (a *app) logoutCommand() *cobra.Command {
	var f clientFlags
	var provider string
	c := &cobra.Command{
		Use:   "logout",
		Short: "Forget what the gateway is let in with: the link to WhatsApp, or the bot token of Telegram",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch provider {
			case "whatsapp":
				return query(a, c, f, "web.logout", nil, func(r wire.WebLogoutResult) error {
					_, err := fmt.Fprintln(a.out, yes(r.Cleared, "WhatsApp is unlinked.", "WhatsApp was not linked."))
					return err
				})
			case "telegram":
				return query(a, c, f, "telegram.logout", nil, func(r wire.TelegramLogoutResult) error {
					text := yes(r.Cleared, "The bot token is out of the config file.", "There was no bot token in the config file.")
					if r.EnvToken {
						text += " TELEGRAM_BOT_TOKEN is still set: the next start uses it."
					}
					_, err := fmt.Fprintln(a.out, text)
					return err
				})
			}
			return usage("--provider is whatsapp or telegram")
		},
	}
	c.Flags().StringVar(&provider, "provider", "whatsapp", "whatsapp or telegram")
	f.register(c)
	return c
}
