package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) outboxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "outbox",
		Short: "See what is on its way to people, and decide on what did not arrive",
	}
	c.AddCommand(a.outboxListCommand(),
		a.outboxItemCommand("show", "outbox.show", "Show how one message stands, its text and what the platform said; also one that the list no longer has"),
		a.outboxItemCommand("retry", "outbox.retry", "Send messages again that failed or may not have arrived; they may then arrive twice"),
		a.outboxItemCommand("drop", "outbox.drop", "Give up messages that have not been sent, or take note of those that failed"))
	return c
}

func (a *app) outboxListCommand() *cobra.Command {
	var f clientFlags
	var p wire.OutboxListParams
	c := &cobra.Command{
		Use:   "list",
		Short: "List the latest outgoing messages and how they stand",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "outbox.list", p, a.showOutbox)
		},
	}
	f.register(c)
	c.Flags().StringVar(&p.State, "state", "", "only those that are queued, sending, sent, failed or ambiguous")
	return c
}

func (a *app) outboxItemCommand(name, method, short string) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name + " ID...",
		Short: short,
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ids := make([]int64, len(args))
			for i, arg := range args {
				id, err := strconv.ParseInt(arg, 10, 64)
				if err != nil || id < 1 {
					return fmt.Errorf("%q is no id: see clawdbot outbox list", arg)
				}
				ids[i] = id
			}
			for _, id := range ids {
				err := query(a, c, f, method, wire.OutboxItemParams{ID: id}, func(r wire.OutboxItemResult) error {
					if method == "outbox.show" {
						return a.showOutboxItem(r.Item)
					}
					return a.showOutbox(wire.OutboxListResult{Items: []wire.OutboxItem{r.Item}})
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.register(c)
	return c
}

func (a *app) showOutboxItem(it wire.OutboxItem) error {
	now := time.Now()
	t := a.newTable()
	t.row("Message", fmt.Sprintf("%d, %s", it.ID, it.Key))
	t.row("To", it.Account+" chat "+it.Chat)
	t.row("Text", it.Preview)
	t.row("State", fmt.Sprintf("%s, %s; %s", it.State, ago(&it.UpdatedAt, now), count(int(it.Attempts), "try", "tries")))
	if it.NextAt != nil {
		t.row("Next try", "in "+short(time.UnixMilli(*it.NextAt).Sub(now)))
	}
	if it.Reason != "" {
		t.row("Why", it.Reason)
	}
	if r := it.Receipt; r != nil {
		t.row("Receipt", receiptText(it))
	}
	if it.RunID != "" {
		t.row("Run", it.RunID)
	}
	t.row("Queued", ago(&it.CreatedAt, now))
	return t.flush()
}

// receiptText is how the platform calls what it has taken.
func receiptText(it wire.OutboxItem) string {
	if it.Receipt == nil || it.Receipt.MessageID == "" {
		return "no message id"
	}
	if c := it.Receipt.ChatID; c != "" && c != it.Chat {
		return "message " + it.Receipt.MessageID + " in " + c
	}
	return "message " + it.Receipt.MessageID
}

func (a *app) showOutbox(r wire.OutboxListResult) error {
	if len(r.Items) == 0 {
		_, err := fmt.Fprintln(a.out, "Nothing is on its way, and nothing was.")
		return err
	}
	now := time.Now()
	t := a.newTable("ID", "ACCOUNT", "CHAT", "STATE", "TRIES", "SINCE", "WHY")
	for _, it := range r.Items {
		t.row(strconv.FormatInt(it.ID, 10), it.Account, it.Chat, it.State, strconv.FormatInt(it.Attempts, 10), ago(&it.CreatedAt, now), it.Reason)
	}
	return t.flush()
}
