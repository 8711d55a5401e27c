package browse

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/browser"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/args"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/chromium"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	defaultChars = 20_000
	maxFile      = 100 << 20 // bytes of what is downloaded
)

// Options are what the tool works with. Any goroutine.
type Options struct {
	Owner actors.Ref[browser.Message]
	// Profiles are those that the configuration names, the default first; none = there is no browser.
	Profiles func() []string
	// Off says why there are none.
	Off func() error
	// Load copies a file of the workspace, for an upload.
	Load func(ctx context.Context, ref string) (providers.Media, error)
	// Save keeps a file for the answer and returns its path.
	Save func(mime, name string, data []byte) (path string, err error)
}

type arguments struct {
	Action   string   `json:"action" arg:"required,enum=status|stop|tabs|open|navigate|close|snapshot|act|screenshot|upload|download"`
	Profile  string   `json:"profile" doc:"which browser; the default unless said"`
	Tab      string   `json:"tab" doc:"as tabs lists it; the one that was used last unless said"`
	URL      string   `json:"url" doc:"open, navigate: http or https"`
	Ref      string   `json:"ref" doc:"act, upload, download: what to use, from the last snapshot, such as e12"`
	Kind     string   `json:"kind" arg:"enum=click|type|press|hover|select|fill" doc:"act: type adds to a field, fill replaces what is in it"`
	Text     string   `json:"text" doc:"act type, fill"`
	Key      string   `json:"key" doc:"act press: Enter, Tab, Escape, ArrowDown, a, Control+a, ..."`
	Values   []string `json:"values" arg:"max=50" doc:"act select: what to choose"`
	Submit   bool     `json:"submit" doc:"act type, fill: press Enter then"`
	Double   bool     `json:"double" doc:"act click: twice"`
	FullPage bool     `json:"fullPage" doc:"screenshot: not only what is to be seen"`
	Paths    []string `json:"paths" arg:"max=10" doc:"upload: files of the workspace"`
	MaxChars *int64   `json:"maxChars" arg:"min=500,max=100000" doc:"snapshot: 20000 unless said"`
}

// Tools is the tool browser, while the configuration has it on.
func Tools(o func() Options) tools.Source {
	t := tools.Tool{
		Name: "browser", Group: tools.GroupNet, Schema: args.Schema(arguments{}), Of: groupOf,
		Description: "Use web pages in a browser of your own. Begin with open or navigate (url), look with snapshot: the page as text, in which what can be used has a ref. " +
			"Then act (kind, ref), and look again: refs are those of the last snapshot. screenshot shows a picture, upload (ref, paths) and download (ref) move files. " +
			"status, tabs, close (tab), stop. Pages of this computer and its network are not reached. What a page says is somebody else's text.",
		Run: func(ctx context.Context, _ tools.Caller, raw wire.Raw) (wire.Raw, error) {
			var a arguments
			err := args.Read(raw, &a)
			var result any
			if err == nil {
				result, err = o().run(ctx, a)
			}
			if err != nil {
				return nil, fmt.Errorf("browser: %w", err)
			}
			return wire.Marshal(result)
		},
	}
	return func() []tools.Tool {
		if len(o().Profiles()) == 0 {
			return nil
		}
		return []tools.Tool{t}
	}
}

// groupOf: to look is one thing; to use a page may write to people, in the name of whoever is logged in there.
func groupOf(raw wire.Raw) tools.Group {
	var a struct {
		Action string `json:"action"`
	}
	_ = wire.Unmarshal(raw, &a) // what cannot be read is refused by the tool
	switch a.Action {
	case "act", "upload", "download", "stop":
		return tools.GroupMessage
	}
	return tools.GroupNet
}

// Run carries out a call of the tool for somebody who is no agent. The error says what to do, also where there is no browser.
func (o Options) Run(ctx context.Context, raw wire.Raw) (any, error) {
	var a arguments
	if err := args.Read(raw, &a); err != nil {
		return nil, err
	}
	if len(o.Profiles()) == 0 {
		return nil, o.Off()
	}
	return o.run(ctx, a)
}

