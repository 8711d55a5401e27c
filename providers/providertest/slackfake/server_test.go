package slackfake

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func client(t *testing.T) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func call(t *testing.T, s *Server, c *http.Client, method, token string, p url.Values) map[string]any {
	t.Helper()
	if p == nil {
		p = url.Values{}
	}
	p.Set("token", token)
	resp, err := c.PostForm(s.URL()+"/api/"+method, p)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// dial opens a socket and reads its first frame.
func dial(t *testing.T, s *Server, c *http.Client) (*websocket.Conn, map[string]any) {
	t.Helper()
	a := call(t, s, c, "apps.connections.open", DefaultAppToken, nil)
	conn, resp, err := websocket.DefaultDialer.Dial(a["url"].(string), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	return conn, frame(t, conn)
}

func frame(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var f map[string]any
	if err := conn.ReadJSON(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

func textOf(f map[string]any) string {
	text, _ := f["payload"].(map[string]any)["event"].(map[string]any)["text"].(string)
	return text
}

func TestServer_tokens(t *testing.T) {
	t.Parallel()
	s, c := Start(t, Options{}), client(t)
	for _, tt := range []struct{ method, token, want string }{
		{"auth.test", "", "not_authed"}, {"auth.test", "xoxb-wrong", "invalid_auth"}, {"auth.test", DefaultAppToken, "not_allowed_token_type"},
		{"apps.connections.open", DefaultBotToken, "not_allowed_token_type"}, {"auth.test", DefaultBotToken, ""}, {"no.such.method", DefaultBotToken, "message_not_found"},
	} {
		a := call(t, s, c, tt.method, tt.token, nil)
		if got, _ := a["error"].(string); got != tt.want || a["ok"] != (tt.want == "") {
			t.Errorf("%s with %q = %v, want %q", tt.method, tt.token, a, tt.want)
		}
	}
	a := call(t, s, c, "apps.connections.open", DefaultAppToken, nil)
	if conn, resp, err := websocket.DefaultDialer.Dial(a["url"].(string), nil); err == nil {
		resp.Body.Close()
		conn.Close()
	}
	if _, _, err := websocket.DefaultDialer.Dial(a["url"].(string), nil); err == nil {
		t.Error("a ticket was good twice")
	}
}

func TestServer_redelivers(t *testing.T) {
	t.Parallel()
	s, c := Start(t, Options{AckWithin: 50 * time.Millisecond, Retries: 2}), client(t)
	s.People()
	conn, hello := dial(t, s, c)
	if hello["type"] != "hello" {
		t.Fatalf("first frame %v", hello)
	}
	ts := s.Post(Message{Channel: AnnDM, User: Ann, Text: "hi"})
	for attempt := range 3 {
		f := frame(t, conn)
		n, _ := f["retry_attempt"].(float64)
		if textOf(f) != "hi" || int(n) != attempt {
			t.Errorf("attempt %d: %v", attempt, f)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.WaitAttempts(ctx, ts, 3); err != nil {
		t.Fatal(err)
	}
	next := s.Post(Message{Channel: AnnDM, User: Ann, Text: "next"})
	f := frame(t, conn)
	if textOf(f) != "next" { // the platform has given the first one up
		t.Errorf("%v", f)
	}
	if err := conn.WriteJSON(map[string]any{"envelope_id": f["envelope_id"]}); err != nil {
		t.Fatal(err)
	}
	if err := s.WaitAcked(ctx, next); err != nil || s.Acked(ts) || s.Attempts(ts) != 3 {
		t.Errorf("acknowledged: %v, %v, attempts %d", err, s.Acked(ts), s.Attempts(ts))
	}
}

// What a connection has not acknowledged goes to the next one, in order.
func TestServer_nextConnection(t *testing.T) {
	t.Parallel()
	s, c := Start(t, Options{MaxSockets: 1}), client(t)
	s.People()
	s.Post(Message{Channel: AnnDM, User: Ann, Text: "waits"})
	conn, _ := dial(t, s, c)
	if f := frame(t, conn); textOf(f) != "waits" {
		t.Errorf("%v", f)
	}
	if _, f := dial(t, s, c); f["type"] != "disconnect" || f["reason"] != "too_many_websockets" {
		t.Errorf("the second connection: %v", f)
	}
	s.Post(Message{Channel: AnnDM, User: Ann, Text: "more"})
	frame(t, conn)
	s.Drop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.WaitSockets(ctx, 0); err != nil {
		t.Fatal(err)
	}
	conn, _ = dial(t, s, c)
	for _, want := range []string{"waits", "more"} {
		if f := frame(t, conn); textOf(f) != want || f["retry_attempt"] == nil {
			t.Errorf("want %s: %v", want, f)
		}
	}
	if open, most := s.Sockets(); open != 1 || most != 1 {
		t.Errorf("%d open, %d at most", open, most)
	}
}

func TestServer_history(t *testing.T) {
	t.Parallel()
	s, c := Start(t, Options{LoseOffline: true}), client(t)
	s.People()
	var stamps []string
	for _, text := range []string{"a", "b", "c", "d"} {
		stamps = append(stamps, s.Post(Message{Channel: AnnDM, User: Ann, Text: text}))
	}
	s.Post(Message{Channel: AnnDM, User: Ann, Text: "reply", Thread: stamps[1]})
	texts := func(a map[string]any) (out string) {
		for _, m := range a["messages"].([]any) {
			out += m.(map[string]any)["text"].(string)
		}
		return out
	}
	a := call(t, s, c, "conversations.history", DefaultBotToken, url.Values{"channel": {AnnDM}, "oldest": {stamps[0]}, "limit": {"2"}})
	if texts(a) != "dc" || a["has_more"] != true {
		t.Errorf("%v", a)
	}
	next := a["response_metadata"].(map[string]any)["next_cursor"].(string)
	if a := call(t, s, c, "conversations.history", DefaultBotToken, url.Values{"channel": {AnnDM}, "oldest": {stamps[0]}, "limit": {"2"}, "cursor": {next}}); texts(a) != "b" || a["has_more"] != false {
		t.Errorf("%v", a)
	}
	if a := call(t, s, c, "conversations.replies", DefaultBotToken, url.Values{"channel": {AnnDM}, "ts": {stamps[1]}}); texts(a) != "breply" {
		t.Errorf("%v", a)
	}
	conn, _ := dial(t, s, c)
	s.Post(Message{Channel: AnnDM, User: Ann, Text: "live"})
	if f := frame(t, conn); textOf(f) != "live" {
		t.Errorf("what happened while nobody was there came: %v", f)
	}
}

// Without the token a file is the page for signing in, with status 200.
func TestServer_files(t *testing.T) {
	t.Parallel()
	s, c := Start(t, Options{}), client(t)
	s.People()
	s.Post(Message{Channel: AnnDM, User: Ann, Files: []File{{ID: "F1", Name: "a.jpg", MIME: "image/jpeg", Data: []byte("jpeg")}}})
	for token, want := range map[string]string{"": "Sign in", DefaultBotToken: "jpeg"} {
		req, err := http.NewRequest(http.MethodGet, s.URL()+"/files-pri/F1/a.jpg", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%d %q, %v", resp.StatusCode, body, err)
		}
	}
}
