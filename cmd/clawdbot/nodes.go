package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) nodesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "nodes",
		Short: "See and use the devices of the gateway, and let new ones in",
		Long:  "See and use the devices of the gateway, and let new ones in. NODE is a node's id or its name, REQUEST the id of a request, or the node's.",
	}
	c.AddCommand(
		a.nodesListCommand("list", "List the paired and the connected nodes", false),
		a.nodesListCommand("status", "List the nodes that are connected", true),
		a.nodesDescribeCommand(), a.nodesPendingCommand(), a.nodesApproveCommand(), a.nodesRejectCommand(), a.nodesRenameCommand(), a.nodesRevokeCommand(),
		a.nodesInvokeCommand(), a.nodesRunCommand(), a.nodesNotifyCommand(), a.nodesCameraCommand(), a.nodesScreenCommand(),
		a.nodesLocationCommand(), a.nodesCanvasCommand(),
	)
	return c
}

func (a *app) nodesListCommand(name, about string, connected bool) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name,
		Short: about,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "node.list", struct{}{}, func(r wire.NodeListResult) error {
				if connected {
					r.Nodes = slices.DeleteFunc(r.Nodes, func(n wire.NodeRow) bool { return !n.Connected })
				}
				return a.showNodes(r.Nodes)
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) showNodes(nodes []wire.NodeRow) error {
	if len(nodes) == 0 {
		_, err := fmt.Fprint(a.out, "No nodes. What asks to be let in: clawdbot nodes pending\n")
		return err
	}
	t := a.newTable("NAME", "ID", "STATE", "PLATFORM", "VERSION", "ADDRESS", "CAPABILITIES")
	for _, n := range nodes {
		state := yes(n.Connected, "connected", "away")
		if !n.Paired {
			state += ", not paired"
		}
		t.row(orElse(n.DisplayName, n.NodeID), n.NodeID, state, n.Platform, n.Version, n.RemoteIP, strings.Join(n.Caps, " "))
	}
	return t.flush()
}

// node finds the id of a node by what it is called.
func (a *app) node(c *cobra.Command, f clientFlags, arg string) (string, error) {
	payload, err := a.call(c.Context(), f, "node.list", struct{}{})
	if err != nil {
		return "", err
	}
	var r wire.NodeListResult
	if err := wire.Unmarshal(payload, &r); err != nil {
		return "", fmt.Errorf("node.list: %w", err)
	}
	return findNode(r.Nodes, arg)
}

func (a *app) nodesDescribeCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "describe NODE",
		Short: "Show what is known of a node, and what it can do",
		Args:  oneArg("NODE"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.node(c, f, args[0])
			if err != nil {
				return err
			}
			return query(a, c, f, "node.describe", wire.NodeDescribeParams{NodeID: id}, a.showNode)
		},
	}
	f.register(c)
	return c
}

func (a *app) showNode(n wire.NodeDescribeResult) error {
	t := a.newTable()
	for _, line := range [][2]string{
		{"Name", n.DisplayName}, {"Id", n.NodeID}, {"Paired", yes(n.Paired, "yes", "no")}, {"Connected", yes(n.Connected, "yes", "no")},
		{"Platform", n.Platform}, {"Device", strings.TrimSpace(n.DeviceFamily + " " + n.ModelIdentifier)}, {"Version", n.Version},
		{"Address", n.RemoteIP}, {"Capabilities", strings.Join(n.Caps, " ")}, {"Commands", strings.Join(n.Commands, " ")},
		{"Permissions", permissions(n.Permissions)},
	} {
		if line[1] != "" {
			t.row(line[0], line[1])
		}
	}
	return t.flush()
}

func permissions(all map[string]bool) string {
	var texts []string
	for name, granted := range all {
		texts = append(texts, name+yes(granted, "", " (not granted)"))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func (a *app) nodesPendingCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "pending",
		Short: "List the nodes that ask to be let in",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "node.pair.list", struct{}{}, a.showPendingNodes)
		},
	}
	f.register(c)
	return c
}

