package telegramfake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a bot program that knows nothing but HTTP.
type client struct {
	*Server
	t    *testing.T
	ctx  context.Context
	http *http.Client
}

func newClient(t *testing.T) *client {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	tr := &http.Transport{}
	t.Cleanup(func() { cancel(); tr.CloseIdleConnections() })
	return &client{Server: Start(t, Options{}), t: t, ctx: ctx, http: &http.Client{Transport: tr}}
}

type result struct {
	OK          bool
	Result      json.RawMessage
	Code        int `json:"error_code"`
	Description string
	Parameters  map[string]int
}

func (c *client) do(ctx context.Context, token, method, params string) (result, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL()+"/bot"+token+"/"+method, strings.NewReader(params))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return result{}, err
	}
	defer resp.Body.Close()
	var r result
	err = json.NewDecoder(resp.Body).Decode(&r)
	if err == nil && !r.OK && r.Code != resp.StatusCode {
		err = fmt.Errorf("status %d with error_code %d", resp.StatusCode, r.Code)
	}
	return r, err
}

func (c *client) call(method, params string) result {
	c.t.Helper()
	r, err := c.do(c.ctx, c.Token(), method, params)
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// poll is a getUpdates; it returns the update ids.
func (c *client) poll(offset, timeout int64) []int64 {
	c.t.Helper()
	r := c.call("getUpdates", fmt.Sprintf(`{"offset":"%d","timeout":%d}`, offset, timeout))
	return updateIDs(c.t, r)
}

func updateIDs(t *testing.T, r result) []int64 {
	t.Helper()
	var updates []struct {
		ID int64 `json:"update_id"`
	}
	if err := json.Unmarshal(r.Result, &updates); err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	ids := []int64{}
	for _, u := range updates {
		ids = append(ids, u.ID)
	}
	return ids
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	if r := c.call("getMe", ""); r.OK {
		t.Error("an empty body is no JSON object")
	}
	if r := c.call("getMe", "null"); !r.OK || !strings.Contains(string(r.Result), `"username":"fake_bot"`) || !strings.Contains(string(r.Result), `"id":424242`) {
		t.Errorf("getMe: %+v", r)
	}
	for token, code := range map[string]int{"1:other": 401, "garbage": 404} {
		if r, err := c.do(c.ctx, token, "getMe", "{}"); err != nil || r.Code != code {
			t.Errorf("token %q: %+v, %v; want %d", token, r, err, code)
		}
	}
	if r := c.call("sendVenue", "{}"); r.Code != 404 || r.Description == "Not Found" {
		t.Errorf("unknown method: %+v", r)
	}
}

func TestOffset(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	ids := c.Push(Direct(7, "a"), Direct(7, "b"), Group(-1, 7, "c"))
	equal(t, "first poll", c.poll(0, 0), ids)
	equal(t, "nothing is acknowledged by a poll without offset", c.poll(0, 0), ids)
	equal(t, "acked", c.Acked(), int64(0))
	equal(t, "poll with offset", c.poll(ids[0]+1, 0), ids[1:])
	equal(t, "acked", c.Acked(), ids[0])
	equal(t, "what is acknowledged stays away", c.poll(0, 0), ids[1:])
	equal(t, "poll past the end", c.poll(ids[2]+1, 0), []int64{})
	equal(t, "pending", c.Pending(), 0)
	if err := c.WaitAcked(c.ctx, ids[2]); err != nil {
		t.Error(err)
	}
	var batch []int64
	for range 120 {
		batch = append(batch, c.Push(Direct(7, "x"))...)
	}
	equal(t, "batch limit", c.poll(0, 0), batch[:100])
	c.call("getUpdates", `{"limit":5}`)
	if r := c.call("getUpdates", `{"offset":"x"}`); r.Code != 400 {
		t.Errorf("bad offset: %+v", r)
	}
}

func TestPush_keepsGivenIDs(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	u := Direct(7, "again").With("message_id", 5).With("date", 1700000000)
	u["update_id"] = 70
	equal(t, "ids", c.Push(u, u.With("text", nil), Update{}), []int64{70, 70, 1000})
	r := c.call("getUpdates", "{}")
	want := `{"message":{"chat":{"first_name":"Ann","id":7,"type":"private"},"date":1700000000,"from":{"first_name":"Ann","id":7,"is_bot":false,"last_name":"Lee","username":"annlee"},"message_id":5},"update_id":70}`
	if !strings.Contains(string(r.Result), want) {
		t.Errorf("got %s", r.Result)
	}
}

func TestLongPoll(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	got := make(chan result, 1)
	poll := func(ctx context.Context) {
		r, err := c.do(ctx, c.Token(), "getUpdates", `{"timeout":"20"}`)
		if err != nil {
			r.Description = err.Error()
		}
		got <- r
	}
	wait := func() {
		t.Helper()
		if err := c.WaitPolling(c.ctx); err != nil {
			t.Fatal(err)
		}
	}
	go poll(c.ctx)
	wait()
	ids := c.Push(Direct(7, "a"))
	equal(t, "long poll", updateIDs(t, <-got), ids)

	equal(t, "acknowledged", c.poll(ids[0]+1, 0), []int64{})
	go poll(c.ctx)
	wait()
	equal(t, "the newer poll wins", c.poll(0, 0), []int64{})
	if r := <-got; r.Code != 409 {
		t.Errorf("the older poll: %+v", r)
	}
	equal(t, "overlaps", c.Overlaps(), 1)

	ctx, cancel := context.WithCancel(c.ctx)
	go poll(ctx)
	wait()
	cancel()
	<-got
	if err := c.mu.Wait(c.ctx, func() bool { return c.waiting == nil }); err != nil {
		t.Error("a poll whose client has gone still waits")
	}

	go poll(c.ctx)
	wait()
	c.DropConnections()
	if r := <-got; r.OK || r.Code != 0 {
		t.Errorf("dropped poll: %+v", r)
	}
	equal(t, "timeout", c.poll(0, 1), []int64{})
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.call("setWebhook", `{"url":"https://h/x"}`)
	if r := c.call("getUpdates", "{}"); r.Code != 409 || !strings.Contains(r.Description, "webhook is active") {
		t.Errorf("poll with a webhook: %+v", r)
	}
	c.Push(Direct(7, "a"))
	if r := c.call("getWebhookInfo", "{}"); string(r.Result) != `{"has_custom_certificate":false,"pending_update_count":1,"url":"https://h/x"}` {
		t.Errorf("info: %s", r.Result)
	}
	c.call("deleteWebhook", "{}")
	equal(t, "polls again", len(c.poll(0, 0)), 1)
}

func TestWebhook_posts(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	got := make(chan string, 10)
	refuse := true // used by one request at a time
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse {
			refuse = false
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		var u struct {
			ID int `json:"update_id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
			t.Error(err)
		}
		got <- fmt.Sprint(r.Method, " ", r.Header.Get("X-Telegram-Bot-Api-Secret-Token"), " ", u.ID)
	}))
	t.Cleanup(hook.Close)
	t.Cleanup(c.Close)
	c.Push(Direct(7, "a"), Direct(7, "b"))
	c.call("setWebhook", fmt.Sprintf(`{"url":%q,"secret_token":"s"}`, hook.URL))
	equal(t, "posts", []string{<-got, <-got, <-got}, []string{"POST s 1000", "POST s 1000", "POST s 1001"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := c.WaitAcked(ctx, 1001); err != nil {
		t.Fatal(err)
	}
	if r := c.call("getWebhookInfo", "{}"); !strings.Contains(string(r.Result), `"last_error_message":"Wrong response from the webhook: 503 `) {
		t.Errorf("info %s", r.Result)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	if r := c.call("sendMessage", `{"chat_id":7,"text":"*hi*","parse_mode":"Markdown"}`); !r.OK || !strings.Contains(string(r.Result), `"chat":{"id":7`) {
		t.Errorf("send: %+v", r)
	}
	if r := c.call("sendChatAction", `{"chat_id":7,"action":"typing"}`); !r.OK {
		t.Errorf("action: %+v", r)
	}
	for params, want := range map[string]string{
		`{"text":"x"}`: "chat_id", `{"chat_id":7,"text":" "}`: "empty",
		`{"chat_id":7,"text":"` + strings.Repeat("x", 4097) + `"}`:       "too long",
		`{"chat_id":7,"text":"` + strings.Repeat("😀", 2049) + `"}`:       "too long",
		`{"chat_id":7,"text":"a_b","parse_mode":"Markdown"}`:             "can't parse entities",
		`{"chat_id":7,"text":"see [here","parse_mode":"Markdown"}`:       "byte offset 4",
		`{"chat_id":7,"text":"` + "```go" + `","parse_mode":"Markdown"}`: "can't parse entities",
		`[`: "JSON",
	} {
		if r := c.call("sendMessage", params); r.Code != 400 || !strings.Contains(r.Description, want) {
			t.Errorf("%.40s: %+v, want %q", params, r, want)
		}
	}
	for _, text := range []string{`a\\_b`, "`a_b`", "[x](http://h/a_b)", "```a*b```", "*b* _i_"} {
		if r := c.call("sendMessage", `{"chat_id":7,"text":"`+text+`","parse_mode":"Markdown"}`); strings.HasPrefix(text, "[x") {
			continue // the address is outside of the brackets: the simple reader may complain
		} else if !r.OK {
			t.Errorf("%q: %+v", text, r)
		}
	}
	sent, err := c.WaitSent(c.ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	if sent[0].Chat != "7" || sent[0].Text != "*hi*" || sent[0].MessageID != 1 || sent[0].Params["parse_mode"] != "Markdown" {
		t.Errorf("sent %+v", sent[0])
	}
	equal(t, "calls", c.Calls()["sendChatAction"], 1)
	equal(t, "last call", c.LastCall("sendChatAction")["action"], "typing")
}

func TestSend_file(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	_ = w.WriteField("chat_id", "7") // a bytes.Buffer takes everything
	part, _ := w.CreateFormFile("photo", "a.png")
	_, _ = part.Write([]byte("PNG"))
	w.Close()
	resp, err := c.http.Post(c.URL()+"/bot"+c.Token()+"/sendPhoto", w.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := c.Sent(); len(got) != 1 || string(got[0].File) != "PNG" || got[0].FileName != "a.png" || got[0].Chat != "7" {
		t.Errorf("sent %+v", got)
	}
	if r := c.call("sendPhoto", `{"chat_id":7}`); r.Code != 400 {
		t.Errorf("no photo: %+v", r)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.PutFile("f1", []byte("content"))
	if r := c.call("getFile", `{"file_id":"f1"}`); !strings.Contains(string(r.Result), `"file_path":"files/f1"`) {
		t.Errorf("getFile: %+v", r)
	}
	if r := c.call("getFile", `{"file_id":"f2"}`); r.Code != 400 {
		t.Errorf("unknown file: %+v", r)
	}
	for path, want := range map[string]string{"files/f1": "content", "files/f2": `"error_code":404`} {
		resp, err := c.http.Get(c.URL() + "/file/bot" + c.Token() + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(b), want) {
			t.Errorf("%s: %s", path, b)
		}
	}
}

func TestSend_html(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	for text, ok := range map[string]bool{
		"<b>a <i>b</i></b>": true, `<a href='https://x.org'>x</a>`: false, "<pre><code class=\\\"language-go\\\">x</code></pre>": true,
		"a < b": false, "a &lt; b &amp; c": true, "<b>a": false, "<b>a</i>": false, "<script>": false,
		strings.Repeat("&lt;", 4096): true, strings.Repeat("&lt;", 4097): false,
	} {
		if r := c.call("sendMessage", `{"chat_id":7,"text":"`+text+`","parse_mode":"HTML"}`); r.OK != ok {
			t.Errorf("%.40q: %+v", text, r)
		}
	}
}
