package imsgfake

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// handle carries out one call; false ends the child.
func (s *Server) handle(ctx context.Context, c *conn, line string, watch *sync.WaitGroup) bool {
	var call struct {
		ID     any            `json:"id"`
		Method string         `json:"method"`
		Params map[string]any `json:"params"`
	}
	if json.Unmarshal([]byte(line), &call) != nil {
		s.say(c, failure(nil, -32700, "parse error"))
		return true
	}
	s.mu.Lock()
	f := s.always[call.Method]
	if q := s.scripts[call.Method]; len(q) > 0 {
		s.scripts[call.Method], f = q[1:], q[0]
	}
	s.mu.Unlock()
	var after func()
	answer := failure(call.ID, f.Code, f.Message)
	if f == (Fault{}) || f.Act {
		result, code, text := s.do(call.Method, call.Params)
		answer = map[string]any{"jsonrpc": "2.0", "id": call.ID, "result": result}
		if code != 0 {
			answer = failure(call.ID, code, text)
		} else if call.Method == "watch.subscribe" {
			notify := s.subscribe(ctx, c, call.Params) // counts from before the answer
			after = func() { watch.Go(notify) }
		}
	}
	switch {
	case f.Crash:
		return false
	case f.Hang:
		s.mu.Lock()
		c.mute = true
		s.mu.Unlock()
		return true
	}
	s.say(c, answer)
	if after != nil {
		after()
	}
	return true
}

func failure(id any, code int, text string) map[string]any {
	return map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": text}}
}

func (s *Server) do(method string, params map[string]any) (result any, code int, text string) {
	switch method {
	case "chats.list":
		return s.chats(), 0, ""
	case "messages.history":
		return s.history(params)
	case "tapback", "message.edit", "message.unsend":
		return s.change(method, params)
	case "watch.subscribe":
		return map[string]any{"subscription": 1}, 0, ""
	case "watch.unsubscribe":
		return map[string]any{"ok": true}, 0, ""
	case "send":
		return s.send(params)
	}
	return nil, -32601, "Method not found: " + method
}

func (s *Server) send(params map[string]any) (any, int, string) {
	m := Sent{Params: params}
	for _, key := range []string{"to", "chat_id", "chat_guid", "chat_identifier"} {
		if v := params[key]; v != nil {
			if n, ok := v.(float64); ok {
				v = int64(n)
			}
			m.Chat = fmt.Sprintf("%s:%v", key, v)
		}
	}
	m.Text, _ = params["text"].(string)
	if path, _ := params["file"].(string); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, -32602, err.Error()
		}
		m.File, m.Name = data, filepath.Base(path)
	}
	if m.Chat == "" || strings.TrimSpace(m.Text) == "" && m.File == nil {
		return nil, -32602, "Invalid params: to or chat_id, and text or file"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	s.add(s.row(m))
	last := s.rows[len(s.rows)-1]
	if s.old {
		return map[string]any{"ok": true}, 0, ""
	}
	return map[string]any{"ok": true, "id": last["id"], "guid": last["guid"]}, 0, ""
}

// subscribe returns what notifies of new rows, and of those after since_rowid, until the child ends.
func (s *Server) subscribe(ctx context.Context, c *conn, params map[string]any) (notify func()) {
	s.mu.Lock()
	c.next = len(s.rows)
	if n, ok := params["since_rowid"].(float64); ok {
		c.next = int(n)
	}
	again := len(s.again)
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.open++
		s.most = max(s.most, s.open)
		s.mu.Broadcast()
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open--
			s.mu.Broadcast()
		}()
		for {
			s.mu.Lock()
			var batch []Message
			for ; again < len(s.again); again++ {
				batch = append(batch, s.rows[s.again[again]-1])
			}
			batch = append(batch, s.rows[min(c.next, len(s.rows)):]...)
			c.next, again = max(c.next, len(s.rows)), len(s.again)
			changed := s.mu.Changed()
			s.mu.Unlock()
			for _, m := range batch {
				s.say(c, map[string]any{"jsonrpc": "2.0", "method": "message", "params": map[string]any{"subscription": 1, "message": m}})
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}
