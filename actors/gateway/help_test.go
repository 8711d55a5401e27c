package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

// patience is how long anything may take that should happen soon; the race detector and a busy machine included.
const patience = 60 * time.Second

// setup is a gateway to be: in a directory of its own, on a free port, with an environment of its own.
type setup struct {
	dir     string // home and state directory; "" = a new one
	config  string // JSON5 of the config file; "" = no file
	env     map[string]string
	seed    store.Op // fills the store before the start
	log     slog.Handler
	options func(o *gateway.Options)
}

// start runs the gateway until the test ends.
func (s setup) start(t testing.TB) *gateway.Gateway {
	t.Helper()
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, g) })
	return g
}

// new is gateway.New: the caller stops what it returns.
func (s setup) new(t testing.TB) (*gateway.Gateway, error) {
	t.Helper()
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	if s.config != "" {
		if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte(s.config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s.seed != nil {
		fill(t, s.dir, s.seed)
	}
	if s.log == nil {
		s.log = slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})
	}
	o := gateway.Options{AnyPort: true, Log: slog.New(s.log), Getenv: s.getenv}
	if s.options != nil {
		s.options(&o)
	}
	return gateway.New(o)
}

func (s setup) getenv(name string) string {
	switch v, set := s.env[name]; {
	case set:
		return v
	case name == "HOME" || name == "CLAWDBOT_STATE_DIR":
		return s.dir
	}
	return ""
}

func stop(t testing.TB, g *gateway.Gateway) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// fill runs op on the store of a gateway that is not running.
func fill(t testing.TB, dir string, op store.Op) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	ctx := deadline(t)
	err = s.Start(sys)
	if err == nil {
		err = s.Do(ctx, op)
	}
	if err := errors.Join(err, sys.Stop(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// session writes a session's entry; fields go on top of its id and time.
func session(tx *store.Tx, key string, e wire.SessionEntry) error {
	if e.UpdatedAt == 0 {
		e.UpdatedAt = time.Now().UnixMilli()
	}
	raw, err := wire.Marshal(e)
	if err != nil {
		return err
	}
	return tx.PutSession(store.Session{Key: key, SessionID: e.SessionID, UpdatedAt: e.UpdatedAt, Entry: raw})
}

// lines appends n messages to a transcript: m0, m1, ... with the given prefix and a filling of that many bytes.
func lines(tx *store.Tx, sessionID, prefix string, n, filling int) error {
	for i := range n {
		text := fmt.Sprintf("%s%d%s", prefix, i, strings.Repeat("x", filling))
		m := fmt.Sprintf(`{"role":"user","content":[{"type":"text","text":%q}],"timestamp":%d}`, text, i)
		if err := tx.AppendLine(store.Line{SessionID: sessionID, Role: "user", RunID: fmt.Sprint(prefix, i), Message: []byte(m), At: int64(i)}); err != nil {
			return err
		}
	}
	return nil
}

// deadline is a context that ends when the test's patience does.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// telegramOn is a gateway setup with Telegram on a fake platform.
func telegramOn(fake *telegramfake.Server, section string) setup {
	return setup{
		config: fmt.Sprintf(`{telegram: {botToken: %q, %s}, dev: {endpoints: {telegram: %q}}}`, fake.Token(), section, fake.URL()),
		options: func(o *gateway.Options) {
			o.Providers = []providers.Factory{telegram.Factory()}
		},
	}
}

// surface is a messaging platform that takes everything.
type surface struct {
	name string
	sent chan providers.Outgoing
}

func newSurface(name string) *surface {
	return &surface{name, make(chan providers.Outgoing, 100)}
}

func (s *surface) factory() providers.Factory {
	return providers.Factory{Surface: s.name, New: func(env providers.Env) (providers.Provider, error) {
		return &account{s, env}, nil
	}}
}

type account struct {
	*surface
	env providers.Env
}

func (a *account) Run(ctx context.Context) error {
	a.env.State(providers.Status{Link: providers.LinkUp})
	<-ctx.Done()
	return nil
}

func (a *account) Send(_ context.Context, m providers.Outgoing) (providers.Receipt, error) {
	a.sent <- m
	return providers.Receipt{MessageID: "m-" + m.Key}, nil
}

func (a *account) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 4000, Markup: "plain"}
}

// records is a log that can be searched.
type records struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *records) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// handler logs everything, also what is for debugging.
func (r *records) handler() slog.Handler {
	return slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug - 4})
}

func ptr[T any](v T) *T { return &v }

// httpClient is a client of one connection per request.
func httpClient() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
}

// get reads a page.
func get(t testing.TB, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(deadline(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, body := answered(t, httpClient(), r)
	return body
}

// answered sends a request and reads the answer to its end.
func answered(t testing.TB, c *http.Client, r *http.Request) (resp *http.Response, body string) {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// happens waits for a channel; failure is what to say when nothing comes.
func happens(t *testing.T, c <-chan struct{}, failure string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(failure)
	}
}
