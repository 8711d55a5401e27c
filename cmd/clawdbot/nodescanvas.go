package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) nodesCanvasCommand() *cobra.Command {
	return group("canvas", "Show pages on a node's canvas",
		a.canvasSnapshotCommand(), a.canvasPresentCommand(), a.canvasHideCommand(), a.canvasNavigateCommand(), a.canvasEvalCommand(),
		group("a2ui", "Draw on a node's canvas with A2UI", a.a2uiPushCommand(), a.a2uiResetCommand()),
	)
}

// done says what was done, for commands that answer nothing.
func (a *app) done(text string) func(invoked) error {
	return func(r invoked) error {
		_, err := fmt.Fprintf(a.out, text+"\n", oneLine(r.NodeID))
		return err
	}
}

func none() (any, error) { return nil, nil }

func (a *app) canvasPresentCommand() *cobra.Command {
	var n nodeFlags
	var url string
	var x, y, width, height float64
	c := &cobra.Command{Use: "present", Short: "Show the canvas, and a page on it", Args: cobra.NoArgs}
	c.Flags().StringVar(&url, "target", "", "address of the page, or a path of the gateway's canvas (default: what the node shows first)")
	c.Flags().Float64Var(&x, "x", 0, "left edge of the window (computers)")
	c.Flags().Float64Var(&y, "y", 0, "upper edge of the window (computers)")
	c.Flags().Float64Var(&width, "width", 0, "width of the window (computers)")
	c.Flags().Float64Var(&height, "height", 0, "height of the window (computers)")
	n.register(c, 15*time.Second)
	return a.tell(c, &n, "canvas.present", func() (any, error) {
		p := given(c, map[string]string{"target": "url"}, map[string]any{"url": url})
		place := given(c, map[string]string{"x": "x", "y": "y", "width": "width", "height": "height"},
			map[string]any{"x": x, "y": y, "width": width, "height": height})
		if len(place) > 0 {
			p["placement"] = place
		}
		return p, nil
	}, a.done("Shown on %s."))
}

func (a *app) canvasHideCommand() *cobra.Command {
	var n nodeFlags
	c := &cobra.Command{Use: "hide", Short: "Hide the canvas", Args: cobra.NoArgs}
	n.register(c, 15*time.Second)
	return a.tell(c, &n, "canvas.hide", none, a.done("Hidden on %s."))
}

func (a *app) canvasNavigateCommand() *cobra.Command {
	var n nodeFlags
	var url string
	c := &cobra.Command{
		Use: "navigate URL", Short: "Show another page on the canvas",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("URL is needed: an address, or a path of the gateway's canvas")
			}
			url = args[0]
			return nil
		},
	}
	n.register(c, 20*time.Second)
	return a.tell(c, &n, "canvas.navigate", func() (any, error) { return map[string]any{"url": url}, nil }, a.done("Shown on %s."))
}

func (a *app) canvasEvalCommand() *cobra.Command {
	var n nodeFlags
	var js string
	c := &cobra.Command{Use: "eval --js CODE", Short: "Run JavaScript in the page on the canvas, and print its value", Args: cobra.NoArgs}
	c.Flags().StringVar(&js, "js", "", "the JavaScript")
	n.register(c, 20*time.Second)
	return a.tell(c, &n, "canvas.eval", func() (any, error) {
		if strings.TrimSpace(js) == "" {
			return nil, usage("--js is needed")
		}
		return map[string]any{"javaScript": js}, nil
	}, func(r invoked) error {
		var v struct {
			Result string `json:"result"`
		}
		if err := wire.Unmarshal(r.Payload, &v); err != nil {
			return fmt.Errorf("canvas.eval: the node's answer has another form than this version knows (try --json): %w", err)
		}
		_, err := fmt.Fprintln(a.out, printable(v.Result))
		return err
	})
}

// maxJSONL bounds what is read of a file to draw, in bytes: a call of the gateway takes 512 KiB.
const maxJSONL = 400 << 10

func (a *app) a2uiPushCommand() *cobra.Command {
	var n nodeFlags
	var from, text string
	c := &cobra.Command{
		Use: "push --jsonl FILE | --text TEXT", Short: "Send A2UI messages to a node's canvas", Args: cobra.NoArgs,
		Example: "  clawdbot nodes canvas a2ui push --text 'Dinner is ready'",
	}
	c.Flags().StringVar(&from, "jsonl", "", "file with one A2UI v0.8 message on each line; - reads standard input")
	c.Flags().StringVar(&text, "text", "", "draw this text")
	n.register(c, 20*time.Second)
	return a.tell(c, &n, "canvas.a2ui.pushJSONL", func() (any, error) {
		if (from == "") == (text == "") {
			return nil, usage("either --jsonl or --text is needed")
		}
		jsonl, err := textA2UI(text)
		if from != "" {
			jsonl, err = a.readJSONL(from)
		}
		if err == nil {
			err = tools.CheckJSONL(jsonl)
		}
		return map[string]any{"jsonl": jsonl}, err
	}, a.drawn)
}

// readJSONL reads a file of messages.
func (a *app) readJSONL(from string) (string, error) {
	in := a.in
	if from != "-" {
		f, err := os.Open(from)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxJSONL+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxJSONL:
		return "", fmt.Errorf("the A2UI messages have more than %d KiB; send them in parts", maxJSONL>>10)
	}
	return string(b), nil
}

// textA2UI draws one text (bridge-canvas 5.6).
func textA2UI(text string) (string, error) {
	type m = map[string]any
	var b strings.Builder
	for _, message := range []m{
		{"surfaceUpdate": m{"surfaceId": "main", "components": []m{
			{"id": "root", "component": m{"Column": m{"children": m{"explicitList": []string{"text"}}}}},
			{"id": "text", "component": m{"Text": m{"text": m{"literalString": text}, "usageHint": "body"}}},
		}}},
		{"beginRendering": m{"surfaceId": "main", "root": "root"}},
	} {
		line, err := wire.Marshal(message)
		if err != nil {
			return "", err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func (a *app) a2uiResetCommand() *cobra.Command {
	var n nodeFlags
	c := &cobra.Command{Use: "reset", Short: "Take everything off that A2UI has drawn", Args: cobra.NoArgs}
	n.register(c, 20*time.Second)
	return a.tell(c, &n, "canvas.a2ui.reset", none, a.drawn)
}

// drawn tells what the page says: a message that it refuses is a failure here, though the node has done its part.
func (a *app) drawn(r invoked) error {
	var page struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := wire.Unmarshal(r.Payload, &page); err != nil {
		return fmt.Errorf("%s: the node's answer has another form than this version knows (try --json): %w", r.Command, err)
	}
	if !page.OK {
		return fmt.Errorf("the page refuses it: %s", orElse(oneLine(page.Error), "it does not say why"))
	}
	_, err := fmt.Fprintf(a.out, "Drawn on %s.\n", oneLine(r.NodeID))
	return err
}
