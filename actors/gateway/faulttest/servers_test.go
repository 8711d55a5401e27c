package faulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/transport/wire"
)

// toolServer is a server of tools with one tool, which counts.
type toolServer struct {
	mu     sync.Mutex // guards the fields below
	live   int        // connections that are open
	most   int        // of them at a time
	marks  map[string]int
	latest *toolSession
}

type toolSession struct {
	of   *toolServer
	once sync.Once
	done chan struct{}
}

func (ts *toolServer) dial(context.Context, mcp.Server) (mcp.Session, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.live++
	ts.most = max(ts.most, ts.live)
	ts.latest = &toolSession{of: ts, done: make(chan struct{})}
	return ts.latest, nil
}

func (*toolSession) About() mcp.About        { return mcp.About{Name: "fake", Version: "1"} }
func (t *toolSession) Done() <-chan struct{} { return t.done }
func (*toolSession) Err() error              { return errors.New("the connection is lost") }
func (t *toolSession) lose()                 { t.once.Do(func() { close(t.done) }) }

func (*toolSession) Tools(context.Context) ([]mcp.Tool, []string, error) {
	return []mcp.Tool{{Name: "mark", Schema: json.RawMessage(`{"type":"object"}`)}}, nil, nil
}

func (t *toolSession) Call(_ context.Context, _ string, args json.RawMessage, _ func(string)) (mcp.Result, error) {
	var a struct{ Key string }
	if err := json.Unmarshal(args, &a); err != nil {
		return mcp.Result{}, err
	}
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.marks[a.Key]++
	return mcp.Result{Content: []mcp.Content{{Type: "text", Text: "marked"}}}, nil
}

func (t *toolSession) Close() {
	t.lose()
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	t.of.live--
}

// served tells whether the cell is about servers of tools.
func (c cell) served() bool { return c.kind == "mcp" || c.kind == "mcpserver" }

// servers: runs call a tool of a server whose connection breaks, and which is restarted by hand now and then.
func (s *scene) servers() {
	if !s.cell.served() {
		return
	}
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			s.pause(time.Duration(i) * 100 * time.Millisecond)
			s.marks(fmt.Sprint("tool-", i))
		})
	}
	all.Go(func() {
		for i := range 6 {
			if err := s.busy.must("mcp.restart", wire.MCPRestartParams{Server: "fake"}, nil); err != nil {
				s.t.Errorf("mcp.restart: %v", err)
			}
			s.pause(100 * time.Millisecond)
			if i == 2 {
				s.tools.mu.Lock()
				s.tools.latest.lose()
				s.tools.mu.Unlock()
			}
		}
	})
	all.Wait()
}

// marks has the tool called once. While its server is not there the call is an error that the run's answer has.
func (s *scene) marks(key string) (n int) {
	text := fmt.Sprintf(`!tool mcp_fake_mark {"key":%q}`, key)
	if err := s.busy.keyed("chat.send", key, chat(key, key, text), nil); err != nil {
		s.t.Errorf("%s ended with %v", key, err)
	}
	s.tools.mu.Lock()
	defer s.tools.mu.Unlock()
	if n = s.tools.marks[key]; n > 1 {
		s.t.Errorf("the tool was called %d times for %s", n, key)
	}
	return n
}

// checkServers: the server is there again, by one connection, and its tool works.
func (s *scene) checkServers() {
	if !s.cell.served() {
		return
	}
	var r wire.MCPStatusResult
	err := s.every(50*time.Millisecond, func() bool {
		return s.busy.must("mcp.status", nil, &r) == nil && len(r.Servers) == 1 && r.Servers[0].Phase == "up"
	})
	if err != nil {
		s.t.Errorf("the server of tools does not come back: %+v", r)
	}
	if s.marks("tool-last") != 1 {
		s.t.Error("the tool does not work afterwards")
	}
	s.tools.mu.Lock()
	defer s.tools.mu.Unlock()
	if s.tools.live != 1 || s.tools.most != 1 {
		s.t.Errorf("%d connections to the server, and %d at a time", s.tools.live, s.tools.most)
	}
}
