package devtools

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/clawdbot/gateway/providers/chromium"
)

const (
	startLimit = 60 * time.Second
	closeLimit = 5 * time.Second
	stepLimit  = 30 * time.Second // of one call
	maxTabs    = 20
)

// Browser is one that runs. It is a chromium.Browser.
type Browser struct {
	o     chromium.Options
	proxy *proxy
	ctx   context.Context // ends with the browser
	stop  func()
	tabs  map[string]*tab // that have been used, by id
	last  string          // the tab that was used last
}

// Start starts one. It is a chromium.Start.
func Start(ctx context.Context, o chromium.Options) (chromium.Browser, error) {
	b, err := launch(ctx, o)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func launch(ctx context.Context, o chromium.Options) (*Browser, error) {
	path, err := chromium.Find(o.Path)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{o.Profile, o.Downloads} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the browser's directory: %w", err)
		}
	}
	p, err := newProxy(o.Local)
	if err != nil {
		return nil, fmt.Errorf("the browser's way out: %w", err)
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), flags(o, path, p.addr)...)
	browser, stop := chromedp.NewContext(alloc)
	b := &Browser{o: o, proxy: p, ctx: browser, stop: func() { stop(); stopAlloc(); p.close() }, tabs: map[string]*tab{}}
	late := time.AfterFunc(startLimit, stopAlloc)
	defer late.Stop()
	defer context.AfterFunc(ctx, stopAlloc)()
	err = chromedp.Do(browser, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		b.last = string(t.TargetID)
		b.tabs[b.last] = &tab{b: b, ctx: browser, stop: func() {}}
		_, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: o.Downloads, EventsEnabled: new(true),
		})
		return err
	}))
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("the browser %s did not start (is its profile in use?): %w", path, err)
	}
	b.tabs[b.last].watch()
	return b, nil
}

func flags(o chromium.Options, path, proxy string) []chromedp.ExecAllocatorOption {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(o.Profile), chromedp.NoInheritEnv, chromedp.Env(o.Env...), chromedp.WindowSize(1280, 900),
		chromedp.Flag("proxy-server", "http://"+proxy),
		chromedp.Flag("proxy-bypass-list", "<-loopback>"), // nothing goes past it, this host's own addresses neither
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("force-webrtc-ip-handling-policy", "disable_non_proxied_udp"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-file-system", true),
	)
	if o.Window {
		opts = append(opts, chromedp.VisibleWindow, chromedp.Flag("start-maximized", false))
	}
	if o.NoSandbox || os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium does not run as root with it
	}
	return opts
}

// Gone tells whether the browser has ended.
func (b *Browser) Gone() bool { return b.ctx.Err() != nil }

// Close ends the browser and all of its processes. The profile stays.
func (b *Browser) Close() {
	ctx, cancel := context.WithTimeout(b.ctx, closeLimit)
	_ = chromedp.Cancel(ctx) // lets it end by itself
	cancel()
	for _, t := range b.tabs {
		t.stop()
	}
	b.stop()
}

// within is a page's context for one call.
func within(page, ctx context.Context) (context.Context, context.CancelFunc) {
	step, cancel := context.WithTimeoutCause(page, stepLimit, fmt.Errorf("the page did not answer within %v", stepLimit))
	unhook := context.AfterFunc(ctx, cancel)
	return step, func() { unhook(); cancel() }
}

// Tabs lists what is open.
func (b *Browser) Tabs(ctx context.Context) ([]chromium.Tab, error) {
	step, cancel := within(b.ctx, ctx)
	defer cancel()
	infos, err := chromedp.Targets(step)
	if err != nil {
		return nil, plain(step, err)
	}
	all := []chromium.Tab{}
	for _, i := range infos {
		if i.Type == "page" {
			all = append(all, chromium.Tab{ID: string(i.TargetID), Title: i.Title, URL: i.URL})
		}
	}
	return all, nil
}

