package board

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/canvas/a2ui"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	defaultTTL = time.Hour
	maxTTL     = 7 * 24 * time.Hour
)

// Methods answers canvas.invoke, canvas.state and canvas.url, additions to the protocol.
func Methods(ref actors.Ref[Message], o Options) wire.Table {
	return wire.Table{
		wire.Strict("canvas.invoke", func(c *wire.Call, p wire.CanvasInvokeParams) { invoke(c, ref, &o, p) }),
		wire.Strict("canvas.state", func(c *wire.Call, p wire.CanvasStateParams) {
			ask(c, ref, func(r actors.Reply[wire.CanvasState]) Message { return Get{r, p.Epoch, p.After} })
		}),
		wire.Strict("canvas.url", func(c *wire.Call, p wire.CanvasURLParams) {
			d := defaultTTL
			if p.TTLSeconds > 0 {
				d = min(time.Duration(min(p.TTLSeconds, int64(maxTTL/time.Second)))*time.Second, maxTTL)
			}
			at, err := o.page(p.Path)
			if err != nil {
				c.Fail(err)
				return
			}
			c.Answer(o.Mint(at, d))
		}),
	}
}

func ask[T any](c *wire.Call, ref actors.Ref[Message], build func(actors.Reply[T]) Message) {
	if err := ref.Tell(build(actors.ReplyTo(func(r T, err error) { c.Answer(r, err) }))); err != nil {
		c.Fail(err)
	}
}

// invoke carries out a command as a device node would.
func invoke(c *wire.Call, ref actors.Ref[Message], o *Options, p wire.CanvasInvokeParams) {
	var params struct {
		URL      string   `json:"url"`
		JSONL    string   `json:"jsonl"`
		Messages wire.Raw `json:"messages"`
	}
	if len(p.Params) > 0 {
		if err := wire.Unmarshal(p.Params, &params); err != nil {
			c.Fail(wire.InvalidRequest("%s: %v", p.Command, err))
			return
		}
	}
	switch p.Command {
	case "canvas.present", "canvas.navigate":
		at, err := o.page(params.URL)
		if err != nil {
			c.Fail(err)
			return
		}
		if params.URL == "" && p.Command == "canvas.present" {
			at = "" // what is there comes forward
		}
		done(c, ref, p.Command, func(r actors.Reply[struct{}]) Message {
			return Show{Reply: r, Path: at, Visible: true, Ask: p.Command == "canvas.present"}
		})
	case "canvas.hide":
		done(c, ref, p.Command, func(r actors.Reply[struct{}]) Message { return Show{Reply: r} })
	case "canvas.a2ui.reset":
		done(c, ref, p.Command, func(r actors.Reply[struct{}]) Message { return Reset{r} })
	case "canvas.a2ui.push", "canvas.a2ui.pushJSONL":
		messages, err := read(params.Messages, params.JSONL)
		if err != nil {
			c.Fail(wire.InvalidRequest("%v", err))
			return
		}
		pushed(c, ref, p.Command, messages)
	case "canvas.eval", "canvas.snapshot":
		c.Fail(&wire.Error{
			Code:    wire.CodeInvalidRequest,
			Message: "the web page does not take " + p.Command + ": it shows the canvas in a frame that nothing can look into. Show it on a device node (clawdbot node makes one of a computer with Chromium) and name that",
			Details: needsDevice,
		})
	default:
		c.Fail(&wire.Error{
			Code:    wire.CodeInvalidRequest,
			Message: fmt.Sprintf("the web page does not take %.100q: it presents, navigates, hides and takes A2UI; other commands need a device node", p.Command),
			Details: needsDevice,
		})
	}
}

// needsDevice tells programs why a command was refused.
var needsDevice = map[string]string{"reason": "needs_device"}

// read takes the messages of a push in either form.
func read(list wire.Raw, jsonl string) ([]a2ui.Message, error) {
	if len(list) > 0 && string(list) != "null" {
		return a2ui.List(list)
	}
	return a2ui.JSONL(jsonl)
}

func done(c *wire.Call, ref actors.Ref[Message], command string, build func(actors.Reply[struct{}]) Message) {
	err := ref.Tell(build(actors.ReplyTo(func(_ struct{}, err error) {
		c.Answer(wire.CanvasInvokeResult{OK: true, Command: command}, err)
	})))
	if err != nil {
		c.Fail(err)
	}
}

func pushed(c *wire.Call, ref actors.Ref[Message], command string, messages []a2ui.Message) {
	err := ref.Tell(Push{actors.ReplyTo(func(names []string, err error) {
		c.Answer(wire.CanvasInvokeResult{OK: true, Command: command, Payload: &wire.CanvasPushed{OK: true, Surfaces: names}}, err)
	}), messages})
	if err != nil {
		c.Fail(err)
	}
}

// page is the path, below the gateway's port, of what a command names: a path within the canvas, or an address of it.
func (o *Options) page(given string) (string, error) {
	given = strings.TrimSpace(given)
	u, err := url.Parse(given)
	switch {
	case err != nil || u.Opaque != "" || len(given) > 4096:
		return "", wire.InvalidRequest("%.100q is no address of the canvas", given)
	case u.Scheme != "" || u.Host != "":
		if !o.owns(u.Path) {
			return "", wire.InvalidRequest("the web page shows what is in the canvas only: put a page into its directory, or show the address on a device node")
		}
	case !o.owns(u.Path):
		slash := strings.HasSuffix(u.Path, "/") || u.Path == ""
		u.Path, u.RawPath = o.CanvasPath+path.Clean("/"+u.Path), ""
		if slash && !strings.HasSuffix(u.Path, "/") {
			u.Path += "/"
		}
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery, Fragment: u.Fragment}).String(), nil
}

// owns tells whether a path is below one of ours.
func (o *Options) owns(p string) bool {
	p = path.Clean("/" + p)
	return p == o.CanvasPath || p == o.A2UIPath || strings.HasPrefix(p, o.CanvasPath+"/") || strings.HasPrefix(p, o.A2UIPath+"/")
}
