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

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
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

	tab    *tab
	closed bool
}

func (c *Computer) canvasReady() error {
	if !c.o.Canvas {
		return refuse(unavailable, "CANVAS_DISABLED: enable Canvas in Settings; the owner of this computer has turned it off")
	}
	if c.o.browser() == "" {
		return refuse(unavailable, "CANVAS_DISABLED: there is no Chromium on this computer")
	}
	return nil
}

// use gives the page to one command, and starts the browser for it.
func (v *canvas) use(ctx context.Context, do func(*tab) error) error {
	if err := v.turn.enter(ctx); err != nil {
		return err
	}
	defer v.turn.leave()
	if v.closed {
		return refuse(unavailable, "UNAVAILABLE: node not ready")
	}
	if v.tab != nil && v.tab.gone() {
		v.tab.close()
		v.tab = nil
	}
	if v.tab == nil {
		t, err := v.o.startTab()
		if err != nil {
			return err
		}
		if err := v.listen(t); err != nil {
			t.close()
			return err
		}
		v.tab = t
	}
	return do(v.tab)
}

func (v *canvas) close() {
	v.turn <- struct{}{}
	defer v.turn.leave()
	v.closed = true
	if v.tab != nil {
		v.tab.close()
		v.tab = nil
	}
}

// open loads an address and waits until it is there.
func (t *tab) open(ctx context.Context, address string) error {
	ctx, cancel := t.within(ctx, loadTime)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Navigate(address))
	var load *chromedp.LoadError
	switch {
	case errors.As(err, &load):
		return refuse(unavailable, "UNAVAILABLE: the page does not load: %s", load.ErrorText)
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
	return nil, c.canvas.use(ctx, func(t *tab) error {
		if err := t.open(ctx, address); err != nil {
			return err
		}
		if err := t.window(ctx, browser.Bounds{WindowState: browser.WindowStateNormal}); err != nil {
			return err
		}
		at := browser.Bounds{Left: pixels(p.Placement.X), Top: pixels(p.Placement.Y), Width: int64(p.Placement.Width), Height: int64(p.Placement.Height)}
		if at.Left == nil && at.Top == nil && at.Width <= 0 && at.Height <= 0 {
			return nil
		}
		return t.window(ctx, at)
	})
}

func pixels(v *float64) *int64 {
	if v == nil {
		return nil
	}
	return ptr(int64(*v))
}

// window changes the window that the page is in.
func (t *tab) window(ctx context.Context, to browser.Bounds) error {
	ctx, cancel := t.within(ctx, evalTime)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		w, err := cdp.Call(ctx, target, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: w.WindowID, Bounds: &to})
		return err
	}))
}

// canvasHide minimises a window that somebody can see. Nothing else is lost: what the page shows is there when it is
// presented or photographed next.
func (c *Computer) canvasHide(ctx context.Context, _ []byte) (any, error) {
	if !c.o.Window {
		return nil, nil
	}
	return nil, c.canvas.use(ctx, func(t *tab) error {
		return t.window(ctx, browser.Bounds{WindowState: browser.WindowStateMinimized})
	})
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
	return nil, c.canvas.use(ctx, func(t *tab) error { return t.open(ctx, address) })
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
	err := c.canvas.use(ctx, func(t *tab) (err error) {
		value, err := t.eval(ctx, p.JavaScript)
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
func (t *tab) eval(ctx context.Context, js string) (json.RawMessage, error) {
	ctx, cancel := t.within(ctx, evalTime+time.Second)
	defer cancel()
	var value json.RawMessage
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		r, err := cdp.Call(ctx, target, runtime.Evaluate, runtime.EvaluateParams{
			Expression: js, ReturnByValue: ptr(true), AwaitPromise: ptr(true), UserGesture: ptr(true), Timeout: runtime.TimeDelta(evalTime.Milliseconds()),
		})
		switch {
		case err != nil:
			return err
		case r.ExceptionDetails != nil:
			text := r.ExceptionDetails.Text
			if e := r.ExceptionDetails.Exception; e != nil && e.Description != "" {
				text, _, _ = strings.Cut(e.Description, "\n")
			}
			return refuse(unavailable, "UNAVAILABLE: JavaScript: %s", tidy(text, maxBody))
		case r.Result != nil && r.Result.UnserializableValue != "": // NaN, -0, 1n
			value, err = json.Marshal(string(r.Result.UnserializableValue))
			return err
		case r.Result != nil:
			value = json.RawMessage(r.Result.Value)
		}
		return nil
	}))
	if errors.Is(err, context.DeadlineExceeded) {
		err = refuse(unavailable, "UNAVAILABLE: JavaScript did not end within %s", evalTime)
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
	format, width := page.CaptureScreenshotFormatJpeg, int64(jpegWidth)
	if p.Format == "png" {
		format, width = page.CaptureScreenshotFormatPng, pngWidth
	}
	if p.MaxWidth != nil && *p.MaxWidth > 0 {
		width = min(*p.MaxWidth, 1<<14)
	}
	shot := page.CaptureScreenshotParams{Format: format}
	if format == page.CaptureScreenshotFormatJpeg {
		shot.Quality = ptr(int64(math.Round(clamp(p.Quality, 0.9, 0.05, 1) * 100)))
	}
	var r Snapshot
	err := c.canvas.use(ctx, func(t *tab) error {
		ctx, cancel := t.within(ctx, evalTime)
		defer cancel()
		return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			m, err := cdp.Call(ctx, target, page.GetLayoutMetrics, cdp.Empty{})
			if err != nil {
				return err
			}
			if v := m.CSSVisualViewport; v != nil && v.ClientWidth > 0 {
				shot.Clip = &page.Viewport{X: v.PageX, Y: v.PageY, Width: v.ClientWidth, Height: v.ClientHeight, Scale: min(1, float64(width)/v.ClientWidth)}
			}
			picture, err := cdp.Call(ctx, target, page.CaptureScreenshot, shot)
			r = Snapshot{Format: string(format), Base64: base64.StdEncoding.EncodeToString(picture.Data)}
			return err
		}))
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}
