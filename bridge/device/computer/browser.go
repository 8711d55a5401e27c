package computer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/clawdbot/gateway/providers/child"
)

// browsers are where systems put a Chromium, best first.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave-browser", "microsoft-edge"}

// macBrowsers are programs that are not in PATH.
var macBrowsers = []string{
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Brave Browser.app/Contents/MacOS/Brave Browser", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
}

// browser is the path of a Chromium, "" when there is none.
func (o *Options) browser() string {
	names := browsers
	if o.Chromium != "" {
		names = []string{o.Chromium}
	} else if o.OS == "darwin" {
		names = append(macBrowsers, browsers...)
	}
	for _, name := range names {
		if path, err := o.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startTime is how long a browser may take to start on a busy computer, closeTime to end by itself.
const (
	startTime = 60 * time.Second
	closeTime = 5 * time.Second
)

// tab is the one page of a running browser.
type tab struct {
	ctx  context.Context // ends with the browser
	stop func()
	dir  string // its profile
}

// startTab starts a browser with an empty profile. It speaks to it over a pipe: nothing listens on a port, and the browser
// ends when the pipe does.
func (o *Options) startTab() (*tab, error) {
	path := o.browser()
	if path == "" {
		return nil, errors.New("there is no Chromium on this computer")
	}
	if old, err := filepath.Glob(filepath.Join(o.Dir, "browser-*")); err == nil { // of a node that was killed
		for _, dir := range old {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(o.Dir, "browser-")
	if err != nil {
		return nil, err
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), o.chromium(path, dir)...)
	ctx, stop := chromedp.NewContext(alloc)
	t := &tab{ctx: ctx, dir: dir, stop: func() { stop(); stopAlloc() }}
	late := time.AfterFunc(startTime, stopAlloc)
	defer late.Stop()
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny})
		return err
	}))
	if err != nil {
		t.close()
		return nil, fmt.Errorf("the browser %s did not start: %w", path, err)
	}
	return t, nil
}

func (o *Options) chromium(path, dir string) []chromedp.ExecAllocatorOption {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoInheritEnv, chromedp.Env(child.Environ(o.Getenv)...),
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

// gone tells whether the browser has ended.
func (t *tab) gone() bool { return t.ctx.Err() != nil }

// within is the page's context for one step of a command.
func (t *tab) within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	step, cancel := context.WithTimeout(t.ctx, limit)
	unhook := context.AfterFunc(ctx, cancel)
	return step, func() { unhook(); cancel() }
}

// close ends the browser and removes its profile.
func (t *tab) close() {
	ctx, cancel := context.WithTimeout(t.ctx, closeTime)
	_ = chromedp.Cancel(ctx) // lets it end by itself
	cancel()
	t.stop()
	_ = os.RemoveAll(t.dir)
}

func ptr[T any](v T) *T { return &v }

// onEveryPage runs a script in the page that is shown and in every one that comes, before its own scripts.
func onEveryPage(js string) func(context.Context, *chromedp.Target) error {
	return func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js, RunImmediately: ptr(true)})
		return err
	}
}
