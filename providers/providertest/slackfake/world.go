package slackfake

import (
	"fmt"
	"slices"
	"time"
)

// User is a person of the workspace.
type User struct {
	ID, Name, RealName, DisplayName string
	Bot                             bool
}

// Kinds of conversation, as events name them.
const (
	IM      = "im"
	MPIM    = "mpim"
	Public  = "channel"
	Private = "group"
)

// Conversation is a place where people write.
type Conversation struct {
	ID, Name, Kind string
	User           string // with IM: the other side
}

// File is what somebody has shared.
type File struct {
	ID, Name, MIME string
	Data           []byte
	Size           int    // as the platform says; 0 = of Data
	External       string // an address elsewhere, as remote files have it
}

// Message is one message of a conversation's history.
type Message struct {
	Channel, TS, User, BotID, Text, Thread, SubType string
	Files                                           []File
	Metadata                                        map[string]any
	Deleted, Edited, Pinned                         bool
	Reactions                                       map[string][]string
}

// world is what the workspace holds.
type world struct {
	users         map[string]User
	conversations map[string]Conversation
	order         []string // conversation ids
	messages      []*Message
	emoji         map[string]string
	lastTS        int64 // microseconds
	ids           int
}

func newWorld() world {
	return world{
		users:         map[string]User{BotUser: {ID: BotUser, Name: BotName, RealName: "Clawd Bot", Bot: true}},
		conversations: map[string]Conversation{},
		emoji:         map[string]string{"shipit": "https://emoji.invalid/shipit.png"},
	}
}

// stamp is the timestamp of a new message: unique, rising, near the wall clock.
func (w *world) stamp() string {
	w.lastTS = max(w.lastTS+1, time.Now().UnixMicro())
	return timestamp(w.lastTS)
}

func timestamp(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }

func (w *world) id(prefix string) string {
	w.ids++
	return fmt.Sprintf("%s%08d", prefix, w.ids)
}

func (w *world) find(channel, ts string) *Message {
	i := slices.IndexFunc(w.messages, func(m *Message) bool { return m.Channel == channel && m.TS == ts && !m.Deleted })
	if i < 0 {
		return nil
	}
	return w.messages[i]
}

// AddUser adds a person.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.users[u.ID] = u
}

// AddConversation adds a conversation that the bot is a member of, or gives one another name.
func (s *Server) AddConversation(c Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.world.conversations[c.ID]; !known {
		s.world.order = append(s.world.order, c.ID)
	}
	s.world.conversations[c.ID] = c
}

// Messages is the history of a conversation, oldest first, or of all with channel "".
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.history(channel, func(*Message) bool { return true })
}

// Sent is what the bot has written into a conversation, or anywhere with channel "", oldest first.
func (s *Server) Sent(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.history(channel, func(m *Message) bool { return m.BotID == BotID })
}

func (s *Server) history(channel string, want func(*Message) bool) (out []Message) {
	for _, m := range s.world.messages {
		if (channel == "" || m.Channel == channel) && !m.Deleted && want(m) {
			out = append(out, *m)
		}
	}
	return out
}

// json is a message as the platform shows it.
func (m *Message) json(s *Server, metadata bool) map[string]any {
	j := map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "team": TeamID}
	set := func(key, value string) {
		if value != "" {
			j[key] = value
		}
	}
	set("user", m.User)
	set("bot_id", m.BotID)
	set("thread_ts", m.Thread)
	set("subtype", m.SubType)
	if len(m.Files) > 0 {
		j["files"] = s.filesJSON(m.Files)
	}
	if metadata && m.Metadata != nil {
		j["metadata"] = m.Metadata
	}
	if m.Edited {
		j["edited"] = map[string]any{"user": m.User, "ts": m.TS}
	}
	var reactions []map[string]any
	for name, users := range m.Reactions {
		reactions = append(reactions, map[string]any{"name": name, "users": users, "count": len(users)})
	}
	if reactions != nil {
		j["reactions"] = reactions
	}
	replies, latest := 0, ""
	for _, r := range s.world.messages {
		if r.Channel == m.Channel && r.Thread == m.TS && r.TS != m.TS && !r.Deleted {
			replies, latest = replies+1, r.TS
		}
	}
	if replies > 0 {
		j["thread_ts"], j["reply_count"], j["latest_reply"] = m.TS, replies, latest
	}
	return j
}

func (s *Server) filesJSON(files []File) (out []map[string]any) {
	for _, f := range files {
		size, address := f.Size, s.url+"/files-pri/"+f.ID+"/"+f.Name
		if size == 0 {
			size = len(f.Data)
		}
		mode := "hosted"
		if f.External != "" {
			address, mode = f.External, "external"
		}
		out = append(out, map[string]any{
			"id": f.ID, "name": f.Name, "title": f.Name, "mimetype": f.MIME, "size": size, "mode": mode,
			"url_private": address, "url_private_download": address,
		})
	}
	return out
}
