package discordfake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/coder/websocket"
)

// session is a gateway session with all its events. It outlives its socket.
type session struct {
	id     string
	events []event // seq i+1
	acked  int64   // of the last heartbeat or resume
}

type event struct {
	kind string
	data any
}

// socket is one connection to the gateway.
type socket struct {
	conn *websocket.Conn
	end  context.CancelFunc
	mute atomic.Bool
	sess *session // guarded by Server.mu
}

type frame struct {
	Op   int    `json:"op"`
	Data any    `json:"d"`
	Seq  int    `json:"s,omitempty"`
	Type string `json:"t,omitempty"`
}

// intents that the platform would ask for, of what a bot like ours needs.
const wantIntents = 1 | 512 | 1024 | 4096 | 8192 | 32768

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	if s.refusesLink(w) {
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	k := &socket{conn: conn, end: end}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.sockets[k] = true
	s.most = max(s.most, len(s.sockets))
	mute := s.faults.muteNew
	s.mu.Unlock()
	k.mute.Store(mute)
	defer func() {
		s.mu.Lock()
		delete(s.sockets, k)
		s.mu.Broadcast()
		s.mu.Unlock()
	}()
	s.talk(ctx, k)
}

// talk is the gateway's protocol, from hello on.
func (s *Server) talk(ctx context.Context, k *socket) {
	if k.send(ctx, frame{Op: 10, Data: Object{"heartbeat_interval": max(1, s.opt.Interval.Milliseconds())}}) != nil {
		return
	}
	pumping := false
	for {
		_, b, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		var f struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if json.Unmarshal(b, &f) != nil {
			k.conn.Close(4002, "Error while decoding payload.")
			return
		}
		switch f.Op {
		case 1:
			s.heartbeat(k, f.Data)
			_ = k.send(ctx, frame{Op: 11})
		case 2, 6:
			if pumping {
				k.conn.Close(4005, "Already authenticated.")
				return
			}
			next, ok := s.login(ctx, k, f.Op == 6, f.Data)
			if !ok {
				continue
			}
			pumping = true
			go s.pump(ctx, k, next, f.Op == 6)
		default:
			k.conn.Close(4001, "Unknown opcode.")
			return
		}
	}
}

func (k *socket) send(ctx context.Context, f frame) error {
	if k.mute.Load() {
		return nil
	}
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return k.conn.Write(ctx, websocket.MessageText, b)
}

func (s *Server) heartbeat(k *socket, data json.RawMessage) {
	var seq int64
	_ = json.Unmarshal(data, &seq) // null before the first event
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.sess != nil {
		k.sess.acked = max(k.sess.acked, seq)
		s.mu.Broadcast()
	}
}

// login answers identify and resume. It says from which event on the socket is served.
func (s *Server) login(ctx context.Context, k *socket, resume bool, data json.RawMessage) (next int, ok bool) {
	var d struct {
		Token    string `json:"token"`
		Session  string `json:"session_id"`
		Seq      int64  `json:"seq"`
		Intents  int    `json:"intents"`
		Compress bool   `json:"compress"`
	}
	if json.Unmarshal(data, &d) != nil || d.Compress {
		k.conn.Close(4002, "Error while decoding payload.")
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case d.Token != s.opt.Token || s.faults.revoked:
		go k.conn.Close(4004, "Authentication failed.")
		return 0, false
	case s.faults.closeLogin != 0:
		go k.conn.Close(websocket.StatusCode(s.faults.closeLogin), "")
		return 0, false
	case resume && s.sessions[d.Session] == nil:
		_ = k.send(ctx, frame{Op: 9, Data: false})
		return 0, false
	case resume:
		k.sess = s.sessions[d.Session]
		if d.Seq < 0 || d.Seq > int64(len(k.sess.events)) {
			go k.conn.Close(4007, "Invalid seq.")
			return 0, false
		}
		k.sess.acked = max(k.sess.acked, d.Seq)
		k.sess.events = append(k.sess.events, event{kind: "RESUMED", data: Object{}})
		s.mu.Broadcast()
		return int(d.Seq), true
	case d.Intents&wantIntents != wantIntents:
		go k.conn.Close(4014, "Disallowed intent(s).")
		return 0, false
	}
	k.sess = &session{id: fmt.Sprintf("session-%d", len(s.sessions)+1)}
	s.sessions[k.sess.id] = k.sess
	s.met = true
	k.sess.events = []event{{"READY", Object{
		"v": 10, "user": s.users[BotID], "session_id": k.sess.id, "resume_gateway_url": s.gatewayURL(), "application": Object{"id": AppID},
		"guilds": []Object{{"id": Guild, "unavailable": true}}, "private_channels": []Object{},
	}}}
	for id := range s.guilds {
		k.sess.events = append(k.sess.events, event{"GUILD_CREATE", s.describe(id)})
	}
	s.mu.Broadcast()
	return 0, true
}

// describe is a guild with its channels, as after a login. s.mu is held.
func (s *Server) describe(id string) Object {
	g := Object{}
	for k, v := range s.guilds[id] {
		g[k] = v
	}
	channels, threads := []Object{}, []Object{}
	for _, c := range s.channels {
		if c.Object["guild_id"] != id {
			continue
		}
		if c.Object["type"] == 11 {
			threads = append(threads, c.describe())
			continue
		}
		channels = append(channels, c.describe())
	}
	g["channels"], g["threads"] = channels, threads
	return g
}

func (c *channel) describe() Object {
	o := Object{}
	for k, v := range c.Object {
		o[k] = v
	}
	if n := len(c.messages); n > 0 {
		o["last_message_id"] = c.messages[n-1].ID
	}
	return o
}

// pump sends the session's events to the socket, as they come.
func (s *Server) pump(ctx context.Context, k *socket, next int, _ bool) {
	for {
		s.mu.Lock()
		events, changed := k.sess.events[next:], s.mu.Changed()
		s.mu.Unlock()
		for _, e := range events {
			next++
			if k.send(ctx, frame{Op: 0, Seq: next, Type: e.kind, Data: e.data}) != nil {
				return
			}
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// dispatch gives an event to every session. s.mu is held.
func (s *Server) dispatch(kind string, data any) {
	for _, x := range s.sessions {
		x.events = append(x.events, event{kind, data})
	}
	s.mu.Broadcast()
}

// Dispatch gives an event to every session.
func (s *Server) Dispatch(kind string, data any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dispatch(kind, data)
}

// Op sends an operation of the gateway to every socket: 1 asks for a heartbeat, 7 for a new connection, 9 ends a session.
func (s *Server) Op(op int, data any) {
	for _, k := range s.open() {
		_ = k.send(context.Background(), frame{Op: op, Data: data})
	}
}

func (s *Server) open() (list []*socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sockets {
		list = append(list, k)
	}
	return list
}

// Drop cuts every socket without a word. Sessions stay.
func (s *Server) Drop() {
	for _, k := range s.open() {
		k.end()
		k.conn.CloseNow()
	}
}

// CloseAll closes every socket with a code of the gateway.
func (s *Server) CloseAll(code int) {
	for _, k := range s.open() {
		k.conn.Close(websocket.StatusCode(code), "")
	}
}

// Mute lets every open socket carry nothing more, while it stays open.
func (s *Server) Mute() {
	for _, k := range s.open() {
		k.mute.Store(true)
	}
}

// ForgetSessions makes every resume fail: the client must begin anew.
func (s *Server) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

func (s *Server) gatewayURL() string { return "ws" + s.url[len("http"):] + "/gateway" }
