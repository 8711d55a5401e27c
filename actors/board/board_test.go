package board

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

// start runs the actor and gives a function that calls a method of it, with the result's JSON, or the error.
func start(t *testing.T) func(method, params string) (string, error) {
	t.Helper()
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	state := eventstream.NewState()
	events, err := actors.Spawn(sys, "eventstream", eventstream.Props(eventstream.Options{State: state, Log: sys.Log()}))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Stream: eventstream.NewStream(events, state), State: NewState(time.UnixMilli(1000)), CanvasPath: "/c/canvas", A2UIPath: "/c/a2ui",
		Mint: func(path string, d time.Duration) (wire.CanvasURLResult, error) {
			if path == "/c/canvas/none" {
				return wire.CanvasURLResult{}, errors.New("no canvas")
			}
			return wire.CanvasURLResult{URL: "http://h" + path, Path: path, ExpiresAt: d.Milliseconds()}, nil
		},
	}
	ref, err := actors.Spawn(sys, "board", Props(o))
	if err != nil {
		t.Fatal(err)
	}
	return func(method, params string) (string, error) {
		t.Helper()
		answers := make(chan wire.Result, 1)
		for _, m := range Methods(ref, o) {
			if m.Name == method {
				m.Handle(&wire.Call{Method: method, Params: []byte(params), Respond: func(r wire.Result) { answers <- r }})
				r := <-answers
				if r.Err != nil {
					return "", r.Err
				}
				b, err := wire.Marshal(r.Payload)
				return string(b), err
			}
		}
		t.Fatalf("no method %s", method)
		return "", nil
	}
}

func text(surface, id, words string) string {
	return fmt.Sprintf(`{"surfaceUpdate":{"surfaceId":%q,"components":[{"id":%q,"component":{"Text":{"text":{"literalString":%q}}}}]}}`, surface, id, words)
}

func begin(surface, root string) string {
	return fmt.Sprintf(`{"beginRendering":{"surfaceId":%q,"root":%q}}`, surface, root)
}

func push(messages ...string) string {
	return `{"command":"canvas.a2ui.push","params":{"messages":[` + strings.Join(messages, ",") + `]}}`
}

