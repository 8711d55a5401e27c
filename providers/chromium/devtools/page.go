package devtools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/clawdbot/gateway/providers/chromium"
)

// Page is the one page of a running browser. It is a chromium.Page.
type Page struct {
	ctx  context.Context // ends with the browser
	stop func()
	dir  string // its profile
}

// StartPage starts a browser with an empty profile and one page. It is a chromium.StartPage.
func StartPage(o chromium.PageOptions) (chromium.Page, error) {
	if old, err := filepath.Glob(filepath.Join(o.Dir, "browser-*")); err == nil { // of one that was killed
		for _, dir := range old {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(o.Dir, "browser-")
	if err != nil {
		return nil, err
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), pageFlags(o, dir)...)
	ctx, stop := chromedp.NewContext(alloc)
	p := &Page{ctx: ctx, dir: dir, stop: func() { stop(); stopAlloc() }}
	late := time.AfterFunc(startLimit, stopAlloc)
	defer late.Stop()
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorDeny})
		return err
	}))
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("the browser %s did not start: %w", o.Path, err)
	}
	if err := p.listen(o); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func pageFlags(o chromium.PageOptions, dir string) []chromedp.ExecAllocatorOption {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(o.Path), chromedp.UserDataDir(dir), chromedp.NoInheritEnv, chromedp.Env(o.Env...),
		chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-popup-blocking", false),
		chromedp.Flag("block-new-web-contents", true), // one page, also for what opens windows
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-file-system", true),
	)
	if o.Window {
		opts = append(opts, chromedp.VisibleWindow, chromedp.Flag("start-maximized", false))
	}
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium does not run as root with it
	}
	return opts
}

// listen lets pages say something, and runs the script in the document that is shown and in every one that comes.
func (p *Page) listen(o chromium.PageOptions) error {
	return chromedp.Do(p.ctx,
		chromedp.ExposeFunc(o.Function, func(_ context.Context, text string) (chromedp.Void, error) {
			return chromedp.Void{}, o.Said(p.ctx, p, text)
		}),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: o.Script, RunImmediately: new(true)})
			return err
		}),
	)
}

// Done is closed when the browser has ended.
func (p *Page) Done() <-chan struct{} { return p.ctx.Done() }

// Process is the browser's, for tests that end it from outside.
func (p *Page) Process() *os.Process { return chromedp.FromContext(p.ctx).Browser.Process() }

// Close ends the browser and removes its profile.
func (p *Page) Close() {
	ctx, cancel := context.WithTimeout(p.ctx, closeLimit)
	_ = chromedp.Cancel(ctx) // lets it end by itself
	cancel()
	p.stop()
	_ = os.RemoveAll(p.dir)
}

// do does steps in the page, until ctx ends.
func (p *Page) do(ctx context.Context, f func(ctx context.Context, t *chromedp.Target) error) error {
	return p.within(ctx, func(step context.Context) error { return chromedp.Do(step, chromedp.Func(f)) })
}

// within gives f the page's context for as long as ctx has not ended.
func (p *Page) within(ctx context.Context, f func(step context.Context) error) error {
	step, cancel := context.WithCancel(p.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	err := f(step)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Open loads an address and waits until it is there.
func (p *Page) Open(ctx context.Context, address string) error {
	err := p.within(ctx, func(step context.Context) error { return chromedp.Do(step, chromedp.Navigate(address)) })
	var load *chromedp.LoadError
	if errors.As(err, &load) {
		return &chromium.LoadError{Text: load.ErrorText}
	}
	return err
}

// Place changes the window that the page is in.
func (p *Page) Place(ctx context.Context, w chromium.Window) error {
	all := []cdpbrowser.Bounds{{WindowState: cdpbrowser.WindowStateNormal}}
	switch {
	case w.Minimized:
		all[0].WindowState = cdpbrowser.WindowStateMinimized
	case w.Left != nil || w.Top != nil || w.Width > 0 || w.Height > 0: // only of a window that is in its normal state
		all = append(all, cdpbrowser.Bounds{Left: w.Left, Top: w.Top, Width: w.Width, Height: w.Height})
	}
	return p.do(ctx, func(ctx context.Context, t *chromedp.Target) error {
		target, err := cdp.Call(ctx, t, cdpbrowser.GetWindowForTarget, cdpbrowser.GetWindowForTargetParams{})
		for _, to := range all {
			if err == nil {
				_, err = cdp.Call(ctx, t, cdpbrowser.SetWindowBounds, cdpbrowser.SetWindowBoundsParams{WindowID: target.WindowID, Bounds: &to})
			}
		}
		return err
	})
}

// Eval runs JavaScript in the page.
func (p *Page) Eval(ctx context.Context, js string) (json.RawMessage, error) {
	params := runtime.EvaluateParams{Expression: js, ReturnByValue: new(true), AwaitPromise: new(true), UserGesture: new(true)}
	if end, ok := ctx.Deadline(); ok {
		params.Timeout = runtime.TimeDelta(max(1, time.Until(end).Milliseconds()))
	}
	var value json.RawMessage
	err := p.do(ctx, func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, runtime.Evaluate, params)
		switch {
		case err != nil:
			return err
		case r.ExceptionDetails != nil:
			return &chromium.ScriptError{Text: thrown(r.ExceptionDetails)}
		case r.Result != nil && r.Result.UnserializableValue != "": // NaN, -0, 1n
			value, err = json.Marshal(string(r.Result.UnserializableValue))
			return err
		case r.Result != nil:
			value = json.RawMessage(r.Result.Value)
		}
		return nil
	})
	return value, err
}

// thrown is the first line of what a script has thrown.
func thrown(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil && e.Exception.Description != "" {
		text, _, _ = strings.Cut(e.Exception.Description, "\n")
	}
	return text
}

// Picture is what the page shows.
func (p *Page) Picture(ctx context.Context, how chromium.Picture) ([]byte, error) {
	shot := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
	if how.JPEG {
		shot.Format, shot.Quality = page.CaptureScreenshotFormatJpeg, &how.Quality
	}
	var picture []byte
	err := p.do(ctx, func(ctx context.Context, t *chromedp.Target) error {
		m, err := cdp.Call(ctx, t, page.GetLayoutMetrics, cdp.Empty{})
		if err != nil {
			return err
		}
		if v := m.CSSVisualViewport; v != nil && v.ClientWidth > 0 {
			shot.Clip = &page.Viewport{X: v.PageX, Y: v.PageY, Width: v.ClientWidth, Height: v.ClientHeight, Scale: min(1, float64(how.MaxWidth)/v.ClientWidth)}
		}
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, shot)
		picture = r.Data
		return err
	})
	return picture, err
}
