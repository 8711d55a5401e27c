package discordfake

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// Message is a message of a channel.
type Message struct {
	ID          string              `json:"id"`
	Channel     string              `json:"channel_id"`
	Guild       string              `json:"guild_id,omitempty"` // in events only
	Author      Object              `json:"author"`
	Member      Object              `json:"member,omitempty"`
	Content     string              `json:"content"`
	Time        string              `json:"timestamp,omitempty"`
	Type        int                 `json:"type"`
	Mentions    []Object            `json:"mentions"`
	Roles       []string            `json:"mention_roles,omitempty"`
	Everyone    bool                `json:"mention_everyone,omitempty"`
	Attachments []Object            `json:"attachments"`
	Reference   Object              `json:"message_reference,omitempty"`
	Referenced  *Message            `json:"referenced_message,omitempty"`
	Snapshots   []Object            `json:"message_snapshots,omitempty"`
	Stickers    []Object            `json:"sticker_items,omitempty"`
	Poll        Object              `json:"poll,omitempty"`
	Nonce       string              `json:"nonce,omitempty"`
	Pinned      bool                `json:"pinned,omitempty"`
	Reactions   []Object            `json:"reactions,omitempty"`
	reactors    map[string][]string // by emoji

	seqs  map[*session]int64
	files []providertest.File
	chat  string // where a test finds it; the channel, or "user:<id>" for what answers a command
}

// Say has a person write. change may alter the message before it goes out. It returns the message's id.
func (s *Server) Say(author, channelID, text string, change func(*Message), files ...providertest.File) string {
	return s.say(author, channelID, []string{text}, change, files)[0]
}

// SayAll is Say for some messages at once. reversed: the last one is dispatched first.
func (s *Server) SayAll(author, channelID string, texts []string, reversed bool) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*Message
	var ids []string
	for _, text := range texts {
		m := s.make(author, channelID, text)
		list, ids = append(list, m), append(ids, m.ID)
	}
	if reversed {
		slices.Reverse(list)
	}
	for _, m := range list {
		s.publish(m)
	}
	return ids
}

func (s *Server) say(author, channelID string, texts []string, change func(*Message), files []providertest.File) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		m := s.make(author, channelID, text)
		for _, f := range files {
			m.Attachments = append(m.Attachments, s.attach(m, f))
		}
		if change != nil {
			change(m)
		}
		s.publish(m)
		ids = append(ids, m.ID)
	}
	return ids
}

// make puts a message into its channel. s.mu is held.
func (s *Server) make(author, channelID, text string) *Message {
	c := s.channels[channelID]
	m := &Message{
		ID: s.id(), Channel: channelID, Author: s.users[author], Content: text, chat: channelID,
		Time: time.Now().UTC().Format(time.RFC3339Nano), Mentions: []Object{}, Attachments: []Object{},
		seqs: map[*session]int64{}, reactors: map[string][]string{},
	}
	if g, ok := c.Object["guild_id"].(string); ok {
		m.Guild = g
		m.Member = Object{"nick": nil, "roles": []string{}}
	}
	if strings.Contains(text, "<@"+BotID+">") {
		m.Mentions = append(m.Mentions, s.users[BotID])
	}
	c.messages = append(c.messages, m)
	return m
}

// publish dispatches a message. s.mu is held.
func (s *Server) publish(m *Message) {
	for _, x := range s.sessions {
		m.seqs[x] = int64(len(x.events) + 1)
	}
	shown := *m
	s.dispatch("MESSAGE_CREATE", &shown)
}

func (s *Server) attach(m *Message, f providertest.File) Object {
	path := "/attachments/" + m.Channel + "/" + m.ID + "/" + strconv.Itoa(len(m.Attachments)) + "/" + f.Name
	s.files[path] = file{mime: f.MIME, data: f.Data}
	m.files = append(m.files, f)
	return Object{"id": s.id(), "filename": f.Name, "content_type": f.MIME, "size": len(f.Data), "url": s.url + path}
}

// Again dispatches a message once more.
func (s *Server) Again(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(id); m != nil {
		shown := *m
		s.dispatch("MESSAGE_CREATE", &shown)
	}
}

// find looks for a message everywhere. s.mu is held.
func (s *Server) find(id string) *Message {
	for _, c := range s.channels {
		for _, m := range c.messages {
			if m.ID == id {
				return m
			}
		}
	}
	return nil
}

// Acked tells whether the platform was told that a message was taken: by the sequence number of a heartbeat or a resume,
// or because somebody asked for what comes after it.
func (s *Server) Acked(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isAcked(id)
}

func (s *Server) isAcked(id string) bool {
	m := s.find(id)
	if m == nil {
		return false
	}
	for x, seq := range m.seqs {
		if x.acked >= seq {
			return true
		}
	}
	after := s.channels[m.Channel].after
	return len(after) > len(id) || len(after) == len(id) && after >= id
}

// Posted is what the bot has posted, oldest first.
func (s *Server) Posted() []*Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posted)
}

