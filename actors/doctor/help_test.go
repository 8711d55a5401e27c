package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/wire"
)

// house is an installation in which nothing is wrong, until a test plants something.
type house struct {
	t      *testing.T
	dir    string
	vars   map[string]string
	config string
	host   Host
	say    map[string]string // answers of the running gateway by method; nil = none runs
	down   error
	refuse bool
	runs   string // its version
	unit   *Service
}

// clean is the answers of a gateway in which all is well.
func clean() map[string]string {
	return map[string]string{
		"status": `{"config":{"valid":true}}`, "providers.status": `{"accounts":[{"account":"telegram","provider":"telegram","state":"up","failures":0,"inFlight":0}],"telegram":{"probe":{"ok":true}}}`,
		"outbox.list": `{"items":[]}`, "cron.list": `{"jobs":[]}`, "models.status": `{"providers":[]}`, "usage.status": `{"triggers":[],"warnings":[]}`, "skills.status": `{"skills":[]}`, "actors.list": `{"actors":[{"path":"store","kind":"store","restarts":0}]}`,
	}
}

// database is an empty one. Making one takes several syncs: one for all tests.
var database = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "doctor-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "gateway.db"))
})

// newHouse is one without any config but that of a fair credential.
func newHouse(t *testing.T) *house {
	dir := filepath.Join(t.TempDir(), "state")
	h := &house{t: t, dir: dir, vars: map[string]string{"HOME": t.TempDir(), "CLAWDBOT_STATE_DIR": dir}, say: clean(), runs: "1.2.3"}
	h.config = `{gateway: {auth: {token: "q8Zr2LmX0vKc7TyB5wNd"}}, agent: {workspace: "` + filepath.Join(dir, "..", "work") + `"}}`
	h.must(os.MkdirAll(filepath.Join(dir, "blobs"), 0o700))
	db, err := database()
	h.must(err)
	h.must(os.WriteFile(filepath.Join(dir, "gateway.db"), db, 0o600))
	h.must(os.Mkdir(filepath.Join(dir, "..", "work"), 0o700))
	h.host = Host{
		UID:      os.Getuid,
		LookPath: func(string) (string, error) { return "/usr/bin/it", nil },
		Free:     func(string) (uint64, uint64, uint64, error) { return 50 << 30, 1 << 20, 2 << 20, nil },
		Listen:   func(string) error { return nil },
		Visit:    func(context.Context, string) (time.Time, error) { return time.Now(), nil },
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) write(name, text string, mode fs.FileMode) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	h.must(os.MkdirAll(filepath.Dir(path), 0o700))
	h.must(os.WriteFile(path, []byte(text), mode))
	h.must(os.Chmod(path, mode))
	return path
}

// certificate is a file with a certificate of that time, and its key.
func (h *house) certificate(at time.Time) string {
	h.t.Helper()
	content, err := certificate.Make([]string{"localhost"}, at)
	h.must(err)
	path := filepath.Join(h.t.TempDir(), "pair.pem")
	h.must(os.WriteFile(path, content, 0o600))
	return path
}

// options writes the config and is what there is to look at.
func (h *house) options() Options {
	h.t.Helper()
	lookup := config.LookupFunc(func(name string) (string, bool) { v, ok := h.vars[name]; return v, ok })
	o := Options{Env: config.ParseEnv(lookup), Lookup: lookup, Version: "1.2.3", Host: h.host, Service: h.unit, Down: h.down, Refused: h.refuse}
	if h.config != "" {
		if info, err := os.Stat(o.Env.StateDir); err == nil && info.IsDir() {
			h.write("clawdbot.json", h.config, 0o600)
		}
	}
	if h.say != nil {
		o.Running = h.runs
		o.Call = func(_ context.Context, method string, params, result any) error {
			b, err := json.Marshal(params)
			if err != nil {
				return err
			}
			answer, ok := h.say[method+string(b)]
			if !ok {
				answer, ok = h.say[method]
			}
			if !ok {
				return fmt.Errorf("unknown method: %s", method)
			}
			return wire.Unmarshal([]byte(answer), result)
		}
	}
	return o
}

func ids(found []Finding) (all []string) {
	for _, f := range found {
		all = append(all, f.ID)
	}
	return all
}

// judge checks that one look finds what was planted, and nothing worse than a note beside it.
func judge(t *testing.T, found []Finding, want string) {
	t.Helper()
	if !slices.Contains(ids(found), want) {
		t.Fatalf("found %v, want %s", ids(found), want)
	}
	for _, f := range found {
		if f.ID != want && f.Severity != Info && f.ID != "audit.root" {
			t.Errorf("beside it: %s %s: %s", f.Severity, f.ID, f.Message)
		}
		if f.Message == "" || f.Next == "" {
			t.Errorf("%s does not say what it is and what to do: %+v", f.ID, f)
		}
	}
}

var errBusy = errors.New("busy")
