package signal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
)

// bench is a provider with what it says on record.
type bench struct {
	*Provider
	t    *testing.T
	ctx  context.Context
	got  chan providers.Incoming
	link chan providers.Status // reports with a Link

	mu  sync.Mutex // guards log
	log bytes.Buffer
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// files keeps attachments in memory.
type files struct{ providers.Files }

func (files) Save(_ context.Context, r io.Reader, name, mime string, limit int64) (providers.Media, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(data)) > limit {
		return providers.Media{}, providers.ErrTooLarge
	}
	return providers.Media{Path: "kept:" + string(data), Name: name, MIME: mime, Size: int64(len(data))}, err
}

func newBench(t *testing.T, fields map[string]any, opt options, cursor providers.Cursor) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	b := &bench{t: t, ctx: ctx, got: make(chan providers.Incoming, 100), link: make(chan providers.Status, 1000)}
	p, err := newProvider(providers.Env{
		Account: "signal", Config: section(t, fields), Files: files{}, Cursor: cursor,
		Log: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Receive: func(_ context.Context, m providers.Incoming) error {
			b.got <- m
			return nil
		},
		State: func(s providers.Status) {
			if s.Link == "" {
				return
			}
			select {
			case b.link <- s:
			default: // a test that flaps for ever is about to fail
			}
		},
	}, opt)
	if err != nil {
		t.Fatal(err)
	}
	b.Provider = p
	return b
}

// run starts Run; stop ends it.
func (b *bench) run() (stop func() error) {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	b.t.Cleanup(func() { _ = stop() })
	return stop
}

func (b *bench) await(link providers.Link) providers.Status {
	b.t.Helper()
	for {
		select {
		case s := <-b.link:
			if s.Link == link {
				return s
			}
		case <-b.ctx.Done():
			b.t.Fatalf("never %s; log:\n%s", link, b.logged())
		}
	}
}

func (b *bench) message() providers.Incoming {
	b.t.Helper()
	select {
	case m := <-b.got:
		return m
	case <-b.ctx.Done():
		b.t.Fatalf("no message; log:\n%s", b.logged())
		return providers.Incoming{}
	}
}

func at(s *signalfake.Server) map[string]any {
	return map[string]any{"httpUrl": s.URL(), "account": s.Account()}
}

// TestRun_catchesUp: what came while nobody was connected comes once, marked as late; what was taken does not come again.
func TestRun_catchesUp(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	cursor := providertest.NewCursor()
	first := newBench(t, at(s), quick(), cursor)
	stop := first.run()
	first.await(providers.LinkUp)
	s.Push(signalfake.Direct(signalfake.Ann, "one"))
	if m := first.message(); m.Text != "one" || m.Late {
		t.Errorf("got %+v", m)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour).UnixMilli()
	s.Push(signalfake.Direct(signalfake.Ann, "two").With("timestamp", long).With("serverReceivedTimestamp", long))
	second := newBench(t, at(s), quick(), cursor)
	second.run()
	if m := second.message(); m.Text != "two" || !m.Late {
		t.Errorf("got %+v", m)
	}
}

// TestRun_daemonRestarted: a daemon that does not know our place sends what it has.
func TestRun_daemonRestarted(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	b := newBench(t, at(s), quick(), providertest.NewCursor())
	b.run()
	b.await(providers.LinkUp)
	s.Push(signalfake.Direct(signalfake.Ann, "one"))
	b.message()
	s.Script("check", signalfake.Fault{Status: 503}, signalfake.Fault{Status: 503})
	s.Restart()
	s.Push(signalfake.Direct(signalfake.Ann, "two"))
	if m := b.message(); m.Text != "two" {
		t.Errorf("got %+v", m)
	}
}

