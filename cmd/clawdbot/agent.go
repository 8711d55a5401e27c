package main

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	defaultRunTimeout = 600 // seconds, as the gateway's own default
	runMargin         = 30 * time.Second
)

// agentCommand runs a turn; limit is what its flag for the time of the run is called.
func (a *app) agentCommand(limit string) *cobra.Command {
	var f clientFlags
	var seconds int64
	var prompt bool
	var verbose bool
	p := wire.AgentParams{}
	c := &cobra.Command{
		Use:     "agent --message TEXT (--to RECIPIENT | --session-id ID | --session-key KEY)",
		Short:   "Run one turn of the agent and print its reply",
		Example: "  clawdbot agent --session-key main --message \"What is on today?\"",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if prompt {
				return a.showPrompt(c.Context(), f, p.SessionKey)
			}
			if strings.TrimSpace(p.Message) == "" {
				return usage("--message is needed")
			}
			if p.To == "" && p.SessionID == "" && p.SessionKey == "" {
				return usage("one of --to, --session-id, --session-key is needed: it says which conversation")
			}
			wait := int64(defaultRunTimeout)
			if c.Flags().Changed(limit) {
				if seconds <= 0 {
					return usage("--%s must be a positive integer (seconds)", limit)
				}
				p.Timeout, wait = &seconds, seconds
			}
			p.IdempotencyKey = orElse(p.IdempotencyKey, uuid.NewString())
			ctx, cancel := context.WithTimeout(c.Context(), time.Duration(wait)*time.Second+runMargin)
			defer cancel()
			return a.runAgent(ctx, f, p, verbose)
		},
	}
	c.Flags().StringVarP(&p.Message, "message", "m", "", "what to say to the agent")
	c.Flags().StringVarP(&p.To, "to", "t", "", "recipient whose conversation it is")
	c.Flags().StringVar(&p.SessionID, "session-id", "", "session by its id")
	c.Flags().StringVar(&p.SessionKey, "session-key", "", "session by its key, like main")
	c.Flags().StringVar(&p.Thinking, "thinking", "", "off, minimal, low, medium or high")
	c.Flags().BoolVar(&p.Deliver, "deliver", false, "send the reply to the recipient too")
	c.Flags().StringVar(&p.Channel, "provider", "", "surface to deliver through, or an account of it: telegram:work (default: the last one)")
	c.Flags().StringVar(&p.IdempotencyKey, "idempotency-key", "", "a run with the key of an earlier one does nothing and has its outcome (default: a new key)")
	c.Flags().BoolVar(&prompt, "show-prompt", false, "print what a model is told before the conversation instead, and run nothing")
	c.Flags().Int64Var(&seconds, limit, 0, "how long the run may take, in seconds (default: the gateway's, 600)")
	c.Flags().BoolVar(&verbose, "verbose", false, "tell on standard error which tools are called and what became of them")
	f.register(c)
	return c
}

// agentOutcome is what --json prints.
type agentOutcome struct {
	RunID     string   `json:"runId"`
	Status    string   `json:"status"`
	Summary   string   `json:"summary,omitempty"`
	Text      string   `json:"text"`
	MediaURLs []string `json:"mediaUrls"`
}

func (a *app) runAgent(ctx context.Context, f clientFlags, p wire.AgentParams, verbose bool) error {
	dialing, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	c, err := a.dial(dialing, f)
	if err != nil {
		return err
	}
	defer c.Close()
	tell := &teller{}
	if !f.json && isTerminal(a.out) {
		tell.out = a.out
	}
	if verbose {
		tell.tools = a.err
	}
	reply := followRun(c, p.IdempotencyKey, tell)
	var out agentOutcome
	err = c.CallExpectFinal(ctx, "agent", p, &out)
	out.Text, out.MediaURLs = reply()
	out.RunID = orElse(out.RunID, p.IdempotencyKey)
	if err != nil {
		if out.Text != "" && !f.json {
			tell.end(a.out, out.Text)
		}
		return explainCall(err, "agent", time.Duration(defaultRunTimeout)*time.Second)
	}
	if f.json {
		return printValue(a.out, out)
	}
	for _, m := range out.MediaURLs {
		out.Text += "\nMedia: " + m
	}
	return tell.end(a.out, strings.TrimPrefix(out.Text, "\n"))
}
