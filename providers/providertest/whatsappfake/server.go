package whatsappfake

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/clawdbot/gateway/providers/providertest/watch"
)

// Options say which account the server knows. The zero value is a usable one.
type Options struct {
	Number string // of the account, digits only; default "15550001111"
	// PushName is what the account calls itself. If it is set the owner's phone tells every new device, as real ones do:
	// then a client that has just connected is busy for a while. Without a name the library shows no presence.
	PushName string
	// HideNumbers addresses people by their hidden ids (…@lid) where the platform may do that: in groups and as senders.
	HideNumbers bool
	// Revision is the client revision that the version lookup answers; default 1031080782.
	Revision uint32
	// MinRevision is the oldest revision that may connect: an older client is refused as outdated. 0 = any.
	MinRevision uint32
}

// Server is the fake platform with one account, two people and a group. All methods are safe for concurrent use.
type Server struct {
	opt   Options
	certs certificates
	url   string

	login sync.Mutex     // one login at a time: who is replaced is decided in order
	tasks sync.WaitGroup // goroutines of connections
	stop  chan struct{}  // closed by Close

	mu     watch.Lock // guards everything below
	closed bool
	conns  map[*conn]bool
	most   int // connections logged in with one identity at once
	logins int

	settings *settings
	own      *person
	people   []*person
	groups   []*group
	device   *device // the linked device, nil when there is none
	nextID   uint16  // of the next device to be linked
	pairing  map[string]*pairing
	linkCode *linkCode

	queue    []*item // what waits for the device, oldest first
	seq      int
	posts    map[string]*post // by id
	acked    map[string]int   // by id of a message
	read     map[string]bool
	nacks    []string
	seen     []Message
	shown    []Message
	byKey    map[string]bool // chat and id of what was shown
	failed   int             // messages that a phone could not decrypt
	typing   map[string]int
	presence string // and the name that came with it
	blobs    map[string][]byte
	// originals are the encrypted files that phones have sent, by the path that they first had.
	originals map[string][]byte
	iqs       map[string]int

	connectFaults faults[ConnectFault]
	sendFaults    faults[SendFault]
	queryFaults   map[string]*faults[int] // by namespace
	uploadFaults  faults[int]
	silenceNext   bool
}

// New makes a server. Serve it as a handler; Close it when done.
func New(o Options) *Server {
	if o.Number == "" {
		o.Number = "15550001111"
	}
	if o.Revision == 0 {
		o.Revision = 1031080782
	}
	s := &Server{
		opt: o, certs: must(newCertificates()), stop: make(chan struct{}), conns: map[*conn]bool{},
		nextID: 1, pairing: map[string]*pairing{}, posts: map[string]*post{}, acked: map[string]int{}, read: map[string]bool{},
		byKey: map[string]bool{}, typing: map[string]int{}, blobs: map[string][]byte{}, originals: map[string][]byte{}, iqs: map[string]int{},
		queryFaults: map[string]*faults[int]{},
	}
	s.settings = must(newSettings(o.PushName))
	s.own = newPerson(o.Number, "9"+o.Number, cmp.Or(o.PushName, "Me"))
	ann := newPerson("15550002222", "815550002222", "Ann")
	bob := newPerson("15550003333", "815550003333", "Bob")
	s.people = []*person{ann, bob}
	s.groups = []*group{{
		jid: types.NewJID("120363000000000001", types.GroupServer), subject: "Friends", members: []*person{s.own, ann, bob},
	}}
	return s
}

// Start serves a new server on loopback until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(o)
	h := httptest.NewServer(s)
	s.url = h.URL
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s
}

// URL is the base address of a started server: of the websocket, of the version lookup and of media.
func (s *Server) URL() string { return s.url }

// RootKey is the public key that vouches for the server: whatsmeow.WACertPubKey of a client that shall trust it. All
// servers of a process have the same one.
func (s *Server) RootKey() [32]byte { return s.certs.root }

// Endpoint is the value of dev.endpoints.whatsapp: url, mediaUrl, and rootKey in standard base64.
func (s *Server) Endpoint() map[string]any {
	return map[string]any{"url": s.url, "mediaUrl": s.url, "rootKey": base64.StdEncoding.EncodeToString(s.certs.root[:])}
}

