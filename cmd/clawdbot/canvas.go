package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) canvasCommand() *cobra.Command {
	c := group("canvas", "Draw on the canvas: of a device, or beside the chat of the web page",
		a.canvasURLCommand(),
		a.canvasSnapshotCommand(), a.canvasPresentCommand(), a.canvasHideCommand(), a.canvasNavigateCommand(), a.canvasEvalCommand(),
		group("a2ui", "Draw on the canvas with A2UI", a.a2uiPushCommand(), a.a2uiResetCommand()),
	)
	c.Long = c.Short + ". Without --node it is the connected node that has a canvas; with none connected it is the web page, which is also called " + tools.Web + "."
	return c
}

func (a *app) canvasURLCommand() *cobra.Command {
	var f clientFlags
	ttl := time.Hour
	c := &cobra.Command{
		Use:   "url [PATH]",
		Short: "Make an address of the canvas that works from another machine, for a while",
		Long: "Make an address of the canvas that works from another machine, for a while. Whoever has it can read all files of the canvas.\n" +
			"It works where the canvas can be reached: see bridge.bind in the config file.",
		Example: "  clawdbot canvas url plan.html --ttl 24h",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p := wire.CanvasURLParams{TTLSeconds: max(1, int64(ttl/time.Second))}
			if len(args) == 1 {
				p.Path = args[0]
			}
			return query(a, c, f, "canvas.url", p, func(r wire.CanvasURLResult) error {
				_, err := fmt.Fprintln(a.out, oneLine(r.URL))
				return err
			})
		},
	}
	c.Flags().Var((*millis)(&ttl), "ttl", "how long it is good for, in ms or as 30m, 24h; a week at most")
	f.register(c)
	return c
}

// invokeWeb has the canvas of the web page carry out a command; the answer has the form of a node's.
func invokeWeb(ctx context.Context, conn *client.Client, n nodeFlags, command string, params any) (r invoked, err error) {
	p := wire.CanvasInvokeParams{Command: command}
	if params != nil {
		if p.Params, err = wire.Marshal(params); err != nil {
			return r, err
		}
	}
	if err := conn.Call(ctx, "canvas.invoke", p, &r.raw); err != nil {
		return r, explainCall(err, "canvas.invoke", n.timeout)
	}
	if err := wire.Unmarshal(r.raw, &r.NodeInvokeResult); err != nil {
		return r, fmt.Errorf("canvas.invoke: the answer has another form than this version knows: %w", err)
	}
	if len(r.Payload) == 0 {
		r.Payload = wire.Raw(`{"ok":true}`)
	}
	r.NodeID = tools.Web
	return r, nil
}
