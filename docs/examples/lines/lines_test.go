package lines

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
)

// The suite that the gateway's own surfaces pass. What this platform cannot show is skipped.
func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: start})
}

func start(t *testing.T) providertest.Platform {
	s := newServer(t)
	quick := options{dial: 10 * time.Second, quiet: 2 * time.Second, answer: 5 * time.Second, retryMin: 5 * time.Millisecond, retryMax: 20 * time.Millisecond}
	return providertest.Platform{
		New: func(env providers.Env) (providers.Provider, error) { return newProvider(env, quick) },
		Env: providers.Env{Config: section(t, s.ln.Addr().String())},
		Unreachable: func(env *providers.Env) {
			env.Config = section(t, strings.TrimPrefix(providertest.DeadEndpoint(t), "http://"))
		},
		Secret: token, Chat: "ann", OverLink: true,
		Deliver:   s.deliver,
		Redeliver: s.again,
		Acked:     s.isAcked,
		WaitAcked: func(ctx context.Context, id string) error { return s.wait(ctx, func() bool { return s.acked[id] }) },
		Sent:      s.texts,
		WaitSent:  func(ctx context.Context, n int) error { return s.wait(ctx, func() bool { return len(s.sent) >= n }) },
		Inject:    s.inject, RetryAfter: time.Second,
	}
}

const token = "PLANTED-lines-token"

func section(t *testing.T, address string) json.RawMessage {
	b, err := json.Marshal(map[string]string{"address": address, "token": token})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConfig(t *testing.T) {
	for _, raw := range []string{`[]`, `{}`, `{"address":"h:1"}`} {
		if _, err := Factory().New(providers.Env{Config: json.RawMessage(raw)}); err == nil || !strings.Contains(err.Error(), "lines") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestSend_badChats(t *testing.T) {
	s := newServer(t)
	p, err := newProvider(providers.Env{Config: section(t, s.ln.Addr().String())}, options{dial: 10 * time.Second, quiet: 10 * time.Second, answer: 10 * time.Second, retryMin: time.Millisecond, retryMax: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	defer func() { cancel(); <-done }()
	if err := s.wait(t.Context(), func() bool { return len(s.conns) == 1 }); err != nil {
		t.Fatal(err)
	}
	for _, m := range []providers.Outgoing{
		{Route: providers.Route{Chat: ""}}, {Route: providers.Route{Chat: "ann\nSEND k bob"}}, {Route: providers.Route{Chat: "ann"}, Media: &providers.Media{}},
	} {
		_, err := p.Send(ctx, m)
		for err.(*providers.SendError).Class == providers.Transient { // the link is not up yet
			_, err = p.Send(ctx, m)
		}
		if se := err.(*providers.SendError); se.Class != providers.Permanent {
			t.Errorf("%+v: %v", m, se)
		}
	}
	if got := s.texts(); len(got) != 0 {
		t.Errorf("sent %q", got)
	}
}

// TestDocs: the file that docs/providers.md shows is the one that is tested here.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../../providers.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("(?s)<!-- the file examples/lines/lines.go -->\n```go\n(.*?)```\n").FindSubmatch(doc)
	file, err := os.ReadFile("lines.go")
	if err != nil {
		t.Fatal(err)
	}
	if quoted == nil || string(quoted[1]) != string(file) {
		t.Error("docs/providers.md shows another lines.go than the one there is")
	}
}

// What follows is the platform: a server of lines, which shows faults when told to.

func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	c := &client{conn: conn}
	defer s.change(func() { delete(s.conns, c) })
	buf := make([]byte, 0, 1<<16)
	for {
		line, rest, ok := strings.Cut(string(buf), "\n")
		if !ok {
			more := make([]byte, 4096)
			n, err := conn.Read(more)
			if err != nil {
				return
			}
			buf = append(buf, more[:n]...)
			continue
		}
		buf = []byte(rest)
		if !s.handle(c, line) {
			return
		}
	}
}

// handle carries out one line; false ends the connection.
func (s *server) handle(c *client, line string) (ok bool) {
	verb, rest, _ := strings.Cut(line, " ")
	s.change(func() {
		switch {
		case c.mute:
			ok = true
		case verb == "LOGIN":
			ok = s.login(c, rest)
		case verb == "ACK":
			s.acked[rest] = true
			ok = true
		case verb == "PING":
			fmt.Fprintln(c.conn, "PONG")
			ok = true
		case verb == "SEND":
			ok = s.send(c, rest)
		}
	})
	return ok
}

// login needs s.mu, as the rest of what handle calls.
func (s *server) login(c *client, given string) bool {
	switch {
	case s.down:
		return false
	case s.broken > 0:
		s.broken--
		fmt.Fprintln(c.conn, "LATER I am broken")
		return false
	case given != s.token:
		fmt.Fprintln(c.conn, "NO such token")
		return false
	}
	fmt.Fprintln(c.conn, "HELLO robot")
	s.conns[c] = true
	for _, m := range s.inbox {
		if !s.acked[m.id] {
			fmt.Fprintf(c.conn, "MSG %s ann %q\n", m.id, m.text)
		}
	}
	return true
}

func (s *server) send(c *client, rest string) bool {
	var key, chat, text string
	if _, err := fmt.Sscanf(rest, "%s %s %q", &key, &chat, &text); err != nil {
		return false
	}
	fault := s.fault
	s.fault = ""
	code, seconds := 0, 0
	switch fault {
	case providertest.SendRateLimit:
		code, seconds = 429, 1
	case providertest.SendServerError:
		code = 500
	case providertest.SendRefused:
		code = 403
	case providertest.SendUnauthorized:
		code = 401
	case providertest.SendDropBefore:
		return false
	}
	if code != 0 {
		fmt.Fprintf(c.conn, "ERR %s %d %d %q\n", key, code, seconds, "no")
		return true
	}
	s.sent = append(s.sent, text)
	switch fault {
	case providertest.SendDropAfter:
		return false
	case providertest.SendSilence:
		return true
	}
	fmt.Fprintf(c.conn, "OK %s m%d\n", key, len(s.sent))
	return true
}

func (s *server) deliver(texts ...string) (ids []string) {
	s.change(func() {
		for _, text := range texts {
			m := message{fmt.Sprintf("in%d", len(s.inbox)+1), text}
			s.inbox = append(s.inbox, m)
			ids = append(ids, m.id)
			s.push(m)
		}
	})
	return ids
}

func (s *server) push(m message) {
	for c := range s.conns {
		if !c.mute {
			fmt.Fprintf(c.conn, "MSG %s ann %q\n", m.id, m.text)
		}
	}
}

func (s *server) again(id string) {
	s.change(func() { s.push(s.inbox[slices.IndexFunc(s.inbox, func(m message) bool { return m.id == id })]) })
}

func (s *server) inject(f providertest.Fault) (ok bool) {
	s.change(func() {
		ok = true
		switch f {
		case providertest.RefuseLogin:
			s.token = "another"
		case providertest.RevokeLogin:
			s.token = "another"
			s.drop()
		case providertest.ReceiveServerError:
			s.broken = 2
			s.drop()
		case providertest.ReceiveDrop:
			s.drop()
		case providertest.ReceiveDown:
			s.down = true
			s.drop()
		case providertest.ReceiveSilence:
			for c := range s.conns {
				c.mute = true
			}
		case providertest.Conflict, providertest.ReceiveRateLimit:
			ok = false
		default:
			s.fault = f
		}
	})
	return ok
}

func (s *server) drop() {
	for c := range s.conns {
		c.conn.Close()
	}
}