// TestRun_oldDaemon: without event ids the daemon's receive mode decides about the time in between.
func TestRun_oldDaemon(t *testing.T) {
	t.Parallel()
	for _, manual := range []bool{false, true} {
		t.Run(fmt.Sprint("manual=", manual), func(t *testing.T) {
			t.Parallel()
			s := signalfake.Start(t, signalfake.Options{Old: true, Manual: manual})
			b := newBench(t, at(s), quick(), providertest.NewCursor())
			stop := b.run()
			b.await(providers.LinkUp)
			if err := s.WaitStreams(b.ctx, 1); err != nil {
				t.Fatal(err)
			}
			s.Push(signalfake.Direct(signalfake.Ann, "one"))
			b.message()
			_ = stop()
			if err := s.WaitStreams(b.ctx, 0); err != nil {
				t.Fatal(err)
			}
			s.Push(signalfake.Direct(signalfake.Ann, "between"))
			b.run()
			b.await(providers.LinkUp)
			if err := s.WaitStreams(b.ctx, 1); err != nil {
				t.Fatal(err)
			}
			s.Push(signalfake.Direct(signalfake.Ann, "after"))
			if m, want := b.message(), map[bool]string{false: "after", true: "between"}[manual]; m.Text != want {
				t.Errorf("got %q, want %q", m.Text, want)
			}
		})
	}
}

// TestRun_lateHeader: a daemon that sends the head of its answer with the first event is up before.
func TestRun_lateHeader(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{Late: true})
	opt := quick()
	opt.idle = 30 * time.Second
	b := newBench(t, at(s), opt, providertest.NewCursor())
	b.run()
	b.await(providers.LinkUp)
	s.Push(signalfake.Direct(signalfake.Ann, "one"))
	if m := b.message(); m.Text != "one" {
		t.Errorf("got %+v", m)
	}
}

// TestRun_accounts: the daemon must have the account.
func TestRun_accounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		accounts []string
		account  string
		self     string // "" = terminal, with say
		say      string
	}{
		"none":             {nil, "", "", "has no account"},
		"the only one":     {[]string{"+1777"}, "", "+1777", ""},
		"one of several":   {[]string{"+1777", "+1888"}, "+1 888", "+1888", ""},
		"several, no word": {[]string{"+1777", "+1888"}, "", "", "set signal.account to one of +1777, +1888"},
		"another's":        {[]string{"+1777"}, "+1888", "", "has no account +1888"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signalfake.Start(t, signalfake.Options{})
			s.SetAccounts(c.accounts...)
			b := newBench(t, map[string]any{"httpUrl": s.URL(), "account": c.account}, quick(), nil)
			b.run()
			if c.self != "" {
				if got := b.await(providers.LinkUp); got.Self != c.self {
					t.Errorf("Self = %q, want %q", got.Self, c.self)
				}
				return
			}
			if got := b.await(providers.LinkDown); !strings.Contains(got.Reason, c.say) {
				t.Errorf("Reason = %q, want %q", got.Reason, c.say)
			}
		})
	}
}

// TestRun_watchesTheAccount: an account that is unlinked is noticed on a stream that seems well.
func TestRun_watchesTheAccount(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{Alive: 5 * time.Millisecond})
	opt := quick()
	opt.again = 10 * time.Millisecond
	b := newBench(t, at(s), opt, nil)
	b.run()
	b.await(providers.LinkUp)
	s.SetAccounts()
	if got := b.await(providers.LinkDown); !strings.Contains(got.Reason, "link it as a device") {
		t.Errorf("Reason = %q", got.Reason)
	}
}

func TestRun_wrongPassword(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{Password: signalfake.DefaultPassword})
	b := newBench(t, map[string]any{"httpUrl": strings.Replace(s.URL(), "PLANTED", "WRONG", 1)}, quick(), nil)
	b.run()
	if got := b.await(providers.LinkDown); !strings.Contains(got.Reason, "signal.httpUrl") {
		t.Errorf("Reason = %q", got.Reason)
	}
}

func TestRun_nonsense(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	b := newBench(t, at(s), quick(), nil)
	b.run()
	b.await(providers.LinkUp)
	for _, data := range []string{`no JSON`, `{}`, `[]`, `null`, `{"envelope":null}`, `{"envelope":{},"exception":{"message":"cannot decrypt"}}`, `{"account":"+1999","envelope":{"sourceNumber":"+1777","dataMessage":{"timestamp":1,"message":"not ours"}}}`} {
		s.Raw(data)
	}
	s.Push(signalfake.Direct(signalfake.Ann, "sense"))
	if m := b.message(); m.Text != "sense" {
		t.Errorf("got %+v", m)
	}
}

