package discordfake

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// routes are the REST calls, without the version.
func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /gateway", s.serveGateway)
	s.mux.HandleFunc("GET /attachments/", s.serveFile)
	for route, h := range map[string]http.HandlerFunc{
		"GET gateway/bot":                                                    s.serveGatewayBot,
		"GET users/@me":                                                      func(w http.ResponseWriter, _ *http.Request) { write(w, 200, s.users[BotID]) },
		"POST users/@me/channels":                                            s.serveOpenDM,
		"GET channels/{channel}":                                             s.serveChannel,
		"GET channels/{channel}/messages":                                    s.serveMessages,
		"POST channels/{channel}/messages":                                   s.servePost,
		"GET channels/{channel}/messages/{message}":                          s.withMessage(func(w http.ResponseWriter, _ *http.Request, m *Message) { write(w, 200, s.asRead(m)) }),
		"PATCH channels/{channel}/messages/{message}":                        s.withMessage(s.edit),
		"DELETE channels/{channel}/messages/{message}":                       s.withMessage(s.remove),
		"PUT channels/{channel}/pins/{message}":                              s.withMessage(pin(true)),
		"DELETE channels/{channel}/pins/{message}":                           s.withMessage(pin(false)),
		"GET channels/{channel}/pins":                                        s.servePins,
		"PUT channels/{channel}/messages/{message}/reactions/{emoji}/@me":    s.withMessage(react),
		"DELETE channels/{channel}/messages/{message}/reactions/{emoji}/@me": s.withMessage(unreact),
		"GET channels/{channel}/messages/{message}/reactions/{emoji}":        s.withMessage(s.reactors),
		"POST channels/{channel}/typing":                                     accept,
		"POST channels/{channel}/threads":                                    s.serveThread,
		"POST channels/{channel}/messages/{message}/threads":                 s.serveThread,
		"GET channels/{channel}/threads/archived/public": func(w http.ResponseWriter, _ *http.Request) {
			write(w, 200, Object{"threads": []Object{}, "members": []Object{}})
		},
		"GET guilds/{guild}":                                s.serveGuild,
		"GET guilds/{guild}/channels":                       s.serveChannels,
		"GET guilds/{guild}/threads/active":                 s.serveThreads,
		"GET guilds/{guild}/messages/search":                s.serveSearch,
		"GET guilds/{guild}/members/{user}":                 s.serveMember,
		"PATCH guilds/{guild}/members/{user}":               s.serveMember,
		"DELETE guilds/{guild}/members/{user}":              accept,
		"PUT guilds/{guild}/bans/{user}":                    accept,
		"PUT guilds/{guild}/members/{user}/roles/{role}":    accept,
		"DELETE guilds/{guild}/members/{user}/roles/{role}": accept,
		"GET guilds/{guild}/roles":                          func(w http.ResponseWriter, r *http.Request) { write(w, 200, s.guilds[r.PathValue("guild")]["roles"]) },
		"GET guilds/{guild}/voice-states/{user}": func(w http.ResponseWriter, r *http.Request) {
			write(w, 200, Object{"user_id": r.PathValue("user"), "channel_id": General})
		},
		"GET guilds/{guild}/emojis":                       s.list("emojis"),
		"POST guilds/{guild}/emojis":                      s.add("emojis"),
		"GET guilds/{guild}/stickers":                     s.list("stickers"),
		"POST guilds/{guild}/stickers":                    s.add("stickers"),
		"GET guilds/{guild}/scheduled-events":             s.list("events"),
		"POST guilds/{guild}/scheduled-events":            s.add("events"),
		"GET applications/{app}/commands":                 s.list("commands"),
		"POST applications/{app}/commands":                s.add("commands"),
		"POST interactions/{id}/{token}/callback":         s.serveCallback,
		"PATCH webhooks/{app}/{token}/messages/@original": s.serveOriginal,
		"POST webhooks/{app}/{token}":                     s.serveFollowup,
	} {
		method, path, _ := strings.Cut(route, " ")
		for _, version := range []string{"/api/v9/", "/api/v10/"} {
			s.mux.HandleFunc(method+" "+version+path, s.guard(route, h))
		}
	}
}

// guard checks the token and keeps books.
func (s *Server) guard(route string, h http.HandlerFunc) http.HandlerFunc {
	open := strings.Contains(route, "{token}") // these addresses are their own credential
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		req := Request{Method: r.Method, Query: r.URL.RawQuery, Reason: r.Header.Get("X-Audit-Log-Reason")}
		req.Path = strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v9/"), "/api/v10/")
		_ = json.Unmarshal(b, &req.Body) // some have no body, some are multipart
		s.mu.Lock()
		s.calls[route]++
		s.requests = append(s.requests, req)
		s.mu.Broadcast()
		revoked := s.faults.revoked
		s.mu.Unlock()
		if !open && (revoked || r.Header.Get("Authorization") != "Bot "+s.opt.Token) {
			refuse(w, http.StatusUnauthorized, 0, "401: Unauthorized")
			return
		}
		h(w, r)
	}
}

