package ws

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Who is told what is not for everybody: programs on this host, and who has the secret.
func TestVouched(t *testing.T) {
	t.Parallel()
	const here, there = "127.0.0.1:5000", "192.0.2.7:5000"
	for _, tt := range []struct {
		name, remote string
		header       []string
		mode         Mode
		want         bool
	}{
		{"a program here", here, nil, ModeToken, true},
		{"without any credential", here, nil, ModeNone, true},
		{"from elsewhere", there, nil, ModeToken, false},
		{"from elsewhere, without any credential", there, []string{"Authorization", "Bearer "}, ModeNone, false},
		{"the token", there, []string{"Authorization", "Bearer s3cret"}, ModeToken, true},
		{"the password", there, []string{"Authorization", "bearer  s3cret"}, ModePassword, true},
		{"a wrong one", there, []string{"Authorization", "Bearer s3cre"}, ModeToken, false},
		{"another scheme", there, []string{"Authorization", "Basic s3cret"}, ModeToken, false},
		{"in the query", there, []string{"X-Token", "s3cret"}, ModeToken, false},
		{"two", there, []string{"Authorization", "Bearer s3cret", "Authorization", "Bearer s3cret"}, ModeToken, false},
		{"a page here", here, []string{"Origin", "http://evil.example"}, ModeToken, false},
		{"a page here, without any credential", here, []string{"Origin", "http://evil.example"}, ModeNone, true},
		{"through a proxy here", here, []string{"X-Forwarded-For", "192.0.2.7", "Authorization", "Bearer s3cret"}, ModeToken, false},
		{"to a strange name", here, []string{"Host", "evil.example"}, ModeToken, false},
	} {
		s, err := NewServer(Options{Auth: Settings{Mode: tt.mode, Token: "s3cret", Password: "s3cret"}, Open: func(*Session, *wire.ConnectParams) Handler { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics?token=s3cret", nil)
		r.RemoteAddr = tt.remote
		for i := 0; i < len(tt.header); i += 2 {
			if r.Header.Add(tt.header[i], tt.header[i+1]); tt.header[i] == "Host" {
				r.Host = tt.header[i+1]
			}
		}
		if ok, wait := s.Vouched(r); ok != tt.want || wait != 0 {
			t.Errorf("%s: %v %v, want %v", tt.name, ok, wait, tt.want)
		}
	}
}

// Guessing over HTTP is slowed down like guessing over the WebSocket, and from the same bucket.
func TestVouched_guesses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	s, err := NewServer(Options{
		Auth: Settings{Token: "s3cret"}, Open: func(*Session, *wire.ConnectParams) Handler { return nil }, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(secret string) (bool, time.Duration) {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/metrics", nil)
		r.RemoteAddr = "192.0.2.7:5000"
		r.Header.Set("Authorization", "Bearer "+secret)
		return s.Vouched(r)
	}
	for i := range int(strangerRate.burst) {
		if ok, wait := ask(fmt.Sprint("guess", i)); ok || wait != 0 {
			t.Fatalf("guess %d: %v %v", i, ok, wait)
		}
	}
	if ok, wait := ask("s3cret"); ok || wait <= 0 {
		t.Errorf("after too many guesses: %v %v", ok, wait)
	}
	now = now.Add(time.Minute)
	if ok, _ := ask("s3cret"); !ok {
		t.Error("the right one is refused for ever")
	}
	if n := s.Stats().Unauthorized; n != uint64(strangerRate.burst) {
		t.Errorf("%d counted", n)
	}
}
