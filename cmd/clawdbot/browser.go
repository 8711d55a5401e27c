package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// browserFlags are those of every command of the browser.
type browserFlags struct {
	clientFlags
	profile, tab string
}

// browserCommand uses the agent's browser by hand, through the running gateway.
func (a *app) browserCommand() *cobra.Command {
	c := group("browser", "Use the agent's browser: open pages, look at them, act in them",
		a.browserAction("status", "Which profiles there are, and which of them run", cobra.NoArgs, nil),
		a.browserAction("stop", "Close the browser", cobra.NoArgs, nil),
		a.browserAction("tabs", "List what is open", cobra.NoArgs, nil),
		a.browserAction("open URL", "Open a page in a new tab", cobra.ExactArgs(1), func(p map[string]any, args []string) { p["url"] = args[0] }),
		a.browserAction("navigate URL", "Open a page in this tab", cobra.ExactArgs(1), func(p map[string]any, args []string) { p["url"] = args[0] }),
		a.browserAction("close", "Close a tab", cobra.NoArgs, nil),
		a.browserAction("snapshot", "Show the page as text, with references such as e12", cobra.NoArgs, nil),
		a.browserAct("click REF", "Click on something", cobra.ExactArgs(1), nil),
		a.browserAct("hover REF", "Put the mouse on something", cobra.ExactArgs(1), nil),
		a.browserAct("type REF TEXT", "Add a text to a field", cobra.ExactArgs(2), func(p map[string]any, args []string) { p["text"] = args[1] }),
		a.browserAct("fill REF TEXT", "Put a text into a field in place of what is there", cobra.ExactArgs(2), func(p map[string]any, args []string) { p["text"] = args[1] }),
		a.browserAct("select REF VALUE...", "Choose from a list", cobra.MinimumNArgs(2), func(p map[string]any, args []string) { p["values"] = args[1:] }),
		a.browserPress(),
		a.browserScreenshot(),
		a.browserAction("upload REF FILE...", "Put files of the workspace into a field for files", cobra.MinimumNArgs(2), func(p map[string]any, args []string) {
			p["ref"], p["paths"] = args[0], args[1:]
		}),
		a.browserAction("download REF", "Click on something and keep the file that comes", cobra.ExactArgs(1), func(p map[string]any, args []string) { p["ref"] = args[0] }),
	)
	c.Long = c.Short + ".\nThe gateway runs a Chromium with a profile of its own for it, which reaches pages of the internet and none of this computer."
	c.Example = "  clawdbot browser open https://example.org\n  clawdbot browser snapshot\n  clawdbot browser click e3"
	return c
}

// browserAct is a command for an action of the kind that the command is called like.
func (a *app) browserAct(use, short string, args cobra.PositionalArgs, fill func(p map[string]any, args []string)) *cobra.Command {
	kind, _, _ := strings.Cut(use, " ")
	c := a.browserAction(use, short, args, func(p map[string]any, args []string) {
		p["action"], p["kind"], p["ref"] = "act", kind, args[0]
		if fill != nil {
			fill(p, args)
		}
	})
	return c
}

func (a *app) browserPress() *cobra.Command {
	return a.browserAction("press KEY [REF]", "Press a key: Enter, Tab, Escape, ArrowDown, a, Control+a", cobra.RangeArgs(1, 2), func(p map[string]any, args []string) {
		p["action"], p["kind"], p["key"] = "act", "press", args[0]
		if len(args) == 2 {
			p["ref"] = args[1]
		}
	})
}

// browserAction is a command for the action that it is called like. fill puts its arguments in.
func (a *app) browserAction(use, short string, args cobra.PositionalArgs, fill func(p map[string]any, args []string)) *cobra.Command {
	var f browserFlags
	name, _, _ := strings.Cut(use, " ")
	c := &cobra.Command{Use: use, Short: short, Args: args}
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"action": name}
		if fill != nil {
			fill(p, args)
		}
		return a.browse(c, f, p, func(r browserResult) error {
			_, err := fmt.Fprintln(a.out, r.text())
			return err
		})
	}
	f.register(c)
	return c
}

func (f *browserFlags) register(c *cobra.Command) {
	f.timeout = 2 * time.Minute
	f.clientFlags.register(c)
	c.Flags().StringVar(&f.profile, "profile", "", "which browser; the default unless said")
	if name, _, _ := strings.Cut(c.Use, " "); name != "status" && name != "stop" && name != "tabs" && name != "open" {
		c.Flags().StringVar(&f.tab, "tab", "", "which tab, by the beginning of its id; the last one unless said")
	}
}

func (a *app) browserScreenshot() *cobra.Command {
	var f browserFlags
	var full bool
	out := "browser.png"
	c := &cobra.Command{Use: "screenshot", Short: "Save a picture of the page", Args: cobra.NoArgs}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.browse(c, f, map[string]any{"action": "screenshot", "fullPage": full}, func(r browserResult) error {
			for _, part := range r.Content {
				png, err := base64.StdEncoding.DecodeString(part.Data)
				if part.Type != "image" || err != nil {
					continue
				}
				if err := os.WriteFile(out, png, 0o600); err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "Saved %s.\n", oneLine(out))
				return err
			}
			return fmt.Errorf("the gateway has sent no picture")
		})
	}
	c.Flags().BoolVar(&full, "full-page", false, "not only what is to be seen")
	c.Flags().StringVar(&out, "out", out, "the file")
	f.register(c)
	return c
}

// browserResult is what the tool answers.
type browserResult struct {
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
		Data string `json:"data"`
	} `json:"content"`
	raw wire.Raw
}

// text is for a person: what pages say, and what has no text as it is.
func (r browserResult) text() string {
	var all []string
	for _, part := range r.Content {
		if part.Type == "text" {
			all = append(all, part.Text)
		}
	}
	if len(all) == 0 {
		return string(r.raw)
	}
	return strings.Map(func(c rune) rune { // a page must not write to the terminal
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c >= 0x80 && c < 0xa0 {
			return -1
		}
		return c
	}, strings.Join(all, "\n"))
}

func (a *app) browse(c *cobra.Command, f browserFlags, p map[string]any, show func(browserResult) error) error {
	params := wire.BrowserRequestParams{Action: p["action"].(string), Profile: f.profile}
	delete(p, "action")
	if f.tab != "" {
		p["tab"] = f.tab
	}
	var err error
	if params.Args, err = wire.Marshal(p); err != nil {
		return err
	}
	return query(a, c, f.clientFlags, "browser.request", params, func(r wire.BrowserRequestResult) error {
		v := browserResult{raw: r.Result}
		_ = wire.Unmarshal(r.Result, &v) // what has no content is shown as it is
		return show(v)
	})
}