// Open opens a page in a tab of its own.
func (b *Browser) Open(ctx context.Context, address string) (chromium.Tab, error) {
	if _, err := judge(address); err != nil {
		return chromium.Tab{}, err
	}
	if all, err := b.Tabs(ctx); err != nil || len(all) >= maxTabs {
		return chromium.Tab{}, errors.Join(err, fmt.Errorf("%d tabs are open, at most %d may be: close one", len(all), maxTabs))
	}
	page, stop := chromedp.NewContext(b.ctx)
	t := &tab{b: b, ctx: page, stop: stop}
	id := ""
	err := chromedp.Do(page, chromedp.Func(func(_ context.Context, tg *chromedp.Target) error { // without a deadline: it would be the tab's
		id = string(tg.TargetID)
		return nil
	}))
	if err != nil {
		stop()
		return chromium.Tab{}, plain(page, err)
	}
	t.watch()
	b.tabs[id], b.last = t, id
	return b.Navigate(ctx, id, address)
}

// tab finds one by its id, or the beginning of it; "" is the one that was used last.
func (b *Browser) tab(ctx context.Context, id string) (string, *tab, error) {
	all, err := b.Tabs(ctx)
	if err != nil {
		return "", nil, err
	}
	if id == "" {
		if id = b.last; !slices.ContainsFunc(all, func(t chromium.Tab) bool { return t.ID == id }) && len(all) > 0 {
			id = all[0].ID
		}
	}
	for _, one := range all {
		if id == "" || !strings.HasPrefix(one.ID, id) {
			continue
		}
		if t := b.tabs[one.ID]; t != nil && t.ctx.Err() == nil {
			b.last = one.ID
			return one.ID, t, nil
		}
		page, stop := chromedp.NewContext(b.ctx, chromedp.WithTargetID(target.ID(one.ID)))
		if err := chromedp.Do(page); err != nil {
			stop()
			return "", nil, plain(page, err)
		}
		t := &tab{b: b, ctx: page, stop: stop}
		t.watch()
		b.tabs[one.ID], b.last = t, one.ID
		return one.ID, t, nil
	}
	return "", nil, fmt.Errorf("there is no tab %.40q; tabs lists them", id)
}

// CloseTab closes one.
func (b *Browser) CloseTab(ctx context.Context, id string) error {
	id, t, err := b.tab(ctx, id)
	if err != nil {
		return err
	}
	step, cancel := within(b.ctx, ctx)
	defer cancel()
	if all, err := b.Tabs(ctx); err == nil && len(all) == 1 { // the browser ends with its last one
		_, err := b.Navigate(ctx, id, "about:blank")
		return err
	}
	_, err = chromedp.CallBrowser(step, target.CloseTarget, target.CloseTargetParams{TargetID: target.ID(id)})
	if t.ctx != b.ctx {
		t.stop()
	}
	delete(b.tabs, id)
	return plain(step, err)
}

// Navigate loads an address in a tab and waits until it is there.
func (b *Browser) Navigate(ctx context.Context, id, address string) (chromium.Tab, error) {
	u, err := judge(address)
	if err != nil {
		return chromium.Tab{}, err
	}
	id, t, err := b.tab(ctx, id)
	if err != nil {
		return chromium.Tab{}, err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	var load *chromedp.LoadError
	if err := chromedp.Do(step, chromedp.Navigate(u)); errors.As(err, &load) {
		return chromium.Tab{}, fmt.Errorf("the page does not load: %s (pages of this computer and its network are not reached)", load.ErrorText)
	} else if err != nil {
		return chromium.Tab{}, plain(step, err)
	}
	return t.about(step, id)
}

// judge reads an address that may be opened.
func judge(address string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err == nil && u.String() == "about:blank":
		return "about:blank", nil
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", errors.New("only http and https addresses are opened")
	}
	return u.String(), nil
}

// plain is an error in words.
func plain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
		return errors.New("the tab or the browser has been closed, or nobody waits any more")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}
