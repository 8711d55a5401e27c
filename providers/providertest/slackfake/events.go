package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// event puts a happening on its way to the app. s.mu is held.
func (s *Server) event(key string, event map[string]any) {
	s.enqueue("events_api", key, map[string]any{
		"token": "verification", "team_id": TeamID, "api_app_id": "A0APP00001", "type": "event_callback",
		"event_id": s.world.id("Ev"), "event_time": time.Now().Unix(), "event": event,
	})
}

// Post is somebody writing a message: it enters the history and its event goes out, and an app_mention where the bot is
// named in a channel. A message without a user but with a BotID is a bot's. It returns the message's timestamp.
func (s *Server) Post(m Message) (ts string) {
	return s.PostAll([]Message{m}, false)[0]
}

// PostAll is Post for several messages at once; reversed: the events of the last come first.
func (s *Server) PostAll(messages []Message, reversed bool) (stamps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var events []func()
	for _, m := range messages {
		m.TS = s.world.stamp()
		for i := range m.Files {
			if m.Files[i].ID == "" {
				m.Files[i].ID = s.world.id("F")
			}
		}
		if len(m.Files) > 0 && m.SubType == "" {
			m.SubType = "file_share"
		}
		s.world.messages = append(s.world.messages, &m)
		stamps = append(stamps, m.TS)
		events = append(events, func() { s.tell(&m) })
	}
	for i := range events {
		if reversed {
			i = len(events) - 1 - i
		}
		events[i]()
	}
	s.dispatch()
	s.mu.Broadcast()
	return stamps
}

// tell puts the events of a message on their way. s.mu is held.
func (s *Server) tell(m *Message) {
	e := m.json(s, true)
	c := s.world.conversations[m.Channel]
	e["channel"], e["channel_type"], e["event_ts"] = m.Channel, c.Kind, m.TS
	s.event(m.TS, e)
	if c.Kind != IM && m.BotID == "" && strings.Contains(m.Text, "<@"+BotUser+">") {
		mention := maps.Clone(e)
		mention["type"] = "app_mention"
		delete(mention, "channel_type")
		delete(mention, "subtype")
		s.event(m.TS+":mention", mention)
	}
}

// Again hands out a message's event once more, as a new envelope.
func (s *Server) Again(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.world.find(channel, ts); m != nil {
		s.tell(m)
		s.dispatch()
		s.mu.Broadcast()
	}
}

// Event sends any event; key is the name under which its acknowledgement is found.
func (s *Server) Event(key string, event map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.event(key, event)
	s.dispatch()
	s.mu.Broadcast()
}

// Edit changes a message's text as its author, Delete takes it away: both go out as events with the given key.
func (s *Server) Edit(key, channel, ts, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.world.find(channel, ts)
	before := m.json(s, false)
	m.Text, m.Edited = text, true
	s.event(key, map[string]any{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": channel, "channel_type": s.world.conversations[channel].Kind,
		"ts": s.world.stamp(), "message": m.json(s, false), "previous_message": before,
	})
	s.dispatch()
}

// Delete is described with Edit.
func (s *Server) Delete(key, channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.world.find(channel, ts)
	before := m.json(s, false)
	m.Deleted = true
	s.event(key, map[string]any{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": channel, "channel_type": s.world.conversations[channel].Kind,
		"ts": s.world.stamp(), "deleted_ts": ts, "previous_message": before,
	})
	s.dispatch()
}

// Command is somebody typing a slash command. The key finds the acknowledgement and the answers.
func (s *Server) Command(key, command, user, channel, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.world.conversations[channel].Name
	if s.world.conversations[channel].Kind == IM {
		name = "directmessage"
	}
	s.enqueue("slash_commands", key, map[string]any{
		"token": "verification", "team_id": TeamID, "team_domain": "fake", "channel_id": channel, "channel_name": name,
		"user_id": user, "user_name": s.world.users[user].Name, "command": command, "text": text, "api_app_id": "A0APP00001",
		"response_url": s.url + "/commands/" + key, "trigger_id": "trigger." + key,
	})
	s.dispatch()
	s.mu.Broadcast()
}

// Response is an answer to a slash command over its response_url.
type Response struct {
	Key  string `json:"-"`
	Type string `json:"response_type"`
	Text string `json:"text"`
}

// Responses are the answers to all slash commands, oldest first.
func (s *Server) Responses() []Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Response(nil), s.respond...)
}

func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/commands/")
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var answer Response
	if err != nil || json.Unmarshal(body, &answer) != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	answer.Key = key
	s.mu.Lock()
	defer s.mu.Unlock()
	used := 0
	for _, a := range s.respond {
		if a.Key == key {
			used++
		}
	}
	if used >= 5 { // the platform's limit
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	s.respond = append(s.respond, answer)
	s.mu.Broadcast()
	fmt.Fprint(w, "ok")
}