// TestPages: which page is shown after each command.
func TestPages(t *testing.T) {
	t.Parallel()
	call := start(t)
	invoke := func(command, url string) {
		t.Helper()
		if _, err := call("canvas.invoke", fmt.Sprintf(`{"command":%q,"params":{"url":%q}}`, command, url)); err != nil {
			t.Errorf("%s %s: %v", command, url, err)
		}
	}
	state := func() (s wire.CanvasState) {
		t.Helper()
		raw, err := call("canvas.state", `{}`)
		if err == nil {
			err = wire.Unmarshal([]byte(raw), &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := state(); s.Visible || s.Path != "/c/canvas/" || s.Epoch != 1000 || s.Shown != 0 {
		t.Errorf("at first %+v", s)
	}
	for _, c := range []struct {
		command, url, path string
		visible            bool
		shown              int64
	}{
		{"canvas.present", "", "/c/canvas/", true, 1},
		{"canvas.navigate", "plan.html?day=1#noon", "/c/canvas/plan.html?day=1#noon", true, 1},
		{"canvas.navigate", "/deep/../dir/", "/c/canvas/dir/", true, 1},
		{"canvas.present", "http://192.0.2.1:18793/c/canvas/x y.html", "/c/canvas/x%20y.html", true, 2},
		{"canvas.hide", "", "/c/canvas/x%20y.html", false, 2},
		{"canvas.navigate", "/c/a2ui/", "/c/a2ui/", true, 3},
		{"canvas.navigate", "../../etc/passwd", "/c/canvas/etc/passwd", true, 3},
	} {
		invoke(c.command, c.url)
		if s := state(); s.Path != c.path || s.Visible != c.visible || s.Shown != c.shown {
			t.Errorf("%s %s: %+v", c.command, c.url, s)
		}
	}
	for params, want := range map[string]string{
		`{"command":"canvas.present","params":{"url":"https://example.org/"}}`: "the web page shows what is in the canvas only",
		`{"command":"canvas.present","params":{"url":"javascript:alert(1)"}}`:  "is no address of the canvas",
		`{"command":"canvas.present","params":{"url":"//evil.example/x"}}`:     "the web page shows what is in the canvas only",
		`{"command":"canvas.present","params":{"url":"%zz"}}`:                  "is no address of the canvas",
		`{"command":"canvas.present","params":{"url":7}}`:                      "canvas.present:",
		`{"command":"canvas.eval","params":{"javaScript":"1"}}`:                "the web page does not take canvas.eval: it shows",
		`{"command":"canvas.snapshot"}`:                                        "Show it on a device node",
		`{"command":"camera.snap"}`:                                            `the web page does not take "camera.snap"`,
		`{"command":"canvas.a2ui.push"}`:                                       "no JSONL messages found",
		`{"command":"canvas.a2ui.pushJSONL","params":{"jsonl":"{}"}}`:          "expected exactly one action key",
		push(`{"surfaceUpdate":{"surfaceId":"s","components":[]}}`):            "at least one component",
	} {
		if _, err := call("canvas.invoke", params); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", params, err, want)
		}
	}
}

// TestPush: pages that come later get what still counts, those that are there what is new, and all of them nothing of what
// was refused.
func TestPush(t *testing.T) {
	t.Parallel()
	call := start(t)
	ok := func(params string) string {
		t.Helper()
		r, err := call("canvas.invoke", params)
		if err != nil {
			t.Errorf("%.80s: %v", params, err)
		}
		return r
	}
	seqs := func(params string) (all []int64) {
		t.Helper()
		raw, err := call("canvas.state", params)
		var s wire.CanvasState
		if err == nil {
			err = wire.Unmarshal([]byte(raw), &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range s.Messages {
			all = append(all, m.Seq)
		}
		return all
	}
	if got := ok(push(text("main", "root", "one"), begin("main", "root"))); got != `{"ok":true,"command":"canvas.a2ui.push","payload":{"ok":true,"surfaces":["main"]}}` {
		t.Errorf("answer %s", got)
	}
	ok(push(text("main", "root", "two")))
	jsonl, _ := wire.Marshal(text("side", "x", "three"))
	ok(`{"command":"canvas.a2ui.pushJSONL","params":{"jsonl":` + string(jsonl) + `}}`)
	for params, want := range map[string][]int64{
		`{}`: {2, 3, 4}, `{"epoch":1000,"after":3}`: {4}, `{"epoch":1000,"after":4}`: nil, `{"epoch":1,"after":4}`: {2, 3, 4},
	} {
		if d := cmp.Diff(want, seqs(params)); d != "" {
			t.Errorf("%s (-want +got):\n%s", params, d)
		}
	}
	if _, err := call("canvas.invoke", push(begin("main", "gone"))); err == nil {
		t.Error("a root that is not there was accepted")
	}
	if d := cmp.Diff([]int64{2, 3, 4}, seqs(`{}`)); d != "" {
		t.Errorf("after a refusal (-want +got):\n%s", d)
	}
	ok(push(`{"deleteSurface":{"surfaceId":"main"}}`))
	if d := cmp.Diff([]int64{4, 5}, seqs(`{}`)); d != "" {
		t.Errorf("after a delete (-want +got):\n%s", d)
	}
	ok(`{"command":"canvas.a2ui.reset"}`)
	if got := seqs(`{"epoch":1000,"after":5}`); got != nil {
		t.Errorf("after a reset %v", got)
	}
	raw, _ := call("canvas.state", `{}`)
	if !strings.Contains(raw, `"epoch":1001`) || !strings.Contains(raw, `"path":"/c/a2ui/"`) || !strings.Contains(raw, `"visible":true`) {
		t.Errorf("state %s", raw)
	}
}

// TestPush_bounded: what is kept has a limit, which one surface that is updated for ever does not reach.
func TestPush_bounded(t *testing.T) {
	t.Parallel()
	call := start(t)
	big := strings.Repeat("x", 400<<10)
	for i := range 6 {
		if _, err := call("canvas.invoke", push(text("s", "root", big))); err != nil {
			t.Fatalf("update %d: %v", i, err)
		}
	}
	var refused error
	for i := range 10 {
		if _, refused = call("canvas.invoke", push(text("s", fmt.Sprint("c", i), big))); refused != nil {
			break
		}
	}
	if refused == nil || !strings.Contains(refused.Error(), "canvas.a2ui.reset") {
		t.Errorf("too much: %v", refused)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	call := start(t)
	for params, want := range map[string]string{
		`{}`:                                   `{"url":"http://h/c/canvas/","path":"/c/canvas/","expiresAt":3600000}`,
		`{"path":"plan.html","ttlSeconds":60}`: `{"url":"http://h/c/canvas/plan.html","path":"/c/canvas/plan.html","expiresAt":60000}`,
		`{"ttlSeconds":9007199254740991}`:      `{"url":"http://h/c/canvas/","path":"/c/canvas/","expiresAt":604800000}`,
	} {
		if got, err := call("canvas.url", params); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", params, got, err, want)
		}
	}
	for _, params := range []string{`{"path":"none"}`, `{"path":"https://example.org"}`} {
		if got, err := call("canvas.url", params); err == nil {
			t.Errorf("%s: %s", params, got)
		}
	}
}
