package discordfake

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// call is a slash command that a person has called.
type call struct {
	id, user string
	answer   Object // of the first response: type and data
	dead     bool
}

// Call has a person call a slash command in a channel, and returns the interaction's id.
func (s *Server) Call(user, channelID, command, prompt string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	token := "PLANTED-interaction-" + id
	s.pending[token] = &call{id: id, user: user}
	i := Object{
		"id": id, "application_id": AppID, "type": 2, "token": token, "channel_id": channelID, "version": 1,
		"data": Object{"id": "1", "type": 1, "name": command, "options": []Object{{"name": "prompt", "type": 3, "value": prompt}}},
	}
	if g, ok := s.channels[channelID].Object["guild_id"]; ok {
		i["guild_id"], i["member"] = g, Object{"user": s.users[user], "roles": []string{}}
	} else {
		i["user"] = s.users[user]
	}
	s.dispatch("INTERACTION_CREATE", i)
	return id
}

// WaitAnswer waits for the first response to a call.
func (s *Server) WaitAnswer(ctx context.Context, id string) error {
	return s.Wait(ctx, func() bool { return s.response(id) != nil })
}

// Answer is the first response to a call; nil while there is none.
func (s *Server) Answer(id string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.response(id)
}

func (s *Server) response(id string) Object {
	for _, c := range s.pending {
		if c.id == id {
			return c.answer
		}
	}
	return nil
}

// ExpireCalls makes the tokens of all calls worthless.
func (s *Server) ExpireCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.pending {
		c.dead = true
	}
}

func (s *Server) serveCallback(w http.ResponseWriter, r *http.Request) {
	var b Object
	if json.NewDecoder(r.Body).Decode(&b) != nil {
		refuse(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pending[r.PathValue("token")]
	switch {
	case c == nil || c.dead:
		refuse(w, http.StatusNotFound, 10062, "Unknown interaction")
	case c.answer != nil:
		refuse(w, http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	default:
		c.answer = b
		s.mu.Broadcast()
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) serveOriginal(w http.ResponseWriter, r *http.Request) { s.fill(w, r) }
func (s *Server) serveFollowup(w http.ResponseWriter, r *http.Request) { s.fill(w, r) }

// fill keeps an answer to a call as a message of the person's own chat.
func (s *Server) fill(w http.ResponseWriter, r *http.Request) {
	p, err := readPosting(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, 50109, "%v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pending[r.PathValue("token")]
	if c == nil || c.dead || c.answer == nil {
		refuse(w, http.StatusNotFound, 10015, "Unknown Webhook")
		return
	}
	how := "original "
	if strings.HasSuffix(r.URL.Path, r.PathValue("token")) {
		how = "followup "
	}
	m := &Message{ID: s.id(), Channel: "interaction", Content: p.Content, Author: s.users[BotID], chat: how + c.id, files: p.files}
	s.posted = append(s.posted, m)
	s.mu.Broadcast()
	write(w, 200, Object{"id": m.ID, "channel_id": AnnDM, "content": m.Content})
}

// Chat is where a posted message went: a channel's id, or "original" or "followup" and the id of the call it answers.
func (m *Message) Chat() string { return m.chat }
