package imsgfake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// row is what the database has of a message that was sent.
func (s *Server) row(m Sent) Message {
	key, value, _ := strings.Cut(m.Chat, ":")
	row := Direct(value, m.Text)
	row["chat_id"] = int64(1000 + len(s.rows)) // a chat that begins with it
	for _, r := range s.rows {
		if key == "to" && r["chat_identifier"] == value && r["is_group"] != true || fmt.Sprint(r[key]) == value {
			row = Message{}
			for _, k := range []string{"chat_id", "is_group", "chat_identifier", "chat_guid", "chat_name", "participants"} {
				row[k] = r[k]
			}
		}
	}
	row["sender"], row["is_from_me"], row["text"], row["attachments"] = "", true, m.Text, []any{}
	if m.File != nil {
		row["text"] = strings.TrimSpace("\uFFFC" + m.Text)
		row["attachments"] = []any{map[string]any{"transfer_name": m.Name, "original_path": "/elsewhere/" + m.Name}}
	}
	return row
}

// chats answers chats.list.
func (s *Server) chats() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	list := []any{}
	for _, r := range slices.Backward(s.rows) {
		id := fmt.Sprint(r["chat_id"])
		if slices.Contains(ids, id) {
			continue
		}
		ids = append(ids, id)
		list = append(list, map[string]any{
			"id": r["chat_id"], "identifier": r["chat_identifier"], "guid": r["chat_guid"], "is_group": r["is_group"], "participants": r["participants"],
		})
	}
	return map[string]any{"chats": list}
}

// history answers messages.history: the newest first.
func (s *Server) history(params map[string]any) (any, int, string) {
	chat, ok := params["chat_id"].(float64)
	if !ok {
		return nil, -32602, "chat_id is required"
	}
	limit, _ := params["limit"].(float64)
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for _, r := range slices.Backward(s.rows) {
		if fmt.Sprint(r["chat_id"]) != fmt.Sprint(int64(chat)) {
			continue
		}
		shown := maps.Clone(r)
		if params["attachments"] != true {
			shown["attachments"] = []any{}
		}
		if list = append(list, shown); len(list) >= int(cmp.Or(limit, 50)) {
			break
		}
	}
	return map[string]any{"messages": list}, 0, ""
}

// change answers what needs the bridge: a reaction, an edit, taking a message back.
func (s *Server) change(method string, params map[string]any) (any, int, string) {
	guid, _ := params["message_guid"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.old {
		return nil, -32601, "Method not found"
	}
	if !s.bridge {
		return nil, -32003, "The bridge is not started. Run imsg launch explicitly before using bridge methods."
	}
	i := slices.IndexFunc(s.rows, func(r Message) bool { return r["guid"] == guid })
	if i < 0 {
		return nil, -32602, "message not found"
	}
	row := maps.Clone(s.rows[i]) // the old one may be on its way to somebody
	s.rows[i] = row
	switch method {
	case "tapback":
		emoji, _ := params["emoji"].(string)
		if kind, _ := params["reaction"].(string); kind != "" {
			emoji = kind
		}
		if s.tapped[guid] = emoji; params["remove"] == true {
			delete(s.tapped, guid)
		}
	case "message.edit":
		row["text"] = params["text"]
	case "message.unsend":
		row["text"] = ""
	}
	return map[string]any{"ok": true}, 0, ""
}

// Old makes it an imsg that does not tell what it has sent, and that cannot change messages.
func (s *Server) Old() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old = true
}

// Bridge starts the part of imsg that can change messages.
func (s *Server) Bridge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bridge = true
}

// Tapped is our reaction to a message, "" for none.
func (s *Server) Tapped(guid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tapped[guid]
}

// Text is what a message says now.
func (s *Server) Text(guid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r["guid"] == guid {
			text, _ := r["text"].(string)
			return text
		}
	}
	return ""
}
