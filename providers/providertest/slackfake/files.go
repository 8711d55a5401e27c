package slackfake

import (
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// upload is a file on its way in.
type upload struct {
	name   string
	size   int
	data   []byte
	done   bool              // the bytes are here
	shares map[string]string // channel: timestamp
}

// fileMethod is a method of the upload in three steps. s.mu is held.
func (s *Server) fileMethod(method string, p params) answer {
	switch method {
	case "files.getUploadURLExternal":
		size, err := strconv.Atoi(p["length"])
		if err != nil || size <= 0 || p["filename"] == "" {
			return refuse("invalid_arguments")
		}
		id := s.world.id("F")
		s.uploads[id] = &upload{name: p["filename"], size: size, shares: map[string]string{}}
		return accept(map[string]any{"upload_url": s.url + "/upload/" + id, "file_id": id})
	case "files.completeUploadExternal":
		return s.complete(p)
	}
	u := s.uploads[p["file"]]
	if u == nil || !u.done {
		return refuse("file_not_found")
	}
	private := map[string]any{}
	for channel, ts := range u.shares {
		private[channel] = []map[string]any{{"ts": ts}}
	}
	return accept(map[string]any{"file": map[string]any{"id": p["file"], "name": u.name, "size": u.size, "shares": map[string]any{"private": private}}})
}

func (s *Server) complete(p params) answer {
	var files []struct{ ID, Title string }
	if json.Unmarshal([]byte(p["files"]), &files) != nil || len(files) == 0 {
		return refuse("invalid_arguments")
	}
	if _, ok := s.world.conversations[p["channel_id"]]; !ok {
		return refuse("channel_not_found")
	}
	m := &Message{
		Channel: p["channel_id"], TS: s.world.stamp(), User: BotUser, BotID: BotID, Text: p["initial_comment"], Thread: p["thread_ts"], SubType: "file_share",
	}
	list := []map[string]any{}
	for _, f := range files {
		u := s.uploads[f.ID]
		if u == nil || !u.done {
			return refuse("file_not_found")
		}
		u.shares[m.Channel] = m.TS
		m.Files = append(m.Files, File{ID: f.ID, Name: u.name, MIME: http.DetectContentType(u.data), Data: u.data})
		list = append(list, map[string]any{"id": f.ID, "title": f.Title})
	}
	s.world.messages = append(s.world.messages, m)
	s.tell(m)
	s.dispatch()
	return accept(map[string]any{"files": list})
}

// serveUpload takes the bytes of a file, as a form or as they are.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls["upload"]++
	cut := s.cut
	fault, faulty := s.nextFault("upload")
	s.mu.Unlock()
	if faulty {
		misbehave(w, r, fault, cut, func() answer { return refuse("not done") })
		return
	}
	data, err := uploaded(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[strings.TrimPrefix(r.URL.Path, "/upload/")]
	if err != nil || u == nil || len(data) != u.size {
		http.Error(w, "bad upload", http.StatusBadRequest)
		return
	}
	u.data, u.done = data, true
	_, _ = io.WriteString(w, "OK - "+strconv.Itoa(len(data))) // the client has gone; nobody to tell
}

func uploaded(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return io.ReadAll(r.Body)
	}
	form, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	var part *multipart.Part
	if part, err = form.NextPart(); err != nil {
		return nil, err
	}
	return io.ReadAll(part)
}

// serveFile is url_private: it needs the bot's token, and shows the page for people otherwise.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	id := strings.Split(strings.TrimPrefix(r.URL.Path, "/files-pri/"), "/")[0]
	s.mu.Lock()
	s.calls["files-pri"]++
	cut := s.cut
	fault, faulty := s.nextFault("files-pri")
	var file *File
	for _, m := range s.world.messages {
		if i := slices.IndexFunc(m.Files, func(f File) bool { return f.ID == id }); i >= 0 {
			file = &m.Files[i]
		}
	}
	s.mu.Unlock()
	switch {
	case faulty && fault.Error == "signin":
		signIn(w)
	case faulty:
		misbehave(w, r, fault, cut, func() answer { return refuse("not done") })
	case r.Header.Get("Authorization") != "Bearer "+s.opt.BotToken:
		signIn(w)
	case file == nil:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", file.MIME)
		_, _ = w.Write(file.Data) // the client has gone; nobody to tell
	}
}
