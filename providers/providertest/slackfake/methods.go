package slackfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// act does what a method does. s.mu is held.
func (s *Server) act(method string, p params) answer {
	switch method {
	case "auth.test":
		return accept(map[string]any{"url": "https://fake.slack.com/", "team": "Fake Team", "team_id": TeamID, "user": BotName, "user_id": BotUser, "bot_id": BotID})
	case "apps.connections.open":
		ticket := s.world.id("ticket-")
		s.tickets[ticket] = true
		return accept(map[string]any{"url": "ws" + strings.TrimPrefix(s.url, "http") + "/link/?ticket=" + ticket + "&app_id=A0APP00001"})
	case "users.info":
		u, ok := s.world.users[p["user"]]
		if !ok {
			return refuse("user_not_found")
		}
		return accept(map[string]any{"user": userJSON(u)})
	case "conversations.info":
		c, ok := s.world.conversations[p["channel"]]
		if !ok {
			return refuse("channel_not_found")
		}
		return accept(map[string]any{"channel": conversationJSON(c)})
	case "conversations.open":
		return s.open(p["users"])
	case "users.conversations":
		return s.mine(p)
	case "conversations.history":
		return s.page(p, func(m *Message) bool { return m.Thread == "" || m.Thread == m.TS || m.SubType == "thread_broadcast" }, true)
	case "conversations.replies":
		if s.world.find(p["channel"], p["ts"]) == nil {
			return refuse("thread_not_found")
		}
		return s.page(p, func(m *Message) bool { return m.TS == p["ts"] || m.Thread == p["ts"] }, false)
	case "emoji.list":
		return accept(map[string]any{"emoji": s.world.emoji})
	}
	return s.change(method, p)
}

func userJSON(u User) map[string]any {
	return map[string]any{
		"id": u.ID, "name": u.Name, "real_name": u.RealName, "is_bot": u.Bot, "team_id": TeamID,
		"profile": map[string]any{"display_name": u.DisplayName, "real_name": u.RealName},
	}
}

func conversationJSON(c Conversation) map[string]any {
	return map[string]any{
		"id": c.ID, "name": c.Name, "user": c.User, "is_im": c.Kind == IM, "is_mpim": c.Kind == MPIM, "is_channel": c.Kind == Public,
		"is_group": c.Kind == Private, "is_private": c.Kind != Public, "is_member": true,
	}
}

// open finds or makes the direct conversation with a person.
func (s *Server) open(user string) answer {
	if _, ok := s.world.users[user]; !ok {
		return refuse("user_not_found")
	}
	for _, c := range s.world.conversations {
		if c.Kind == IM && c.User == user {
			return accept(map[string]any{"channel": map[string]any{"id": c.ID}})
		}
	}
	c := Conversation{ID: "D" + strings.TrimPrefix(user, "U"), Kind: IM, User: user}
	s.world.conversations[c.ID] = c
	s.world.order = append(s.world.order, c.ID)
	return accept(map[string]any{"channel": map[string]any{"id": c.ID}})
}

// mine lists conversations by kind.
func (s *Server) mine(p params) answer {
	kinds := strings.Split(p["types"], ",")
	list := []map[string]any{}
	for _, id := range s.world.order {
		c := s.world.conversations[id]
		kind := map[string]string{IM: "im", MPIM: "mpim", Public: "public_channel", Private: "private_channel"}[c.Kind]
		if slices.Contains(kinds, kind) {
			list = append(list, conversationJSON(c))
		}
	}
	return accept(map[string]any{"channels": list, "response_metadata": map[string]any{"next_cursor": ""}})
}

