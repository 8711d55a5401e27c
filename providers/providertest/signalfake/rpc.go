package signalfake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// rpc answers POST /api/v1/rpc.
func (s *Server) rpc(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	var call struct {
		Method string         `json:"method"`
		Params map[string]any `json:"params"`
		ID     any            `json:"id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || call.Method == "" {
		write(w, Fault{Code: -32600, Message: "method field must be set"}.rpc())
		return
	}
	if s.misbehave(w, r, call.Method, func() { s.do(call.Method, call.Params) }) {
		return
	}
	result, fault := s.do(call.Method, call.Params)
	if fault != nil {
		write(w, fault.rpc())
		return
	}
	write(w, map[string]any{"jsonrpc": "2.0", "result": result, "id": call.ID})
}

func refuse(code int, format string, args ...any) (any, *Fault) {
	return nil, &Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// do carries a call out.
func (s *Server) do(method string, params map[string]any) (any, *Fault) {
	switch method {
	case "version":
		return map[string]any{"version": "0.14.9"}, nil
	case "listAccounts":
		s.mu.Lock()
		defer s.mu.Unlock()
		list := []any{}
		for _, n := range s.accounts {
			list = append(list, map[string]any{"number": n})
		}
		return list, nil
	case "send", "sendTyping", "getAttachment", "sendReaction", "remoteDelete":
	default:
		return refuse(-32601, "Method not implemented")
	}
	account, _ := params["account"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	if account == "" && len(s.accounts) != 1 || account != "" && !slices.Contains(s.accounts, account) {
		return refuse(-32602, "Specified account does not exist")
	}
	switch method {
	case "getAttachment":
		id, _ := params["id"].(string)
		data, ok := s.files[id]
		if !ok {
			return refuse(-1, "Could not find attachment with ID: %s", id)
		}
		return map[string]any{"data": base64.StdEncoding.EncodeToString(data)}, nil
	case "sendTyping":
		s.typing = append(s.typing, chatOf(params))
		s.mu.Broadcast()
		return map[string]any{}, nil
	}
	if method == "sendReaction" || method == "remoteDelete" || params["editTimestamp"] != nil {
		return s.change(method, params)
	}
	return s.send(params)
}

// change is a reaction, an edit or a taking back. s.mu is held.
func (s *Server) change(method string, params map[string]any) (any, *Fault) {
	defer s.mu.Broadcast()
	success := map[string]any{"timestamp": s.clock + 1, "results": []any{map[string]any{"type": "SUCCESS"}}}
	s.clock++
	chat := chatOf(params)
	if chat == "" {
		return refuse(-1, "No recipients given")
	}
	if method == "sendReaction" {
		emoji, _ := params["emoji"].(string)
		author, _ := params["targetAuthor"].(string)
		at, _ := params["targetTimestamp"].(float64)
		if emoji == "" || author == "" || at == 0 {
			return refuse(-32602, "emoji, targetAuthor and targetTimestamp are required")
		}
		key := fmt.Sprintf("%s %s %d", chat, author, int64(at))
		if s.reacted[key] = emoji; params["remove"] == true {
			delete(s.reacted, key)
		}
		return success, nil
	}
	at, _ := params["targetTimestamp"].(float64)
	if method == "send" {
		at, _ = params["editTimestamp"].(float64)
	}
	i := slices.IndexFunc(s.sent, func(m Sent) bool { return m.Chat == chat && m.Timestamp == int64(at) })
	switch {
	case i < 0:
		return refuse(-1, "No message with that timestamp")
	case method == "send":
		s.sent[i].Text, _ = params["message"].(string)
	default:
		s.sent = slices.Delete(s.sent, i, i+1)
	}
	return success, nil
}

// Reacted is our reaction to the message that author sent at a time into a chat, "" for none.
func (s *Server) Reacted(chat, author string, at int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reacted[fmt.Sprintf("%s %s %d", chat, author, at)]
}

// send takes a message. s.mu is held.
func (s *Server) send(params map[string]any) (any, *Fault) {
	m := Sent{Chat: chatOf(params), Params: params}
	m.Text, _ = params["message"].(string)
	paths, _ := params["attachments"].([]any)
	for _, p := range paths {
		path, _ := p.(string)
		data, err := os.ReadFile(path)
		if err != nil {
			return refuse(-1, "Failed to add attachment: %s", err)
		}
		m.Files = append(m.Files, SentFile{filepath.Base(path), data})
	}
	switch {
	case m.Chat == "":
		return refuse(-1, "No recipients given")
	case strings.TrimSpace(m.Text) == "" && len(m.Files) == 0:
		return refuse(-1, "No message text or attachment given")
	}
	s.clock++
	m.Timestamp = s.clock
	s.sent = append(s.sent, m)
	s.mu.Broadcast()
	return map[string]any{"timestamp": m.Timestamp, "results": []any{map[string]any{"type": "SUCCESS"}}}, nil
}

// chatOf is where a call goes, in the form of Sent.Chat.
func chatOf(params map[string]any) string {
	if id, _ := params["groupId"].(string); id != "" {
		return "group:" + id
	}
	for _, key := range []string{"recipient", "username"} {
		list, _ := params[key].([]any)
		if len(list) > 0 {
			who, _ := list[0].(string)
			if key == "username" {
				who = "username:" + who
			}
			return who
		}
	}
	return ""
}

// PutFile makes getAttachment know an attachment.
func (s *Server) PutFile(id string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = content
}
