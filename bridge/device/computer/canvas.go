package computer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/chromium"
)

// Times of one step in the page. They stay below the 15 s that a gateway waits for an answer by default.
const (
	loadTime = 12 * time.Second
	evalTime = 10 * time.Second
)

// scaffold is what the canvas shows when nothing else was asked for.
const scaffold = "data:text/html;charset=utf-8," +
	"<!doctype html><meta charset=utf-8><title>Clawdbot Canvas</title>" +
	"<body style='margin:0;height:100vh;display:grid;place-items:center;background:%230b0f14;color:%238aa0b4;font:16px system-ui'>Canvas</body>"

// canvas is a page in a browser that starts at the first command.
type canvas struct {
	o    *Options
	turn gate // one command at a time; it guards the fields below

	page   chromium.Page // nil = not started
	closed bool
}

func (c *Computer) canvasReady() error {
	if !c.o.Canvas {
		return refuse(unavailable, "CANVAS_DISABLED: enable Canvas in Settings; the owner of this computer has turned it off")
	}
	if c.o.Page == nil {
		return refuse(unavailable, "CANVAS_DISABLED: %v", chromium.ErrLeftOut)
	}
	if c.o.browser() == "" {
		return refuse(unavailable, "CANVAS_DISABLED: there is no Chromium on this computer")
	}
	return nil
}

// use gives the page to one command, and starts the browser for it.
func (v *canvas) use(ctx context.Context, do func(chromium.Page) error) error {
	if err := v.turn.enter(ctx); err != nil {
		return err
	}
	defer v.turn.leave()
	if v.closed {
		return refuse(unavailable, "UNAVAILABLE: node not ready")
	}
	if v.page != nil && gone(v.page) {
		v.page.Close()
		v.page = nil
	}
	if v.page == nil {
		p, err := v.start()
		if err != nil {
			return err
		}
		v.page = p
	}
	return do(v.page)
}

// gone tells whether the browser has ended.
func gone(p chromium.Page) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

func (v *canvas) close() {
	v.turn <- struct{}{}
	defer v.turn.leave()
	v.closed = true
	if v.page != nil {
		v.page.Close()
		v.page = nil
	}
}

// open loads an address and waits until it is there.
func open(ctx context.Context, p chromium.Page, address string) error {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	err := p.Open(ctx, address)
	var load *chromium.LoadError
	switch {
	case errors.As(err, &load):
		return refuse(unavailable, "UNAVAILABLE: %v", load)
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(unavailable, "UNAVAILABLE: the page did not load within %s", loadTime)
	}
	return err
}

// address is what a URL of a caller means. Files of this computer are not shown: a picture of them would leave it.
func (v *canvas) address(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || s == "/" {
		return scaffold, nil
	}
	if strings.HasPrefix(s, "/") {
		host := strings.TrimSuffix(v.o.CanvasHost(), "/")
		if host == "" {
			return "", refuse(unavailable, "UNAVAILABLE: the gateway serves no canvas, so that a path has no meaning; give an http address")
		}
		s = host + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", refuse(invalidRequest, "INVALID_REQUEST: the canvas shows http and https addresses, and paths of the gateway's canvas")
	}
	return u.String(), nil
}

func (c *Computer) canvasPresent(ctx context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		URL       string `json:"url"`
		Placement struct {
			X, Y          *float64
			Width, Height float64
		} `json:"placement"`
	}](params)
	address, err := c.canvas.address(p.URL)
	if err != nil {
		return nil, err
	}
	return nil, c.canvas.use(ctx, func(page chromium.Page) error {
		if err := open(ctx, page, address); err != nil {
			return err
		}
		return place(ctx, page, chromium.Window{
			Left: pixels(p.Placement.X), Top: pixels(p.Placement.Y), Width: int64(p.Placement.Width), Height: int64(p.Placement.Height),
		})
	})
}

func pixels(v *float64) *int64 {
	if v == nil {
		return nil
	}
	return new(int64(*v))
}

// place changes the window that the page is in.
func place(ctx context.Context, p chromium.Page, w chromium.Window) error {
	ctx, cancel := context.WithTimeout(ctx, evalTime)
	defer cancel()
	return p.Place(ctx, w)
}

// canvasHide minimises a window that somebody can see. Nothing else is lost: what the page shows is there when it is
// presented or photographed next.
func (c *Computer) canvasHide(ctx context.Context, _ []byte) (any, error) {
	if !c.o.Window {
		return nil, nil
	}
	return nil, c.canvas.use(ctx, func(p chromium.Page) error { return place(ctx, p, chromium.Window{Minimized: true}) })
}

func (c *Computer) canvasNavigate(ctx context.Context, params []byte) (any, error) {
	var p struct {
		URL string `json:"url"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	address, err := c.canvas.address(p.URL)
	if err != nil {
		return nil, err
	}
	return nil, c.canvas.use(ctx, func(p chromium.Page) error { return open(ctx, p, address) })
}

// EvalResult is the answer of canvas.eval: a string as it is, nothing for undefined and null, and JSON for the rest.
type EvalResult struct {
	Result string `json:"result"`
}

func (c *Computer) canvasEval(ctx context.Context, params []byte) (any, error) {
	var p struct {
		JavaScript string `json:"javaScript"`
	}
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.JavaScript) == "" {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: javaScript required")
	}
	var r EvalResult
	err := c.canvas.use(ctx, func(page chromium.Page) (err error) {
		value, err := eval(ctx, page, p.JavaScript)
		r.Result = plainText(value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// eval runs JavaScript in the page, waits for a promise, and returns the value as JSON, nothing for undefined. A script
// that does not end is ended.
func eval(ctx context.Context, p chromium.Page, js string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, evalTime)
	defer cancel()
	value, err := p.Eval(ctx, js)
	var script *chromium.ScriptError
	switch {
	case errors.As(err, &script):
		return nil, refuse(unavailable, "UNAVAILABLE: JavaScript: %s", tidy(script.Text, maxBody))
	case errors.Is(err, context.DeadlineExceeded):
		return nil, refuse(unavailable, "UNAVAILABLE: JavaScript did not end within %s", evalTime)
	}
	return value, err
}

func plainText(value json.RawMessage) string {
	var s string
	switch {
	case len(value) == 0 || string(value) == "null":
		return ""
	case json.Unmarshal(value, &s) == nil:
		return s
	}
	return string(value)
}

// Snapshot is the answer of canvas.snapshot.
type Snapshot struct {
	Format string `json:"format"`
	Base64 string `json:"base64"`
}

// Default widths of a snapshot, in pixels.
const (
	jpegWidth = 1600
	pngWidth  = 900
)

func (c *Computer) canvasSnapshot(ctx context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		MaxWidth *int64   `json:"maxWidth"`
		Quality  *float64 `json:"quality"`
		Format   string   `json:"format"`
	}](params)
	shot := chromium.Picture{JPEG: p.Format != "png", MaxWidth: jpegWidth, Quality: int64(math.Round(clamp(p.Quality, 0.9, 0.05, 1) * 100))}
	r := Snapshot{Format: "jpeg"}
	if !shot.JPEG {
		r.Format, shot.MaxWidth = "png", pngWidth
	}
	if p.MaxWidth != nil && *p.MaxWidth > 0 {
		shot.MaxWidth = min(*p.MaxWidth, 1<<14)
	}
	err := c.canvas.use(ctx, func(page chromium.Page) error {
		ctx, cancel := context.WithTimeout(ctx, evalTime)
		defer cancel()
		picture, err := page.Picture(ctx, shot)
		r.Base64 = base64.StdEncoding.EncodeToString(picture)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