// page is a part of the history. Newest first, the cursor is the timestamp to go on below; else oldest first, above.
func (s *Server) page(p params, want func(*Message) bool, newest bool) answer {
	if _, ok := s.world.conversations[p["channel"]]; !ok {
		return refuse("channel_not_found")
	}
	inclusive := p["inclusive"] == "1" || p["inclusive"] == "true"
	var found []*Message
	for _, m := range s.world.messages {
		switch {
		case m.Channel != p["channel"] || m.Deleted || !want(m):
		case p["oldest"] != "" && (m.TS < p["oldest"] || m.TS == p["oldest"] && !inclusive) && m.TS != p["ts"]:
		case p["latest"] != "" && (m.TS > p["latest"] || m.TS == p["latest"] && !inclusive):
		case p["cursor"] != "" && newest && m.TS >= p["cursor"], p["cursor"] != "" && !newest && m.TS <= p["cursor"]:
		default:
			found = append(found, m)
		}
	}
	if newest {
		slices.Reverse(found)
	}
	limit, err := strconv.Atoi(p["limit"])
	if err != nil || limit <= 0 {
		limit = 100
	}
	more := len(found) > limit
	if more {
		found = found[:limit]
	}
	list, next := []map[string]any{}, ""
	for _, m := range found {
		list = append(list, m.json(s, p["include_all_metadata"] == "1"))
	}
	if more {
		next = found[limit-1].TS
	}
	return accept(map[string]any{"messages": list, "has_more": more, "response_metadata": map[string]any{"next_cursor": next}})
}

// change is a method that changes the workspace.
func (s *Server) change(method string, p params) answer {
	switch method {
	case "chat.postMessage":
		return s.post(p)
	case "files.getUploadURLExternal", "files.completeUploadExternal", "files.info":
		return s.fileMethod(method, p)
	}
	ts := p["ts"]
	if ts == "" {
		ts = p["timestamp"]
	}
	if method == "pins.list" {
		return s.pinned(p["channel"])
	}
	m := s.world.find(p["channel"], ts)
	if m == nil {
		return refuse("message_not_found")
	}
	switch method {
	case "chat.update":
		if m.BotID != BotID {
			return refuse("cant_update_message")
		}
		m.Text, m.Edited = p["text"], true
		return accept(map[string]any{"channel": m.Channel, "ts": m.TS, "text": m.Text})
	case "chat.delete":
		if m.BotID != BotID {
			return refuse("cant_delete_message")
		}
		m.Deleted = true
		return accept(map[string]any{"channel": m.Channel, "ts": m.TS})
	case "pins.add", "pins.remove":
		if m.Pinned == (method == "pins.add") {
			return refuse(map[bool]string{true: "already_pinned", false: "no_pin"}[m.Pinned])
		}
		m.Pinned = !m.Pinned
		return accept(nil)
	}
	return s.react(method, m, p["name"])
}

func (s *Server) react(method string, m *Message, name string) answer {
	mine := slices.Contains(m.Reactions[name], BotUser)
	switch method {
	case "reactions.get":
		return accept(map[string]any{"type": "message", "channel": m.Channel, "message": m.json(s, false)})
	case "reactions.add":
		if mine {
			return refuse("already_reacted")
		}
		if m.Reactions == nil {
			m.Reactions = map[string][]string{}
		}
		m.Reactions[name] = append(m.Reactions[name], BotUser)
		return accept(nil)
	case "reactions.remove":
		if !mine {
			return refuse("no_reaction")
		}
		m.Reactions[name] = slices.DeleteFunc(m.Reactions[name], func(u string) bool { return u == BotUser })
		return accept(nil)
	}
	return refuse("unknown_method")
}

func (s *Server) pinned(channel string) answer {
	items := []map[string]any{}
	for _, m := range s.world.messages {
		if m.Channel == channel && m.Pinned && !m.Deleted {
			items = append(items, map[string]any{"type": "message", "channel": channel, "message": m.json(s, false)})
		}
	}
	return accept(map[string]any{"items": items})
}

// post is chat.postMessage.
func (s *Server) post(p params) answer {
	channel := p["channel"]
	if _, ok := s.world.conversations[channel]; !ok {
		return refuse("channel_not_found")
	}
	if p["text"] == "" {
		return refuse("no_text")
	}
	if len(p["text"]) > 40000 {
		return refuse("msg_too_long")
	}
	m := &Message{Channel: channel, TS: s.world.stamp(), User: BotUser, BotID: BotID, Text: p["text"], Thread: p["thread_ts"]}
	if raw := p["metadata"]; raw != "" && json.Unmarshal([]byte(raw), &m.Metadata) != nil {
		return refuse("metadata_must_be_valid_json")
	}
	s.world.messages = append(s.world.messages, m)
	s.tell(m) // the app hears itself
	s.dispatch()
	return accept(map[string]any{"channel": channel, "ts": m.TS, "message": m.json(s, true)})
}

// signIn is what the platform serves instead of a file that the caller may not read: with status 200.
func signIn(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Fake Team</body></html>"))
}
