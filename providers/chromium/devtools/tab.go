package devtools

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/clawdbot/gateway/providers/chromium"
)

//go:embed page.js
var pageScript string

// tab is a page that has been used.
type tab struct {
	b     *Browser
	ctx   context.Context
	stop  func()
	world runtime.ExecutionContextID // where our script is, in this document; 0 = not there yet

	mu      sync.Mutex
	dialogs []string // guarded by mu; what the page has said in windows since the last time
}

// watch answers what would stop the page: windows that want an answer get none.
func (t *tab) watch() {
	_ = chromedp.Listen(t.ctx, func(ev any) { // it ends with the tab
		d, ok := ev.(*page.EventJavascriptDialogOpening)
		if !ok {
			return
		}
		t.mu.Lock()
		t.dialogs = append(t.dialogs, d.Message)
		t.mu.Unlock()
		go func() {
			_, _ = chromedp.Call(t.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})
		}()
	})
}

func (t *tab) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.dialogs
	t.dialogs = nil
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("\nThe page has said in a window, which was closed: %.500q", strings.Join(all, " / "))
}

// about is what the tab shows.
func (t *tab) about(step context.Context, id string) (chromium.Tab, error) {
	title, err := chromedp.Run(step, chromedp.Title())
	if err != nil {
		return chromium.Tab{}, plain(step, err)
	}
	at, err := chromedp.Run(step, chromedp.Location())
	return chromium.Tab{ID: id, Title: title, URL: at}, plain(step, err)
}

// errChanged: what was found in a page is not there any more.
var errChanged = errors.New("the page has changed since the snapshot: take a new one")

// eval runs our script, in a world of its own that the page's scripts cannot reach, and reads its result into v. fresh makes that
// world anew, as a new document needs it.
func (t *tab) eval(step context.Context, fresh bool, js string, v any) error {
	if fresh || t.world == 0 {
		tree, err := chromedp.Call(step, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return plain(step, err)
		}
		w, err := chromedp.Call(step, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "clawdbot"})
		if err != nil {
			return plain(step, err)
		}
		t.world = w.ExecutionContextID
		js = pageScript + ";\n" + js
	}
	r, err := chromedp.Call(step, runtime.Evaluate, runtime.EvaluateParams{
		Expression: js, ContextID: t.world, ReturnByValue: new(true), AwaitPromise: new(true),
	})
	switch {
	case err != nil && step.Err() == nil:
		t.world = 0
		return errChanged
	case err != nil:
		return plain(step, err)
	case r.ExceptionDetails != nil:
		return errors.New(strings.TrimPrefix(thrown(r.ExceptionDetails), "Error: "))
	case r.Result == nil || len(r.Result.Value) == 0 || v == nil:
		return nil
	}
	return json.Unmarshal(r.Result.Value, v)
}

