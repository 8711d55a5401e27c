package devtools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/chromium"
)

const page1 = `<!doctype html><title>First</title><h1>Hello</h1>
<a href="/second">on</a> <a href="/file" download>get it</a>
<label>Name <input id=n></label> <input type=password value=secret placeholder=pw>
<select id=s><option value=a>Apple</option><option value=b>Pear</option></select>
<input type=checkbox id=c aria-label=agree> <input type=file id=f aria-label=send> <button disabled>no</button>
<button onclick="alert('boo'); out.textContent = n.value + ' ' + s.value + ' ' + c.checked + ' ' + (f.files[0]?.name ?? '')">go</button>
<p id=out></p><p style="display:none">hidden</p>
<div style="position:relative"><button>under</button><div style="position:absolute;inset:0;background:white">over</div></div>
<script>n.onkeydown = (e) => { if (e.key === 'Enter') out.textContent = 'entered ' + n.value; }; n.onmouseover = () => { document.title = 'hovered'; }</script>`

// start runs one with a site that it may reach.
func start(t *testing.T) (b *Browser, site string) {
	t.Helper()
	if _, err := chromium.Find(""); err != nil {
		if os.Getenv("CLAWDBOT_REQUIRE_BROWSER") == "1" {
			t.Fatal(err)
		}
		t.Skip("no chromium on this machine")
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, page1)
		case "/second":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<title>Second</title><p>second page</p>")
		case "/inner":
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
		case "/file":
			w.Header().Set("Content-Disposition", `attachment; filename="data.csv"`)
			_, _ = io.WriteString(w, "1,2,3")
		}
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	b, err := launch(t.Context(), chromium.Options{Profile: filepath.Join(dir, "profile"), Downloads: filepath.Join(dir, "downloads"), Local: srv.URL, Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b, srv.URL
}

// ref finds the reference behind a text of a snapshot.
func ref(t *testing.T, snapshot, text string) string {
	t.Helper()
	_, rest, ok := strings.Cut(snapshot, text)
	_, rest, has := strings.Cut(rest, "[ref=")
	name, _, _ := strings.Cut(rest, "]")
	if !ok || !has {
		t.Fatalf("no reference for %q in\n%s", text, snapshot)
	}
	return name
}

// TestBrowser goes through a page as an agent does.
func TestBrowser(t *testing.T) {
	b, site := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tab, err := b.Navigate(ctx, "", site+"/")
	if err != nil || tab.Title != "First" {
		t.Fatalf("navigate: %+v, %v", tab, err)
	}
	shown := func() string {
		t.Helper()
		_, text, err := b.Snapshot(ctx, "", 20_000)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	text := shown()
	for _, want := range []string{`- heading "Hello" level=1`, `- link "on" [ref=e1] → ` + site + "/second", `- textbox "Name" [ref=`, `- combobox [ref=`, `options=["Apple","Pear"]`, `- checkbox "agree" [ref=`, "- button \"no\" [ref=e8] disabled"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "hidden") || strings.Contains(text, "secret") {
		t.Errorf("it tells too much:\n%s", text)
	}
	name := ref(t, text, `textbox "Name"`)
	upload := filepath.Join(t.TempDir(), "up.txt")
	if err := os.WriteFile(upload, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Upload(ctx, "", ref(t, text, `file "send"`), []string{upload}); err != nil {
		t.Error(err)
	}
	for _, a := range []chromium.Act{
		{Kind: "type", Ref: name, Text: "Ada"}, {Kind: "fill", Ref: name, Text: "Bob ☺"}, {Kind: "select", Ref: ref(t, text, "combobox"), Values: []string{"Pear"}},
		{Kind: "click", Ref: ref(t, text, `checkbox "agree"`)}, {Kind: "hover", Ref: name},
	} {
		if _, _, err := b.Act(ctx, "", a); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
	about, said, err := b.Act(ctx, "", chromium.Act{Kind: "click", Ref: ref(t, text, `button "go"`)})
	if err != nil || about.Title != "hovered" || !strings.Contains(said, "boo") {
		t.Errorf("click: %+v %q %v", about, said, err)
	}
	if text := shown(); !strings.Contains(text, "Bob ☺ b true up.txt") {
		t.Errorf("after all:\n%s", text)
	}
	text = shown()
	if _, _, err := b.Act(ctx, "", chromium.Act{Kind: "fill", Ref: ref(t, text, `textbox "Name"`), Text: "Eve", Submit: true}); err != nil || !strings.Contains(shown(), "entered Eve") {
		t.Errorf("enter: %v\n%s", err, shown())
	}
	text = shown()
	path, file, err := b.Download(ctx, "", ref(t, text, `link "get it"`))
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || file != "data.csv" || string(got) != "1,2,3" {
		t.Errorf("download: %s %s %q %v", path, file, got, errors.Join(err, readErr))
	}
	if png, err := b.Screenshot(ctx, "", true); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("screenshot: %d bytes, %v", len(png), err)
	}
	b.mistakes(t, ctx, text)
	about, _, err = b.Act(ctx, "", chromium.Act{Kind: "click", Ref: ref(t, text, `link "on"`)})
	if err != nil || about.Title != "Second" {
		t.Errorf("follow a link: %+v %v", about, err)
	}
	if _, _, err := b.Act(ctx, "", chromium.Act{Kind: "click", Ref: "e1"}); !errors.Is(err, errChanged) {
		t.Errorf("a reference of another page: %v", err)
	}
	b.tabsOf(t, ctx, site)
}

func (b *Browser) mistakes(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	for _, c := range []struct {
		act  chromium.Act
		want string
	}{
		{chromium.Act{Kind: "fly", Ref: "e1"}, "there are click, type"}, {chromium.Act{Kind: "click"}, "give one of the snapshot"}, {chromium.Act{Kind: "click", Ref: "e99"}, "not in the page"},
		{chromium.Act{Kind: "click", Ref: ref(t, text, `button "no"`)}, "is disabled"}, {chromium.Act{Kind: "click", Ref: ref(t, text, `button "under"`)}, "covered by something else (div over)"},
		{chromium.Act{Kind: "press", Key: "Hyper+a"}, "no modifier"}, {chromium.Act{Kind: "press", Key: "Foo"}, "no key"},
		{chromium.Act{Kind: "select", Ref: ref(t, text, "combobox"), Values: []string{"Plum"}}, `there are ["Apple","Pear"]`}, {chromium.Act{Kind: "select", Ref: "e1", Values: []string{"x"}}, "no list"},
	} {
		if _, _, err := b.Act(ctx, "", c.act); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.act, err, c.want)
		}
	}
	if err := b.Upload(ctx, "", "e1", []string{"/x"}); err == nil || !strings.Contains(err.Error(), "no field for files") {
		t.Errorf("upload: %v", err)
	}
}

// tabsOf: a page of this host or its network is not reached, however it is asked for, and tabs come and go.
func (b *Browser) tabsOf(t *testing.T, ctx context.Context, site string) {
	t.Helper()
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the inner server was reached") }))
	defer inner.Close()
	for _, address := range []string{inner.URL, strings.Replace(inner.URL, "127.0.0.1", "localhost", 1), "https" + strings.TrimPrefix(inner.URL, "http"), site + "/inner?to=" + inner.URL, "http://169.254.169.254/"} {
		tab, err := b.Navigate(ctx, "", address)
		if _, text, _ := b.Snapshot(ctx, "", 5000); err == nil && !strings.Contains(text, "not a public one") {
			t.Errorf("%s: %+v\n%s", address, tab, text)
		}
	}
	for _, address := range []string{"file:///etc/passwd", "chrome://settings", "javascript:1", ""} {
		if _, err := b.Open(ctx, address); err == nil || !strings.Contains(err.Error(), "only http") {
			t.Errorf("%s: %v", address, err)
		}
	}
	tab, err := b.Open(ctx, site+"/second")
	if err != nil || tab.Title != "Second" {
		t.Fatalf("open: %+v, %v", tab, err)
	}
	if all, err := b.Tabs(ctx); err != nil || len(all) != 2 {
		t.Errorf("tabs: %+v, %v", all, err)
	}
	if err := b.CloseTab(ctx, tab.ID); err != nil {
		t.Error(err)
	}
	if all, err := b.Tabs(ctx); err != nil || len(all) != 1 {
		t.Errorf("tabs: %+v, %v", all, err)
	}
	if _, _, err := b.Snapshot(ctx, tab.ID, 100); err == nil || !strings.Contains(err.Error(), "there is no tab") {
		t.Errorf("a closed tab: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Start(t.Context(), chromium.Options{}); !errors.Is(err, chromium.ErrMissing) || !strings.Contains(fmt.Sprint(err), "install chromium") {
		t.Errorf("without a browser: %v", err)
	}
	if _, err := chromium.Find("/no/such"); err == nil || !strings.Contains(err.Error(), "browser.executablePath") {
		t.Errorf("another path: %v", err)
	}
}
