package telegramfake

import (
	"encoding/json"
	"net/http"
	"slices"
)

// doing are the methods that change or tell something about messages and chats. s.mu is held.
var doing = map[string]func(*Server, call) answer{
	"setMessageReaction": (*Server).react,
	"editMessageText":    (*Server).edit,
	"editMessageCaption": (*Server).edit,
	"deleteMessage":      (*Server).delete,
	"pinChatMessage":     (*Server).pin,
	"unpinChatMessage":   (*Server).pin,
	"sendPoll":           (*Server).poll,
	"getChat":            (*Server).chat,
	"getChatMember":      (*Server).member,
}

// reactions is a part of those that the platform lets a bot use.
var reactions = []string{"👍", "👎", "❤", "🔥", "🎉", "🤔", "👀"}

func (s *Server) react(c call) answer {
	var list []struct{ Type, Emoji string }
	if err := json.Unmarshal([]byte(c.params["reaction"]), &list); err != nil {
		return refuse(http.StatusBadRequest, "Bad Request: can't parse reaction")
	}
	key := [2]string{c.params["chat_id"], c.params["message_id"]}
	switch {
	case len(list) == 0:
		delete(s.reacted, key)
	case len(list) > 1:
		return refuse(http.StatusBadRequest, "Bad Request: REACTIONS_TOO_MANY")
	case list[0].Type != "emoji" || !slices.Contains(reactions, list[0].Emoji):
		return refuse(http.StatusBadRequest, "Bad Request: REACTION_INVALID")
	default:
		s.reacted[key] = list[0].Emoji
	}
	return accept(true)
}

// Reacted is the bot's reaction under a message, "" for none.
func (s *Server) Reacted(chat, message string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reacted[[2]string{chat, message}]
}

// Pinned tells whether the bot has pinned a message.
func (s *Server) Pinned(chat, message string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pinned[[2]string{chat, message}]
}

// find is the place of a message of ours in s.sent, or -1.
func (s *Server) find(c call) int {
	return slices.IndexFunc(s.sent, func(m Sent) bool {
		return m.Chat == c.params["chat_id"] && m.MessageID == parseID(c.params["message_id"])
	})
}

func (s *Server) edit(c call) answer {
	i := s.find(c)
	if i < 0 {
		return refuse(http.StatusBadRequest, "Bad Request: message to edit not found")
	}
	written := s.sent[i].Method == "sendMessage"
	said := c.params["caption"]
	if c.method == "editMessageText" {
		if said = c.params["text"]; !written {
			return refuse(http.StatusBadRequest, "Bad Request: there is no text in the message to edit")
		}
	}
	if c.params["parse_mode"] == "HTML" {
		if _, complaint := readHTML(said); complaint != "" {
			return refuse(http.StatusBadRequest, "Bad Request: can't parse entities: "+complaint)
		}
	}
	if said == s.sent[i].Text {
		return refuse(http.StatusBadRequest, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	s.sent[i].Text = said
	return accept(map[string]any{"message_id": s.sent[i].MessageID, "chat": map[string]any{"id": parseID(s.sent[i].Chat), "type": "private"}})
}

func (s *Server) delete(c call) answer {
	i := s.find(c)
	if i < 0 {
		return refuse(http.StatusBadRequest, "Bad Request: message to delete not found")
	}
	s.sent = slices.Delete(s.sent, i, i+1)
	return accept(true)
}

func (s *Server) pin(c call) answer {
	s.pinned[[2]string{c.params["chat_id"], c.params["message_id"]}] = c.method == "pinChatMessage"
	return accept(true)
}

func (s *Server) poll(c call) answer {
	var options []struct{ Text string }
	if err := json.Unmarshal([]byte(c.params["options"]), &options); err != nil || len(options) < 2 {
		return refuse(http.StatusBadRequest, "Bad Request: poll must have at least 2 option")
	}
	m := Sent{Method: c.method, MessageID: s.nextMsg, Chat: c.params["chat_id"], Text: c.params["question"], Params: c.params}
	s.nextMsg++
	s.sent = append(s.sent, m)
	return accept(map[string]any{"message_id": m.MessageID, "chat": map[string]any{"id": parseID(m.Chat), "type": "private"}})
}

func (s *Server) chat(c call) answer {
	id := parseID(c.params["chat_id"])
	switch {
	case id == 0:
		return refuse(http.StatusBadRequest, "Bad Request: chat not found")
	case id < 0:
		return accept(map[string]any{"id": id, "type": "supergroup", "title": "Friends", "description": "who like each other"})
	}
	return accept(map[string]any{"id": id, "type": "private", "first_name": "Ann", "username": "annlee"})
}

func (s *Server) member(c call) answer {
	id := parseID(c.params["user_id"])
	if id == 0 {
		return refuse(http.StatusBadRequest, "Bad Request: user not found")
	}
	return accept(map[string]any{"status": "member", "user": person(id)})
}
