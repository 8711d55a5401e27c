package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) providersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "providers",
		Short: "See how the accounts on messaging surfaces are, start and stop them",
	}
	c.AddCommand(
		a.providersListCommand(),
		a.providersActCommand("start", "Start an account that was stopped by hand"),
		a.providersActCommand("stop", "Close an account's connection, until it is started or the gateway starts anew"),
		a.providersActCommand("restart", "Close an account's connection and open it again, also one that was given up"),
		a.loginCommand(), a.logoutCommand(),
	)
	return c
}

func (a *app) providersListCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the accounts: state and reason, next try, and when something last came in and went out",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "providers.status", wire.ProvidersStatusParams{}, a.showAccounts)
		},
	}
	f.register(c)
	return c
}

func (a *app) showAccounts(r wire.ProvidersStatusResult) error {
	if len(r.Accounts) == 0 {
		_, err := fmt.Fprintln(a.out, "This gateway has no messaging surface.")
		return err
	}
	t := a.newTable("ACCOUNT", "STATE", "AS", "LAST IN", "LAST OUT", "PING", "NEXT TRY", "REASON")
	for _, p := range r.Accounts {
		t.row(p.Account, p.State, orElse(p.Self, "-"), agoMs(p.LastInboundAgeMs), agoMs(p.LastOutboundAgeMs), agoMs(p.PingAgeMs),
			until(p.NextAt, time.UnixMilli(r.TS)), orElse(p.Reason, "-"))
	}
	return t.flush()
}

func agoMs(ms *int64) string {
	if ms == nil {
		return "-"
	}
	return short(time.Duration(*ms)*time.Millisecond) + " ago"
}

func until(at *int64, now time.Time) string {
	if at == nil {
		return "-"
	}
	return "in " + short(time.UnixMilli(*at).Sub(now))
}

func (a *app) providersActCommand(verb, what string) *cobra.Command {
	var f clientFlags
	var p wire.ProviderParams
	c := &cobra.Command{
		Use:     verb + " ACCOUNT",
		Short:   what,
		Example: "  clawdbot providers " + verb + " telegram\n  clawdbot providers " + verb + " telegram:work",
		Args:    oneArg("ACCOUNT"),
		RunE: func(c *cobra.Command, args []string) error {
			p.Provider = args[0]
			return query(a, c, f, "providers."+verb, p, func(r wire.ProviderAccount) error {
				text := r.Account + " is " + r.State
				if r.Reason != "" {
					text += ": " + r.Reason
				}
				_, err := fmt.Fprintln(a.out, oneLine(text))
				return err
			})
		},
	}
	f.register(c)
	return c
}