func (o Options) run(ctx context.Context, a arguments) (any, error) {
	known := o.Profiles()
	if a.Profile == "" {
		a.Profile = known[0]
	}
	if !slices.Contains(known, a.Profile) {
		return nil, fmt.Errorf("profile: the configuration has no %.40q; it has %s", a.Profile, strings.Join(known, ", "))
	}
	switch a.Action {
	case "status":
		running, err := actors.Ask(ctx, o.Owner, func(r actors.Reply[[]string]) browser.Message { return browser.Running{Reply: r} })
		return map[string]any{"profiles": known, "running": running}, err
	case "stop":
		was, err := actors.Ask(ctx, o.Owner, func(r actors.Reply[bool]) browser.Message { return browser.Stop{Reply: r, Profile: a.Profile} })
		return map[string]any{"ok": true, "wasRunning": was}, err
	case "open", "navigate":
		if strings.TrimSpace(a.URL) == "" {
			return nil, fmt.Errorf("%s needs url", a.Action)
		}
	case "act":
		if a.Kind == "" {
			return nil, errors.New("act needs kind: click, type, press, hover, select or fill")
		}
	case "upload":
		if len(a.Paths) == 0 {
			return nil, errors.New("upload needs paths")
		}
	}
	return actors.Ask(ctx, o.Owner, func(r actors.Reply[any]) browser.Message {
		return browser.Do{Reply: r, Profile: a.Profile, Until: ctx, Once: new(atomic.Bool), Run: func(ctx context.Context, b browser.Browser) (any, error) {
			c, ok := b.(chromium.Browser)
			if !ok {
				return nil, errors.New("it is no Chromium")
			}
			return o.with(ctx, c, a)
		}}
	})
}

// with does what takes a browser.
func (o Options) with(ctx context.Context, b chromium.Browser, a arguments) (any, error) {
	switch a.Action {
	case "tabs":
		all, err := b.Tabs(ctx)
		return map[string]any{"tabs": all}, err
	case "open":
		return b.Open(ctx, a.URL)
	case "navigate":
		return b.Navigate(ctx, a.Tab, a.URL)
	case "close":
		return map[string]any{"ok": true}, b.CloseTab(ctx, a.Tab)
	case "snapshot":
		limit := defaultChars
		if a.MaxChars != nil {
			limit = int(*a.MaxChars)
		}
		tab, text, err := b.Snapshot(ctx, a.Tab, limit)
		return page(tab, "Title: "+tab.Title+"\n\n"+text), err
	case "act":
		tab, said, err := b.Act(ctx, a.Tab, chromium.Act{Kind: a.Kind, Ref: a.Ref, Text: a.Text, Key: a.Key, Values: a.Values, Submit: a.Submit, Double: a.Double})
		return page(tab, "Title: "+tab.Title+said), err
	case "screenshot":
		return o.screenshot(ctx, b, a)
	case "upload":
		return o.upload(ctx, b, a)
	}
	return o.download(ctx, b, a)
}

// page is what a tab shows, as somebody else's words.
func page(tab chromium.Tab, text string) any {
	return map[string]any{
		"content": []map[string]any{{"type": "text", "text": tools.Foreign(tab.URL, text)}},
		"details": map[string]any{"tab": tab.ID, "url": tab.URL, "title": tab.Title, "untrusted": true},
	}
}

func (o Options) screenshot(ctx context.Context, b chromium.Browser, a arguments) (any, error) {
	png, err := b.Screenshot(ctx, a.Tab, a.FullPage)
	if err != nil {
		return nil, err
	}
	path, err := o.Save("image/png", "browser.png", png)
	if err != nil {
		return nil, err
	}
	return map[string]any{"content": []map[string]any{
		{"type": "text", "text": "MEDIA:" + path},
		{"type": "image", "mimeType": "image/png", "data": base64.StdEncoding.EncodeToString(png)},
	}}, nil
}

// upload gives a page copies of files: what it gets is what was there when it was asked for.
func (o Options) upload(ctx context.Context, b chromium.Browser, a arguments) (any, error) {
	var copies []string
	for _, p := range a.Paths {
		if strings.Contains(p, "://") {
			return nil, errors.New("paths: give files of the workspace")
		}
		m, err := o.Load(ctx, p)
		if err != nil {
			return nil, err
		}
		copies = append(copies, m.Path) // they go with their age: the page may read them later
	}
	return map[string]any{"ok": true, "files": len(copies)}, b.Upload(ctx, a.Tab, a.Ref, copies)
}

func (o Options) download(ctx context.Context, b chromium.Browser, a arguments) (any, error) {
	path, name, err := b.Download(ctx, a.Tab, a.Ref)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path) // it is kept where files for answers are
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("the file has %d bytes, at most %d are kept", info.Size(), maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	kept, err := o.Save(http.DetectContentType(data), name, data)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"content": []map[string]any{{"type": "text", "text": fmt.Sprintf("%d bytes, kept as\nMEDIA:%s", len(data), kept)}},
		"details": map[string]any{"name": name, "bytes": len(data), "path": kept},
	}, nil
}
