package hooks

import (
	"bufio"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const token = "CANARY-token-0123456789"

// text is a log that can be read.
type text struct {
	mu sync.Mutex
	b  strings.Builder // guarded by mu
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// place is a server of hooks and what it was asked to do.
type place struct {
	*httptest.Server
	hooks  *Server
	log    text
	wakes  chan Wake
	agents chan Agent
}

func start(t *testing.T, cfg Config, change func(*Options)) *place {
	t.Helper()
	p := &place{wakes: make(chan Wake, 100), agents: make(chan Agent, 100)}
	cfg.Path = "/hooks"
	cfg.TokenIs = func(given string) bool { return subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1 }
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 256 << 10
	}
	o := Options{
		Config: func() *Config { return &cfg },
		Wake: func(_ context.Context, w Wake) (Answer, error) {
			p.wakes <- w
			return Answer{Mode: "now"}, nil
		},
		Agent: func(_ context.Context, a Agent) (Answer, error) {
			p.agents <- a
			return Answer{RunID: "r"}, nil
		},
		Log: slog.New(slog.NewTextHandler(&p.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	p.hooks = New(o)
	p.Server = httptest.NewServer(p.hooks)
	t.Cleanup(p.Close)
	return p
}

func (p *place) post(t testing.TB, path string, body io.Reader, header ...string) (status int, h http.Header, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if len(header) == 0 {
		header = []string{"Authorization", "Bearer " + token}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	resp, err := p.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

// raw opens a connection and writes a request as it is.
func (p *place) raw(t *testing.T, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func answerOn(t *testing.T, c net.Conn) (status int, body string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

const head = "POST /hooks/wake HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n"

// TestServer_hostileBodies: what is too large, too deep or too slow gets its answer, and takes little of us.
func TestServer_hostileBodies(t *testing.T) {
	t.Parallel()
	p := start(t, Config{}, nil)
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{"nested lists", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), 400, "SyntaxError: nesting is deeper than 64"},
		{"nested objects", strings.Repeat(`{"a":`, 40_000) + "1" + strings.Repeat("}", 40_000), 400, "SyntaxError: nesting is deeper than 64"},
		{"nested and open", strings.Repeat("[", 200_000), 400, "SyntaxError: "},
		{"many members", "{" + strings.Repeat(`"":1,`, 40_000) + `"text":"x"}`, 400, "SyntaxError: "},
		{"many elements", `{"text":"x","a":[` + strings.Repeat("1,", 100_000) + "1]}", 200, "ok"},
		{"binary", "\x00\xff\xfe", 400, "SyntaxError: "},
		{"one byte over", strings.Repeat(" ", 256<<10+1), 413, "payload too large"},
	}
	for _, tt := range tests {
		begin := time.Now()
		status, _, body := p.post(t, "/hooks/wake", strings.NewReader(tt.body))
		if status != tt.status || !strings.Contains(body, tt.want) || len(body) > 400 {
			t.Errorf("%s: %d %s", tt.name, status, body)
		}
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("%s: took %s", tt.name, d)
		}
		// The same without a length.
		if status, _, body := p.post(t, "/hooks/wake", io.MultiReader(strings.NewReader(tt.body))); status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%s in chunks: %d %s", tt.name, status, body)
		}
	}
	c := p.raw(t, head+"Content-Length: 3000000\r\n\r\n"+strings.Repeat("x", 3_000_000)) // it writes all before it reads
	if status, body := answerOn(t, c); status != 413 || body != `{"ok":false,"error":"payload too large"}` {
		t.Errorf("all at once: %d %s", status, body)
	}
	c = p.raw(t, head+"Content-Length: 3000000\r\nExpect: 100-continue\r\n\r\n") // it waits to be told
	if status, _ := answerOn(t, c); status != 413 {
		t.Errorf("asked first: %d", status)
	}
}

func TestServer_slowBodies(t *testing.T) {
	t.Parallel()
	p := start(t, Config{}, func(o *Options) { o.Limits = Limits{Body: 300 * time.Millisecond, Calls: 2} })
	slow := head + "Content-Length: 100\r\n\r\n{"
	first, second := p.raw(t, slow), p.raw(t, slow)
	for len(p.hooks.calls) < 2 { // both are being read
		p.post(t, "/hooks/wake", nil, "X", "y") // refused before it counts
	}
	if status, h, body := p.post(t, "/hooks/wake", strings.NewReader(`{"text":"x"}`)); status != 503 || h.Get("Retry-After") == "" {
		t.Errorf("a third call: %d %s", status, body)
	}
	for _, c := range []net.Conn{first, second} {
		if status, body := answerOn(t, c); status != 408 || !strings.Contains(body, "too slowly") {
			t.Errorf("slow body: %d %s", status, body)
		}
	}
	unauthorized := p.raw(t, "POST /hooks/wake HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	if status, _ := answerOn(t, unauthorized); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	if _, err := io.ReadAll(unauthorized); err != nil { // the connection ends; it is not waited on for the rest of the body
		t.Errorf("the connection of a refused caller: %v", err)
	}
	if status, _, body := p.post(t, "/hooks/wake", strings.NewReader(`{"text":"x"}`)); status != 200 {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

// TestServer_tokens: the token is in no log line, and one in the query is warned about once for each path.
func TestServer_tokens(t *testing.T) {
	t.Parallel()
	var guesses atomic.Int32
	p := start(t, Config{Mappings: []Mapping{{Path: "m", Message: "{{headers.authorization}}{{headers.x-clawdbot-token}}{{query.token}}!"}}}, func(o *Options) {
		o.GuessWait = func(*http.Request) time.Duration { return time.Duration(guesses.Load()/3) * time.Second }
		o.GuessedWrong = func(*http.Request) { guesses.Add(1) }
	})
	for range 3 {
		for _, path := range []string{"/hooks/wake", "/hooks/m"} {
			if status, _, _ := p.post(t, path+"?token="+token, strings.NewReader(`{"text":"x"}`), "X", "y"); status/100 != 2 {
				t.Errorf("%s: %d", path, status)
			}
		}
	}
	p.post(t, "/hooks/m", strings.NewReader("{}"), "X-Clawdbot-Token", token)
	for range len(p.agents) {
		if a := <-p.agents; a.Message != "!" {
			t.Errorf("a template sees the token: %s", a.Message)
		}
	}
	log := p.log.String()
	if n := strings.Count(log, "token in the query"); n != 2 {
		t.Errorf("%d warnings:\n%s", n, log)
	}
	if strings.Contains(log, "CANARY") {
		t.Errorf("the log has the token:\n%s", log)
	}
	for range 2 {
		p.post(t, "/hooks/wake", nil, "X", "y") // no token is no guess
	}
	for i, want := range []int{401, 401, 401, 429} {
		if status, h, _ := p.post(t, "/hooks/wake?token=CANARY-guess", nil, "X", "y"); status != want || want == 429 && h.Get("Retry-After") != "2" {
			t.Errorf("guess %d: %d %v", i, status, h)
		}
	}
	if status, _, _ := p.post(t, "/hooks/wake", strings.NewReader(`{"text":"x"}`)); status != 429 {
		t.Errorf("the right token while guesses are limited: %d", status)
	}
	if strings.Contains(p.log.String(), "CANARY") {
		t.Error("the log has a guess")
	}
}

// TestServer_fields: what becomes of every field of a call.
func TestServer_fields(t *testing.T) {
	t.Parallel()
	p := start(t, Config{}, nil)
	tests := []struct {
		body string
		want Agent
	}{
		{`{"message":" m "}`, Agent{Message: "m", Name: "Hook", Now: true, Channel: "last"}},
		{`{"message":"m","name":" n ","wakeMode":"next-heartbeat","sessionKey":" k ","deliver":true,"channel":"imsg","to":" t ","thinking":" high ","timeoutSeconds":1.9}`,
			Agent{Message: "m", Name: "n", SessionKey: "k", Deliver: true, Channel: "imessage", To: "t", Thinking: "high", TimeoutSeconds: 1}},
		{`{"message":"m","name":5,"wakeMode":7,"sessionKey":null,"deliver":"true","to":9,"thinking":" ","timeoutSeconds":"5"}`,
			Agent{Message: "m", Name: "Hook", Now: true, Channel: "last"}},
		{`{"message":"m","timeoutSeconds":-1}`, Agent{Message: "m", Name: "Hook", Now: true, Channel: "last"}},
		{`{"message":"m","timeoutSeconds":1e300}`, Agent{Message: "m", Name: "Hook", Now: true, Channel: "last", TimeoutSeconds: maxTimeout}},
	}
	for _, tt := range tests {
		if status, _, body := p.post(t, "/hooks/agent", strings.NewReader(tt.body)); status != 202 || body != `{"ok":true,"runId":"r"}` {
			t.Errorf("%s: %d %s", tt.body, status, body)
			continue
		}
		if got := <-p.agents; got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.body, got, tt.want)
		}
	}
	long := strings.Repeat("k", maxLabel+1)
	if status, _, body := p.post(t, "/hooks/agent", strings.NewReader(`{"message":"m","sessionKey":"`+long+`"}`)); status != 400 || !strings.Contains(body, "longer") {
		t.Errorf("long key: %d %s", status, body)
	}
}

// TestServer_deliveries: a delivery is named by its sender's header, for one path.
func TestServer_deliveries(t *testing.T) {
	t.Parallel()
	p := start(t, Config{Mappings: []Mapping{{Message: "m"}}}, nil)
	name := func(path, body string, header ...string) string {
		t.Helper()
		if status, _, answer := p.post(t, path, strings.NewReader(body), append(header, "Authorization", "Bearer "+token)...); status/100 != 2 {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
		select {
		case w := <-p.wakes:
			return w.Delivery
		case a := <-p.agents:
			return a.Delivery
		}
	}
	one := name("/hooks/a", "{}", "Idempotency-Key", "1")
	if one == "" || one != name("/hooks/a", `{"b":1}`, "Idempotency-Key", " 1 ") {
		t.Error("the same name is another delivery")
	}
	others := map[string]string{
		"another key":    name("/hooks/a", "{}", "Idempotency-Key", "2"),
		"another path":   name("/hooks/b", "{}", "Idempotency-Key", "1"),
		"another header": name("/hooks/a", "{}", "X-GitHub-Delivery", "1"),
		"a wake":         name("/hooks/wake", `{"text":"x"}`, "Idempotency-Key", "1"),
		"in the body":    name("/hooks/agent", `{"message":"x","idempotencyKey":"1"}`),
	}
	seen := map[string]string{one: "the first"}
	for what, d := range others {
		if d == "" || seen[d] != "" {
			t.Errorf("%s is %q, like %s", what, d, seen[d])
		}
		seen[d] = what
	}
	if d := name("/hooks/a", `{"idempotencyKey":"1"}`); d != "" { // the body is somebody else's
		t.Errorf("a mapping's body names the delivery %q", d)
	}
	if d := name("/hooks/agent", `{"message":"x"}`); d != "" {
		t.Errorf("no name, and yet %q", d)
	}
}

// TestServer_busy: what cannot be stored is not answered as taken.
func TestServer_busy(t *testing.T) {
	t.Parallel()
	p := start(t, Config{}, func(o *Options) {
		o.Agent = func(context.Context, Agent) (Answer, error) { return Answer{}, ErrBusy }
		o.Wake = func(context.Context, Wake) (Answer, error) { return Answer{}, fmt.Errorf("disk /secret/path is full") }
	})
	for path, body := range map[string]string{"/hooks/agent": `{"message":"m"}`, "/hooks/wake": `{"text":"x"}`} {
		if status, h, answer := p.post(t, path, strings.NewReader(body)); status != 503 || h.Get("Retry-After") == "" || strings.Contains(answer, "secret") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

// TestServer_close: a call that is still coming does not hold up the end.
func TestServer_close(t *testing.T) {
	t.Parallel()
	p := start(t, Config{}, func(o *Options) { o.Limits.Body = time.Hour })
	c := p.raw(t, head+"Content-Length: 100\r\n\r\n{")
	for len(p.hooks.calls) == 0 {
		p.post(t, "/hooks/wake", nil, "X", "y")
	}
	p.hooks.Close()
	if status, _ := answerOn(t, c); status != 503 {
		t.Errorf("status %d", status)
	}
	if status, _, _ := p.post(t, "/hooks/wake", strings.NewReader(`{"text":"x"}`)); status != 503 {
		t.Errorf("a new call: %d", status)
	}
}