// Snapshot is a page as text. What can be acted on has a reference, such as e12.
func (b *Browser) Snapshot(ctx context.Context, id string, limit int) (chromium.Tab, string, error) {
	id, t, err := b.tab(ctx, id)
	if err != nil {
		return chromium.Tab{}, "", err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	var text string
	if err := t.eval(step, true, fmt.Sprintf("snapshot(%d)", limit), &text); err != nil {
		return chromium.Tab{}, "", err
	}
	about, err := t.about(step, id)
	return about, text + t.said(), err
}

// Screenshot is a picture of what the tab shows, or of the whole page. PNG.
func (b *Browser) Screenshot(ctx context.Context, id string, whole bool) ([]byte, error) {
	_, t, err := b.tab(ctx, id)
	if err != nil {
		return nil, err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	shot := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
	if m, err := chromedp.Call(step, page.GetLayoutMetrics, cdp.Empty{}); whole && err == nil && m.CSSContentSize != nil {
		shot.CaptureBeyondViewport = new(true)
		shot.Clip = &page.Viewport{Width: min(m.CSSContentSize.Width, 4000), Height: min(m.CSSContentSize.Height, 8000), Scale: 1}
	}
	r, err := chromedp.Call(step, page.CaptureScreenshot, shot)
	return r.Data, plain(step, err)
}

// spot is where an element is.
type spot struct{ X, Y float64 }

// Act does it, and waits a moment for what comes of it.
func (b *Browser) Act(ctx context.Context, id string, a chromium.Act) (chromium.Tab, string, error) {
	id, t, err := b.tab(ctx, id)
	if err != nil {
		return chromium.Tab{}, "", err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	if err := t.act(step, a); err != nil {
		return chromium.Tab{}, "", err
	}
	if a.Submit {
		if err := chromedp.Do(step, chromedp.KeyEvent(kb.Enter)); err != nil {
			return chromium.Tab{}, "", plain(step, err)
		}
	}
	t.settle(step)
	about, err := t.about(step, id)
	return about, t.said(), err
}

func (t *tab) act(step context.Context, a chromium.Act) error {
	if a.Kind == "press" && a.Ref == "" {
		return t.press(step, a.Key)
	}
	how := map[string]string{"click": "point", "hover": "point", "press": "focus", "type": "focus", "fill": "empty", "select": "choose"}[a.Kind]
	if how == "" {
		return fmt.Errorf("there is no action %.20q; there are click, type, press, hover, select, fill", a.Kind)
	}
	values, err := json.Marshal(a.Values)
	if err != nil {
		return err
	}
	var at spot
	if err := t.eval(step, false, fmt.Sprintf("%s(%q, %s)", how, a.Ref, values), &at); err != nil {
		return err
	}
	switch a.Kind {
	case "click":
		var opts []chromedp.MouseOption
		if a.Double {
			opts = append(opts, chromedp.ClickCount(2))
		}
		err = chromedp.Do(step, chromedp.MouseClickXY(at.X, at.Y, opts...))
	case "hover":
		err = chromedp.Do(step, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y))
	case "press":
		return t.press(step, a.Key)
	case "type", "fill":
		_, err = chromedp.Call(step, input.InsertText, input.InsertTextParams{Text: a.Text})
	}
	return plain(step, err)
}

// keys are those that have names.
var keys = map[string]string{
	"enter": kb.Enter, "tab": kb.Tab, "escape": kb.Escape, "backspace": kb.Backspace, "delete": kb.Delete, "space": " ",
	"arrowup": kb.ArrowUp, "arrowdown": kb.ArrowDown, "arrowleft": kb.ArrowLeft, "arrowright": kb.ArrowRight,
	"home": kb.Home, "end": kb.End, "pageup": kb.PageUp, "pagedown": kb.PageDown,
}

func (t *tab) press(step context.Context, key string) error {
	parts := strings.Split(key, "+")
	var opts []chromedp.KeyOption
	for _, m := range parts[:len(parts)-1] {
		mod, ok := map[string]chromedp.Modifier{
			"control": chromedp.ModifierCtrl, "ctrl": chromedp.ModifierCtrl, "shift": chromedp.ModifierShift, "alt": chromedp.ModifierAlt, "meta": chromedp.ModifierMeta,
		}[strings.ToLower(m)]
		if !ok {
			return fmt.Errorf("key: there is no modifier %.20q", m)
		}
		opts = append(opts, chromedp.KeyModifiers(mod))
	}
	last := parts[len(parts)-1]
	text, named := keys[strings.ToLower(last)]
	if !named {
		text = last
	}
	if n := len([]rune(text)); n != 1 {
		return fmt.Errorf("key: there is no key %.20q; give one character, or a name such as Enter, chromium.Tab, Escape, Backspace, Delete, ArrowUp", key)
	}
	return plain(step, chromedp.Do(step, chromedp.KeyEvent(text, opts...)))
}

// settle waits for a page that may be loading, but not for long.
func (t *tab) settle(step context.Context) {
	ctx, cancel := context.WithTimeout(step, 5*time.Second)
	defer cancel()
	for wait := 150 * time.Millisecond; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if ready, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.readyState")); err == nil && ready == "complete" {
			return
		}
	}
}

// Upload puts files of this computer into a field for files.
func (b *Browser) Upload(ctx context.Context, id, ref string, paths []string) error {
	_, t, err := b.tab(ctx, id)
	if err != nil {
		return err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	if err := t.eval(step, false, fmt.Sprintf("fileField(%q)", ref), nil); err != nil {
		return err
	}
	r, err := chromedp.Call(step, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf("found(%q)", ref), ContextID: t.world})
	if err != nil || r.Result == nil || r.Result.ObjectID == "" {
		return errChanged
	}
	_, err = chromedp.Call(step, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: r.Result.ObjectID})
	return plain(step, err)
}

// Download clicks on something and waits for the file that comes of it.
func (b *Browser) Download(ctx context.Context, id, ref string) (path, name string, err error) {
	_, t, err := b.tab(ctx, id)
	if err != nil {
		return "", "", err
	}
	step, cancel := within(t.ctx, ctx)
	defer cancel()
	names := make(chan string, 1)
	ended := make(chan cdpbrowser.EventDownloadProgress, 1)
	listen, forget := context.WithCancel(b.ctx)
	defer forget()
	err = chromedp.ListenBrowser(listen, func(ev any) {
		switch ev := ev.(type) {
		case *cdpbrowser.EventDownloadWillBegin:
			select {
			case names <- ev.SuggestedFilename:
			default:
			}
		case *cdpbrowser.EventDownloadProgress:
			if ev.State != cdpbrowser.DownloadProgressStateInProgress {
				select {
				case ended <- *ev:
				default:
				}
			}
		}
	})
	if err == nil {
		err = t.act(step, chromium.Act{Kind: "click", Ref: ref})
	}
	if err != nil {
		return "", "", err
	}
	select {
	case ev := <-ended:
		if ev.State != cdpbrowser.DownloadProgressStateCompleted {
			return "", "", errors.New("the download was broken off")
		}
		select {
		case name = <-names:
		default:
		}
		return b.o.Downloads + "/" + ev.GUID, name, nil
	case <-step.Done():
		return "", "", fmt.Errorf("no file has come within %v", stepLimit)
	}
}
