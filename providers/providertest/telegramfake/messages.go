package telegramfake

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Sent is one message that the bot has sent.
type Sent struct {
	Method    string            `json:"method"` // sendMessage, sendPhoto, sendDocument
	MessageID int64             `json:"messageId"`
	Chat      string            `json:"chat"`
	Text      string            `json:"text"` // or the caption
	Params    map[string]string `json:"params"`
	File      []byte            `json:"file,omitempty"`
	FileName  string            `json:"fileName,omitempty"`
}

// Sent is every message sent so far, in order.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// WaitSent returns the messages sent so far as soon as there are n.
func (s *Server) WaitSent(ctx context.Context, n int) ([]Sent, error) {
	err := s.mu.Wait(ctx, func() bool { return len(s.sent) >= n })
	return s.Sent(), err
}

const (
	maxText    = 4096
	maxCaption = 1024
)

func (s *Server) send(c call) answer {
	chat := c.params["chat_id"]
	if chat == "" {
		return refuse(http.StatusBadRequest, "Bad Request: chat_id is empty")
	}
	text, limit, long := c.params["text"], maxText, "message is too long"
	if c.method != "sendMessage" {
		text, limit, long = c.params["caption"], maxCaption, "message caption is too long"
		if !c.isFile && c.params[fileField[c.method]] == "" {
			return refuse(http.StatusBadRequest, "Bad Request: there is no "+fileField[c.method]+" in the request")
		}
	} else if strings.TrimSpace(text) == "" {
		return refuse(http.StatusBadRequest, "Bad Request: message text is empty")
	}
	shown := text
	if c.params["parse_mode"] == "HTML" {
		var complaint string
		if shown, complaint = readHTML(text); complaint != "" {
			return refuse(http.StatusBadRequest, "Bad Request: can't parse entities: "+complaint)
		}
	}
	if len(utf16.Encode([]rune(shown))) > limit {
		return refuse(http.StatusBadRequest, "Bad Request: "+long)
	}
	if c.params["parse_mode"] == "Markdown" {
		if at := unclosed(text); at >= 0 {
			return refuse(http.StatusBadRequest,
				fmt.Sprintf("Bad Request: can't parse entities: Can't find end of the entity starting at byte offset %d", at))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := Sent{Method: c.method, MessageID: s.nextMsg, Chat: chat, Text: text, Params: c.params, File: c.file, FileName: c.fileName}
	s.nextMsg++
	s.sent = append(s.sent, m)
	s.mu.Broadcast()
	result := map[string]any{
		"message_id": m.MessageID,
		"date":       time.Now().Unix(),
		"chat":       map[string]any{"id": parseID(chat), "type": "private"},
		"from":       map[string]any{"id": s.opt.BotID, "is_bot": true, "username": s.opt.Username},
	}
	if c.method == "sendMessage" {
		result["text"] = text
	} else if text != "" {
		result["caption"] = text
	}
	return accept(result)
}

// fileField is the parameter that carries the file of a method.
var fileField = map[string]string{
	"sendPhoto": "photo", "sendDocument": "document", "sendVideo": "video", "sendAnimation": "animation", "sendVoice": "voice", "sendAudio": "audio",
}

// unclosed is the byte offset of the first legacy-Markdown entity without an end, or -1.
func unclosed(text string) int {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			if i+1 < len(text) && strings.IndexByte("_*`[", text[i+1]) >= 0 {
				i++
			}
		case '_', '*', '`', '[':
			end := string(c)
			if c == '[' {
				end = "]"
			} else if strings.HasPrefix(text[i:], "```") {
				end = "```"
			}
			n := strings.Index(text[i+len(end):], end)
			if n < 0 {
				return i
			}
			i += len(end) + n + len(end) - 1
		}
	}
	return -1
}

// PutFile makes getFile know an attachment.
func (s *Server) PutFile(id string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[id] = content
}

func (s *Server) getFile(c call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.params["file_id"]
	content, ok := s.files[id]
	if !ok {
		return refuse(http.StatusBadRequest, "Bad Request: invalid file_id")
	}
	return accept(map[string]any{"file_id": id, "file_unique_id": id, "file_size": len(content), "file_path": "files/" + id})
}

func (s *Server) serveFile(w http.ResponseWriter, path string) {
	s.mu.Lock()
	content, ok := s.files[strings.TrimPrefix(path, "files/")]
	s.mu.Unlock()
	if !ok {
		write(w, refuse(http.StatusNotFound, "Not Found"))
		return
	}
	_, _ = w.Write(content) // the client has gone; nobody to tell
}
