package models

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// tokens is a token server on loopback. It knows one refresh token at a time, and gives out another one with each renewal.
type tokens struct {
	*httptest.Server
	mu     sync.Mutex
	asked  int
	valid  string
	refuse bool
	gate   chan struct{} // each answer waits for its end; nil = none waits
}

func newTokens(t *testing.T, valid string) *tokens {
	s := &tokens{valid: valid}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var p struct{ Grant, Client, Refresh string }
	var raw map[string]string
	err := json.NewDecoder(r.Body).Decode(&raw)
	p.Grant, p.Client, p.Refresh = raw["grant_type"], raw["client_id"], raw["refresh_token"]
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if err != nil || r.Host != "console.anthropic.com" || p.Grant != "refresh_token" || p.Client == "" || p.Refresh != s.valid || s.refuse {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error": "invalid_grant", "error_description": "%s is not known"}`, p.Refresh)
		return
	}
	s.valid = fmt.Sprint("refresh-secret-", s.asked+1)
	fmt.Fprintf(w, `{"access_token": "access-secret-%d", "refresh_token": %q, "expires_in": 28800}`, s.asked, s.valid)
}

// RoundTrip leads every request here.
func (s *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, to.Scheme, to.Host
	return s.Client().Transport.RoundTrip(r)
}

// keyed is a format that only keeps what it was made for.
type keyed struct{ e model.Endpoint }

func (keyed) Stream(context.Context, model.Request, func(model.Event)) (model.Reply, error) {
	return model.Reply{}, nil
}
func (keyed) Models(context.Context) ([]model.Info, error) { return nil, nil }

func registryWith(t *testing.T, s *tokens, oauth string) (*Registry, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oauth.json")
	if err := os.WriteFile(path, []byte(oauth), 0o644); err != nil {
		t.Fatal(err)
	}
	r := NewRegistry(NewCatalog("", none), RegistryOptions{
		Formats:   []model.Factory{{Format: model.AnthropicMessages, New: func(e model.Endpoint) model.API { return keyed{e} }}},
		Getenv:    func(string) string { return "" },
		Logins:    path,
		Transport: s, Log: slog.New(slog.DiscardHandler),
	})
	return r, path
}

func keyOf(t *testing.T, r *Registry) (key string, bearer bool) {
	t.Helper()
	target, err := r.Resolve(t.Context(), "anthropic/x")
	if err != nil {
		t.Fatal(err)
	}
	e := target.API.(guarded).API.(keyed).e
	return e.Key, e.Bearer
}

func oauth(refresh string, in time.Duration) string {
	return fmt.Sprintf(`{"other": {"access": "kept"}, "anthropic": {"type": "oauth", "access": "access-secret-0", "refresh": %q, "expires": %d}}`,
		refresh, time.Now().Add(in).UnixMilli())
}

// TestRenew: a login that ran out is renewed once for everybody who needs it, and written down for its owner only.
func TestRenew(t *testing.T) {
	t.Parallel()
	s := newTokens(t, "refresh-secret-0")
	s.gate = make(chan struct{})
	r, path := registryWith(t, s, oauth("refresh-secret-0", -time.Hour))
	left, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { // who leaves early spoils it for nobody
		_, err := r.Resolve(left, "anthropic/x")
		gone <- err
	}()
	cancel()
	if err := <-gone; err == nil {
		t.Error("a caller that left got a model")
	}
	var all sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys {
		all.Go(func() {
			if target, err := r.Resolve(t.Context(), "anthropic/x"); err == nil {
				keys[i] = target.API.(guarded).API.(keyed).e.Key
			}
		})
	}
	close(s.gate)
	all.Wait()
	for _, key := range keys {
		if key != "access-secret-1" {
			t.Fatalf("keys %q", keys)
		}
	}
	if _, bearer := keyOf(t, r); !bearer || s.asked != 1 {
		t.Errorf("bearer %v, renewed %d times", bearer, s.asked)
	}
	info, err := os.Stat(path)
	text, _ := os.ReadFile(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, want := range []string{`"access-secret-1"`, `"refresh-secret-2"`, `"kept"`, `"oauth"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	st := r.status()
	for _, p := range st.Providers {
		if p.Provider == "anthropic" && (p.Source != "oauth.json" || !p.Renewable || p.ExpiresAt == nil || *p.ExpiresAt < time.Now().Add(7*time.Hour).UnixMilli()) {
			t.Errorf("status %+v", p)
		}
	}
	if b, err := wire.Marshal(st); err != nil || strings.Contains(string(b), "secret") {
		t.Errorf("a secret in %s, %v", b, err)
	}
}

// TestRenew_refused: the error says what to do and quotes no token; a login that is still good for a moment is used.
func TestRenew_refused(t *testing.T) {
	t.Parallel()
	s := newTokens(t, "another")
	r, path := registryWith(t, s, oauth("refresh-secret-0", -time.Hour))
	_, err := r.Resolve(t.Context(), "anthropic/x")
	if model.KindOf(err) != model.BadKey || !strings.Contains(err.Error(), "log in to anthropic again") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(path, []byte(oauth("refresh-secret-0", time.Minute)), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, _ := keyOf(t, r); key != "access-secret-0" {
		t.Errorf("key %q", key)
	}
	if err := os.WriteFile(path, []byte(oauth("", -time.Hour)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), "anthropic/x"); err == nil || !strings.Contains(err.Error(), "ran out") {
		t.Errorf("a login that cannot be renewed: %v", err)
	}
}

// TestRenew_notWritten: a login whose file cannot be written lives as long as the process; the old refresh token is spent.
func TestRenew_notWritten(t *testing.T) {
	t.Parallel()
	s := newTokens(t, "refresh-secret-0")
	r, path := registryWith(t, s, oauth("refresh-secret-0", -time.Hour))
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if probe := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); probe == nil {
		t.Skip("this user may write everywhere")
	}
	for range 2 {
		if key, _ := keyOf(t, r); key != "access-secret-1" {
			t.Errorf("key %q", key)
		}
	}
	if s.asked != 1 {
		t.Errorf("renewed %d times", s.asked)
	}
}
