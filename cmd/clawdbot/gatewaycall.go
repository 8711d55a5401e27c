package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// gatewayCallCommand calls any method: for scripts, and for what has no command of its own.
func (a *app) gatewayCallCommand() *cobra.Command {
	var f clientFlags
	var params string
	var final bool
	c := &cobra.Command{
		Use:     "call METHOD",
		Short:   "Call a method of the running gateway and print its answer as JSON",
		Example: "  clawdbot gateway call chat.history --params '{\"sessionKey\":\"main\"}'",
		Args:    oneArg("METHOD"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := wire.Valid([]byte(params)); err != nil {
				return usage("--params is not JSON: %v", err)
			}
			ctx, cancel := context.WithTimeout(c.Context(), f.timeout)
			defer cancel()
			conn, err := a.dial(ctx, f)
			if err != nil {
				return err
			}
			defer conn.Close()
			call := conn.Call
			if final {
				call = conn.CallExpectFinal
			}
			var payload wire.Raw
			err = call(ctx, args[0], wire.Raw(params), &payload)
			if len(payload) > 0 || err == nil {
				if printErr := printJSON(a.out, payload); printErr != nil {
					return printErr
				}
			}
			if err != nil {
				return explainCall(err, args[0], f.timeout)
			}
			return nil
		},
	}
	c.Flags().StringVar(&params, "params", "{}", "the parameters, as JSON")
	c.Flags().BoolVar(&final, "expect-final", false, "wait for the final answer of a method that answers twice (agent)")
	f.register(c)
	return c
}
