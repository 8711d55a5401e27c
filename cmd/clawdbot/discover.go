package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sort"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/bridge/discovery"
)

// discovered is a gateway as --json prints it.
type discovered struct {
	Name    string            `json:"name"`
	Host    string            `json:"host"`
	Address string            `json:"address"`
	Port    int               `json:"port"`
	Text    map[string]string `json:"txt"`
}

// checkLimit is how long a packet to oneself may take, when nobody has answered.
const checkLimit = 2 * time.Second

func (a *app) discoverCommand() *cobra.Command {
	var timeout time.Duration
	var asJSON bool
	var interfaces []string
	c := &cobra.Command{
		Use:   "discover",
		Short: "Find the gateways of the local network that devices can connect to",
		Long: "Find the gateways of the local network that devices can connect to: the bridges that answer a question by\n" +
			"multicast DNS. A gateway whose bridge listens on its own machine alone does not answer.",
		Example: "clawdbot discover --json --timeout 5s",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if timeout <= 0 {
				return usage("--timeout must be more than 0")
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			found, err := discovery.Browse(ctx, discovery.BrowseOptions{Interfaces: interfaces, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				return err
			}
			if err := c.Context().Err(); err != nil {
				return err
			}
			if len(found) == 0 {
				ctx, cancel := context.WithTimeout(c.Context(), checkLimit)
				defer cancel()
				if err := discovery.Check(ctx, interfaces); err != nil {
					return err
				}
			}
			return a.showDiscovered(found, asJSON, timeout)
		},
	}
	c.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long to wait for answers")
	c.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	c.Flags().StringSliceVar(&interfaces, "interface", nil, "ask on this network interface only; may be given more than once")
	return c
}

func (a *app) showDiscovered(found []discovery.Found, asJSON bool, timeout time.Duration) error {
	sort.Slice(found, func(i, j int) bool { return found[i].Instance+found[i].Address < found[j].Instance+found[j].Address })
	if asJSON {
		all := struct {
			Gateways []discovered `json:"gateways"`
		}{make([]discovered, 0, len(found))}
		for _, f := range found {
			all.Gateways = append(all.Gateways, discovered{f.Instance, f.Host, f.Address, f.Port, f.Text})
		}
		return printValue(a.out, all)
	}
	if len(found) == 0 {
		_, err := fmt.Fprintf(a.out, "No gateway answered within %v. Gateways are found whose bridge the local network can reach\n"+
			"(bridge.bind \"lan\"), unless the network keeps multicast back. A device can be given host and port by hand.\n", timeout)
		return err
	}
	t := a.newTable("NAME", "BRIDGE", "HOST", "GATEWAY PORT", "TAILNET")
	for _, f := range found {
		t.row(f.Instance, net.JoinHostPort(f.Address, strconv.Itoa(f.Port)), f.Host, orElse(f.Text["gatewayPort"], "-"), orElse(f.Text["tailnetDns"], "-"))
	}
	return t.flush()
}
