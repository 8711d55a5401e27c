//go:build !notui && !slim

package main

import (
	"errors"
	"os"
	"runtime"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/cmd/clawdbot/tui"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) tuiCommand() *cobra.Command {
	var f clientFlags
	var session string
	c := &cobra.Command{
		Use:   "tui",
		Short: "Chat with the agent in the terminal",
		Long: "Chat with the agent in the terminal: the conversation with its tools, a choice of sessions, models and thinking, commands that\n" +
			"wait for your word. What you write while an answer is being given is offered to that answer. F1 shows the keys.",
		Example: "  clawdbot tui --session main",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			in, ok := a.in.(*os.File)
			if !ok || !isTerminal(in) || !isTerminal(a.out) {
				return usage("tui needs a terminal; for a script there is: clawdbot agent --message TEXT --session-key %s", session)
			}
			t, err := a.target(f)
			if err != nil {
				return err
			}
			v, _ := buildInfo()
			err = tui.Run(tui.Options{
				Context: c.Context(), Session: session, Input: in, Output: a.out, Environ: os.Environ(), NewID: uuid.NewString,
				Client: client.Options{
					URL: t.url, Token: t.token.Reveal(), Password: t.password.Reveal(), TLSFingerprint: t.fingerprint, ConnectTimeout: f.timeout,
					Client: wire.ConnectClient{Name: "cli", Version: v, Platform: runtime.GOOS, Mode: "ui", InstanceID: uuid.NewString()},
				},
			})
			if errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrCertificate) {
				return t.explain(err, f.timeout)
			}
			return err
		},
	}
	c.Flags().StringVarP(&session, "session", "s", "main", "session to open, by its key")
	f.register(c)
	c.Flags().Lookup("json").Hidden = true
	return c
}