func TestRun_attachments(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	s.PutFile("a", []byte("AAA"))
	s.PutFile("b", []byte("BBB"))
	s.PutFile("liar", bytes.Repeat([]byte("x"), 2000))
	s.PutFile("huge", bytes.Repeat([]byte("x"), 300_000))
	fields := at(s)
	fields["mediaMaxMb"] = 0.001
	b := newBench(t, fields, quick(), nil)
	b.run()
	list := []any{}
	for _, id := range []string{"a", "gone", "liar", "huge", "", "b"} {
		list = append(list, map[string]any{"id": id, "contentType": "image/png", "filename": id + ".png", "size": 3})
	}
	list = append(list, map[string]any{"id": "a", "size": 5000})
	s.Push(signalfake.Direct(signalfake.Ann, "look").Data("attachments", list))
	m := b.message()
	if len(m.Media) != 2 || m.Media[0].Path != "kept:AAA" || m.Media[1].Path != "kept:BBB" || m.Media[0].Name != "a.png" {
		t.Errorf("kept %+v; log:\n%s", m.Media, b.logged())
	}
}

// TestDaemon: signal-cli is started, started again when it ends, and gone after Run.
func TestDaemon(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	port := providertest.FreePort(t)
	b := newBench(t, map[string]any{"cliPath": signalfake.CLI(t, s, ""), "httpPort": port, "account": s.Account(), "sendReadReceipts": true}, quick(), providertest.NewCursor())
	stop := b.run()
	b.await(providers.LinkUp)
	want := "-a " + s.Account() + " daemon --http 127.0.0.1:" + strconv.Itoa(port) + " --no-receive-stdout --send-read-receipts"
	if got := strings.Join(s.Argv(), " "); got != want {
		t.Errorf("argv %q, want %q", got, want)
	}
	s.Push(signalfake.Direct(signalfake.Ann, "one"))
	b.message()
	if _, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: signalfake.Ann}, Text: "two"}); err != nil {
		t.Fatal(err)
	}
	s.Always("send", signalfake.Fault{Hang: true}) // a call in flight does not keep it
	b.kill()
	if got := b.await(providers.LinkDegraded); !strings.Contains(got.Reason, "signal-cli") {
		t.Errorf("Reason = %q", got.Reason)
	}
	b.await(providers.LinkUp)
	s.Push(signalfake.Direct(signalfake.Ann, "three"))
	if m := b.message(); m.Text != "three" {
		t.Errorf("got %q", m.Text)
	}
	start := time.Now()
	if err := stop(); err != nil || time.Since(start) > time.Second {
		t.Errorf("Run = %v after %v", err, time.Since(start))
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
		c.Close()
		t.Error("the daemon lives on")
	}
	if !strings.Contains(b.logged(), "Started HTTP server") {
		t.Error("the daemon's output is not in the log")
	}
}

// kill ends the daemon that the log names last.
func (b *bench) kill() {
	b.t.Helper()
	_, after, _ := strings.Cut(b.logged()[strings.LastIndex(b.logged(), "daemon started"):], "pid=")
	pid, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		b.t.Fatal(err)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
		b.t.Fatal(err)
	}
}

func TestDaemon_cannotStart(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	for name, c := range map[string]struct {
		path string
		say  string
	}{
		"missing":        {"no-such-signal-cli", "install it"},
		"no account":     {signalfake.CLI(t, s, "User +15550001000 is not registered."), "link it as a device"},
		"it is a folder": {t.TempDir(), "signal.cliPath"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"cliPath": c.path, "httpPort": providertest.FreePort(t), "account": s.Account()}, quick(), nil)
			err := b.Run(b.ctx)
			if !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), c.say) {
				t.Errorf("Run = %v, want a terminal error with %q; log:\n%s", err, c.say, b.logged())
			}
		})
	}
}

// TestDaemon_adopts: a daemon that a killed gateway has left is used.
func TestDaemon_adopts(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	n, _ := strconv.Atoi(port)
	b := newBench(t, map[string]any{"cliPath": "no-such-signal-cli", "httpPort": n, "account": s.Account()}, quick(), nil)
	b.run()
	b.await(providers.LinkUp)
}

