package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// teller shows a run while it goes on. Its methods are called by one goroutine at a time.
type teller struct {
	out   io.Writer // the text goes here as it comes; nil = at the end only
	tools io.Writer // what tools do is told here; nil = nowhere

	shown string // the message that stands on out
	open  bool   // out is in the middle of a line
}

// text shows what is new in a text so far. One that does not go on with the last begins another message of the run.
func (t *teller) text(all string) {
	if t.out == nil || all == t.shown {
		return
	}
	if !strings.HasPrefix(all, t.shown) {
		if t.open {
			fmt.Fprint(t.out, "\n\n")
		}
		t.shown = ""
	}
	fmt.Fprint(t.out, printable(all[len(t.shown):]))
	t.shown, t.open = all, true
}

// tool tells of a call.
func (t *teller) tool(d wire.ToolData) {
	if t.tools == nil || d.Phase == "update" {
		return
	}
	if t.open {
		fmt.Fprintln(t.out)
		t.open = false
	}
	name := oneLine(d.Name)
	switch {
	case d.Phase == "start":
		fmt.Fprintln(t.tools, cutTo("tool "+name+" "+oneLine(string(d.Args)), 400))
	case d.IsError != nil && *d.IsError:
		fmt.Fprintln(t.tools, cutTo("tool "+name+" failed: "+oneLine(string(d.Result)), 400))
	default:
		fmt.Fprintf(t.tools, "tool %s done\n", name)
	}
}

// end shows the reply, or what is still missing of it.
func (t *teller) end(w io.Writer, reply string) error {
	if t.out == nil {
		_, err := fmt.Fprintln(w, printable(reply))
		return err
	}
	t.text(reply)
	_, err := fmt.Fprintln(w)
	return err
}

// followRun collects what a run says from the event stream, and shows it. The returned function ends that and returns the
// reply: the last cumulative text, which the gateway sends before the final answer.
func followRun(c *client.Client, runID string, tell *teller) func() (text string, media []string) {
	sub := c.Events(1024)
	var text string
	var media []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range sub.C {
			var ev struct {
				RunID  string   `json:"runId"`
				Stream string   `json:"stream"`
				Data   wire.Raw `json:"data"`
			}
			if e.Name != wire.EventAgent || wire.Unmarshal(e.Payload, &ev) != nil || ev.RunID != runID {
				continue
			}
			var said wire.AssistantData
			var tool wire.ToolData
			switch {
			case ev.Stream == wire.StreamAssistant && wire.Unmarshal(ev.Data, &said) == nil:
				text, media = said.Text, said.MediaURLs
				tell.text(text)
			case ev.Stream == wire.StreamTool && wire.Unmarshal(ev.Data, &tool) == nil:
				tell.tool(tool)
			}
		}
	}()
	return func() (string, []string) {
		sub.Close()
		<-done
		return text, media
	}
}