// Close drops every connection and waits for their goroutines.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
		for c := range s.conns {
			c.cut()
		}
	}
	s.mu.Unlock()
	s.tasks.Wait()
}

// enter counts a connection in; false when the server is closed.
func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.tasks.Add(1)
	s.conns[c], s.presence = true, ""
	s.mu.Broadcast()
	return true
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	for _, ref := range c.refs {
		delete(s.pairing, ref)
	}
	close(c.done)
	s.mu.Broadcast()
	s.mu.Unlock()
	s.tasks.Done()
}

// ServeHTTP implements http.Handler: everything the platform has on its hosts.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/" || path == "/sw.js":
		fmt.Fprintf(w, `<script>{"server_revision":%[1]d,"client_revision":%[1]d,"tier":"default"}</script>`, s.opt.Revision)
	case path == "/ws/chat":
		if status := s.dialFault(); status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		s.serveSocket(w, r)
	case strings.HasPrefix(path, "/mms/") && r.Method == http.MethodPost:
		s.upload(w, r)
	case strings.HasPrefix(path, "/v/") && r.Method == http.MethodGet:
		s.download(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Sockets is how many connections are logged in with the linked device now, and the most that ever were at once. A
// connection whose other end is gone when the next one logs in is not counted beside it.
func (s *Server) Sockets() (open, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.device != nil && c.device == s.device {
			open++
		}
	}
	return open, s.most
}

// Logins is how many connections were ever admitted as a linked device.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// WaitOnline returns when a client is logged in and takes messages.
func (s *Server) WaitOnline(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool { return s.online() != nil })
}

// WaitOffline returns when no client is connected.
func (s *Server) WaitOffline(ctx context.Context) error {
	return s.mu.Wait(ctx, func() bool { return len(s.conns) == 0 })
}

// online is the connection that messages go to, or nil. s.mu is held.
func (s *Server) online() *conn {
	for c := range s.conns {
		if c.active && c.device == s.device {
			return c
		}
	}
	return nil
}

// newID is an id as phones make them.
func (s *Server) newID(prefix string) string {
	b := make([]byte, 9)
	_, _ = rand.Read(b) // never fails
	return prefix + strings.ToUpper(hex.EncodeToString(b))
}

// handle does what one stanza asks for.
func (s *Server) handle(c *conn, n *waBinary.Node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.mu.Broadcast()
	if c.ended || c.silent {
		return
	}
	switch n.Tag {
	case "iq":
		s.handleIQ(c, n)
	case "message":
		s.handleMessage(c, n)
	case "receipt":
		s.handleReceipt(c, n)
	case "ack":
		s.handleAck(n)
	case "presence":
		if kind, _ := n.Attrs["type"].(string); kind == "available" || kind == "unavailable" {
			name, _ := n.Attrs["name"].(string)
			s.presence = strings.TrimSpace(kind + " " + name)
		}
	case "chatstate":
		if to, ok := n.Attrs["to"].(types.JID); ok && len(n.GetChildren()) == 1 && n.GetChildren()[0].Tag == "composing" {
			s.typing[s.chatName(to)]++
		}
	}
}

// Typing is how often the account was shown as typing in a chat.
func (s *Server) Typing(chat string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.typing[s.chatName(s.chatJID(chat))]
}

// Presence is what the client last said of itself: "available" or "unavailable", with its name behind a space, or nothing.
func (s *Server) Presence() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.presence
}

// WaitPresence returns when that is what it last said of itself.
func (s *Server) WaitPresence(ctx context.Context, want string) error {
	return s.mu.Wait(ctx, func() bool { return s.presence == want })
}

// Queries is how many info queries of a namespace came: "w:p" are the client's keepalives.
func (s *Server) Queries(namespace string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.iqs[namespace]
}

// WaitQueries returns when n info queries of a namespace have come.
func (s *Server) WaitQueries(ctx context.Context, namespace string, n int) error {
	return s.mu.Wait(ctx, func() bool { return s.iqs[namespace] >= n })
}
