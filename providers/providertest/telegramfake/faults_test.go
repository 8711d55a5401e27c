package telegramfake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	const hello = `{"chat_id":7,"text":"x"}`
	c := newClient(t)
	gate := make(chan struct{})
	c.Script("sendMessage", Status(500), TooMany(3), Fault{}, DropBefore(), DropAfter(), Fault{Code: 502, Raw: "<html>"}, Fault{Gate: gate})
	if r := c.call("sendMessage", hello); r.Code != 500 {
		t.Errorf("500: %+v", r)
	}
	if r := c.call("sendMessage", hello); r.Code != 429 || r.Parameters["retry_after"] != 3 {
		t.Errorf("429: %+v", r)
	}
	equal(t, "nothing arrived", len(c.Sent()), 0)
	if r := c.call("sendMessage", hello); !r.OK {
		t.Errorf("the zero fault: %+v", r)
	}
	for _, arrived := range []int{1, 2} {
		if _, err := c.do(c.ctx, c.Token(), "sendMessage", hello); !errors.Is(err, io.EOF) {
			t.Errorf("drop: %v", err)
		}
		equal(t, "arrived", len(c.Sent()), arrived)
	}
	if _, err := c.do(c.ctx, c.Token(), "sendMessage", hello); err == nil {
		t.Error("a page was read as an answer")
	}
	close(gate)
	if r := c.call("sendMessage", hello); !r.OK {
		t.Errorf("behind the gate: %+v", r)
	}
	for i, f := range []Fault{Hang(), HangAfter()} {
		c.Script("sendMessage", f)
		ctx, cancel := context.WithCancel(c.ctx)
		done := make(chan error, 1)
		go func() {
			_, err := c.do(ctx, c.Token(), "sendMessage", hello)
			done <- err
		}()
		if err := c.WaitCalls(c.ctx, "sendMessage", 8+i); err != nil {
			t.Fatal(err)
		}
		if f.Act {
			if _, err := c.WaitSent(c.ctx, 4); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("hang: %v", err)
		}
	}
	c.Always("getMe", Status(401))
	equal(t, "always", []int{c.call("getMe", "{}").Code, c.call("getMe", "{}").Code}, []int{401, 401})
	c.Always("getMe", Fault{})
	equal(t, "no more", c.call("getMe", "{}").Code, 0)
}

func TestControl(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	h := httptest.NewServer(c.Control())
	t.Cleanup(h.Close)
	post := func(path, body string) string {
		t.Helper()
		resp, err := c.http.Post(h.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return fmt.Sprintf("%d %s", resp.StatusCode, strings.TrimSpace(string(b)))
	}
	equal(t, "push", post("/push", `[{"message":{"chat":{"id":7,"type":"private"},"text":"a"}},{"update_id":9,"poll":{}}]`), "200 [1000,9]")
	equal(t, "push of garbage", strings.HasPrefix(post("/push", `{`), "400"), true)
	post("/script", `{"method":"getMe","faults":[{"code":500}]}`)
	equal(t, "scripted", c.call("getMe", "{}").Code, 500)
	post("/always", `{"method":"getMe","faults":[{"code":401}]}`)
	equal(t, "always", c.call("getMe", "{}").Code, 401)
	post("/always", `{"method":"getMe"}`)
	equal(t, "no more", c.call("getMe", "{}").Code, 0)
	post("/drop", "")
	c.call("sendMessage", `{"chat_id":7,"text":"x"}`)
	c.poll(10, 0)
	resp, err := c.http.Get(h.URL + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s State
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	if len(s.Sent) != 1 || s.Acked != 9 || s.Pending != 1 || s.Calls["getMe"] != 3 {
		t.Errorf("state %+v", s)
	}
}