func accept(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func (s *Server) serveGatewayBot(w http.ResponseWriter, _ *http.Request) {
	if s.refusesLink(w) {
		return
	}
	write(w, 200, Object{"url": s.gatewayURL(), "shards": 1, "session_start_limit": Object{"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}})
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.mime)
	_, _ = w.Write(f.data) // the client may be gone
}

func (s *Server) serveOpenDM(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Recipient string `json:"recipient_id"`
	}
	_ = json.NewDecoder(r.Body).Decode(&b)
	s.mu.Lock()
	user, id := s.users[b.Recipient], s.dms[b.Recipient]
	if user != nil && id == "" {
		id = s.id()
		s.dms[b.Recipient] = id
		s.channels[id] = &channel{Object: Object{"id": id, "type": 1, "recipients": []Object{user}}}
	}
	c := s.channels[id]
	s.mu.Unlock()
	if user == nil {
		refuse(w, http.StatusBadRequest, 50033, "Invalid Recipient(s)")
		return
	}
	write(w, 200, c.Object)
}

func (s *Server) serveChannel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[r.PathValue("channel")]
	if c == nil {
		refuse(w, http.StatusNotFound, 10003, "Unknown Channel")
		return
	}
	write(w, 200, c.describe())
}

// withMessage finds the message that a path names. The handler is called with the server locked.
func (s *Server) withMessage(h func(http.ResponseWriter, *http.Request, *Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		m := s.find(r.PathValue("message"))
		if m == nil || m.Channel != r.PathValue("channel") {
			refuse(w, http.StatusNotFound, 10008, "Unknown Message")
			return
		}
		h(w, r, m)
	}
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request, m *Message) {
	if m.Author["id"] != BotID {
		refuse(w, http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
		return
	}
	var b struct {
		Content string `json:"content"`
	}
	_ = json.NewDecoder(r.Body).Decode(&b)
	m.Content = b.Content
	write(w, 200, s.asRead(m))
}

func (s *Server) remove(w http.ResponseWriter, _ *http.Request, m *Message) {
	c := s.channels[m.Channel]
	c.messages = slices.DeleteFunc(c.messages, func(x *Message) bool { return x == m })
	w.WriteHeader(http.StatusNoContent)
}

func pin(on bool) func(http.ResponseWriter, *http.Request, *Message) {
	return func(w http.ResponseWriter, _ *http.Request, m *Message) {
		m.Pinned = on
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) servePins(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Message{}
	if c := s.channels[r.PathValue("channel")]; c != nil {
		for _, m := range c.messages {
			if m.Pinned {
				out = append(out, s.asRead(m))
			}
		}
	}
	write(w, 200, out)
}

func react(w http.ResponseWriter, r *http.Request, m *Message) {
	e := r.PathValue("emoji")
	if !slices.Contains(m.reactors[e], BotID) {
		m.reactors[e] = append(m.reactors[e], BotID)
		m.Reactions = append(m.Reactions, Object{"count": 1, "me": true, "emoji": Object{"name": e}})
	}
	w.WriteHeader(http.StatusNoContent)
}

func unreact(w http.ResponseWriter, r *http.Request, m *Message) {
	e := r.PathValue("emoji")
	m.reactors[e] = slices.DeleteFunc(m.reactors[e], func(u string) bool { return u == BotID })
	m.Reactions = slices.DeleteFunc(m.Reactions, func(o Object) bool { return o["emoji"].(Object)["name"] == e })
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) reactors(w http.ResponseWriter, r *http.Request, m *Message) {
	out := []Object{}
	for _, u := range m.reactors[r.PathValue("emoji")] {
		out = append(out, s.users[u])
	}
	write(w, 200, out)
}

func (s *Server) serveThread(w http.ResponseWriter, r *http.Request) {
	var b struct {
		Name string `json:"name"`
	}
	_ = json.NewDecoder(r.Body).Decode(&b)
	parent := r.PathValue("channel")
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("message")
	if id == "" {
		id = s.id()
	}
	c := Object{"id": id, "name": b.Name, "type": 11, "parent_id": parent, "guild_id": Guild}
	s.channels[id] = &channel{Object: c}
	s.dispatch("THREAD_CREATE", c)
	write(w, http.StatusCreated, c)
}

func (s *Server) serveGuild(w http.ResponseWriter, r *http.Request) {
	g := s.guilds[r.PathValue("guild")]
	if g == nil {
		refuse(w, http.StatusNotFound, 10004, "Unknown Guild")
		return
	}
	write(w, 200, g)
}

func (s *Server) serveChannels(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	write(w, 200, s.describe(r.PathValue("guild"))["channels"])
}

func (s *Server) serveThreads(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	write(w, 200, Object{"threads": s.describe(r.PathValue("guild"))["threads"], "members": []Object{}})
}

func (s *Server) serveSearch(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := [][]Message{}
	for _, c := range s.channels {
		for _, m := range c.messages {
			if c.Object["guild_id"] == r.PathValue("guild") && strings.Contains(m.Content, r.URL.Query().Get("content")) {
				out = append(out, []Message{s.asRead(m)})
			}
		}
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	write(w, 200, Object{"total_results": len(out), "messages": out[:min(limit, len(out))]})
}

func (s *Server) serveMember(w http.ResponseWriter, r *http.Request) {
	u := s.users[r.PathValue("user")]
	if u == nil {
		refuse(w, http.StatusNotFound, 10007, "Unknown Member")
		return
	}
	roles := []string{}
	if u["id"] == BotID {
		roles = append(roles, BotRole)
	}
	write(w, 200, Object{"user": u, "roles": roles, "joined_at": time.Unix(1700000000, 0).UTC().Format(time.RFC3339)})
}

func (s *Server) list(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		write(w, 200, append([]Object{}, s.lists[name]...))
	}
}

func (s *Server) add(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := Object{}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			_ = r.ParseMultipartForm(1 << 20)
			for k := range r.MultipartForm.Value {
				o[k] = r.FormValue(k)
			}
		} else if json.NewDecoder(r.Body).Decode(&o) != nil {
			refuse(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(o, "image")
		o["id"] = s.id()
		s.lists[name] = append(s.lists[name], o)
		write(w, http.StatusCreated, o)
	}
}

// Commands are the slash commands that were registered.
func (s *Server) Commands() []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lists["commands"])
}
