package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/wire"
)

// editedFile is a config file whose number shows in status, with comments in every place.
const editedFile = `// the top
{
  gateway: { reload: { debounceMs: 1 } }, // how it reloads
  /* what it is */
  agent: {
    contextTokens: %d, // a number
    %s
  },
}
`

var editedComments = []string{"// the top", "// how it reloads", "/* what it is */", "// a number"}

// talkers are clients that talk as long as a test goes on. They read no event but the last: 50 that did would keep the
// machine busy with nothing else.
type talkers struct {
	all   []*talker
	calls atomic.Int64
	stop  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

type talker struct {
	ws      *websocket.Conn
	answers chan string   // to the one call under way
	ended   chan struct{} // closed behind the fields below
	goodbye string        // the shutdown event
	err     error         // how the socket ended
}

func startTalkers(t *testing.T, url string, n int) *talkers {
	t.Helper()
	a := &talkers{stop: make(chan struct{})}
	for i := range n {
		ws, _, err := websocket.Dial(deadline(t), url, &websocket.DialOptions{HTTPClient: httpClient()})
		if err != nil {
			t.Fatal(err)
		}
		ws.SetReadLimit(-1)
		s := &talker{ws: ws, answers: make(chan string, 1), ended: make(chan struct{})}
		go s.read()
		t.Cleanup(func() {
			_ = ws.CloseNow()
			<-s.ended
		})
		a.all = append(a.all, s)
		mode := []string{"ui", "cli", "cli", "cli", "cli"}[i%5]
		hello := wire.ConnectParams{MinProtocol: 2, MaxProtocol: 2, Client: wire.ConnectClient{Name: "talker", Version: "1", Platform: "test", Mode: mode}}
		if err := s.call("connect", hello); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range a.all {
		a.wg.Go(func() {
			if err := a.talk(s, i); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	t.Cleanup(a.rest) // before the sockets are closed
	return a
}

func (s *talker) read() {
	defer close(s.ended)
	for {
		_, b, err := s.ws.Read(context.Background())
		switch text := string(b); {
		case err != nil:
			s.err = err
			return
		case strings.HasPrefix(text, `{"type":"res"`):
			s.answers <- text
		case strings.HasPrefix(text, `{"type":"event","event":"shutdown"`):
			s.goodbye = text
		}
	}
}

// call makes one call and needs it to be answered well.
func (s *talker) call(method string, params any) error {
	raw, err := wire.Marshal(wire.RequestFrame{Type: "req", ID: "x", Method: method, Params: params})
	if err != nil {
		return err
	}
	if err := s.ws.Write(context.Background(), websocket.MessageText, raw); err != nil {
		return err
	}
	select {
	case text := <-s.answers:
		if !strings.HasPrefix(text, `{"type":"res","id":"x","ok":true`) {
			return fmt.Errorf("%s: %s", method, cut(text))
		}
		return nil
	case <-s.ended:
		return s.err
	case <-time.After(patience):
		return fmt.Errorf("%s is not answered", method)
	}
}

// talk makes a call of one kind after another.
func (a *talkers) talk(s *talker, i int) error {
	pause := time.NewTicker(500 * time.Millisecond)
	defer pause.Stop()
	for n := i; ; n++ {
		method, params := "health", any(nil)
		switch n % 5 {
		case 0:
			method, params = "system-event", map[string]any{"text": "somebody talks"}
		case 1, 2:
			method, params = "chat.send", chatSend(fmt.Sprint("talk-", i), "hello", fmt.Sprint("key-", i, "-", n))
		}
		if err := s.call(method, params); err != nil {
			return err
		}
		a.calls.Add(1)
		select {
		case <-a.stop:
			return nil
		case <-pause.C:
		}
	}
}

// rest stops the talking; the sockets stay.
func (a *talkers) rest() {
	a.once.Do(func() { close(a.stop) })
	a.wg.Wait()
}

// uncut fails for every client whose connection ended.
func (a *talkers) uncut(t *testing.T, when string) {
	t.Helper()
	for i, s := range a.all {
		select {
		case <-s.ended:
			t.Fatalf("%s: client %d was cut: %v", when, i, s.err)
		default:
		}
	}
}

// TestReload_edits: 200 edits of every kind while 50 clients talk. What is valid has an effect and nothing else, no
// client is cut, comments survive; then a change of the gateway's own settings restarts it, and all are told.
func TestReload_edits(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	e := &editor{t: t, rng: rand.New(rand.NewPCG(seed, 1)), tokens: 1000}
	var url string
	e.p, url = setup{config: fmt.Sprintf(editedFile, e.tokens, "")}.run(t)
	e.control = dial(t, url)
	clients := startTalkers(t, url, 50)
	for i := range 200 {
		kind := editKinds[e.rng.IntN(len(editKinds))]
		_ = os.RemoveAll(e.p.file())
		e.write(e.valid())
		problem := kind.edit(e)
		when := fmt.Sprintf("edit %d, %s", i, kind.name)
		e.settle(when, problem)
		clients.uncut(t, when)
	}
	_ = os.RemoveAll(e.p.file())
	e.write(e.valid())
	e.settle("the last edit", "")
	clients.rest()
	clients.uncut(t, "after the edits")
	if n := clients.calls.Load(); n < 100 {
		t.Errorf("the clients made %d calls only", n)
	}
	e.write(strings.Replace(e.valid(), "gateway: {", "gateway: { controlUi: { basePath: '/ui' },", 1))
	checkGoodbye(t, e.control)
	for i, s := range clients.all {
		<-s.ended
		if code := websocket.CloseStatus(s.err); code != websocket.StatusServiceRestart || !strings.Contains(s.goodbye, "gateway restarting") {
			t.Errorf("client %d: %v after %q", i, s.err, s.goodbye)
		}
	}
	dial(t, e.p.started())
	if log := e.p.log.String(); strings.Count(log, "gateway restarts") != 1 || strings.Contains(log, "CANARY") {
		t.Error("it restarted more than once, or a secret is in the log")
	}
}

// TestReload_setAndEdits: a client and an editor change the file at the same time. No change is half of one and half
// of the other, nobody is cut, and every call is answered.
func TestReload_setAndEdits(t *testing.T) {
	t.Parallel()
	p, url := setup{config: fmt.Sprintf(editedFile, 1, "")}.run(t)
	c := dial(t, url)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 40 {
			p.write(fmt.Sprintf(editedFile, 2+i, ""))
		}
	})
	for i := range 40 {
		raw := fmt.Sprintf(`{"gateway":{"reload":{"debounceMs":1}},"agent":{"contextTokens":%d}}`, 1000+i)
		if f := c.call("config.set", wire.ConfigSetParams{Raw: raw}); !f.OK && !strings.Contains(f.Error.Message, "the file changed meanwhile") {
			t.Errorf("config.set: %s", f.raw)
		}
		b, err := os.ReadFile(p.file())
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range editedComments {
			if !strings.Contains(string(b), comment) {
				t.Fatalf("%q is gone:\n%s", comment, b)
			}
		}
	}
	wg.Wait()
	c.ok("config.set", wire.ConfigSetParams{Raw: `{"gateway":{"reload":{"debounceMs":1}},"agent":{"contextTokens":5000}}`}, nil)
	e := &editor{t: t, p: p, control: c, tokens: 5000}
	e.settle("at the end", "")
	if b, err := os.ReadFile(p.file()); err != nil || string(b) != e.valid() {
		t.Errorf("the file is (%v)\n%s", err, b)
	}
}

// editor edits the config file of a running gateway.
type editor struct {
	t       *testing.T
	p       *process
	control *socket
	rng     *rand.Rand
	tokens  int // of the last valid edit
}

func (e *editor) write(text string) {
	e.t.Helper()
	if err := os.WriteFile(e.p.file(), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// valid is the text in force.
func (e *editor) valid() string { return fmt.Sprintf(editedFile, e.tokens, "") }

// next is a text that is valid and says something new.
func (e *editor) next() string {
	e.tokens++
	return e.valid()
}

// broken is what next would be, without becoming what is in force.
func (e *editor) broken(more string) string { return fmt.Sprintf(editedFile, e.tokens+1000, more) }

// editKinds change the file, which is valid and in force before, and return a part of the problem that they cause.
var editKinds = []struct {
	name string
	edit func(e *editor) (problem string)
}{
	{"written", func(e *editor) string { e.write(e.next()); return "" }},
	{"renamed into place", func(e *editor) string { e.p.write(e.next()); return "" }},
	{"set by a client", func(e *editor) string {
		e.tokens++
		raw := fmt.Sprintf(`{"gateway":{"reload":{"debounceMs":1}},"agent":{"contextTokens":%d}}`, e.tokens)
		e.control.ok("config.set", wire.ConfigSetParams{Raw: raw}, nil)
		b, err := os.ReadFile(e.p.file())
		if err != nil || string(b) != e.valid() {
			e.t.Fatalf("config.set made of the file (%v):\n%s\nnot\n%s", err, b, e.valid())
		}
		return ""
	}},
	{"a comment more", func(e *editor) string { e.write(e.valid() + "// the end\n"); return "" }},
	{"reload and remote", func(e *editor) string {
		e.write(strings.Replace(e.next(), "gateway: {", "gateway: { remote: { token: 'CANARY' }, port: 18789,", 1))
		return ""
	}},
	{"refused by config.set", func(e *editor) string {
		err := e.control.refused("config.set", wire.ConfigSetParams{Raw: `{"agent":{"contextTokens":-1}}`})
		if err.Message != "invalid config" {
			e.t.Errorf("config.set: %+v", err)
		}
		return ""
	}},
	{"half written", func(e *editor) string {
		text := e.broken("")
		e.write(text[:strings.Index(text, "agent")+e.rng.IntN(50)])
		return "is not valid: JSON5 parse failed"
	}},
	{"cut to nothing", func(e *editor) string { e.write(""); return "is not valid" }},
	{"an unknown key", func(e *editor) string { e.write(e.broken("modle: 'x'")); return `did you mean "model"` }},
	{"a wrong type", func(e *editor) string {
		e.write(e.broken("model: {token: 'CANARY'}"))
		return "agent.model: must be a string"
	}},
	{"a legacy key", func(e *editor) string {
		e.write(strings.Replace(e.broken(""), "gateway:", "telegram: {requireMention: true}, gateway:", 1))
		return "telegram.requireMention: telegram.requireMention was moved"
	}},
	{"what must not start", func(e *editor) string {
		e.write(strings.Replace(e.broken(""), "gateway: {", "gateway: { bind: 'lan',", 1))
		return "is refused: gateway.bind"
	}},
	{"deleted", func(e *editor) string { _ = os.Remove(e.p.file()); return "is gone" }},
	{"a directory", func(e *editor) string {
		_ = os.Remove(e.p.file())
		if err := os.Mkdir(e.p.file(), 0o700); err != nil {
			e.t.Fatal(err)
		}
		return "is not a regular file"
	}},
	{"deep", func(e *editor) string { e.write(e.broken("model: " + strings.Repeat("[", 100_000))); return "deeper" }},
}

// settle waits until the gateway has seen the file: the problem is in the status, or there is none and the file's
// number is in force. In both cases that of the last valid edit must be.
func (e *editor) settle(when, problem string) {
	e.t.Helper()
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(patience); ; <-pause.C {
		var st wire.StatusSummary
		e.control.ok("status", nil, &st)
		got := *st.Sessions.Defaults.ContextTokens
		if int(got) > e.tokens {
			e.t.Fatalf("%s: %d is in force, the last valid number is %d", when, got, e.tokens)
		}
		c := st.Config
		if int(got) == e.tokens && (problem == "" && c.Problem == "" || problem != "" && strings.Contains(c.Problem, problem)) {
			if strings.Contains(c.Problem, "CANARY") || strings.Contains(c.Problem, "\n") {
				e.t.Fatalf("%s: problem %q", when, c.Problem)
			}
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s: %d in force, want %d; config %+v, want problem %q\n%s", when, got, e.tokens, c, problem, e.p.log)
		}
	}
}
