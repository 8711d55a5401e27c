package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) pairingCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "pairing",
		Short: "Let people who wrote to the assistant in, or see who is in",
	}
	c.AddCommand(a.pairingListCommand(), a.pairingApproveCommand())
	return c
}

func (a *app) pairingListCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the codes that wait for approval, and the senders who are let in",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "pairing.list", struct{}{}, a.showPairing)
		},
	}
	f.register(c)
	return c
}

func (a *app) showPairing(r wire.PairingListResult) error {
	if len(r.Pending) == 0 && len(r.Allowed) == 0 {
		_, err := fmt.Fprintln(a.out, "Nobody waits, and nobody has been let in.")
		return err
	}
	now := time.Now()
	if len(r.Pending) > 0 {
		t := a.newTable("CODE", "ACCOUNT", "SENDER", "NAME", "EXPIRES IN")
		for _, p := range r.Pending {
			t.row(p.Code, p.Account, p.SenderID, p.SenderName, short(time.UnixMilli(p.ExpiresAt).Sub(now)))
		}
		if err := t.flush(); err != nil {
			return err
		}
		fmt.Fprint(a.out, "Let one in with: clawdbot pairing approve CODE\n")
	}
	if len(r.Allowed) == 0 {
		return nil
	}
	if len(r.Pending) > 0 {
		fmt.Fprintln(a.out)
	}
	t := a.newTable("ALLOWED", "SENDER", "NAME", "SINCE")
	for _, p := range r.Allowed {
		t.row(p.Account, p.SenderID, p.Name, ago(&p.At, now))
	}
	return t.flush()
}

func (a *app) pairingApproveCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "approve CODE",
		Short: "Let the sender who was given this code in",
		Args:  oneArg("CODE"),
		RunE: func(c *cobra.Command, args []string) error {
			p := wire.PairingApproveParams{Code: strings.ToUpper(strings.TrimSpace(args[0]))}
			return query(a, c, f, "pairing.approve", p, func(r wire.PairingApproveResult) error {
				_, err := fmt.Fprintf(a.out, "%s may write now (%s on %s).\n",
					oneLine(orElse(r.Sender.Name, r.Sender.SenderID)), oneLine(r.Sender.SenderID), oneLine(r.Sender.Account))
				return err
			})
		},
	}
	f.register(c)
	return c
}
