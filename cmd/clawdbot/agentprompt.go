package main

import (
	"context"
	"fmt"

	"github.com/clawdbot/gateway/transport/wire"
)

// showPrompt prints what a model would be told before the next message.
func (a *app) showPrompt(ctx context.Context, f clientFlags, sessionKey string) error {
	dialing, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	c, err := a.dial(dialing, f)
	if err != nil {
		return err
	}
	defer c.Close()
	var r wire.AgentPromptResult
	if err := c.Call(dialing, "agent.prompt", wire.AgentPromptParams{SessionKey: sessionKey}, &r); err != nil {
		return explainCall(err, "agent.prompt", f.timeout)
	}
	if f.json {
		return printValue(a.out, r)
	}
	_, err = fmt.Fprint(a.out, printable(r.Prompt))
	return err
}
