package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) approvalsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "approvals",
		Short: "Answer the commands that the agent may only run when somebody allows them",
		Long: "Answer the commands that the agent may only run when somebody allows them (agent.tools.exec.ask). An ID may be shortened as long\n" +
			"as it means one of them.",
	}
	c.AddCommand(a.approvalsListCommand(), a.approvalsAllowCommand(), a.approvalsDenyCommand(), a.approvalsForgetCommand())
	return c
}

func (a *app) approvalsListCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the commands that wait, and those that are allowed for good",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "exec.approvals.list", struct{}{}, a.showApprovals)
		},
	}
	f.register(c)
	return c
}

func (a *app) showApprovals(r wire.ExecApprovalsListResult) error {
	if len(r.Pending)+len(r.Allowed) == 0 {
		_, err := fmt.Fprintln(a.out, "No command waits, and none is allowed for good.")
		return err
	}
	now := time.Now()
	for _, p := range r.Pending { // all of the command is shown: somebody is about to allow it
		fmt.Fprintf(a.out, "%s  waits, %s left\n", oneLine(p.ID), short(time.UnixMilli(p.ExpiresAt).Sub(now)))
		for line := range strings.Lines(commandText(p.Command, p.Argv)) {
			fmt.Fprintln(a.out, "  $ "+printable(strings.TrimRight(line, "\n")))
		}
		fmt.Fprintf(a.out, "  in %s, for session %s (%s)\n\n", oneLine(orElse(p.Cwd, "the workspace")), oneLine(p.SessionKey), oneLine(askedBy(p)))
	}
	if len(r.Pending) > 0 {
		fmt.Fprint(a.out, "Answer with: clawdbot approvals allow ID [--always], or clawdbot approvals deny ID\n")
	}
	if len(r.Allowed) == 0 {
		return nil
	}
	if len(r.Pending) > 0 {
		fmt.Fprintln(a.out)
	}
	t := a.newTable("ID", "ALLOWED FOR GOOD", "SINCE", "BY")
	for _, e := range r.Allowed {
		t.row(e.ID, commandText(e.Command, e.Argv), ago(&e.AddedAt, now), orElse(e.By, "-"))
	}
	return t.flush()
}

func askedBy(p wire.ExecApproval) string {
	who := p.Trigger
	if p.Surface != "" {
		who += " on " + p.Surface
	}
	if p.Sender != "" {
		who += ", " + p.Sender
	}
	return who
}

// commandText is the exact command; words of an argument list are in quotes where they need them.
func commandText(command string, argv []string) string {
	if command != "" {
		return command
	}
	words := make([]string, len(argv))
	for i, w := range argv {
		if words[i] = w; w == "" || strings.ContainsAny(w, " \t\n\"'`$&|;<>()*?[]{}\\") {
			words[i] = fmt.Sprintf("%q", w)
		}
	}
	return strings.Join(words, " ")
}

func (a *app) approvalsAllowCommand() *cobra.Command {
	always := false
	c := a.approvalsAnswerCommand("allow", "Allow a command that waits, this time", func() string {
		if always {
			return "allow-always"
		}
		return "allow-once"
	})
	c.Flags().BoolVar(&always, "always", false, "and from now on without asking: exactly these words")
	return c
}

func (a *app) approvalsDenyCommand() *cobra.Command {
	return a.approvalsAnswerCommand("deny", "Deny a command that waits; the agent is told", func() string { return "deny" })
}

func (a *app) approvalsAnswerCommand(name, about string, decision func() string) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name + " ID",
		Short: about,
		Args:  oneArg("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.approvalID(c, f, args[0], func(r wire.ExecApprovalsListResult) (ids []string) {
				for _, p := range r.Pending {
					ids = append(ids, p.ID)
				}
				return ids
			})
			if err != nil {
				return err
			}
			p := wire.ExecApprovalResolveParams{ID: id, Decision: decision()}
			return query(a, c, f, "exec.approval.resolve", p, func(r wire.ExecApprovalResolved) error {
				_, err := fmt.Fprintf(a.out, "%s: %s.\n", oneLine(r.ID), map[string]string{
					"allow-once": "allowed", "allow-always": "allowed, from now on without asking", "deny": "denied",
				}[r.Decision])
				return err
			})
		},
	}
	f.register(c)
	return c
}

func (a *app) approvalsForgetCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "forget ID",
		Short: "Take a command off the list of those that are allowed for good",
		Args:  oneArg("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.approvalID(c, f, args[0], func(r wire.ExecApprovalsListResult) (ids []string) {
				for _, e := range r.Allowed {
					ids = append(ids, e.ID)
				}
				return ids
			})
			if err != nil {
				return err
			}
			return query(a, c, f, "exec.approvals.forget", wire.ExecApprovalsForgetParams{ID: id}, func(e wire.ExecAllowed) error {
				_, err := fmt.Fprintf(a.out, "Forgotten: %s\n", oneLine(commandText(e.Command, e.Argv)))
				return err
			})
		},
	}
	f.register(c)
	return c
}

// minID is how much of an id must be written: less may mean another one than it did when the list was read.
const minID = 4

// approvalID is the id that the beginning of one means. What means none is left to the gateway, which knows what became of it.
func (a *app) approvalID(c *cobra.Command, f clientFlags, begin string, ids func(wire.ExecApprovalsListResult) []string) (string, error) {
	var r wire.ExecApprovalsListResult
	if err := ask(a, c, f, "exec.approvals.list", struct{}{}, &r); err != nil {
		return "", err
	}
	var found []string
	for _, id := range ids(r) {
		if id == begin {
			return id, nil
		}
		if len(begin) >= minID && strings.HasPrefix(id, begin) {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 0:
		return begin, nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%q means %d of them: write more of the id", begin, len(found))
}
