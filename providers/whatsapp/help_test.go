package whatsapp

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

func TestMain(m *testing.M) {
	trust(whatsappfake.New(whatsappfake.Options{}).RootKey())
	goleak.VerifyTestMain(m)
}

// testVault is a providers.Vault in a directory of its own. Its locks hold within the process.
type testVault struct {
	dir string

	mu   sync.Mutex // guards the following fields
	held map[string]bool
	last *sql.DB
}

func newVault(t *testing.T) *testVault { return &testVault{dir: t.TempDir(), held: map[string]bool{}} }

func (v *testVault) path(name string) string { return filepath.Join(v.dir, name+".db") }

func (v *testVault) Exists(name string) bool {
	_, err := os.Stat(v.path(name))
	return err == nil
}

func (v *testVault) Open(_ context.Context, name string) (*sql.DB, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last != nil { // as good as fenced off
		_ = v.last.Close()
	}
	db, err := sql.Open("sqlite", "file:"+v.path(name)+
		"?_txlock=immediate&_pragma=foreign_keys(1)&_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	v.last = db
	return db, err
}

func (v *testVault) Remove(_ context.Context, name string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(v.path(name) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (v *testVault) Hold(identity string) (func(), error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held[identity] {
		return nil, &providers.HeldError{Holder: providers.Holder{PID: 1, Host: "there", StateDir: "/other"}}
	}
	v.held[identity] = true
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.held, identity)
	}, nil
}

// adopt links a device at the fake without a scan. It returns a secret of the device.
func adopt(t *testing.T, s *whatsappfake.Server, v *testVault) (secret string) {
	t.Helper()
	db, err := v.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c := sqlstore.NewWithDB(db, "sqlite", nil)
	if err := c.Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := c.NewDevice()
	if err := s.Adopt(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return string(d.AdvSecretKey)
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick(Config) options {
	return options{
		dial: 5 * time.Second, login: 20 * time.Second, heartbeat: 300 * time.Millisecond, ping: 2 * time.Second,
		quiet: time.Hour, grace: 700 * time.Millisecond, send: 3 * time.Second, transfer: 5 * time.Second,
		ask: 5 * time.Second, scan: time.Minute, settle: 5 * time.Second,
	}
}

const quickReconnect = `"web":{"reconnect":{"initialMs":250,"maxMs":250,"maxAttempts":0}}`

func testEnv(t *testing.T, s *whatsappfake.Server, v *testVault, config string) providers.Env {
	t.Helper()
	if config != "" {
		config += ","
	}
	return providers.Env{Config: []byte("{" + config + quickReconnect + "}"), Endpoint: endpointOf(t, s), Vault: v, StateDir: v.dir}
}

func makeQuick(env providers.Env) (providers.Provider, error) { return newProvider(env, quick) }

func startPlatform(t *testing.T) providertest.Platform {
	s := whatsappfake.Start(t, whatsappfake.Options{})
	v := newVault(t)
	secret := adopt(t, s, v)
	return providertest.Platform{
		New: makeQuick, Env: testEnv(t, s, v, ""), Secret: secret, Chat: s.Direct(), OverLink: true,
		Unreachable: func(env *providers.Env) {
			env.Endpoint = `{"url":"http://127.0.0.1:1"}`
		},
		Deliver: func(texts ...string) (ids []string) {
			var posts []whatsappfake.Post
			for _, text := range texts {
				posts = append(posts, whatsappfake.Post{Chat: s.Direct(), Text: text})
			}
			return s.PostAll(posts...)
		},
		Redeliver:       s.Again,
		DeliverReversed: func(texts ...string) []string { return s.SayReversed(s.Direct(), texts...) },
		Acked:           s.Acked, WaitAcked: s.WaitAcked,
		Sent: func() (all []string) {
			for _, m := range s.Shown() {
				all = append(all, m.Text)
			}
			return all
		},
		WaitSent: func(ctx context.Context, n int) error {
			_, err := s.WaitShown(ctx, n)
			return err
		},
		Inject: s.Inject,
	}
}