func TestDaemon_line(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{}, quick(), nil)
	d := &daemon{p: b.Provider}
	for _, line := range []string{"INFO  fine", "WARN  odd", "sending failed", "error in lower case", "sgnl://linkdevice?uuid=geheim ERROR"} {
		d.line(true, line)
	}
	log := b.logged()
	if n := strings.Count(log, "level=ERROR"); n != 3 || strings.Contains(log, "geheim") {
		t.Errorf("%d errors in\n%s", n, log)
	}
}

func TestSend_more(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	b := newBench(t, at(s), quick(), nil)
	for name, c := range map[string]struct {
		fault signalfake.Fault
		class providers.Class // "" = sent
		retry time.Duration
	}{
		"no result":              {signalfake.Fault{Empty: true, Act: true}, "", 0},
		"empty answer":           {signalfake.Fault{Body: " "}, providers.Ambiguous, 0},
		"no JSON":                {signalfake.Fault{Body: "<html>"}, providers.Ambiguous, 0},
		"nobody got it":          {signalfake.Fault{Body: `{"result":{"timestamp":5,"results":[{"type":"IDENTITY_FAILURE"}]}}`}, providers.Permanent, 0},
		"one of two got it":      {signalfake.Fault{Body: `{"result":{"timestamp":5,"results":[{"type":"NETWORK_FAILURE"},{"type":"SUCCESS"}]}}`}, "", 0},
		"lost on the way":        {signalfake.Fault{Body: `{"result":{"timestamp":5,"results":[{"type":"NETWORK_FAILURE"}]}}`}, providers.Ambiguous, 0},
		"offline":                {signalfake.Fault{Code: codeIO, Message: "java.net.UnknownHostException: chat.signal.org"}, providers.Transient, 0},
		"broken off":             {signalfake.Fault{Code: codeIO, Message: "timeout"}, providers.Ambiguous, 0},
		"unlinked":               {signalfake.Fault{Code: codeIO, Message: "[401] Authorization failed!"}, providers.Unauthorized, 0},
		"no such account":        {signalfake.Fault{Code: codeParams, Message: "Specified account does not exist"}, providers.Unauthorized, 0},
		"untrusted":              {signalfake.Fault{Code: codeUntrusted, Message: "Untrusted Identity"}, providers.Permanent, 0},
		"captcha":                {signalfake.Fault{Code: codeRateLimit, Message: "x", Result: "PROOF_REQUIRED_FAILURE"}, providers.Permanent, 0},
		"internal":               {signalfake.Fault{Code: codeInternal, Message: "x"}, providers.Ambiguous, 0},
		"a proxy slows us down":  {signalfake.Fault{Status: http.StatusTooManyRequests, RetryAfter: 7}, providers.Transient, 7 * time.Second},
		"a proxy wants to know":  {signalfake.Fault{Status: http.StatusForbidden}, providers.Unauthorized, 0},
		"a proxy knows no route": {signalfake.Fault{Status: http.StatusNotFound}, providers.Permanent, 0},
	} {
		s.Script("send", c.fault)
		_, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: signalfake.Ann}, Text: name})
		var se *providers.SendError
		if c.class == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.As(err, &se) || se.Class != c.class || se.RetryAfter != c.retry {
			t.Errorf("%s: %v, want %s after %v", name, err, c.class, c.retry)
		}
	}
	if _, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: "Ann"}}); err == nil {
		t.Error("sent to nobody")
	}
	media := &providers.Media{Path: "/no/such/file"}
	if _, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: signalfake.Ann}, Media: media}); err == nil {
		t.Error("sent a file that is not there")
	}
	if err := b.Typing(b.ctx, "group:abc="); err != nil || len(s.Typing()) != 1 || s.Typing()[0] != "group:abc=" {
		t.Errorf("typing %q, %v", s.Typing(), err)
	}
	if r := b.Probe(b.ctx).(ProbeResult); !r.OK || r.Version == nil || *r.Status != http.StatusOK {
		t.Errorf("probe %+v", r)
	}
	s.Always("check", signalfake.Fault{Status: http.StatusBadGateway})
	if r := b.Probe(b.ctx).(ProbeResult); r.OK || r.Error == nil || *r.Status != http.StatusBadGateway {
		t.Errorf("probe %+v", r)
	}
}