func (a *app) showPendingNodes(r wire.NodePairListResult) error {
	if len(r.Pending) == 0 {
		_, err := fmt.Fprintln(a.out, "No node asks to be let in.")
		return err
	}
	now := time.Now()
	t := a.newTable("REQUEST", "NAME", "NODE", "PLATFORM", "ADDRESS", "ASKED", "")
	for _, p := range r.Pending {
		t.row(p.RequestID, orElse(p.DisplayName, p.NodeID), p.NodeID, p.Platform, p.RemoteIP, ago(&p.TS, now), yes(p.IsRepair, "was paired before", ""))
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(a.out, "Let one in with: clawdbot nodes approve REQUEST\n")
	return err
}

// request finds a pending request by its id, the beginning of it, or the node's id.
func (a *app) request(c *cobra.Command, f clientFlags, arg string) (string, error) {
	payload, err := a.call(c.Context(), f, "node.pair.list", struct{}{})
	if err != nil {
		return "", err
	}
	var r wire.NodePairListResult
	if err := wire.Unmarshal(payload, &r); err != nil {
		return "", fmt.Errorf("node.pair.list: %w", err)
	}
	prefix := strings.TrimSuffix(arg, "…")
	for _, p := range r.Pending {
		if p.NodeID == arg || len(prefix) >= 4 && strings.HasPrefix(p.RequestID, prefix) {
			return p.RequestID, nil
		}
	}
	return "", fmt.Errorf("no request is called %q; a request is forgotten after 5 minutes: clawdbot nodes pending", arg)
}

func (a *app) nodesApproveCommand() *cobra.Command {
	return a.decideCommand("approve", "Let a node in", func(c *cobra.Command, f clientFlags, id string) error {
		return query(a, c, f, "node.pair.approve", wire.NodePairApproveParams{RequestID: id}, func(r wire.NodePairApproveResult) error {
			_, err := fmt.Fprintf(a.out, "%s is let in.\n", oneLine(orElse(r.Node.DisplayName, r.Node.NodeID)))
			return err
		})
	})
}

func (a *app) nodesRejectCommand() *cobra.Command {
	return a.decideCommand("reject", "Turn a node away", func(c *cobra.Command, f clientFlags, id string) error {
		return query(a, c, f, "node.pair.reject", wire.NodePairRejectParams{RequestID: id}, func(r wire.NodePairRejectResult) error {
			_, err := fmt.Fprintf(a.out, "%s is turned away.\n", oneLine(r.NodeID))
			return err
		})
	})
}

func (a *app) decideCommand(name, about string, decide func(c *cobra.Command, f clientFlags, request string) error) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name + " REQUEST",
		Short: about,
		Args:  oneArg("REQUEST"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.request(c, f, args[0])
			if err != nil {
				return err
			}
			return decide(c, f, id)
		},
	}
	f.register(c)
	return c
}

func (a *app) nodesRenameCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "rename NODE NAME",
		Short: "Give a paired node another name",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[1]) == "" {
				return usage("NODE and NAME are needed")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.node(c, f, args[0])
			if err != nil {
				return err
			}
			return query(a, c, f, "node.rename", wire.NodeRenameParams{NodeID: id, DisplayName: args[1]}, func(r wire.NodeRenameResult) error {
				_, err := fmt.Fprintf(a.out, "%s is called %s now.\n", oneLine(r.NodeID), oneLine(r.DisplayName))
				return err
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) nodesRevokeCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "revoke NODE",
		Short: "Take a node's token away: it is cut off, and has to be let in again",
		Args:  oneArg("NODE"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.node(c, f, args[0])
			if err != nil {
				return err
			}
			return query(a, c, f, "node.pair.revoke", wire.NodePairRevokeParams{NodeID: id}, func(r wire.NodePairRevokeResult) error {
				_, err := fmt.Fprintf(a.out, "%s is not paired any more.\n", oneLine(r.NodeID))
				return err
			})
		},
	}
	f.register(c)
	return c
}
