package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Tab is a tab with storage of its own.
type Tab struct {
	Ctx      context.Context // for chromedp; ends with the tab
	patience time.Duration
}

// Tab opens an empty one; end closes it. listen gets the events of its DevTools and may not wait for anything. patience is how long
// a script may take, or a wait last.
func (b *Browser) Tab(listen func(ev any), patience time.Duration) (tab *Tab, end func(), err error) {
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(listen))
	end = func() { _ = chromedp.Cancel(ctx); cancel() }
	if err := chromedp.Do(ctx); err != nil { // the first step of a tab may not have a deadline
		end()
		return nil, nil, err
	}
	return &Tab{ctx, patience}, end, nil
}

// Eval runs an expression in the page, awaits it if it is a promise, and decodes the result into out (nil drops it).
func (t *Tab) Eval(js string, out any) error {
	ctx, cancel := context.WithTimeout(t.Ctx, t.patience)
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](js, chromedp.EvalAwaitPromise))
	if err == nil && out != nil {
		if err = json.Unmarshal(raw, out); err != nil {
			err = fmt.Errorf("decode %s: %w", raw, err)
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nin: %s", err, js)
	}
	return nil
}

// Becomes waits until an expression is true in the page, and tells whether it was in time.
func (t *Tab) Becomes(js string) (ok bool, err error) {
	err = t.Eval(`new Promise((ok) => {
		const until = performance.now() + `+fmt.Sprint((t.patience-2*time.Second).Milliseconds())+`;
		const look = () => {
			let v = false;
			try { v = !!(`+js+`); } catch {}
			if (v || performance.now() > until) ok(v); else setTimeout(look, 15);
		};
		look();
	})`, &ok)
	return ok, err
}

// Command makes a step of a DevTools command whose result does not matter.
func Command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}
