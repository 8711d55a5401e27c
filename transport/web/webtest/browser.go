package webtest

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// names are where distributions put the browser.
var names = []string{"chromium", "chromium-browser", "google-chrome", "headless_shell"}

// Browser is one running chromium. Its pages share nothing with each other.
type Browser struct {
	ctx  context.Context
	stop []context.CancelFunc
	dir  string
}

// Launch starts chromium with an empty profile. Without chromium it returns nil and no error, unless
// CLAWDBOT_REQUIRE_BROWSER=1 is set: tests then skip (see Browser.Page). Close ends it.
func Launch() (*Browser, error) {
	bin := find()
	if bin == "" {
		if os.Getenv("CLAWDBOT_REQUIRE_BROWSER") == "1" {
			return nil, exec.ErrNotFound
		}
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "webtest-")
	if err != nil {
		return nil, err
	}
	b := &Browser{dir: dir}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(bin),
		chromedp.UserDataDir(dir),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		// A sandboxed frame in a process of its own would not get the scripts of OnNewDocument.
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,IsolateSandboxedIframes"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Env("LANG=en_GB.UTF-8", "TZ=UTC"),
		chromedp.WindowSize(1280, 800),
	)
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(alloc)
	b.ctx, b.stop = ctx, []context.CancelFunc{stop, stopAlloc}
	if err := chromedp.Do(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Start launches a browser for one test and closes it at the end; without chromium the test skips.
func Start(t testing.TB) *Browser {
	t.Helper()
	b, err := Launch()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	if b == nil {
		t.Skip("no chromium on this machine")
	}
	t.Cleanup(b.Close)
	return b
}

// Close ends the browser and removes its profile. A nil Browser is fine.
func (b *Browser) Close() {
	if b == nil {
		return
	}
	_ = chromedp.Cancel(b.ctx) // waits until the process has ended
	for _, stop := range b.stop {
		stop()
	}
	_ = os.RemoveAll(b.dir)
}

func find() string {
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}
