package imsgfake

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Message is a row of the database, as a notification shows it.
type Message map[string]any

// Direct is a message of a person to us.
func Direct(from, text string) Message {
	return Message{"chat_id": 1, "sender": from, "is_from_me": false, "text": text, "is_group": false,
		"chat_identifier": from, "chat_guid": "iMessage;-;" + from, "chat_name": "", "participants": []string{from}, "attachments": []any{}}
}

// Group is a message of a person in a group.
func Group(chat int64, from, text string) Message {
	m := Direct(from, text)
	m["chat_id"], m["is_group"], m["chat_name"] = chat, true, "Friends"
	m["chat_identifier"], m["chat_guid"] = fmt.Sprintf("chat%d", chat), fmt.Sprintf("iMessage;+;chat%d", chat)
	m["participants"] = []string{from, "bob@example.com"}
	return m
}

// Sent is a message that the Messages app has sent.
type Sent struct {
	Chat   string // "to:+1555", "chat_id:7"
	Text   string
	File   []byte
	Name   string
	Params map[string]any
}

// Fault is how one call goes wrong. The zero value is a call that goes right, to fill up a script.
type Fault struct {
	Code    int    // answer with this error; nothing is done
	Message string // of the error
	Act     bool   // do the call first
	Crash   bool   // the process ends without an answer
	Hang    bool   // no answer, and nothing else any more
}

// Server is the fake platform. All methods are safe for concurrent use.
type Server struct {
	listener net.Listener
	dir      string

	mu      watch.Lock // guards the following fields
	rows    []Message  // row i has ROWID i+1
	again   []int      // rows to notify of once more
	conns   map[*conn]bool
	open    int // children that are subscribed
	most    int
	sent    []Sent
	scripts map[string][]Fault
	always  map[string]Fault
	denied  bool
	old     bool              // an imsg that does not tell what it has sent
	bridge  bool              // the part of it that can change messages runs
	tapped  map[string]string // our reaction, by GUID of the message
	argv    []string
}

// Start makes a platform that lasts until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		listener: l, dir: t.TempDir(), conns: map[*conn]bool{}, tapped: map[string]string{},
		scripts: map[string][]Fault{}, always: map[string]Fault{},
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.Crash()
		all.Wait()
	})
	return s
}

// Push writes rows into the database and returns their ROWIDs.
func (s *Server) Push(messages ...Message) (ids []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range messages {
		ids = append(ids, s.add(m))
	}
	return ids
}

// add writes a row and returns its ROWID. s.mu is held.
func (s *Server) add(m Message) int {
	id := len(s.rows) + 1
	m["id"] = id
	if m["guid"] == nil {
		m["guid"] = fmt.Sprintf("GUID-%d", id)
	}
	if m["created_at"] == nil {
		m["created_at"] = time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	}
	s.rows = append(s.rows, m)
	s.mu.Broadcast()
	return id
}

// Again notifies of a row once more.
func (s *Server) Again(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = append(s.again, id)
	s.mu.Broadcast()
}

// PutFile keeps an attachment where Messages would and returns its path.
func (s *Server) PutFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	dir, err := os.MkdirTemp(s.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Crash ends all children.
func (s *Server) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Silence lets the children that are there say nothing more.
func (s *Server) Silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.mute = true
	}
}

// Deny takes the permission to read the database away, also from the children that are there.
func (s *Server) Deny() {
	s.mu.Lock()
	s.denied = true
	s.mu.Unlock()
	s.Crash()
}

// Script queues faults for the next calls of a method, one for each.
func (s *Server) Script(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scripts[method] = append(s.scripts[method], faults...)
}

// Always makes every call of a method go wrong once its script is used up. The zero Fault ends that.
func (s *Server) Always(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always[method] = f
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

// WaitChildren returns when n children are subscribed.
func (s *Server) WaitChildren(ctx context.Context, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.open == n })
}

// Children is how many children are subscribed now, and the most that ever were at once.
func (s *Server) Children() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.most
}

// Argv is what the last child was started with.
func (s *Server) Argv() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.argv)
}

// conn is one child.
type conn struct {
	net.Conn
	write sync.Mutex
	mute  bool // guarded by Server.mu
	next  int  // row to notify of; guarded by Server.mu
}

// say writes a line, unless the child is to be silent.
func (s *Server) say(c *conn, v any) {
	s.mu.Lock()
	mute := c.mute
	s.mu.Unlock()
	if mute {
		return
	}
	line, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // a test built something that is no JSON
		}
		line = string(b)
	}
	c.write.Lock()
	defer c.write.Unlock()
	fmt.Fprintln(c, line)
}

// serve is the life of one child.
func (s *Server) serve(raw net.Conn) {
	c := &conn{Conn: raw}
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	defer c.Close()
	in := bufio.NewReader(c)
	argv, err := in.ReadString('\n')
	if err != nil {
		return
	}
	s.mu.Lock()
	s.argv = strings.Split(strings.TrimSpace(argv), "\t")
	denied := s.denied
	s.conns[c] = true
	s.mu.Broadcast()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
		s.mu.Broadcast()
	}()
	if denied {
		s.say(c, "!err Permission Error: Cannot access Messages database, grant Full Disk Access")
		s.say(c, "!exit 1")
		_, _ = in.ReadString('\x00') // until it has gone
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if !s.handle(ctx, c, line, &watch) {
			return
		}
	}
}
