package transcribe

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers/speech"
)

// echo answers with what it was given.
type echo struct{}

func (echo) Run(_ context.Context, t agent.Turn, _ agent.Output) (agent.Answer, error) {
	return agent.Answer{Text: t.Message + "|" + t.Plain}, nil
}

func TestRunner(t *testing.T) {
	t.Parallel()
	sh := func(script string) []string {
		return []string{"/bin/sh", "-c", script, "{{ Other }}x", "{{MediaPath}}"}
	}
	for name, tt := range map[string]struct {
		command []string
		message string
		want    string
	}{
		"placeholder":       {sh(`echo " heard $1 "`), "[T] <media:audio>", "[T] heard /a b.ogg|heard /a b.ogg"},
		"text beside it":    {sh(`echo heard`), "[T] look", "[T] look\n\nTranscript:\nheard|look\n\nTranscript:\nheard"},
		"nothing set":       {nil, "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"fails":             {sh(`echo no; exit 3`), "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"silent":            {sh(`:`), "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"no program":        {[]string{"/nowhere/at/all"}, "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"too long":          {sh(`sleep 60 & sleep 60`), "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"too much":          {sh(`head -c 6000000 /dev/zero`), "[T] <media:audio>", "[T] <media:audio>|<media:audio>"},
		"unknown variables": {sh(`echo "<$0>"`), "[T] <media:audio>", "[T] <x>|<x>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := Runner{Inner: echo{}, Settings: func() Settings { return Settings{Command: tt.command} }, Log: slog.New(slog.DiscardHandler)}
			_, plain, _ := strings.Cut(tt.message, "] ")
			a, err := r.Run(t.Context(), agent.Turn{Message: tt.message, Plain: plain, Audio: []string{"/a b.ogg"}}, nil)
			if err != nil || a.Text != tt.want {
				t.Errorf("%.200q, %v, want %q", a.Text, err, tt.want)
			}
		})
	}
}

// TestRunner_stopped: a run that is stopped does not wait for the program.
func TestRunner_stopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	r := Runner{Inner: echo{}, Log: slog.New(slog.DiscardHandler), Settings: func() Settings {
		cancel(agent.ErrAborted)
		return Settings{Command: []string{"sleep", "60"}, Timeout: time.Minute}
	}}
	if a, err := r.Run(ctx, agent.Turn{Message: "x", Audio: []string{"/a"}}, nil); err == nil || a.Text != "" {
		t.Errorf("%q, %v", a.Text, err)
	}
}

// TestRunner_service: without a program a service is asked; what it cannot do leaves the message as it is.
func TestRunner_service(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.ogg")
	if err := os.WriteFile(path, []byte("OggS"), 0o600); err != nil {
		t.Fatal(err)
	}
	answer := `{"text":"heard"}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	defer s.Close()
	r := Runner{Inner: echo{}, Log: slog.New(slog.DiscardHandler), Settings: func() Settings {
		return Settings{Service: &speech.Service{BaseURL: s.URL}, Timeout: time.Minute}
	}}
	for given, want := range map[string]string{answer: "[T] heard|heard", `{}`: "[T] <media:audio>|<media:audio>"} {
		answer = given
		a, err := r.Run(t.Context(), agent.Turn{Message: "[T] <media:audio>", Plain: "<media:audio>", Audio: []string{path}}, nil)
		if err != nil || a.Text != want {
			t.Errorf("%s: %q, %v", given, a.Text, err)
		}
	}
}