// serveMessages lists a channel's messages as the real platform does: the newest first.
func (s *Server) serveMessages(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[r.PathValue("channel")]
	if c == nil {
		refuse(w, http.StatusNotFound, 10003, "Unknown Channel")
		return
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if limit < 1 || limit > 100 {
		limit = 50
	}
	list := slices.Clone(c.messages)
	if q := r.URL.Query(); q.Has("after") {
		after := number(q.Get("after"))
		list = slices.DeleteFunc(list, func(m *Message) bool { return number(m.ID) <= after })
		list = list[:min(limit, len(list))]
		if number(c.after) < after {
			c.after = q.Get("after")
			s.mu.Broadcast()
		}
	} else if q.Has("before") {
		before := number(q.Get("before"))
		list = slices.DeleteFunc(list, func(m *Message) bool { return number(m.ID) >= before })
	} else if q.Has("around") {
		at := number(q.Get("around"))
		i := slices.IndexFunc(list, func(m *Message) bool { return number(m.ID) >= at })
		list = list[max(0, i-limit/2):]
		list = list[:min(limit, len(list))]
	}
	list = list[max(0, len(list)-limit):]
	slices.Reverse(list)
	out := make([]Message, 0, len(list))
	for _, m := range list {
		out = append(out, s.asRead(m))
	}
	write(w, http.StatusOK, out)
}

// asRead is a message as the REST side shows it. s.mu is held.
func (s *Server) asRead(m *Message) Message {
	shown := *m
	shown.Guild, shown.Member = "", nil
	if !s.opt.ShowNonce {
		shown.Nonce = ""
	}
	return shown
}

func number(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// posting is the body of a message that is posted.
type posting struct {
	Content   string         `json:"content"`
	Nonce     string         `json:"nonce"`
	Enforce   bool           `json:"enforce_nonce"`
	Reference Object         `json:"message_reference"`
	Stickers  []string       `json:"sticker_ids"`
	Poll      map[string]any `json:"poll"`
	files     []providertest.File
}

func readPosting(r *http.Request) (p posting, err error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(b, &p)
		}
		return p, err
	}
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		return p, err
	}
	defer r.MultipartForm.RemoveAll()
	if err := json.Unmarshal([]byte(r.FormValue("payload_json")), &p); err != nil {
		return p, err
	}
	for _, list := range r.MultipartForm.File {
		for _, h := range list {
			f, err := h.Open()
			if err != nil {
				return p, err
			}
			var b bytes.Buffer
			_, err = b.ReadFrom(f)
			f.Close()
			if err != nil {
				return p, err
			}
			p.files = append(p.files, providertest.File{Name: h.Filename, MIME: h.Header.Get("Content-Type"), Data: b.Bytes()})
		}
	}
	return p, nil
}

// servePost takes a message of the bot, with the fault that waits for it.
func (s *Server) servePost(w http.ResponseWriter, r *http.Request) {
	p, err := readPosting(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, 50109, "%v", err)
		return
	}
	channelID := r.PathValue("channel")
	s.mu.Lock()
	fault := s.nextPost()
	s.mu.Unlock()
	if misbehaves(w, fault) {
		return
	}
	s.mu.Lock()
	c := s.channels[channelID]
	switch {
	case c == nil:
		s.mu.Unlock()
		refuse(w, http.StatusNotFound, 10003, "Unknown Channel")
		return
	case len([]rune(p.Content)) > 2000:
		s.mu.Unlock()
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: content: Must be 2000 or fewer in length.")
		return
	case len(p.Nonce) > 25:
		s.mu.Unlock()
		refuse(w, http.StatusBadRequest, 50035, "Invalid Form Body: nonce")
		return
	case p.Content == "" && len(p.files) == 0 && len(p.Stickers) == 0 && p.Poll == nil:
		s.mu.Unlock()
		refuse(w, http.StatusBadRequest, 50006, "Cannot send an empty message")
		return
	}
	m := s.nonces[channelID+" "+p.Nonce]
	if m == nil || !p.Enforce || p.Nonce == "" {
		m = s.post(channelID, channelID, p)
	}
	shown := *m
	shown.Guild = ""
	s.mu.Unlock()
	switch fault {
	case providertest.SendDropAfter:
		cut(w)
	case providertest.SendSilence:
		<-r.Context().Done()
	default:
		write(w, http.StatusOK, shown)
	}
}

// post keeps a message of the bot. s.mu is held.
func (s *Server) post(channelID, chat string, p posting) *Message {
	m := s.make(BotID, channelID, p.Content)
	m.Nonce, m.Reference, m.Poll, m.chat = p.Nonce, p.Reference, p.Poll, chat
	for _, id := range p.Stickers {
		m.Stickers = append(m.Stickers, Object{"id": id, "name": "sticker"})
	}
	for _, f := range p.files {
		m.Attachments = append(m.Attachments, s.attach(m, f))
	}
	if p.Nonce != "" {
		s.nonces[channelID+" "+p.Nonce] = m
	}
	s.posted = append(s.posted, m)
	s.publish(m)
	return m
}

// WaitAcked waits for Acked.
func (s *Server) WaitAcked(ctx context.Context, id string) error {
	return s.Wait(ctx, func() bool { return s.isAcked(id) })
}

// WaitPosted waits until the bot has posted n messages.
func (s *Server) WaitPosted(ctx context.Context, n int) error {
	return s.Wait(ctx, func() bool { return len(s.posted) >= n })
}

// Host serves a file and returns its address.
func (s *Server) Host(f providertest.File) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := "/attachments/0/" + s.id() + "/" + f.Name
	s.files[path] = file{mime: f.MIME, data: f.Data}
	return s.url + path
}
